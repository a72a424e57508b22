"""Searches for the nearest items: few candidates of an index first, more if that is not enough."""

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
from store.ranking import LEAST_CANDIDATES, LEAST_FOR_NEAREST, MOST_CANDIDATES, Page, Ranking
from store.search import LOOKS, is_clear
from tests.support.vectors import DIMENSION, ITEMS, fill, fill_once


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "small", DIMENSION)


def read_candidates(pool: Pool, model: Model, candidates: int | None = None, **ranked: Any) -> int:
    ranking = Ranking("indexed", model, None, **ranked)
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(store.ranking.compose_settings(ranking), {"candidates": candidates})
        cur.execute("SELECT current_setting('hnsw.ef_search')::integer")
        return int(db.fetch_row(cur)[0])


def test_the_more_vectors_an_index_has_the_more_candidates_it_gives(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_candidates(pool, model) == MOST_CANDIDATES  # a collection's index may serve
    fill_once(pool, model, vectors[: ITEMS // 2])
    assert store.index.build_index(pool, model, 1)
    assert read_candidates(pool, model) == LEAST_CANDIDATES
    assert read_candidates(pool, model, measured=True) == LEAST_FOR_NEAREST
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
    assert read_candidates(pool, model, 100, collection=1, measured=True) == 100


def test_fewer_candidates_are_taken_where_an_index_is_asked_for_twice_as_many(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_candidates(pool, model, 10) == MOST_CANDIDATES  # there is no index
    fill_once(pool, model, vectors[: ITEMS // 2])
    assert store.index.build_index(pool, model, 1)
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 4)
    enough = read_candidates(pool, model)
    assert read_candidates(pool, model, enough // 2) == enough // 2
    assert read_candidates(pool, model, enough // 2 + 1) == enough
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 1)
    assert read_candidates(pool, model, MOST_CANDIDATES // 2) == MOST_CANDIDATES // 2
    assert read_candidates(pool, model, MOST_CANDIDATES // 2 + 1) == MOST_CANDIDATES


def make_page(first: float, last: float, *, rows: int = 20, share: float = 0.4) -> Page:
    """Return a page whose farthest vector is at 1.0, the rows' distances from `first` to `last`."""
    distances = np.linspace(first, last, rows)
    found: list[tuple[Any, ...]] = [
        (n, "q", "a", "c", {}, distance, "pair", None, distance, distance)
        for n, distance in enumerate(distances)
    ]
    return Page(found, 100, more=False, nearest=first, farthest=1.0, share=share)


def test_a_look_is_enough_where_the_nearest_are_clearly_nearer_than_the_farthest() -> None:
    assert is_clear(make_page(0.79, 0.94), 20)
    assert not is_clear(make_page(0.81, 0.94), 20)
    assert not is_clear(make_page(0.79, 0.96), 20)
    # The fewer were looked at, the clearer it must be.
    assert not is_clear(make_page(0.79, 0.94, share=0.1), 20)
    assert is_clear(make_page(0.73, 0.93, share=0.1), 20)
    # Items with many wordings take the places of others.
    assert not is_clear(make_page(0.5, 0.9, rows=19), 20)
    assert not is_clear(make_page(0.5, 0.9, rows=0), 20)


def test_a_search_looks_at_few_and_at_more_where_the_nearest_are_not_clear(
    pool: Pool,
    dsn: str,
    model: Model,
    vectors: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[float] = []

    def run(conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]) -> Page:
        page = store.ranking.run(conn, cur, ranking, values)
        looked.append(page.share)
        return page

    def find_nearest(query: NDArray[np.float32]) -> list[int]:
        # Each connection keeps the settings that it composed.
        own = Pool(dsn, 1)
        found = store.search.search_measured(own, model, query, limit=20)
        own.close()
        return [one.hit.id for one in found]

    monkeypatch.setattr(store.search, "run", run)
    # It is stored, with two dozen like it.
    query = vectors[0]
    noise = np.random.default_rng(2).standard_normal((24, DIMENSION))
    fill(pool, model, np.concatenate([vectors, query + 0.02 * noise.astype(np.float32)]))
    exact = find_nearest(query)
    assert len(looked) == 1  # without an index it compares once
    assert store.index.build_index(pool, model, 1)
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 1)
    looked.clear()
    assert find_nearest(query) == exact
    assert looked == [LOOKS[0] / MOST_CANDIDATES]
    # As if it were not clear.
    monkeypatch.setattr(store.search, "is_clear", lambda page, _: page.share == 1)
    looked.clear()
    assert find_nearest(query) == exact
    assert looked == [*(look / MOST_CANDIDATES for look in LOOKS), 1]
    # An index that would be asked for hardly more gives that at once.
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 1_000)
    looked.clear()
    assert find_nearest(query) == exact
    assert looked == [1]


def test_items_with_many_wordings_are_looked_at_once_and_then_in_full(
    pool: Pool, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []

    def run(conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]) -> Page:
        asked.append(values["candidates"])
        # Of the 100 nearest vectors, all are of five items.
        return make_page(0.1, 0.9, rows=20 if len(asked) > 1 else 5, share=0.1)

    monkeypatch.setattr(store.search, "run", run)
    query = np.ones(DIMENSION, np.float32)
    found = store.search.search_measured(pool, model, query, limit=20)
    assert len(found) == 20
    assert asked == [LOOKS[0], None]


def test_what_lies_far_in_a_collection_s_own_index_is_compared(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.search, "NARROW_ITEMS", 20)
    monkeypatch.setattr(store.index, "FEW_VECTORS", 1)
    fill(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)
    methods: list[str] = []

    def run(conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]) -> Page:
        methods.append(ranking.method)
        return store.ranking.run(conn, cur, ranking, values)

    def find(collection: str) -> list[int]:
        methods.clear()
        found = store.search.search_measured(
            pool, model, vectors[0], limit=20, collections=[collection]
        )
        return [one.hit.id for one in found]

    monkeypatch.setattr(store.search, "run", run)
    monkeypatch.setattr(store.search, "FAR_NEAREST", 1.0)
    near = find("b")
    assert set(methods) == {"indexed"}
    monkeypatch.setattr(store.search, "FAR_NEAREST", 0.0)
    assert find("b") == near
    assert methods[-1] == "compared"
    # Which vector is ranked last depends on the page, so the list of all pages can't hang on it.
    methods.clear()
    for offset in (0, 5, 25):
        store.search.search(pool, model, vectors[0], limit=5, offset=offset, collections=["b"])
    assert "compared" not in methods
    # No more than it may compare with.
    monkeypatch.setattr(store.search, "FAR_ITEMS", 29)
    assert find("b") == near
    assert set(methods) == {"indexed"}
