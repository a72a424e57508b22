"""Searches for the nearest items: step by step through an index, until they are clear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg2.extensions import cursor

import db
import store.index
import store.models
import store.ranking
import store.search
from db import Connection, Pool
from store.models import Model
from store.ranking import LEAST_CANDIDATES, MOST_CANDIDATES, READ_AHEAD, STEP, Page, Ranking
from tests.support.vectors import DIMENSION, ITEMS, fill, fill_once

# So many vectors are there after a step whose last one is clear.
ONE_STEP = STEP - READ_AHEAD - 1


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "small", DIMENSION)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The method of each ranking that a search takes, and how many vectors it ranked."""
    looked: list[tuple[str, int]] = []

    def run(conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]) -> Page:
        page = store.ranking.run(conn, cur, ranking, values)
        looked.append((ranking.method, page.vectors))
        return page

    monkeypatch.setattr(store.search, "run", run)
    return looked


def read_settings(pool: Pool, ranking: Ranking) -> tuple[int, int]:
    """Return how many candidates an index is asked for at once, and how many in all."""
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(store.ranking.compose_settings(ranking))
        cur.execute(
            "SELECT current_setting('hnsw.ef_search'), current_setting('conector.candidates')"
        )
        at_once, most = db.fetch_row(cur)
        return int(at_once), int(most)


def read_candidates(pool: Pool, model: Model, **ranked: Any) -> int:
    at_once, most = read_settings(pool, Ranking("indexed", model, None, **ranked))
    assert at_once == most
    return most


