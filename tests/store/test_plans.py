"""What a search reads, on the embedded PostgreSQL and on an older one.

Each version's planner has its own reasons to read everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import db
import store.index
import store.models
import store.search
from db import Pool
from store.filters import Condition
from store.models import Model
from store.ranking import STEP
from tests.support.indexes import count_reads, count_scans
from tests.support.older import needs_older_postgres
from tests.support.vectors import DIMENSION, fill, make_vectors

FILTERS: list[dict[str, Any]] = [
    {"collections": ["a"]},
    {"metadata": [Condition("rare", ("false",))]},
    {"collections": ["a"], "metadata": [Condition("rare", ("false",))]},
]


@pytest.fixture(
    scope="module", params=["shared_dsn", pytest.param("older_dsn", marks=needs_older_postgres)]
)
def indexed(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[Pool, Model]]:
    """A store with an index, on each of the servers."""
    pool = Pool(request.getfixturevalue(request.param), 4)
    db.apply_schema(pool)
    model = store.models.register_model(pool, "small", DIMENSION)
    fill(pool, model, make_vectors())
    assert store.index.build_index(pool, model, 1)
    yield pool, model
    pool.close()


@pytest.fixture(autouse=True)
def _by_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter chooses among what an index gives, however few items it keeps."""
    monkeypatch.setattr(store.search, "FEW_ITEMS", 0)
    monkeypatch.setattr(store.search, "NARROW_ITEMS", 0)


def test_the_nearest_items_cost_one_step_where_they_are_clear(
    indexed: tuple[Pool, Model], vectors: NDArray[np.float32]
) -> None:
    pool, model = indexed
    name = store.index.index_name(model)
    read, scanned = count_reads(pool, name)
    hits = store.search.search_measured(pool, model, vectors[98], limit=20)
    assert hits[0].hit.id == 99
    assert count_reads(pool, name) == (read + STEP, scanned)


@pytest.mark.parametrize("offset", [0, 20])
def test_a_page_reads_not_all_items(
    indexed: tuple[Pool, Model], vectors: NDArray[np.float32], offset: int
) -> None:
    pool, model = indexed
    name = store.index.index_name(model)
    read, scanned = count_reads(pool, name)
    assert len(store.search.search(pool, model, vectors[98], limit=10, offset=offset)) == 10
    now_read, now_scanned = count_reads(pool, name)
    assert 0 < now_read - read < 300
    assert now_scanned == scanned


@pytest.mark.parametrize("kept", FILTERS, ids=["collection", "metadata", "both"])
def test_a_filter_chooses_among_what_an_index_gives(
    indexed: tuple[Pool, Model], vectors: NDArray[np.float32], kept: dict[str, Any]
) -> None:
    pool, model = indexed
    name = store.index.index_name(model)
    for query in (vectors[98], vectors[7]):
        before = count_scans(pool, name)
        assert store.search.search_measured(pool, model, query, limit=20, **kept)
        between = count_scans(pool, name)
        assert between > before
        assert store.search.search(pool, model, query, limit=10, offset=20, **kept)
        assert count_scans(pool, name) > between
