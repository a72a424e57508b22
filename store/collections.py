"""Collections: made, listed, deleted, exported and locked.

The lock of a collection protects the places of its items, which say which row of a later file is
which item. These take it: writing or deleting one item, deleting the collection, the start of a job
(which matches the file's rows with the items), and its end (which writes a replacing job's items).
All of them lock the collection first and jobs after it, so that no two wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from psycopg2.extensions import connection, cursor
from psycopg2.sql import SQL

import store.canceling
from db import Pool, fetch_row

# Rows that an export holds in memory, and how long its reader may take for them, in seconds.
EXPORT_ROWS = 1_000
EXPORT_SECONDS = 600.0
DELETE_SECONDS = 600.0

# The lock of a collection `c`. FOR UPDATE would make uploads wait, since a job refers to the row.
LOCK = SQL("FOR NO KEY UPDATE OF c")


ExportedRow: TypeAlias = tuple[str | None, str, str, dict[str, str], list[str]]


@dataclass(frozen=True)
class Collection:
    """A collection that holds items; `updated_at` is that of its newest."""

    name: str
    items: int
    updated_at: datetime


@dataclass(frozen=True)
class Export:
    """What an export writes.

    `file` is the description of the last file, `metadata_names` are the names of all metadata, and
    `read_rows` begins anew, whenever it is called, with (external id, question, answer, metadata,
    alternatives) in the order of their arrival; `has_alternatives` says whether any has some.
    """

    file: dict[str, Any]
    metadata_names: Sequence[str]
    has_ids: bool
    has_alternatives: bool
    read_rows: Callable[[], Iterator[ExportedRow]]


def make_collection(cur: cursor, name: str) -> None:
    """Make the collection where there is none; it is listed once it holds items."""
    cur.execute("INSERT INTO collections (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))


def lock_collection(cur: cursor, name: str) -> int | None:
    """Lock a collection until the transaction ends; return its id, or None where there is none."""
    return _lock(cur, SQL("collections c WHERE c.name = %s"), name)


def lock_collection_of_item(cur: cursor, item_id: int) -> int | None:
    """Lock an item's collection; return its id, or None where there is no such item."""
    items = SQL("items i JOIN collections c ON c.id = i.collection_id WHERE i.id = %s")
    return _lock(cur, items, item_id)


def _lock(cur: cursor, source: SQL, value: object) -> int | None:
    cur.execute(SQL("SELECT c.id FROM {source} {lock}").format(source=source, lock=LOCK), (value,))
    row = cur.fetchone()
    return None if row is None else int(row[0])


def get_collection(pool: Pool, name: str) -> Collection | None:
    """Return a collection; None if it holds no items."""
    with pool.reading(seconds=30.0) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT c.name, count(*), max(i.updated_at)
            FROM collections c JOIN items i ON i.collection_id = c.id
            WHERE c.name = %s GROUP BY c.name
            """,
            (name,),
        )
        row = cur.fetchone()
        return None if row is None else Collection(*row)


def is_there(pool: Pool, name: str) -> bool:
    """Return whether the collection holds items, or an import that goes on brings it some."""
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT EXISTS (SELECT FROM collections c JOIN items i ON i.collection_id = c.id
                           WHERE c.name = %(name)s)
                OR EXISTS (SELECT FROM jobs WHERE collection = %(name)s AND kind = 'import'
                           AND status IN ('enqueued', 'processing'))
            """,
            {"name": name},
        )
        return bool(fetch_row(cur)[0])


def list_collections(pool: Pool, visible: Sequence[str] | None = None) -> list[Collection]:
    """Return the collections that hold items, by name. With `visible`, only of these."""
    with pool.reading(seconds=30.0) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT c.name, n.items, n.updated_at
            FROM collections c JOIN (
                SELECT collection_id, count(*) AS items, max(updated_at) AS updated_at
                FROM items
                WHERE %(visible)s IS NULL OR collection_id = ANY (ARRAY(
                    SELECT id FROM collections WHERE name = ANY (%(visible)s)))
                GROUP BY collection_id
            ) n ON n.collection_id = c.id
            ORDER BY c.name COLLATE "C"
            """,
            {"visible": None if visible is None else list(visible)},
        )
        return [Collection(*row) for row in cur.fetchall()]


def delete_collection(pool: Pool, name: str) -> int | None:
    """Delete a collection's items and thresholds, and cancel its unfinished jobs.

    Return how many items there were, or None where there was nothing of these.
    """
    with pool.transaction(DELETE_SECONDS) as conn, conn.cursor() as cur:
        collection_id = lock_collection(cur, name)
        if collection_id is None:
            return None
        canceled = store.canceling.cancel_jobs(cur, SQL("collection_id = %s"), collection_id)
        # All at once: the foreign key would look them up for each item.
        cur.execute("DELETE FROM item_vectors WHERE collection_id = %s", (collection_id,))
        cur.execute("DELETE FROM items WHERE collection_id = %s", (collection_id,))
        deleted = int(cur.rowcount)
        cur.execute(
            "UPDATE collections SET decision = NULL WHERE id = %s AND decision IS NOT NULL",
            (collection_id,),
        )
        was_there = deleted or canceled or cur.rowcount
        # A later evaluation has nothing to be compared with.
        cur.execute(
            "UPDATE evaluations e SET outcomes = NULL FROM jobs j"
            " WHERE j.id = e.job_id AND j.kind = 'evaluation' AND j.collection = %s",
            (name,),
        )
        cur.execute("UPDATE collections SET file = '{}' WHERE id = %s", (collection_id,))
        return deleted if was_there else None


@contextmanager
def open_export(pool: Pool, name: str) -> Iterator[Export | None]:
    """Yield a collection's Export, its rows read in one snapshot; None where it has no items."""
    with pool.transaction(EXPORT_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cur.execute("SELECT id, file FROM collections WHERE name = %s", (name,))
        row = cur.fetchone()
        yield None if row is None else _make_export(pool, conn, *row)


def _make_export(
    pool: Pool, conn: connection, collection_id: int, file: dict[str, Any]
) -> Export | None:
    with conn.cursor() as cur:
        cur.execute(
            "SELECT DISTINCT jsonb_object_keys(metadata) FROM items WHERE collection_id = %s"
            " ORDER BY 1",
            (collection_id,),
        )
        names = [key for (key,) in cur.fetchall()]
        cur.execute(
            "SELECT count(*) > 0, coalesce(bool_or(external_id IS NOT NULL), false),"
            " coalesce(bool_or(alternatives <> '{}'), false) FROM items"
            " WHERE collection_id = %s",
            (collection_id,),
        )
        has_items, has_ids, has_alternatives = fetch_row(cur)
    if not has_items:
        return None

    def read_rows() -> Iterator[ExportedRow]:
        return pool.stream_rows(
            conn,
            "SELECT external_id, question, answer, metadata, alternatives FROM items"
            " WHERE collection_id = %s ORDER BY position, id",
            (collection_id,),
            EXPORT_ROWS,
        )

    return Export(file, names, has_ids, has_alternatives, read_rows)
