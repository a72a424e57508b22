"""Real servers: found again, shared, and stopped by the last one that uses them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2

from postgres.cluster import LOG_BYTES
from postgres.server import EmbeddedPostgres
from tests.support.embedded import (
    IS_ROOT,
    Helper,
    needs_posix,
    postmaster,
    query,
    refusal,
    started_once,
)


def test_data_survives_a_restart(data_dir: Path) -> None:
    first = EmbeddedPostgres.start(data_dir)
    query(first.dsn, "CREATE EXTENSION vector; CREATE TABLE kept AS SELECT 'olá'::text AS word")
    first.stop()
    assert postmaster(data_dir) is None
    second = EmbeddedPostgres.start(data_dir)
    assert query(second.dsn, "SELECT word FROM kept") == ("olá",)
    second.stop()


def test_it_knows_portuguese_letters(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    query(server.dsn, "CREATE EXTENSION unaccent; CREATE EXTENSION pg_trgm")
    found = query(server.dsn, "SELECT lower('ÁGUA'), unaccent('devolução'), 'z' < 'á'")
    assert found == ("água", "devolucao", True)
    server.stop()


def test_settings_that_others_rely_on(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    names = ["synchronous_commit", "data_checksums", "server_encoding", "TimeZone"]
    values = [query(server.dsn, f"SHOW {name}")[0] for name in names]
    assert values == ["on", "on", "UTF8", "UTC"]
    server.stop()


@needs_posix
def test_only_its_user_reaches_it(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    assert query(server.dsn, "SHOW listen_addresses") == ("",)
    folder = data_dir / "postgres"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700
    process = postmaster(data_dir)
    assert process is not None
    assert not [c for c in process.net_connections() if c.family.name != "AF_UNIX"]
    server.stop()


def test_the_log_holds_no_text_of_a_statement(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    query(server.dsn, "CREATE TABLE items (question text UNIQUE)")
    for _ in range(2):
        try:
            query(server.dsn, "INSERT INTO items VALUES ('segredo')")
        except psycopg2.IntegrityError:
            break
    server.stop()
    logs = "".join(p.read_text() for p in (data_dir / "postgres" / "log").iterdir())
    assert "duplicate key" in logs
    assert "segredo" not in logs


def test_two_uses_in_one_process(data_dir: Path) -> None:
    first, second = EmbeddedPostgres.start(data_dir), EmbeddedPostgres.start(data_dir)
    assert first.dsn == second.dsn
    first.stop()
    first.stop()
    assert query(second.dsn, "SELECT 1") == (1,)
    second.stop()
    assert postmaster(data_dir) is None


def test_found_again_after_a_kill(data_dir: Path, helper: Callable[..., Helper]) -> None:
    killed = helper(data_dir)
    dsn = killed.dsn()
    process = postmaster(data_dir)
    killed.kill()
    again = EmbeddedPostgres.start(data_dir)
    assert (again.dsn, postmaster(data_dir)) == (dsn, process)
    again.stop()
    assert postmaster(data_dir) is None


def test_the_last_of_several_processes_stops_it(
    data_dir: Path, helper: Callable[..., Helper]
) -> None:
    helpers = [helper(data_dir) for _ in range(3)]
    dsns = {one.dsn() for one in helpers}
    assert len(dsns) == 1
    helpers[0].end()
    helpers[1].kill()
    assert query(dsns.pop(), "SELECT 1") == (1,)
    helpers[2].end()
    assert postmaster(data_dir) is None


def test_the_service_ends_before_another_one_and_this_process_stays(
    data_dir: Path, helper: Callable[..., Helper]
) -> None:
    server = EmbeddedPostgres.start(data_dir)
    other = helper(data_dir)
    other.dsn()
    server.stop()
    assert postmaster(data_dir) is not None
    again = EmbeddedPostgres.start(data_dir)
    other.end()
    assert query(again.dsn, "SELECT 1") == (1,)
    again.stop()
    assert postmaster(data_dir) is None


@needs_posix
def test_a_forked_child_leaves_it_to_its_parent(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    child = os.fork()
    if child == 0:
        server.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert query(server.dsn, "SELECT 1") == (1,)
    server.stop()
    assert postmaster(data_dir) is None


@needs_posix
def test_ctrl_c_reaches_the_service_alone(data_dir: Path, helper: Callable[..., Helper]) -> None:
    service = helper(data_dir, start_new_session=True)
    dsn = service.dsn()
    os.killpg(service.process.pid, signal.SIGINT)
    service.process.wait(timeout=60)
    assert query(dsn, "SELECT 1") == (1,)
    started_once(data_dir)


@needs_posix
def test_a_killed_server_is_started_anew(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    query(server.dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    process = postmaster(data_dir)
    assert process is not None
    process.kill()
    again = EmbeddedPostgres.start(data_dir)
    assert query(again.dsn, "SELECT one FROM kept") == (1,)
    again.stop()
    server.stop()


@needs_posix
def test_an_interrupted_initdb_is_begun_anew(data_dir: Path, helper: Callable[..., Helper]) -> None:
    killed = helper(data_dir)
    while not list(data_dir.glob("postgres.partial-*/global")):
        assert killed.process.poll() is None, killed.errors()
        time.sleep(0.005)
    killed.kill()
    assert not (data_dir / "postgres").exists()
    started_once(data_dir)
    assert (data_dir / "postgres" / "PG_VERSION").exists()


@needs_posix
def test_the_process_of_a_stale_file_is_no_server(data_dir: Path) -> None:
    started_once(data_dir)
    folder = data_dir / "postgres"
    owner = folder.stat()
    # PostgreSQL itself refuses to start while any process of its user has the number.
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if IS_ROOT else None) as other:
        stale = [other.pid, folder, 1, 5432, ".", "", "  1 1", "ready"]
        (folder / "postmaster.pid").write_text("\n".join(str(line) for line in stale) + "\n")
        shutil.chown(folder / "postmaster.pid", owner.st_uid, owner.st_gid)
        server = EmbeddedPostgres.start(data_dir)
        assert query(server.dsn, "SELECT 1") == (1,)
        server.stop()
        assert other.poll() is None
        other.kill()


@needs_posix
def test_a_link_to_the_data(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    data_dir.mkdir()
    (data_dir / "postgres").symlink_to(tmp_path / "elsewhere" / "data")
    started_once(data_dir)
    assert (tmp_path / "elsewhere" / "data" / "PG_VERSION").exists()
    started_once(data_dir)


def test_another_major_version(data_dir: Path) -> None:
    started_once(data_dir)
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    assert re.search("made by PostgreSQL 17, but PostgreSQL 18", refusal(data_dir))


def test_a_folder_that_is_something_else(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "notes.txt").write_text("mine")
    assert "not empty" in refusal(data_dir)
    assert (data_dir / "postgres" / "notes.txt").read_text() == "mine"


def test_a_data_dir_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert f"DATA_DIR={tmp_path / 'file'} can't be used" in refusal(tmp_path / "file")


def test_the_log_says_why_it_does_not_start(data_dir: Path) -> None:
    started_once(data_dir)
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("work_mem = many\n")
    assert "work_mem" in refusal(data_dir)


def test_large_and_old_logs_are_removed_at_a_start(data_dir: Path) -> None:
    started_once(data_dir)
    logs = data_dir / "postgres" / "log"
    (logs / "large.log").write_bytes(b"x" * (LOG_BYTES + 1))
    (logs / "old.log").write_text("")
    os.utime(logs / "old.log", (1, 1))
    started_once(data_dir)
    assert {log.name for log in logs.iterdir()}.isdisjoint({"large.log", "old.log"})
