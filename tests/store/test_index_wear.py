"""An index that much came into or went from is built anew, as is one that PostgreSQL built."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg2.sql import SQL, Identifier

import store.index
import store.models
from db import Pool
from store.models import Model
from tests.support.indexes import read_index_size, read_indexes
from tests.support.vectors import DIMENSION, ITEMS, fill_once


@pytest.fixture
def model(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr(store.index, "LEAST_WORN", 1 << 17)
    return store.models.register_model(pool, "small", DIMENSION)


def test_the_size_of_an_index_is_foreseen(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill_once(pool, model, vectors)
    assert store.index.build_index(pool, model, min_vectors=100)
    size = read_index_size(pool, model)
    assert size / ITEMS == pytest.approx(store.index.estimate_bytes(DIMENSION), rel=0.1)


def test_an_index_of_vectors_that_are_gone_is_built_anew(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill_once(pool, model, vectors)
    assert store.index.build_index(pool, model, min_vectors=100)
    assert not store.index.build_index(pool, model, min_vectors=100)
    before = read_index_size(pool, model)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("DELETE FROM items WHERE position % 2 = 0")
        cursor.execute("ANALYZE item_vectors")
    assert store.index.build_index(pool, model, min_vectors=100)
    assert read_index_size(pool, model) < 0.6 * before
    assert read_indexes(pool) == [store.index.index_name(model)]
    assert not store.index.build_index(pool, model, min_vectors=100)


def test_an_index_that_grew_by_a_fifth_is_built_anew(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill_once(pool, model, vectors[: ITEMS // 2])
    assert store.index.build_index(pool, model, min_vectors=100)

    def add(first: int, last: int) -> None:
        with pool.transaction() as conn, conn.cursor() as cur:
            for number, vector in enumerate(vectors[first:last], first):
                cur.execute(
                    "INSERT INTO item_vectors SELECT id, %s, 'alternative ' || %s, collection_id,"
                    " %s FROM items WHERE position = 1",
                    (model.id, number, HalfVector(vector)),
                )

    add(ITEMS // 2, ITEMS // 2 + ITEMS // 15)
    assert not store.index.build_index(pool, model, min_vectors=100)
    add(ITEMS // 2 + ITEMS // 15, ITEMS // 2 + ITEMS // 7)
    assert store.index.build_index(pool, model, min_vectors=100)
    assert read_indexes(pool) == [store.index.index_name(model)]
    assert not store.index.build_index(pool, model, min_vectors=100)


@pytest.mark.parametrize("change", ["REINDEX INDEX {}", "COMMENT ON INDEX {} IS 'fast'"])
def test_an_index_that_postgresql_built_anew_is_built_with_more_candidates(
    pool: Pool, model: Model, vectors: NDArray[np.float32], change: str
) -> None:
    """As in a restore: it has written down how many candidates later rows have."""
    fill_once(pool, model, vectors)
    assert store.index.build_index(pool, model, min_vectors=100)
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(SQL(change).format(Identifier(store.index.index_name(model))))
    assert store.index.build_index(pool, model, min_vectors=100)
    assert not store.index.build_index(pool, model, min_vectors=100)
