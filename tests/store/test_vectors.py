"""Vectors on their way into the database."""

from __future__ import annotations

import numpy as np

import db
import store.vectors
from db import Pool
from store.models import Model
from store.vectors import ItemVectors
from tests.support.queue import start


def test_every_half_comes_through_its_text() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)]
    texts = store.vectors.format_halfvec(finite.astype(np.float32)).strip("[]").split(",")
    assert (np.array([float(text) for text in texts], np.float16) == finite).all()


def test_a_vector_is_rounded_alike_in_every_way_that_it_is_written(
    pool: Pool, model: Model
) -> None:
    vectors = ItemVectors(*np.random.default_rng(1).standard_normal((2, 384)).astype(np.float32))
    job_id = start(pool, model, 1)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO items (collection_id, item_key, place, question_hash,"
            " answer_hash, question, answer, position) SELECT 1, k, 0, k, k, 'q', 'a', 1"
            " FROM gen_random_uuid() k RETURNING id"
        )
        (item_id,) = db.fetch_row(cursor)
        store.vectors.write_vectors(cursor, model, item_id, 1, vectors)
        store.vectors.stage_vectors(cursor, job_id, {1: vectors})
        for kind, vector in vectors.by_kind().items():
            cursor.execute(
                "SELECT v.embedding = s.embedding AND v.embedding = %s::halfvec"
                " FROM item_vectors v JOIN staged_vectors s USING (kind) WHERE kind = %s",
                (store.vectors.format_halfvec(vector), kind),
            )
            assert db.fetch_row(cursor) == (True,)
