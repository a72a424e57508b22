"""A backup brings back all that was stored, or it changes nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask

import db
import services.backup
import store.snapshot
from app import create_app
from config import Settings
from db import Pool
from services.archive import ArchiveError
from store.snapshot import RestoreError
from tests.support.client import Client
from tests.support.embedder import HashEmbedder
from tests.support.queue import count

ROOT = Path(__file__).parents[2]
OLD_SCHEMA = ROOT / "tests" / "store" / "schema_0008.sql"
CSV = "id,question,answer,city\n1,How do I pay?,By card.,Rio\n2,Where is it?,There\tand \\N.,\n"


@pytest.fixture
def empty_pool(empty_dsn: str) -> Iterator[Pool]:
    """What a command opens: a database with the schema alone."""
    pool = Pool(empty_dsn, 1)
    db.apply_schema(pool)
    yield pool
    pool.close()


@pytest.fixture
def file(client: Client, app: APIFlask, tmp_path: Path) -> Path:
    """A backup of a running service with two items and jobs."""
    client.load(CSV)
    client.load("question,answer\nonly a question,\n")
    file = tmp_path / "all.zip"
    summary = services.backup.back_up(app.extensions["conector"].pool, file)
    assert (summary.rows["items"], summary.rows["jobs"]) == (2, 2)
    return file


def read_all(pool: Pool) -> dict[str, list[Any]]:
    """Return all rows of all tables as text."""
    found = {}
    with pool.reading(60) as conn, conn.cursor() as cur:
        for table in store.snapshot.list_tables(db.read_schema()):
            cur.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            found[table] = cur.fetchall()
    return found


def test_every_table_of_the_service_is_in_a_backup(pool: Pool) -> None:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        )
        tables = {name for (name,) in cur.fetchall()}
    assert set(store.snapshot.list_tables(db.read_schema())) == tables - {"schema_version"}


def test_a_restored_database_holds_the_same_and_answers_the_same(
    file: Path, app: APIFlask, client: Client, empty_dsn: str, empty_pool: Pool, settings: Settings
) -> None:
    before = client.search("How do I pay?")
    services.backup.restore(lambda: empty_pool, file, replace=False)
    assert read_all(empty_pool) == read_all(app.extensions["conector"].pool)
    empty_pool.close()
    restored = create_app(settings.model_copy(update={"database_dsn": empty_dsn}), HashEmbedder())
    try:
        again = Client(restored.test_client())
        assert again.search("How do I pay?") == before
        # Numbers go on where they were, so none is given twice.
        assert again.load("question,answer\nWhat?,That.\n")["status"] == "succeeded"
        assert count(restored.extensions["conector"].pool, "items") == 3
    finally:
        restored.extensions["conector"].close()


def test_a_backup_is_of_one_moment_and_no_writer_waits_for_it(
    app: APIFlask, client: Client, empty_pool: Pool, tmp_path: Path
) -> None:
    client.load(CSV)
    pool = app.extensions["conector"].pool
    with store.snapshot.open_snapshot(pool) as snapshot:
        first = next(snapshot.contents)
        assert first.table == "collections"
        # While the backup goes on.
        assert client.load("question,answer\nWhat?,That.\n")["status"] == "succeeded"
        rows = {content.table: content.copy(_Nothing()) for content in snapshot.contents}
    assert rows["items"] == 2
    assert count(pool, "items") == 3


class _Nothing:
    def write(self, piece: bytes, /) -> None:
        pass


def test_a_backup_of_an_older_schema_is_restored_and_migrated(
    empty_dsn: str, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, old = tmp_path / "old.zip", Pool(dsn, 1)
    with monkeypatch.context() as before:
        # As the service of that version made it.
        before.setattr(db, "read_schema", lambda: OLD_SCHEMA.read_text("utf-8"))
        with old.transaction() as conn, conn.cursor() as cur:
            cur.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            cur.execute(OLD_SCHEMA.read_text("utf-8"))
            cur.execute("INSERT INTO collections (name) VALUES ('c')")
            cur.execute(
                "INSERT INTO jobs (id, status, collection, mode)"
                " VALUES (gen_random_uuid(), 'enqueued', 'c', 'upsert')"
            )
        summary = services.backup.back_up(old, file)
    old.close()
    assert summary.schema_version == 8
    new = Pool(empty_dsn, 1)
    version = db.apply_schema(new)
    services.backup.restore(lambda: new, file, replace=False)
    with new.reading() as conn:
        assert db.read_version(conn) == version > 8
    assert (count(new, "collections"), count(new, "jobs")) == (1, 1)
    new.close()


def test_a_database_that_holds_something_is_left_alone_unless_told(
    file: Path, empty_pool: Pool
) -> None:
    services.backup.restore(lambda: empty_pool, file, replace=False)
    with empty_pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM items WHERE external_id = '1'")
    with pytest.raises(RestoreError, match="holds something"):
        services.backup.restore(lambda: empty_pool, file, replace=False)
    assert count(empty_pool, "items") == 1
    services.backup.restore(lambda: empty_pool, file, replace=True)
    assert count(empty_pool, "items") == 2


def test_a_database_that_a_service_uses_is_left_alone(file: Path, app: APIFlask) -> None:
    dsn = app.extensions["conector"].pool._dsn()
    other = Pool(dsn, 1)
    with pytest.raises(RestoreError, match="stop it"):
        services.backup.restore(lambda: other, file, replace=True)
    assert count(other, "items") == 2
    other.close()


def damage_rows(file: Path) -> None:
    """Write the archive again with other rows and the same manifest."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["rows/items.copy"] = members["rows/items.copy"].replace(b"By card.", b"By cash.")
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def damage_end(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 100)