def test_the_more_vectors_an_index_has_the_more_candidates_it_gives(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_candidates(pool, model) == MOST_CANDIDATES  # a collection's index may serve
    fill_once(pool, model, vectors[: ITEMS // 2])
    assert store.index.build_index(pool, model, 1)
    assert read_candidates(pool, model) == LEAST_CANDIDATES
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 4)
    assert read_candidates(pool, model) == pytest.approx(ITEMS / 2 / 4, rel=0.1)
    # The filter chooses among them, and a collection's questions may be in another language.
    assert read_candidates(pool, model, filters=("metadata",)) == MOST_CANDIDATES
    assert read_candidates(pool, model, collection=1) == MOST_CANDIDATES
    # The estimates of PostgreSQL know nothing yet of what was just added.
    with pool.transaction() as conn, conn.cursor() as cur:
        for number, vector in enumerate(vectors[ITEMS // 2 :], 1):
            cur.execute(
                "INSERT INTO item_vectors SELECT id, %s, 'pair', collection_id, %s"
                " FROM items WHERE position = %s",
                (model.id, HalfVector(vector), number),
            )
    assert read_candidates(pool, model) == pytest.approx(ITEMS / 4, rel=0.1)


def test_steps_take_as_many_candidates_rounded_up_to_whole_steps(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Ranking("stepwise", model, None)
    assert read_settings(pool, steps) == (STEP, MOST_CANDIDATES)  # there is no index
    fill_once(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)
    assert read_settings(pool, steps) == (STEP, 2 * STEP)
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", ITEMS / 250)
    assert read_settings(pool, steps) == (STEP, 300)
    own = Ranking("stepwise", model, None, collection=1)
    assert read_settings(pool, own) == (STEP, MOST_CANDIDATES)


def find_nearest(dsn: str, model: Model, query: NDArray[np.float32], **kept: Any) -> list[int]:
    # Each connection keeps the statements that it composed.
    own = Pool(dsn, 1)
    found = store.search.search_measured(own, model, query, limit=20, **kept)
    own.close()
    return [one.hit.id for one in found]


def test_a_search_goes_no_further_than_until_the_nearest_are_clear(
    pool: Pool,
    dsn: str,
    model: Model,
    vectors: NDArray[np.float32],
    looked: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The query is stored, with two dozen like it.
    query = vectors[0]
    noise = np.random.default_rng(2).standard_normal((24, DIMENSION))
    fill(pool, model, np.concatenate([vectors, query + 0.02 * noise.astype(np.float32)]))
    exact = find_nearest(dsn, model, query)
    assert [method for method, _ in looked] == ["stepwise"]  # without an index it compares once
    assert store.index.build_index(pool, model, 1)
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 1)

    def count(**shares: float) -> int:
        rule = {"SHARE": 1.0, "LARGE": 0.0, "LATER": 0.0, "LAST": 1.0} | shares
        for name in ("SHARE", "LARGE", "LATER"):
            monkeypatch.setattr(store.ranking, f"NEAREST_{name}", rule[name])
        monkeypatch.setattr(store.ranking, "LAST_SHARE", rule["LAST"])
        looked.clear()
        assert find_nearest(dsn, model, query) == exact
        ((method, ranked),) = looked
        assert method == "stepwise"
        return ranked

    assert count() == ONE_STEP
    # The nearest, which is at 0, is hardly ever nearer than nothing.
    assert count(SHARE=-1) == MOST_CANDIDATES
    # The last item of the page is not near enough.
    assert count(LAST=0) == MOST_CANDIDATES
    # The larger the index, the nearer it must be; the more it looked at, the less near.
    assert count(LARGE=2) == MOST_CANDIDATES
    assert count(SHARE=-0.35, LATER=1) == 4 * STEP - READ_AHEAD - 1


def test_items_with_so_many_wordings_that_a_step_holds_few_of_them_fill_a_page(
    pool: Pool,
    dsn: str,
    model: Model,
    vectors: NDArray[np.float32],
    looked: list[tuple[str, int]],
) -> None:
    query = vectors[0]
    fill(pool, model, vectors)
    noise = np.random.default_rng(2).standard_normal((5, 60, DIMENSION)).astype(np.float32)
    with pool.transaction() as conn, conn.cursor() as cur:
        for item, wordings in enumerate(query + 0.01 * noise, 1):
            for number, wording in enumerate(wordings, 1):
                cur.execute(
                    "INSERT INTO item_vectors SELECT id, %s, 'alternative ' || %s, collection_id,"
                    " %s FROM items WHERE position = %s",
                    (model.id, number, HalfVector(wording), item),
                )
    exact = find_nearest(dsn, model, query)
    assert store.index.build_index(pool, model, 1)
    looked.clear()
    assert find_nearest(dsn, model, query) == exact
    assert len(exact) == 20
    assert [method for method, _ in looked][:2] == ["stepwise", "indexed"]


def test_where_there_are_less_items_than_a_page_holds_no_further_ones_are_sought_in_an_index(
    pool: Pool,
    dsn: str,
    model: Model,
    vectors: NDArray[np.float32],
    looked: list[tuple[str, int]],
) -> None:
    fill(pool, model, vectors[:19])
    assert len(find_nearest(dsn, model, vectors[0])) == 19
    # An index misses some, so the rest is compared.
    assert looked == [("stepwise", 38), ("both", 38)]


def test_what_lies_far_in_a_collection_s_own_index_is_compared(
    pool: Pool,
    model: Model,
    vectors: NDArray[np.float32],
    looked: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.search, "NARROW_ITEMS", 20)
    monkeypatch.setattr(store.index, "FEW_VECTORS", 1)
    fill(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)

    def find(collection: str) -> list[int]:
        looked.clear()
        found = store.search.search_measured(
            pool, model, vectors[0], limit=20, collections=[collection]
        )
        return [one.hit.id for one in found]

    monkeypatch.setattr(store.search, "FAR_NEAREST", 1.0)
    near = find("b")
    assert [method for method, _ in looked] == ["stepwise"]
    monkeypatch.setattr(store.search, "FAR_NEAREST", 0.0)
    assert find("b") == near
    assert looked[-1][0] == "compared"
    # Which vector is ranked last depends on the page, so the list of all pages can't hang on it.
    looked.clear()
    for offset in (0, 5, 25):
        store.search.search(pool, model, vectors[0], limit=5, offset=offset, collections=["b"])
    assert "compared" not in [method for method, _ in looked]
    # No more than it may compare with.
    monkeypatch.setattr(store.search, "FAR_ITEMS", 29)
    assert find("b") == near
    assert [method for method, _ in looked] == ["stepwise"]
