"""The pool and the schema, on a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

import db
from db import DatabaseUnavailable, Pool
from tests.support.client import eventually

# The newest version that schema.sql and migrations/ give.
VERSION = max(int(path.name[:4]) for path in (db.HERE / "migrations").glob("[0-9]*_*.sql"))


def tables(pool: Pool) -> set[str]:
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        return {name for (name,) in cursor.fetchall()}


def test_the_schema_can_be_applied_again(empty_dsn: str) -> None:
    pool = Pool(empty_dsn, 2)
    assert db.apply_schema(pool) == VERSION
    before = tables(pool)
    assert {"items", "item_vectors", "jobs", "job_rows", "job_errors", "schema_version"} <= before
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute((db.HERE / "schema.sql").read_text("utf-8"))
    assert db.apply_schema(pool) == VERSION
    assert tables(pool) == before
    pool.close()


def test_processes_that_start_at_once_make_one_schema(empty_dsn: str) -> None:
    pools = [Pool(empty_dsn, 1) for _ in range(6)]
    with ThreadPoolExecutor(6) as executor:
        assert list(executor.map(db.apply_schema, pools)) == [VERSION] * 6
    for pool in pools:
        pool.close()


def test_migrations_above_the_version_are_applied_once_and_in_order(
    pool: Pool, tmp_path: Path
) -> None:
    (tmp_path / "9003_more.sql").write_text("ALTER TABLE later ADD b integer")
    (tmp_path / "9002_later.sql").write_text("CREATE TABLE later (a integer)")
    (tmp_path / f"{VERSION:04}_first.sql").write_text("SELECT 1 / 0")
    assert db.apply_schema(pool, tmp_path) == 9003
    assert db.apply_schema(pool, tmp_path) == 9003
    assert "later" in tables(pool)


def test_a_migration_that_fails_leaves_the_version_before(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "9002_later.sql").write_text("CREATE TABLE later (a integer)")
    (tmp_path / "9003_wrong.sql").write_text("SELECT 1 / 0")
    with pytest.raises(db.SchemaError, match="division by zero"):
        db.apply_schema(pool, tmp_path)
    assert "later" not in tables(pool)


def test_a_newer_schema_is_left_alone(pool: Pool) -> None:
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("INSERT INTO schema_version (version) VALUES (9999)")
    assert db.apply_schema(pool) == 9999


def test_a_borrower_waits_for_a_free_connection_with_a_bound(dsn: str) -> None:
    pool = Pool(dsn, 1, wait_seconds=0.2)
    with pool.reading(), pytest.raises(DatabaseUnavailable, match="in use"):
        db.ping(pool)
    patient = Pool(dsn, 1, wait_seconds=60)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with patient.reading():
            taken.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(60)
    threading.Timer(0.1, done.set).start()
    db.ping(patient)
    thread.join()
    pool.close()
    patient.close()


def test_dead_connections_are_replaced_before_they_are_used(pool: Pool) -> None:
    with pool.reading() as first, pool.reading() as second:
        pids = [first.info.backend_pid, second.info.backend_pid]
    with pool.reading() as conn, conn.cursor() as cursor:
        others = [pid for pid in pids if pid != conn.info.backend_pid]
        cursor.execute("SELECT pg_terminate_backend(%s)", (others[0],))
    for _ in range(3):
        with pool.reading() as one, pool.reading():
            assert one.info.backend_pid not in others
    db.ping(pool)


def test_a_connection_that_dies_in_use_is_unavailable_and_comes_back(pool: Pool) -> None:
    with pytest.raises(DatabaseUnavailable), pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    db.ping(pool)


def test_an_error_rolls_back_and_gives_the_connection_back(dsn: str) -> None:
    pool = Pool(dsn, 1, wait_seconds=1)

    def make_and_fail() -> None:
        with pool.transaction() as conn, conn.cursor() as cursor:
            cursor.execute("CREATE TABLE gone (a integer)")
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(psycopg2.errors.DivisionByZero):
        make_and_fail()
    assert "gone" not in tables(pool)
    pool.close()


def test_a_silent_server_is_cut_off_at_the_deadline(dsn: str) -> None:
    pool = Pool(dsn, 1)
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable), pool.reading(seconds=0.5) as conn:
        conn.cursor().execute("SELECT pg_sleep(30)")
    assert time.monotonic() - started < 25

    def sleepers() -> int:
        with pool.reading() as conn, conn.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
                " AND state = 'active'"
            )
            return int(db.fetch_row(cursor)[0])

    # Its statement does not go on in the server.
    assert sleepers() == 1
    eventually(lambda: sleepers() == 0)
    pool.close()


def test_no_server_is_unavailable(tmp_path: Path) -> None:
    pool = Pool(f"host={tmp_path} dbname=x", 1)
    with pytest.raises(DatabaseUnavailable):
        db.ping(pool)


def test_a_standby_is_unavailable_for_changes_and_answers_what_only_reads(dsn: str) -> None:
    separator = "&" if "?" in dsn else "?"
    pool = Pool(f"{dsn}{separator}options=-c%20default_transaction_read_only%3Don", 1)
    unavailable = pytest.raises(DatabaseUnavailable, match="read-only or a standby")
    with unavailable, pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("INSERT INTO collections (name) VALUES ('a')")
    # A new connection may lead to the host that takes changes now.
    assert pool._idle == []
    db.ping(pool)
    pool.close()
