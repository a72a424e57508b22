"""Items one by one, and collections: read, write, delete, export.

Who writes an item locks its collection first, so that a job that is being matched with the
collection (store/matching.py) never takes the same place, and one that ends (store/finishing.py)
finds the items that it counts on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pgvector import HalfVector
from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json, RealDictCursor

from db import Pool, one_row
from embeddings import FloatArray
from store.models import Model

# Rows that an export holds in memory.
EXPORT_ROWS = 1_000
# A reader of an export may take so long, in seconds, for that many rows.
EXPORT_SECONDS = 600.0
DELETE_SECONDS = 600.0
# A server that says nothing for so long, to one who writes an item, is away.
WRITE_SECONDS = 4.0


class DuplicateItem(Exception):
    """The collection holds this pair already, as the item `id`."""

    def __init__(self, id: int) -> None:
        super().__init__(f"the pair is stored as item {id}")
        self.id = id


@dataclass(frozen=True)
class NewItem:
    """An item to be written. Keys are 128-bit digests in hexadecimal (texts.py)."""

    question: str
    answer: str
    metadata: Mapping[str, str]
    question_hash: str
    answer_hash: str


@dataclass(frozen=True)
class Item:
    """An item as its readers see it."""

    id: int
    question: str
    answer: str
    collection: str
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Collection:
    """A collection that holds items; `updated_at` is that of its newest."""

    name: str
    items: int
    updated_at: datetime


@dataclass(frozen=True)
class Vectors:
    """The two vectors of an item, shape (dimension,) each."""

    question: FloatArray
    pair: FloatArray


_SELECT_ITEMS = """
    SELECT i.id, i.question, i.answer, c.name AS collection, i.metadata, i.created_at, i.updated_at
    FROM items i JOIN collections c ON c.id = i.collection_id
