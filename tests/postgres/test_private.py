"""Another user of the machine can't read, lock or fill anything of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

import postgres.programs
from embedders.folders import make_folder
from postgres.private import close_data_folder
from postgres.programs import EmbeddedPostgresError, Setup
from postgres.server import EmbeddedPostgres
from tests.support.embedded import IS_ROOT, needs_posix, needs_root, query, started_once

pytestmark = needs_posix

STRANGER = 65_534


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """What is made is closed by its own mode, and not by that of the process."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_what_a_start_makes_is_closed_to_others(data_dir: Path) -> None:
    started_once(data_dir)
    # Under root, the server's user passes through by its group.
    assert mode(data_dir) == (0o710 if IS_ROOT else 0o700)
    assert {path.name: mode(path) for path in data_dir.iterdir()} == {
        "postgres": 0o700, "postgres.lock": 0o600, "postgres.users": 0o600,
    }  # fmt: skip
    opened = [p for p in (data_dir / "postgres").rglob("*") if mode(p) & 0o077]
    assert opened == []


def test_a_folder_that_an_earlier_version_made_is_closed(data_dir: Path) -> None:
    started_once(data_dir)
    (data_dir / "models").mkdir()
    (data_dir / "postgres.password").write_text("secret")
    os.chown(data_dir, -1, os.getegid())
    for path in (data_dir, *(p for p in data_dir.iterdir() if p.name != "postgres")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    server = EmbeddedPostgres.start(data_dir)
    assert mode(data_dir) == (0o710 if IS_ROOT else 0o700)
    assert [p.name for p in data_dir.iterdir() if mode(p) & 0o077] == []
    assert query(server.dsn, "SELECT 1") == (1,)
    server.stop()


@pytest.mark.parametrize("shared", ["another file", "sticky"])
def test_a_folder_for_other_things_keeps_its_mode(tmp_path: Path, shared: str) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777 if shared == "sticky" else 0o755)
    if shared == "another file":
        (folder / "notes.txt").write_text("mine")
    before = mode(folder)
    close_data_folder(folder)
    assert mode(folder) == before
    assert (mode(folder / "postgres.lock"), mode(folder / "postgres.users")) == (0o600, 0o600)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "elsewhere").chmod(0o644)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postgres.password").symlink_to(tmp_path / "elsewhere")
    close_data_folder(tmp_path / "data")
    assert mode(tmp_path / "elsewhere") == 0o644


@needs_root
def test_a_group_that_somebody_gave_the_folder_stays(open_folder: Path) -> None:
    os.chown(open_folder, -1, STRANGER)
    open_folder.chmod(0o755)
    started_once(open_folder)
    assert (mode(open_folder), open_folder.stat().st_gid) == (0o755, STRANGER)


# Tries to open each path and to lock it for itself, and prints what it could.
STRANGER_PROGRAM = """
import fcntl, os, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)
for path in sys.argv[1:]:
    try:
        fcntl.lockf(open(path), fcntl.LOCK_SH | fcntl.LOCK_NB)
        print("locked", path)
    except OSError as error:
        print(type(error).__name__)
"""


@needs_root
def test_a_stranger_can_lock_nothing(open_folder: Path) -> None:
    data_dir = open_folder / "data"
    server = EmbeddedPostgres.start(data_dir)
    paths = ("postgres.lock", "postgres.users", "postgres/PG_VERSION", "postgres/.s.PGSQL.5432")
    said = _as_stranger(STRANGER_PROGRAM, *(str(data_dir / path) for path in paths))
    assert said == ["PermissionError"] * 4
    # Their modes alone keep strangers away, where the folder is shared with others.
    data_dir.chmod(0o755)
    said = _as_stranger(STRANGER_PROGRAM, *(str(data_dir / path) for path in paths))
    assert said == ["PermissionError"] * 4
    server.stop()


@needs_root
def test_a_closed_folder_needs_no_capability(open_folder: Path) -> None:
    """Containers give root none that would open it to the server's user."""
    server = EmbeddedPostgres.start(open_folder / "data", Setup(setpriv=None))
    assert query(server.dsn, "SELECT 1") == (1,)
    server.stop()


@needs_root
def test_a_stranger_who_takes_the_socket_s_name_keeps_nobody_from_starting(
    data_dir: Path,
) -> None:
    long = data_dir / ("x" * 120)
    first = EmbeddedPostgres.start(long)
    taken = Path(psycopg2.extensions.parse_dsn(first.dsn)["host"])
    first.stop()
    assert not taken.exists()
    bases = {taken.parent, Path("/run"), Path(tempfile.gettempdir())}
    squatted = [base / taken.name for base in bases]
    try:
        for path in squatted:
            path.mkdir(mode=0o755)
            os.chown(path, STRANGER, STRANGER)
        server = EmbeddedPostgres.start(long)
        host = Path(psycopg2.extensions.parse_dsn(server.dsn)["host"])
        assert query(server.dsn, "SELECT 1") == (1,)
        assert host not in squatted
        assert mode(host) == 0o700
        server.stop()
        assert not host.exists()
    finally:
        for path in squatted:
            path.rmdir()


@needs_root
def test_the_program_that_makes_the_user_sees_no_password(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def run(command: list[str], **options: Any) -> None:
        seen.append(options["env"])
        raise OSError("not now")

    monkeypatch.setenv("API_PASSWORD", "secret")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(EmbeddedPostgresError, match="useradd"):
        postgres.programs._find_or_make_user("nobody-of-this-name")
    assert [list(env) for env in seen] == [["PATH"]]


def test_a_converted_model_is_closed_to_others(tmp_path: Path) -> None:
    make_folder(tmp_path / "models" / "one", lambda folder: (folder / "a").touch())
    assert (mode(tmp_path / "models"), mode(tmp_path / "models" / "one")) == (0o700, 0o700)


def _as_stranger(program: str, *arguments: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return result.stdout.splitlines()
