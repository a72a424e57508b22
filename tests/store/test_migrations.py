"""Migrations: an older database becomes what a new one is, and keeps what it holds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import db
from db import Pool

# The schemas of versions that were in use.
VERSIONS = [1, 3, 8]


@pytest.fixture(params=VERSIONS)
def old_pool(empty_dsn: str, request: pytest.FixtureRequest) -> Iterator[Pool]:
    """A database of an older version."""
    yield from open_old(empty_dsn, request.param)


@pytest.fixture
def pool_of_3(empty_dsn: str) -> Iterator[Pool]:
    """A database of version 3, the last one that knew two vectors for each item."""
    yield from open_old(empty_dsn, 3)


def open_old(dsn: str, version: int) -> Iterator[Pool]:
    pool = Pool(dsn, 2)
    with pool.transaction() as conn, conn.cursor() as cursor:
        schema = Path(__file__).with_name(f"schema_{version:04}.sql")
        cursor.execute(schema.read_text("utf-8"))
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
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
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


# How a service of version 3 writes an item's vectors, and how it finds the nearest.
WRITE_AS_3 = """
INSERT INTO vectors (item_id, model_id, kind, collection_id, embedding)
SELECT i.id, m.id, k.kind, i.collection_id, %s FROM items i, models m,
       (VALUES ('question'), ('pair')) k (kind)
ON CONFLICT (item_id, model_id, kind) DO UPDATE SET embedding = excluded.embedding
"""
RANK_AS_3 = """
SELECT v.kind FROM vectors v WHERE v.model_id = 1
ORDER BY v.embedding::halfvec(2) <=> '[1,0]'::halfvec(2), item_id, kind DESC
"""


def test_a_service_of_version_3_goes_on_beside_this_one(pool_of_3: Pool) -> None:
    with pool_of_3.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("INSERT INTO collections (name) VALUES ('c')")
        cursor.execute("INSERT INTO models (identity, dimension) VALUES ('m', 2)")
        cursor.execute(
            "INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash,"
            " question, answer, position) SELECT 1, u, 0, u, u, 'q', 'a', 1"
            " FROM gen_random_uuid() u"
        )
        cursor.execute(WRITE_AS_3, ("[1,0]",))
    db.apply_schema(pool_of_3)
    with pool_of_3.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO item_vectors SELECT id, 1, 'alternative 1', 1, '[1,0]' FROM items"
        )
        cursor.execute(WRITE_AS_3, ("[0,1]",))
        cursor.execute(RANK_AS_3)
        assert cursor.fetchall() == [("question",), ("pair",)]
        cursor.execute("SELECT kind, embedding::text FROM item_vectors ORDER BY kind")
        assert cursor.fetchall() == [
            ("alternative 1", "[1,0]"), ("pair", "[0,1]"), ("question", "[0,1]"),
        ]  # fmt: skip
        cursor.execute("DELETE FROM vectors")
        assert cursor.rowcount == 2
