"""What a check of a collection reads: the texts of its items, and their vectors."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg2.sql import SQL, Literal

from db import Pool
from embeddings import FloatArray
from store.models import Model

READ_SECONDS = 60.0
# So much is read of a text; the end of a longer answer is read as well.
TEXT_CHARS = 1_000
ENDING_CHARS = 200
# So many further wordings of an item, and so many vectors of all items.
MOST_ALTERNATIVES = 10
MOST_VECTORS = 60_000
# The number of a pair's vector; that of the question is 0, that of an alternative its own.
PAIR = -1
# COPY's binary format begins with 19 bytes and ends with 2.
_HEAD, _TAIL = 19, 2


@dataclass(frozen=True)
class StoredItem:
    """An item with the beginning of its texts, and of its answer also the end.

    `length` is the answer's, in characters.
    """

    id: int
    external_id: str | None
    question: str
    alternatives: list[str]
    answer: str
    ending: str
    length: int
    answer_hash: str


@dataclass(frozen=True, eq=False)
class StoredVectors:
    """Vectors of unit length, shape (vectors, dimension), with item and number of each."""

    items: NDArray[np.int64]
    numbers: NDArray[np.int32]
    vectors: FloatArray


def read_items(pool: Pool, collection: str, most: int) -> list[StoredItem]:
    """Return the `most` newest items of a collection, in the order of their arrival."""
    with pool.reading(READ_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT i.id, i.external_id, left(i.question, %(chars)s),
                   ARRAY(SELECT left(wording, %(chars)s)
                         FROM unnest(i.alternatives[1:%(alternatives)s])
                              WITH ORDINALITY AS each (wording, number) ORDER BY number),
                   left(i.answer, %(chars)s), right(i.answer, %(ending)s), length(i.answer),
                   i.answer_hash::text
            FROM items i
            WHERE i.collection_id = (SELECT id FROM collections WHERE name = %(collection)s)
            ORDER BY i.position DESC, i.id DESC LIMIT %(most)s
            """,
            {
                "chars": TEXT_CHARS,
                "ending": ENDING_CHARS,
                "alternatives": MOST_ALTERNATIVES,
                "collection": collection,
                "most": most,
            },
        )
        return [StoredItem(*row) for row in reversed(cur.fetchall())]


def read_vectors(pool: Pool, model: Model, items: Sequence[int]) -> StoredVectors:
    """Return the vectors of the items' questions, pairs and alternatives, by item and number.

    Where there are more than MOST_VECTORS, some alternatives are left out. COPY's binary format is
    read as it comes: 20,000 vectors of 384 dimensions take 0.1 s.
    """
    written = io.BytesIO()
    statement = SQL(
        """
        COPY (
            SELECT item_id, CASE kind WHEN 'question' THEN 0 WHEN 'pair' THEN {pair}
                            ELSE substr(kind, 13)::int END, embedding
            FROM item_vectors
            WHERE item_id = ANY ({items}) AND model_id = {model}
              AND (kind IN ('question', 'pair') OR kind ~ '^alternative ([1-9]|10)$')
            ORDER BY kind IN ('question', 'pair') DESC, item_id, kind LIMIT {most}
        ) TO STDOUT (FORMAT binary)
        """
    ).format(
        items=SQL("{}::bigint[]").format(Literal(list(items))),
        model=Literal(model.id),
        pair=Literal(PAIR),
        most=Literal(MOST_VECTORS),
    )
    with pool.reading(READ_SECONDS) as conn, conn.cursor() as cur:
        cur.copy_expert(statement, written)
    return _decode(written.getvalue(), model.dimension)


def _decode(copied: bytes, dimension: int) -> StoredVectors:
    """Read rows of (bigint, integer, halfvec), which are all of one length."""
    row = np.dtype(
        [
            *(("fields", ">i2"), ("item_size", ">i4"), ("item", ">i8")),
            *(("number_size", ">i4"), ("number", ">i4")),
            *(("vector_size", ">i4"), ("dimension", ">i2"), ("unused", ">i2")),
            ("vector", ">f2", (dimension,)),
        ]
    )
    rows = np.frombuffer(copied[_HEAD : len(copied) - _TAIL], row)
    vectors = rows["vector"].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(lengths, np.float32(1e-6))
    return StoredVectors(rows["item"].astype(np.int64), rows["number"].astype(np.int32), vectors)
