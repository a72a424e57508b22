"""A model that fails on a text, an index under change, a narrow filter: cases 13, 32 and 33.

FAULT_ITEMS says among how many items the filter is narrow.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import db
import store.index
import store.models
import store.search
import store.vectors
from app import create_app
from config import Settings
from db import Pool
from embeddings import FloatArray
from store.filters import Condition
from store.models import Model
from tests.support.client import Client
from tests.support.embedder import HashEmbedder

DIMENSION, ITEMS = 16, 4_000
MANY_ITEMS = int(os.environ.get("FAULT_ITEMS", "5000"))


class Failing(HashEmbedder):
    """Fails on texts with the word, in one of several ways."""

    way = ""

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        vectors = super().encode_windows(windows)
        bad = [n for n, window in enumerate(windows) if "poison" in window]
        if not bad:
            return vectors
        if self.way == "raises":
            raise RuntimeError("the model has no answer")
        if self.way == "dimension":
            return vectors[:, :-1]
        vectors[bad] = {"NaN": np.nan, "zeros": 0.0, "infinite": np.inf}[self.way]
        return vectors


@pytest.mark.parametrize("way", ["raises", "NaN", "zeros", "infinite", "dimension"])
def test_a_row_that_the_model_fails_on(settings: Settings, saw: Any, way: str) -> None:
    embedder = Failing()
    embedder.way = way
    app = create_app(settings, embedder)
    try:
        client = Client(app.test_client())
        rows = [f"Question {n}?,Answer {n}\n" for n in range(100)]
        rows[40] = "A poison question?,Answer\n"
        job = client.load("question,answer\n" + "".join(rows))
        assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (99, 1)
        (error,) = client.get(f"/jobs/{job['id']}/errors").json["results"]
        assert (error["line"], error["code"]) == (42, "embedding_failed")
        saw(13, f"{way}: that row is rejected, 99 are stored")
    finally:
        app.extensions["conector"].close()


def test_recall_after_many_changes(pool: Pool, saw: Any) -> None:
    model = store.models.register_model(pool, "small", DIMENSION)
    chance = np.random.default_rng(2)
    vectors = chance.standard_normal((ITEMS, DIMENSION)).astype(np.float32)
    _store(pool, model, range(ITEMS), vectors)
    assert store.index.build_index(pool, model, 1)
    # A third goes, a third changes, a third is new.
    gone, changed = range(0, ITEMS, 3), range(1, ITEMS, 3)
    _execute(pool, "DELETE FROM items WHERE position % 3 = 0")
    vectors[list(changed)] = chance.standard_normal((len(changed), DIMENSION))
    _store(pool, model, changed, vectors)
    more = chance.standard_normal((ITEMS // 3, DIMENSION)).astype(np.float32)
    vectors = np.concatenate([vectors, more])
    _store(pool, model, range(ITEMS, len(vectors)), vectors)
    _execute(pool, "VACUUM vectors, items")

    left = np.setdiff1d(np.arange(len(vectors)), np.array(gone))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = wanted = 0
    for query in chance.standard_normal((100, DIMENSION)).astype(np.float32):
        best = {f"q{n}" for n in left[np.argsort(-(unit[left] @ query))[:10]]}
        hits = {hit.question for hit in store.search.search(pool, model, query, limit=10)}
        assert not hits & {f"q{n}" for n in gone}
        found, wanted = found + len(best & hits), wanted + len(best)
    assert found >= 0.95 * wanted
    saw(32, f"recall@10 {found / wanted:.3f} after deletes, updates, inserts and VACUUM")


@pytest.mark.parametrize(
    "kept",
    [{"metadata": [Condition("tag", ("rare",))]}, {"collections": ["small"]},
     {"metadata": [Condition("tag", ("rare",))], "collections": ["small", "large"]}],
)  # fmt: skip
def test_a_filter_that_keeps_one_in_a_hundred(pool: Pool, saw: Any, kept: dict[str, Any]) -> None:
    model = store.models.register_model(pool, "small", DIMENSION)
    _execute(pool, "SELECT setseed(0.5)")
    _execute(pool, _MANY_ITEMS, MANY_ITEMS)
    _execute(pool, _MANY_VECTORS, model.id, DIMENSION)
    assert store.index.build_index(pool, model, 1)
    for query in np.random.default_rng(3).standard_normal((20, DIMENSION)).astype(np.float32):
        hits = store.search.search(pool, model, query, limit=10, **kept)
        assert len(hits) == 10
        assert [h.distance for h in hits] == sorted(h.distance for h in hits)
        assert all(h.metadata == {"tag": "rare"} or h.collection == "small" for h in hits)
    saw(33, f"{kept} of {MANY_ITEMS:,} items: every page is full")


# One item in a hundred is in the small collection; those have the tag, and no others.
_MANY_ITEMS = """
WITH made AS (INSERT INTO collections (name) VALUES ('large'), ('small') RETURNING id, name)
INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash, question, answer,
                   metadata, position)
SELECT made.id, h, 0, h, h, 'q' || n, 'a',
       jsonb_build_object('tag', CASE made.name WHEN 'small' THEN 'rare' ELSE 'common' END), n
FROM generate_series(1, %s) n, CAST(md5(n::text) AS uuid) h, made
WHERE (n %% 100 = 0) = (made.name = 'small')
"""
_MANY_VECTORS = """
INSERT INTO item_vectors (item_id, model_id, kind, collection_id, embedding)
SELECT i.id, %s, kind, i.collection_id, v.embedding
FROM items i, (VALUES ('question'), ('pair')) k (kind), LATERAL (
    -- With the item in it, or one vector would be made for all of them.
    SELECT array_agg(random() - 0.5 + 0 * (i.id + n))::real[]::halfvec AS embedding
    FROM generate_series(1, %s) n) v
"""


def _store(pool: Pool, model: Model, numbers: Sequence[int], vectors: FloatArray) -> None:
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("INSERT INTO collections (name) VALUES ('a') ON CONFLICT DO NOTHING")
        cur.execute("SELECT id FROM collections")
        (collection,) = db.fetch_row(cur)
        for n in numbers:
            cur.execute(
                """
                INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash,
                                   question, answer, metadata, position)
                SELECT %(c)s, h, 0, h, h, 'q' || %(n)s, 'a', '{}', %(n)s
                FROM md5(%(n)s::text) t, CAST(t AS uuid) h
                ON CONFLICT (collection_id, item_key, place) DO UPDATE SET answer = 'changed'
                RETURNING id
                """,
                {"c": collection, "n": n},
            )
            (item,) = db.fetch_row(cur)
            cur.execute(
                """
                INSERT INTO item_vectors (item_id, model_id, kind, collection_id, embedding)
                SELECT %s, %s, kind, %s, %s FROM (VALUES ('question'), ('pair')) k (kind)
                ON CONFLICT (item_id, model_id, kind) DO UPDATE SET embedding = excluded.embedding
                """,
                (item, model.id, collection, store.vectors.format_halfvec(vectors[n])),
            )


def _execute(pool: Pool, statement: str, *values: Any) -> None:
    with pool.reading(300) as conn, conn.cursor() as cur:
        cur.execute(statement, values or None)
