"""Items one by one: read, listed, written, deleted.

An item is written under the lock of its collection (store/collections.py says why).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json, RealDictCursor
from psycopg2.sql import SQL

import store.collections
import store.vectors
from db import Pool, fetch_row
from embeddings import FloatArray
from store.models import Model
from store.vectors import ItemVectors

# To someone who writes an item, a server that says nothing for so many seconds is away.
WRITE_SECONDS = 4.0


class DuplicateItem(Exception):
    """The collection holds this pair already, as the item `id`."""

    def __init__(self, id: int) -> None:
        super().__init__(f"the pair is stored as item {id}")
        self.id = id


class ItemChanged(Exception):
    """The item is no longer what the caller saw: `item` is what it is now."""

    def __init__(self, item: Item) -> None:
        super().__init__(f"item {item.id} was changed meanwhile")
        self.item = item


@dataclass(frozen=True)
class NewItem:
    """An item to be written. Keys are 128-bit digests in hexadecimal (texts.py)."""

    question: str
    answer: str
    alternatives: Sequence[str]
    metadata: Mapping[str, str]
    question_hash: str
    answer_hash: str

    def as_values(self) -> dict[str, Any]:
        """Return what the SQL that writes it binds."""
        return vars(self) | {
            "metadata": Json(dict(self.metadata)),
            "alternatives": list(self.alternatives),
        }


@dataclass(frozen=True)
class Item:
    """An item as its readers see it."""

    id: int
    external_id: str | None
    question: str
    alternatives: list[str]
    answer: str
    collection: str
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime


class StoredTexts(NamedTuple):
    """An item with the vectors that a model made of its texts, by their kinds."""

    item: Item
    vectors: dict[str, FloatArray]


_SELECT_ITEMS = SQL("""
    SELECT i.id, i.external_id, i.question, i.alternatives, i.answer, c.name AS collection,
           i.metadata, i.created_at, i.updated_at
    FROM items i JOIN collections c ON c.id = i.collection_id
