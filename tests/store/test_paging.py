"""All pages of a query: nothing comes twice or never, however the index and its filter go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

import store.index
import store.models
import store.ranking
import store.search
from db import Connection, Pool
from store.filters import Condition
from store.models import Model
from store.ranking import Page, Ranking
from store.search import Hit

DIMENSION = 16
ITEMS = 1_500
FILTERS: list[dict[str, Any]] = [
    {},
    {"collections": ["a"]},
    {"metadata": [Condition("tag", ("most",))]},
    {"metadata": [Condition("tag", ("most",))], "collections": ["a", "b"]},
    {"metadata": [Condition("tag", ("few",))]},
]


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "small", DIMENSION)


def make_vectors(count: int) -> Iterator[dict[str, NDArray[np.float64]]]:
    """Yield the vectors of items by kind; every fifth item shares its question's vector.

    Every seventieth has 30 further wordings that lie close together, as those of one question do.

    Their lengths differ, so that the index rounds them in another way than they are stored.
    """
    rng = np.random.default_rng(1)
    centers = rng.standard_normal((20, DIMENSION))
    shared = centers[0]
    for n in range(count):
        question = centers[n % 20] + 0.3 * rng.standard_normal(DIMENSION)
        shared = question if n % 50 == 0 else shared
        question = shared if n % 5 == 0 else question
        pair = question + 0.05 * rng.standard_normal(DIMENSION)
        vectors = {"question": question, "pair": pair * rng.uniform(0.1, 5)}
        for number in range(1, 31 if n % 70 == 0 else 1):
            vectors[f"alternative {number}"] = question + 0.05 * rng.standard_normal(DIMENSION)
        yield vectors


@pytest.fixture
def filled(pool: Pool, model: Model) -> Pool:
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("INSERT INTO collections (name) VALUES ('a'), ('b')")
        cur.execute(
            """
            INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash,
                               question, answer, metadata, position)
            SELECT CASE WHEN n %% 10 = 0 THEN 2 ELSE 1 END, md5(n::text)::uuid, 0,
                   md5(n::text)::uuid, md5(n::text)::uuid, 'q' || n, 'a',
                   jsonb_build_object('tag', CASE WHEN n %% 20 = 1 THEN 'few' ELSE 'most' END), n
            FROM generate_series(1, %s) n
            """,
            (ITEMS,),
        )
        execute_values(
            cur,
            "INSERT INTO item_vectors SELECT id, model, kind, collection_id, embedding FROM items"
            " JOIN (VALUES %s) v (position, model, kind, embedding) USING (position)",
            [
                (n, model.id, kind, HalfVector(vector))
                for n, vectors in enumerate(make_vectors(ITEMS), 1)
                for kind, vector in vectors.items()
            ],
            "(%s, %s, %s, %s::halfvec)",
        )
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("VACUUM ANALYZE item_vectors, items")
    return pool


def read_pages(
    pool: Pool, model: Model, query: NDArray[np.float32], limits: list[int], **kept: Any
) -> list[list[Hit]]:
    """Return pages of the limits in turn, to the end of the results; all but the last are full."""
    pages: list[list[Hit]] = []
    offset = 0
    while not pages or pages[-1]:
        limit = limits[len(pages) % len(limits)]
        pages.append(store.search.search(pool, model, query, limit=limit, offset=offset, **kept))
        offset += limit
    for number, page in enumerate(pages[:-2]):
        assert len(page) == limits[number % len(limits)]
    return pages


def rank_from_index(
    pool: Pool, model: Model, nearest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.ranking, "MOST_FROM_INDEX", nearest)
    monkeypatch.setattr(store.search, "MOST_FROM_INDEX", nearest)
    assert store.index.build_index(pool, model, 1)


@pytest.mark.parametrize(
    ("nearest", "narrow", "far"),
    [(None, 5_000, 0), (500, 0, 5_000), (60, 0, 5_000), (60, 0, 0), (1, 0, 0)],
)
def test_every_item_comes_once_whatever_the_pages(
    filled: Pool,
    model: Model,
    nearest: int | None,
    narrow: int,
    far: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`nearest`: how many vectors the index ranks; None is without an index."""
    monkeypatch.setattr(store.search, "NARROW_ITEMS", narrow)
    monkeypatch.setattr(store.search, "FAR_ITEMS", far)
    if nearest is not None:
        rank_from_index(filled, model, nearest, monkeypatch)
    query = np.random.default_rng(2).standard_normal(DIMENSION).astype(np.float32)
    for kept in FILTERS:
        pages = read_pages(filled, model, query, [100], **kept)
        ids = [hit.id for page in pages for hit in page]
        assert len(ids) == len(set(ids))
        assert set(ids) == expected_ids(**kept)
        for page in pages:
            assert [h.distance for h in page] == sorted(h.distance for h in page)
        # Other pages of the same query hold the same items, up to each place where both end.
        others = read_pages(filled, model, query, [7, 13, 80], **kept)
        other_ids = [hit.id for page in others for hit in page]
        for end in range(100, len(ids), 100):
            assert set(other_ids[:end]) == set(ids[:end])
        # An item is the same on any page.
        assert {hit for page in map(frozen, others) for hit in page} == {
            hit for page in map(frozen, pages) for hit in page
        }