"""


def get_item(pool: Pool, item_id: int) -> Item | None:
    """Return the item, or None."""
    with pool.reading() as conn:
        return _item(conn, item_id)


def _item(conn: connection, item_id: int) -> Item | None:
    with conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(_SELECT_ITEMS + " WHERE i.id = %s", (item_id,))
        row = cur.fetchone()
    return None if row is None else Item(**row)


def list_items(
    pool: Pool, *, collection: str | None, limit: int, offset: int
) -> tuple[list[Item], int]:
    """Return a page of items in the order of their arrival, and how many there are in all."""
    narrowed = {"collection": collection, "limit": limit, "offset": offset}
    with pool.reading(seconds=30.0) as conn, conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(_COUNT_ITEMS if collection else "SELECT count(*) AS n FROM items", narrowed)
        total = one_row(cur)["n"]
        cur.execute(_SELECT_ITEMS + (_PAGE_OF_ONE if collection else _PAGE_OF_ALL), narrowed)
        return [Item(**row) for row in cur.fetchall()], total


_ONE = " WHERE i.collection_id = (SELECT id FROM collections WHERE name = %(collection)s)"
_COUNT_ITEMS = "SELECT count(*) AS n FROM items i" + _ONE  # noqa: S608, fixed text
_PAGE_OF_ONE = _ONE + " ORDER BY i.position, i.id LIMIT %(limit)s OFFSET %(offset)s"
_PAGE_OF_ALL = " ORDER BY i.id LIMIT %(limit)s OFFSET %(offset)s"


def insert_item(pool: Pool, model: Model, collection: str, new: NewItem, vectors: Vectors) -> Item:
    """Write an item with its vectors, at the next place among the answers to its question.

    Raises DuplicateItem where the collection holds the pair.
    """
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO collections (name) VALUES (%s) ON CONFLICT DO NOTHING", (collection,)
        )
        collection_id = _lock_collection(cur, "name = %s", collection)
        _refuse_duplicate(cur, collection_id, new, None)
        cur.execute(
            """
            INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash,
                               question, answer, metadata, position)
            VALUES (%(collection)s, %(key)s, %(place)s, %(key)s, %(answer_hash)s, %(question)s,
                    %(answer)s, %(metadata)s,
                    -- After all that was uploaded so far.
                    (SELECT coalesce(max(number), 0) + 1 FROM jobs) << 32)
            RETURNING id
            """,
            _columns(new)
            | {"collection": collection_id, "place": _next_place(cur, collection_id, new)},
        )
        item_id = one_row(cur)[0]
        _write_vectors(cur, model, item_id, collection_id, vectors)
        return _existing(conn, item_id)


def update_item(
    pool: Pool, model: Model, item_id: int, new: NewItem, vectors: Vectors
) -> Item | None:
    """Write an item's new content and vectors; return it, or None where there is none.

    Raises DuplicateItem where another item of its collection has the pair.
    """
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SELECT collection_id FROM items WHERE id = %s", (item_id,))
        row = cur.fetchone()
        if row is None:
            return None
        collection_id = _lock_collection(cur, "id = %s", row[0])
        _refuse_duplicate(cur, collection_id, new, item_id)
        cur.execute(
            """
            UPDATE items SET
                question = %(question)s, answer = %(answer)s, metadata = %(metadata)s,
                question_hash = %(key)s, answer_hash = %(answer_hash)s,
                updated_at = clock_timestamp(),
                -- An id of a file stays; a question's own key follows the question.
                item_key = CASE WHEN external_id IS NULL THEN %(key)s::uuid ELSE item_key END,
                place = CASE WHEN external_id IS NULL AND item_key <> %(key)s THEN %(place)s
                             ELSE place END
            WHERE id = %(item)s
            """,
            _columns(new) | {"item": item_id, "place": _next_place(cur, collection_id, new)},
        )
        if not cur.rowcount:
            return None
        cur.execute("DELETE FROM vectors WHERE item_id = %s", (item_id,))
        _write_vectors(cur, model, item_id, collection_id, vectors)
        return _existing(conn, item_id)


def delete_item(pool: Pool, item_id: int) -> bool:
    """Delete an item with its vectors; return whether it was there."""
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SELECT collection_id FROM items WHERE id = %s", (item_id,))
        row = cur.fetchone()
        if row is None:
            return False
        _lock_collection(cur, "id = %s", row[0])
        cur.execute("DELETE FROM items WHERE id = %s", (item_id,))
        return bool(cur.rowcount)


def _columns(new: NewItem) -> dict[str, Any]:
    return {
        "key": new.question_hash,
        "answer_hash": new.answer_hash,
        "question": new.question,
        "answer": new.answer,
        "metadata": Json(dict(new.metadata)),
    }


def _lock_collection(cur: cursor, condition: str, value: object) -> int:
    # A job that starts or ends may hold it for long: DatabaseUnavailable says to try again.
    cur.execute("SET LOCAL lock_timeout = '3s'")
    # Not FOR UPDATE: uploads refer to the row, and would wait.
    cur.execute(
        f"SELECT id FROM collections WHERE {condition} FOR NO KEY UPDATE",  # noqa: S608, ours
        (value,),
    )
    return int(one_row(cur)[0])


def _refuse_duplicate(cur: cursor, collection_id: int, new: NewItem, item_id: int | None) -> None:
    cur.execute(
        """
        SELECT id FROM items WHERE collection_id = %s AND question_hash = %s AND answer_hash = %s
        AND id IS DISTINCT FROM %s ORDER BY id LIMIT 1
        """,
        (collection_id, new.question_hash, new.answer_hash, item_id),
    )
    row = cur.fetchone()
    if row is not None:
        raise DuplicateItem(row[0])


def _next_place(cur: cursor, collection_id: int, new: NewItem) -> int:
    """Return the place after all that items, and rows of unfinished jobs, have taken."""
    cur.execute(
        """
        SELECT GREATEST(
            (SELECT max(place) FROM items WHERE collection_id = %(collection)s
             AND item_key = %(key)s),
            (SELECT max(r.place) FROM jobs j JOIN job_rows r ON r.job_id = j.id
             WHERE j.collection_id = %(collection)s AND j.status = 'processing'
             AND r.question_hash = %(key)s))
        """,
        {"collection": collection_id, "key": new.question_hash},
    )
    highest = one_row(cur)[0]
    return 0 if highest is None else int(highest) + 1


def _write_vectors(
    cur: cursor, model: Model, item_id: int, collection_id: int, vectors: Vectors
) -> None:
    for kind, vector in (("question", vectors.question), ("pair", vectors.pair)):
        cur.execute(
            "INSERT INTO vectors (item_id, model_id, kind, collection_id, embedding)"
            " VALUES (%s, %s, %s, %s, %s)",
            (item_id, model.id, kind, collection_id, HalfVector(vector).to_text()),
        )


def _existing(conn: connection, item_id: int) -> Item:
    item = _item(conn, item_id)
    if item is None:
        raise LookupError("an item that was just written is not there")
    return item


def list_collections(pool: Pool) -> list[Collection]:
    """Return the collections that hold items, by name."""
    with pool.reading(seconds=30.0) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT c.name, n.items, n.updated_at
            FROM collections c JOIN (
                SELECT collection_id, count(*) AS items, max(updated_at) AS updated_at
                FROM items GROUP BY collection_id
            ) n ON n.collection_id = c.id
            ORDER BY c.name COLLATE "C"
            """
        )
        return [Collection(*row) for row in cur.fetchall()]