""")


def get_item(pool: Pool, item_id: int) -> Item | None:
    """Return the item, or None."""
    with pool.reading() as conn:
        return _select_item(conn, item_id)


def _select_item(conn: connection, item_id: int) -> Item | None:
    with conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(_SELECT_ITEMS + SQL("WHERE i.id = %s"), (item_id,))
        row = cur.fetchone()
    return None if row is None else Item(**row)


def read_texts(pool: Pool, model: Model, item_id: int) -> StoredTexts | None:
    """Return the item with its vectors of this model, as they are at one moment, or None."""
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        item = _select_item(conn, item_id)
        if item is None:
            return None
        cur.execute(
            "SELECT kind, embedding::real[] FROM item_vectors WHERE item_id = %s AND model_id = %s",
            (item_id, model.id),
        )
        vectors = {kind: np.array(vector, np.float32) for kind, vector in cur.fetchall()}
        return StoredTexts(item, vectors)


def list_items(
    pool: Pool,
    *,
    collection: str | None,
    text: str | None = None,
    visible: Sequence[str] | None = None,
    limit: int,
    offset: int,
) -> tuple[list[Item], int]:
    """Return a page of items in the order of their arrival, and how many there are in all.

    With a `text`, only items that have it in question, answer or other wordings, without regard to
    case and accents. With `visible`, only items of these collections.
    """
    values = {
        "collection": collection,
        "text": text,
        "visible": None if visible is None else list(visible),
        "limit": limit,
        "offset": offset,
    }
    conditions = [_IN_COLLECTION] if collection else []
    conditions += [_IN_VISIBLE] if visible is not None else []
    conditions += [_HAS_TEXT] if text else []
    chosen = SQL("WHERE {}").format(SQL(" AND ").join(conditions)) if conditions else SQL("")
    order = _BY_POSITION if collection else _BY_ID
    with pool.reading(seconds=30.0) as conn, conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(SQL("SELECT count(*) AS n FROM items i ") + chosen, values)
        total = fetch_row(cur)["n"]
        cur.execute(_SELECT_ITEMS + chosen + order + _PAGE, values)
        return [Item(**row) for row in cur.fetchall()], total


_IN_COLLECTION = SQL("i.collection_id = (SELECT id FROM collections WHERE name = %(collection)s)")
_IN_VISIBLE = SQL(
    "i.collection_id = ANY (ARRAY(SELECT id FROM collections WHERE name = ANY (%(visible)s)))"
)
# Letters and their marks apart, without the marks (the block of U+0300), in small letters.
_PLAIN = "regexp_replace(lower(normalize({}, NFKD)), '[\u0300-\u036f]', '', 'g')"
_ALL_TEXTS = "concat_ws(E'\n', i.question, i.answer, array_to_string(i.alternatives, E'\n'))"
_HAS_TEXT = SQL(f"strpos({_PLAIN.format(_ALL_TEXTS)}, {_PLAIN.format('%(text)s')}) > 0")
_BY_POSITION = SQL(" ORDER BY i.position, i.id")
_BY_ID = SQL(" ORDER BY i.id")
_PAGE = SQL(" LIMIT %(limit)s OFFSET %(offset)s")


def insert_item(
    pool: Pool, model: Model, collection: str, new: NewItem, vectors: ItemVectors
) -> Item:
    """Write an item with its vectors, at the next place among the answers to its question.

    Raises DuplicateItem where the collection holds the pair.
    """
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        store.collections.make_collection(cur, collection)
        _limit_wait(cur)
        collection_id = store.collections.lock_collection(cur, collection)
        if collection_id is None:
            raise LookupError("a collection that was just made is not there")
        _refuse_duplicate(cur, collection_id, new, None)
        place = _find_next_place(cur, collection_id, new)
        cur.execute(
            """
            INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash,
                               question, alternatives, answer, metadata, position)
            VALUES (%(collection)s, %(question_hash)s, %(place)s, %(question_hash)s,
                    %(answer_hash)s, %(question)s, %(alternatives)s, %(answer)s, %(metadata)s,
                    -- After everything that was uploaded so far.
                    (SELECT coalesce(max(number), 0) + 1 FROM jobs) << 32)
            RETURNING id
            """,
            new.as_values() | {"collection": collection_id, "place": place},
        )
        item_id = fetch_row(cur)[0]
        store.vectors.write_vectors(cur, model, item_id, collection_id, vectors)
        return _reread_item(conn, item_id)


def update_item(
    pool: Pool, model: Model, before: Item, new: NewItem, vectors: ItemVectors
) -> Item | None:
    """Write an item's new content and vectors; return it, or None where there is none.

    Raises DuplicateItem where another item of its collection has the pair, and ItemChanged where
    the item is no longer what it was `before`.
    """
    item_id = before.id
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        _limit_wait(cur)
        collection_id = store.collections.lock_collection_of_item(cur, item_id)
        cur.execute("SELECT FROM items WHERE id = %s FOR NO KEY UPDATE", (item_id,))
        now = _select_item(conn, item_id)
        if collection_id is None or now is None:
            return None
        if now != before:
            raise ItemChanged(now)
        _refuse_duplicate(cur, collection_id, new, item_id)
        place = _find_next_place(cur, collection_id, new)
        cur.execute(_UPDATE_ITEM, new.as_values() | {"item": item_id, "place": place})
        cur.execute("DELETE FROM item_vectors WHERE item_id = %s", (item_id,))
        store.vectors.write_vectors(cur, model, item_id, collection_id, vectors)
        return _reread_item(conn, item_id)


# A key that comes from a file's id stays; one that comes from the question follows the question.
_UPDATE_ITEM = """
UPDATE items SET
    question = %(question)s, alternatives = %(alternatives)s, answer = %(answer)s,
    metadata = %(metadata)s,
    question_hash = %(question_hash)s, answer_hash = %(answer_hash)s,
    updated_at = clock_timestamp(),
    item_key = CASE WHEN external_id IS NULL THEN %(question_hash)s::uuid ELSE item_key END,
    place = CASE WHEN external_id IS NULL AND item_key <> %(question_hash)s THEN %(place)s
                 ELSE place END
WHERE id = %(item)s
"""


def delete_item(pool: Pool, item_id: int, fits: Callable[[Item], bool] | None = None) -> bool:
    """Delete an item with its vectors; return whether it was there.

    Raises ItemChanged with the item if that is not one that `fits`.
    """
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        _limit_wait(cur)
        if store.collections.lock_collection_of_item(cur, item_id) is None:
            return False
        item = _select_item(conn, item_id)
        if item is not None and fits is not None and not fits(item):
            raise ItemChanged(item)
        cur.execute("DELETE FROM items WHERE id = %s", (item_id,))
        return bool(cur.rowcount)


def _limit_wait(cur: cursor) -> None:
    """Wait no longer than 3 seconds for locks, then raise DatabaseUnavailable.

    A job that starts or ends may hold its collection for much longer.
    """
    cur.execute("SET LOCAL lock_timeout = '3s'")


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


def _find_next_place(cur: cursor, collection_id: int, new: NewItem) -> int:
    """Return the place after all that items, and rows of unfinished jobs, have taken."""
    cur.execute(
        """
        SELECT coalesce(GREATEST(
            (SELECT max(place) FROM items WHERE collection_id = %(collection)s
             AND item_key = %(key)s),
            (SELECT max(r.place) FROM jobs j JOIN job_rows r ON r.job_id = j.id
             WHERE j.collection_id = %(collection)s AND j.status = 'processing'
             AND r.question_hash = %(key)s)) + 1, 0)
        """,
        {"collection": collection_id, "key": new.question_hash},
    )
    return int(fetch_row(cur)[0])


def _reread_item(conn: connection, item_id: int) -> Item:
    item = _select_item(conn, item_id)
    if item is None:
        raise LookupError("an item that was just written is not there")
    return item