@pytest.mark.parametrize("nearest", [None, 500, 60, 1])
def test_what_follows_the_nearest_has_every_other_item_once(
    filled: Pool, model: Model, nearest: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was taken for the nearest: few candidates of an index miss some."""
    if nearest is not None:
        rank_from_index(filled, model, nearest, monkeypatch)
    query = np.random.default_rng(2).standard_normal(DIMENSION).astype(np.float32)
    for kept in FILTERS:
        nearest_ids = [h.id for h in store.search.search(filled, model, query, limit=50, **kept)]
        head = nearest_ids[::2][:20]
        pages = read_pages(filled, model, query, [30, 100], without=head, **kept)
        ids = [hit.id for page in pages for hit in page]
        assert len(ids) == len(set(ids))
        assert set(ids) == expected_ids(**kept) - set(head)
        missed = [hit for hit in nearest_ids if hit not in head][:30]
        assert set(ids[:30]) == set(missed)


def test_a_filter_that_lies_far_from_the_query_misses_nothing(
    filled: Pool, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods: list[str] = []

    def run(conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]) -> Page:
        methods.append(ranking.method)
        return store.ranking.run(conn, cur, ranking, values)

    monkeypatch.setattr(store.search, "run", run)
    monkeypatch.setattr(store.search, "NARROW_ITEMS", 0)
    # Of so few candidates a filter can't keep a tenth of 500.
    monkeypatch.setattr(store.ranking, "MOST_CANDIDATES", 40)
    queries = np.random.default_rng(3).standard_normal((20, DIMENSION)).astype(np.float32)
    few = FILTERS[-1]
    exact = [store.search.search(filled, model, query, limit=1, **few) for query in queries]
    assert store.index.build_index(filled, model, 1)
    methods.clear()
    assert [store.search.search(filled, model, q, limit=1, **few) for q in queries] == exact
    assert methods == ["indexed", "compared"] * len(queries)
    methods.clear()
    # With more items than it may compare with, it takes what the index gives first.
    monkeypatch.setattr(store.search, "FAR_ITEMS", 0)
    store.search.search(filled, model, queries[0], limit=1, **few)
    assert methods in (["indexed"], ["indexed", "both"])


def expected_ids(
    collections: Sequence[str] = ("a", "b"), metadata: Sequence[Condition] = ()
) -> set[int]:
    tag = next((condition.values[0] for condition in metadata), None)
    return {
        n
        for n in range(1, ITEMS + 1)
        if ("b" if n % 10 == 0 else "a") in collections
        and tag in (None, "few" if n % 20 == 1 else "most")
    }


def frozen(page: list[Hit]) -> list[tuple[int, float, str]]:
    return [(hit.id, hit.distance, hit.matched) for hit in page]
