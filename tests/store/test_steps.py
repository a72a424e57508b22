"""Searches for the nearest items: step by step through an index, until they are clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
from store.filters import Condition
from store.models import Model
from store.ranking import (
    LEAST_CANDIDATES,
    LEAST_STEPWISE,
    MOST_CANDIDATES,
    MOST_FILTERED,
    MOST_STEPWISE,
    STEP,
    Clear,
    Page,
    Ranking,
)
from tests.support.vectors import DIMENSION, ITEMS, fill, fill_once

# So many vectors are there after a step whose last one is clear: the windows read two rows ahead,
# or three where a filter chooses, and the row where it ends is none of them.
ONE_STEP, ONE_STEP_OF_KEPT = STEP - 2 - 1, STEP - 3 - 1

ALWAYS_CLEAR = Clear(nearest=1.0, large=0.0, later=0.0, last=1.0)


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "small", DIMENSION)


@dataclass
class Trial:
    """A store, and what its last search did: the methods and how many vectors each ranked."""

    pool: Pool
    dsn: str
    model: Model
    vectors: NDArray[np.float32]
    looked: list[tuple[str, int]] = field(default_factory=list)

    def fill(self) -> None:
        fill(self.pool, self.model, self.vectors)

    def build(self) -> None:
        assert store.index.build_index(self.pool, self.model, 1)

    def find(self, **kept: Any) -> list[int]:
        """Return the ids of the 20 items nearest to the first vector."""
        self.looked.clear()
        # Each connection keeps the statements that it composed.
        own = Pool(self.dsn, 1)
        found = store.search.search_measured(own, self.model, self.vectors[0], limit=20, **kept)
        own.close()
        return [one.hit.id for one in found]

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.looked]


@pytest.fixture
def trial(
    pool: Pool,
    dsn: str,
    model: Model,
    vectors: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> Trial:
    trial = Trial(pool, dsn, model, vectors)

    def run(conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]) -> Page:
        page = store.ranking.run(conn, cur, ranking, values)
        trial.looked.append((ranking.method, page.vectors))
        return page

    monkeypatch.setattr(store.search, "run", run)
    return trial


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
    assert read_settings(pool, steps) == (STEP, LEAST_STEPWISE)  # there is no index
    fill_once(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)
    assert read_settings(pool, steps) == (STEP, LEAST_STEPWISE)
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", ITEMS / 350)
    assert read_settings(pool, steps) == (STEP, 400)
    # Above what pgvector gives at once, the number grows more slowly, and only for steps.
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 1)
    assert read_settings(pool, steps) == (STEP, MOST_CANDIDATES)
    monkeypatch.setattr(store.ranking, "VECTORS_PER_FURTHER_CANDIDATE", ITEMS / 1_150)
    assert read_settings(pool, steps) == (STEP, 1_200)
    monkeypatch.setattr(store.ranking, "VECTORS_PER_FURTHER_CANDIDATE", 1)
    assert read_settings(pool, steps) == (STEP, MOST_STEPWISE)
    assert read_candidates(pool, model) == MOST_CANDIDATES
    filtered = Ranking("stepwise", model, None, filters=("metadata",))
    assert read_settings(pool, filtered) == (STEP, MOST_CANDIDATES)
    own = Ranking("stepwise", model, None, collection=1)
    assert read_settings(pool, own) == (STEP, MOST_CANDIDATES)


def test_a_search_goes_no_further_than_until_the_nearest_are_clear(
    trial: Trial,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The query is stored, with two dozen like it.
    noise = np.random.default_rng(2).standard_normal((24, DIMENSION))
    near = trial.vectors[0] + 0.02 * noise.astype(np.float32)
    trial.vectors = np.concatenate([trial.vectors, near])
    trial.fill()
    exact = trial.find()
    assert trial.methods == ["stepwise"]  # without an index it compares once
    trial.build()
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 1)

    def count(**shares: float) -> int:
        monkeypatch.setattr(store.ranking, "CLEAR_OF_ALL", ALWAYS_CLEAR._replace(**shares))
        assert trial.find() == exact
        ((method, ranked),) = trial.looked
        assert method == "stepwise"
        return ranked

    assert count() == ONE_STEP
    # The nearest, which is at 0, is hardly ever nearer than nothing.
    assert count(nearest=-1) == MOST_CANDIDATES
    # The last item of the page is not near enough.
    assert count(last=0) == MOST_CANDIDATES
    # The larger the index, the nearer it must be; the more it looked at, the less near.
    assert count(large=2) == MOST_CANDIDATES
    assert count(nearest=-0.35, later=1) == 3 * STEP + ONE_STEP
    monkeypatch.setattr(store.ranking, "VECTORS_PER_FURTHER_CANDIDATE", 1)
    assert count(nearest=-1) == MOST_STEPWISE
    # Beyond what pgvector gives at once, the size counts no further.
    assert count(large=1) == ONE_STEP


@pytest.mark.parametrize(
    ("items", "wordings"),
    [
        # A step holds five items.
        (5, 60),
        # A step holds enough items, but the last one lies about as far as the last vector.
        (1, 45),
    ],
)
def test_items_with_so_many_wordings_that_a_step_holds_few_others_fill_a_page(
    trial: Trial,
    items: int,
    wordings: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.ranking, "CLEAR_OF_ALL", ALWAYS_CLEAR._replace(last=0.5))
    trial.fill()
    shape = (items, wordings, DIMENSION)
    noise = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
    with trial.pool.transaction() as conn, conn.cursor() as cur:
        for item, near in enumerate(trial.vectors[0] + 0.01 * noise, 1):
            for number, wording in enumerate(near, 1):
                cur.execute(
                    "INSERT INTO item_vectors SELECT id, %s, 'alternative ' || %s, collection_id,"
                    " %s FROM items WHERE position = %s",
                    (trial.model.id, number, HalfVector(wording), item),
                )
    exact = trial.find()
    trial.build()
    assert trial.find() == exact
    assert len(exact) == 20
    assert trial.methods[:2] == ["stepwise", "indexed"]


def narrow(pool: Pool, monkeypatch: pytest.MonkeyPatch, share: int) -> dict[str, Any]:
    """Let one of `share` items have a tag, and return the filter for it."""
    monkeypatch.setattr(store.search, "FEW_ITEMS", 20)
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE items SET metadata = jsonb_build_object('tag', (position %% %s = 0)::text)",
            (share,),
        )
    return {"metadata": [Condition("tag", ("true",))]}


@pytest.mark.parametrize(
    ("share", "rule", "sparse", "methods"),
    [
        # Half of the nearest fill the page.
        (2, 1.0, 300, [("stepwise", ONE_STEP_OF_KEPT)]),
        # Nothing is clear, so after the steps that a filter may take, it compares.
        (2, -1.0, 300, [("stepwise", MOST_FILTERED), ("compared", 200)]),
        # One of thirty: after a step it is clear that all of them would not fill the page.
        (30, 1.0, 300, [("stepwise", ONE_STEP_OF_KEPT), ("compared", 200)]),
        # A page that is filled is not sparse.
        (2, -1.0, 20, [("stepwise", MOST_FILTERED), ("compared", 200)]),
    ],
)
def test_with_a_filter_it_compares_where_few_steps_do_not_do(
    trial: Trial,
    share: int,
    rule: float,
    sparse: int,
    methods: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.ranking, "CLEAR_OF_KEPT", ALWAYS_CLEAR._replace(nearest=rule))
    monkeypatch.setattr(store.ranking, "MOST_SPARSE", sparse)
    trial.fill()
    kept = narrow(trial.pool, monkeypatch, share)
    exact = trial.find(**kept)
    # Without an index, going through all would cost more than comparing with what it keeps.
    assert trial.looked == [("stepwise", 0), ("compared", 200)]
    trial.build()
    monkeypatch.setattr(store.ranking, "VECTORS_PER_CANDIDATE", 1)
    assert trial.find(**kept) == exact
    assert trial.looked == methods


def test_few_items_that_a_filter_keeps_are_compared_at_once(
    trial: Trial,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trial.fill()
    trial.build()
    kept = narrow(trial.pool, monkeypatch, ITEMS // 20)
    assert len(trial.find(**kept)) == 20
    assert trial.methods == ["compared"]


def test_what_is_not_clear_in_a_collection_s_own_index_is_compared(
    trial: Trial,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.search, "FEW_ITEMS", 20)
    monkeypatch.setattr(store.search, "NARROW_ITEMS", 20)
    monkeypatch.setattr(store.index, "FEW_VECTORS", 1)
    trial.fill()
    trial.build()

    def find(share: float) -> list[str]:
        monkeypatch.setattr(store.ranking, "CLEAR_OF_KEPT", ALWAYS_CLEAR._replace(nearest=share))
        found.append(trial.find(collections=["a"]))
        return trial.methods

    found: list[list[int]] = []
    assert find(1.0) == ["stepwise"]
    assert find(-1.0) == ["stepwise", "compared"]
    # No more than it may compare with.
    monkeypatch.setattr(store.search, "FAR_ITEMS", 2_000)
    assert find(-1.0) == ["stepwise", "indexed"]
    assert found[0] == found[1] == found[2]