def delete_collection(pool: Pool, name: str) -> int | None:
    """Delete a collection's items and cancel its unfinished jobs.

    Return how many items there were, or None where there was neither.
    """
    with pool.transaction(seconds=DELETE_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SELECT id FROM collections WHERE name = %s FOR NO KEY UPDATE", (name,))
        row = cur.fetchone()
        if row is None:
            return None
        cur.execute(
            """
            WITH canceled AS (
                UPDATE jobs SET status = 'canceled', finished_at = clock_timestamp(),
                    inserted = CASE mode WHEN 'replace' THEN 0 ELSE inserted END,
                    updated = CASE mode WHEN 'replace' THEN 0 ELSE updated END
                WHERE collection_id = %s AND status IN ('enqueued', 'processing') RETURNING id
            ), gone AS (DELETE FROM job_rows WHERE job_id IN (SELECT id FROM canceled))
            SELECT count(*) FROM canceled
            """,
            row,
        )
        canceled = int(one_row(cur)[0])
        # At once, rather than by the foreign key for each item.
        cur.execute("DELETE FROM vectors WHERE collection_id = %s", row)
        cur.execute("DELETE FROM items WHERE collection_id = %s", row)
        deleted = int(cur.rowcount)
        cur.execute("UPDATE collections SET file = '{}' WHERE id = %s", row)
        return deleted if deleted or canceled else None


@dataclass(frozen=True)
class Export:
    """A collection on its way out: the file it came from, the names of all its metadata, its
    rows as (external id, question, answer, metadata) in the order of their arrival.
    """

    file: dict[str, Any]
    metadata_names: Sequence[str]
    has_ids: bool
    rows: Iterator[tuple[str | None, str, str, dict[str, str]]]


@contextmanager
def exporting(pool: Pool, name: str) -> Iterator[Export | None]:
    """Yield a collection's Export, its rows read in one snapshot; None where it has no items."""
    with pool.transaction(seconds=EXPORT_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cur.execute("SELECT id, file FROM collections WHERE name = %s", (name,))
        row = cur.fetchone()
        if row is None:
            yield None
            return
        collection_id, file = row
        cur.execute(
            "SELECT DISTINCT jsonb_object_keys(metadata) FROM items WHERE collection_id = %s"
            " ORDER BY 1",
            (collection_id,),
        )
        names = [key for (key,) in cur.fetchall()]
        cur.execute(
            "SELECT count(*) > 0, coalesce(bool_or(external_id IS NOT NULL), false) FROM items"
            " WHERE collection_id = %s",
            (collection_id,),
        )
        has_items, has_ids = one_row(cur)
        if not has_items:
            yield None
            return
        yield Export(file, names, has_ids, _export_rows(pool, conn, collection_id))


def _export_rows(pool: Pool, conn: connection, collection_id: int) -> Iterator[tuple[Any, ...]]:
    yield from pool.streamed(
        conn,
        "SELECT external_id, question, answer, metadata FROM items"
        " WHERE collection_id = %s ORDER BY position, id",
        (collection_id,),
        EXPORT_ROWS,
    )
