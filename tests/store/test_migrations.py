"""Migrations: an older database becomes what a new one is, and keeps what it holds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import db
from db import Pool

# The schema of the first version that was released.
FIRST = Path(__file__).with_name("schema_0001.sql")


@pytest.fixture
def old_pool(empty_dsn: str) -> Iterator[Pool]:
    """A database of the first version."""
    pool = Pool(empty_dsn, 2)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(FIRST.read_text("utf-8"))
    yield pool
    pool.close()


CATALOG = {
    "columns": """
        SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity::text, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "options": """
        SELECT relname, relkind::text, reloptions FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    """,
    "functions": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "triggers": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal",
}


def read_catalog(pool: Pool) -> dict[str, list[Any]]:
    with pool.reading() as conn, conn.cursor() as cursor:
        found = {}
        for name, statement in CATALOG.items():
            cursor.execute(statement)
            found[name] = sorted(cursor.fetchall(), key=repr)
    return found


def test_an_older_database_becomes_what_a_new_one_is(old_pool: Pool, pool: Pool) -> None:
    assert db.apply_schema(old_pool) == db.apply_schema(pool) > 1
    assert read_catalog(old_pool) == read_catalog(pool)


def test_what_an_older_service_stored_and_goes_on_storing_stays(old_pool: Pool) -> None:
    def insert_job() -> None:
        with old_pool.transaction() as conn, conn.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jobs (id, status, collection, mode, idempotency_key)"
                " VALUES (%s, 'enqueued', 'c', 'upsert', %s)",
                (uuid.uuid4(), str(uuid.uuid4())),
            )

    insert_job()
    db.apply_schema(old_pool)
    insert_job()
    with old_pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT count(*), count(idempotency_digest) FROM jobs")
        assert db.fetch_row(cursor) == (2, 0)