def damage_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def damage_all(file: Path) -> None:
    file.write_text("question,answer\n")


@pytest.mark.parametrize("damage", [damage_rows, damage_end, damage_middle, damage_all])
def test_a_damaged_file_is_refused_and_nothing_is_touched(
    damage: Any, file: Path, empty_pool: Pool
) -> None:
    services.backup.restore(lambda: empty_pool, file, replace=False)
    before = read_all(empty_pool)
    damage(file)
    with pytest.raises(ArchiveError, match="damaged"):
        services.backup.restore(lambda: empty_pool, file, replace=True)
    assert read_all(empty_pool) == before


def test_a_restore_that_fails_leaves_what_was_there(
    file: Path, empty_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.backup.restore(lambda: empty_pool, file, replace=False)
    before = read_all(empty_pool)

    for error in (psycopg2.errors.NotNullViolation, psycopg2.errors.RaiseException):

        def fail(*_: Any, error: type[Exception] = error) -> None:
            raise error("a column is NULL")

        monkeypatch.setattr(store.snapshot, "_set_sequences", fail)
        with pytest.raises(RestoreError, match="a column is NULL"):
            services.backup.restore(lambda: empty_pool, file, replace=True)
        assert read_all(empty_pool) == before


def test_a_backup_that_fails_leaves_the_last_one_and_nothing_else(
    file: Path, app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()
    # As a process that was killed leaves it; no process has this number.
    leftover = file.with_name(f"{file.name}.partial-{2**22 + 1}")
    leftover.write_text("half")

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(services.backup, "write_archive", fail)
        with pytest.raises(OSError, match="No space"):
            services.backup.back_up(app.extensions["conector"].pool, file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.glob("all.zip*")] == ["all.zip"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_backup_of_a_later_version_is_refused(
    file: Path, empty_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "read_schema", lambda: OLD_SCHEMA.read_text("utf-8"))
    with pytest.raises(RestoreError, match="later version"):
        services.backup.restore(lambda: empty_pool, file, replace=False)


def test_items_come_while_a_backup_is_made_again_and_again(
    app: APIFlask, client: Client, empty_pool: Pool, tmp_path: Path
) -> None:
    """Whatever the moment, the backup holds each item with its vectors."""
    pool, ended = app.extensions["conector"].pool, threading.Event()

    def upload() -> None:
        try:
            for n in range(5):
                client.load(f"question,answer\nQuestion {n}?,Answer {n}\n", "/upload?mode=replace")
        finally:
            ended.set()

    thread = threading.Thread(target=upload)
    thread.start()
    backups = 0
    while not ended.is_set() or not backups:
        services.backup.back_up(pool, tmp_path / "all.zip")
        services.backup.restore(lambda: empty_pool, tmp_path / "all.zip", replace=True)
        with empty_pool.reading() as conn, conn.cursor() as cur:
            cur.execute("SELECT (SELECT count(*) FROM items) * 2, count(*) FROM item_vectors")
            items, vectors = db.fetch_row(cur)
        assert items == vectors
        backups += 1
    thread.join()


KILLED = """
import os, signal, sys
from pathlib import Path
import services.backup, store.snapshot
from db import Pool

command, dsn, path = sys.argv[1:]
pool = Pool(dsn, 1)

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if command == "restore":
    store.snapshot._set_sequences = die
    services.backup.restore(lambda: pool, Path(path), replace=True)
else:
    store.snapshot._read_sequences = die
    services.backup.back_up(pool, Path(path))
"""


def run_killed(command: str, dsn: str, file: Path) -> None:
    """Run it in a process that ends when all rows are copied, and the rest is to come."""
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, command, dsn, str(file)],
        cwd=file.parent, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL


def test_a_killed_restore_leaves_what_was_there(
    file: Path, empty_dsn: str, empty_pool: Pool
) -> None:
    services.backup.restore(lambda: empty_pool, file, replace=False)
    before = read_all(empty_pool)
    empty_pool.close()
    run_killed("restore", empty_dsn, file)
    pool = Pool(empty_dsn, 1)
    assert read_all(pool) == before
    pool.close()


def test_a_killed_backup_leaves_the_last_one_and_the_next_removes_its_rest(
    file: Path, app: APIFlask, dsn: str
) -> None:
    before = file.read_bytes()
    run_killed("backup", dsn, file)
    assert file.read_bytes() == before
    assert len(list(file.parent.glob("all.zip*"))) == 2
    services.backup.back_up(app.extensions["conector"].pool, file)
    assert [path.name for path in file.parent.glob("all.zip*")] == ["all.zip"]
