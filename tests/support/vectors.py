"""Items with vectors that no embedder made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from db import Pool
from store.models import Model

DIMENSION = 16
ITEMS = 3_000


def make_vectors() -> NDArray[np.float32]:
    """Return a vector of length 1 for each item, shape (ITEMS, DIMENSION)."""
    vectors = np.random.default_rng(1).standard_normal((ITEMS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def fill(pool: Pool, model: Model, vectors: NDArray[np.float32]) -> None:
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("INSERT INTO collections (name) VALUES ('a'), ('b')")
        cur.execute(
            """
            INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash,
                               question, answer, metadata, position)
            SELECT CASE WHEN n %% 100 = 0 THEN 2 ELSE 1 END, md5(n::text)::uuid, 0,
                   md5(n::text)::uuid, md5(n::text)::uuid, 'q' || n, 'a',
                   jsonb_build_object('rare', (n %% 100 = 1)::text), n
            FROM generate_series(1, %s) n
            """,
            (len(vectors),),
        )
        for number, vector in enumerate(vectors, 1):
            cur.execute(
                "INSERT INTO item_vectors SELECT id, %s, kind, collection_id, %s"
                " FROM items, (VALUES ('question'), ('pair')) k (kind) WHERE position = %s",
                (model.id, HalfVector(vector), number),
            )
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("VACUUM ANALYZE item_vectors, items")


def fill_once(pool: Pool, model: Model, vectors: NDArray[np.float32]) -> None:
    """Store one vector of each item: in an index, equal vectors share one place."""
    fill(pool, model, vectors)
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM item_vectors WHERE kind = 'pair'")
