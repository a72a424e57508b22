"""The approximate index: built when it is worth it, mended when it broke, right about filters."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import numpy as np
import psycopg2
import psycopg2.errors
import pytest
from numpy.typing import NDArray
from psycopg2.sql import SQL, Identifier

import db
import store.index
import store.models
import store.ranking
import store.search
from db import Pool
from store.filters import Condition
from store.models import Model
from tests.support.indexes import count_scans, read_indexes, read_insert_candidates
from tests.support.vectors import DIMENSION, ITEMS, fill, fill_once


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "small", DIMENSION)


def valid(pool: Pool, model: Model, suffix: str = "") -> bool | None:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)",
            (store.index.index_name(model) + suffix,),
        )
        return next((bool(row[0]) for row in cur), None)


def test_an_index_finds_what_exact_search_finds(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill(pool, model, vectors)
    queries = vectors[::60] + 0.1
    exact = [[h.id for h in store.search.search(pool, model, q, limit=10)] for q in queries]
    assert store.index.build_index(pool, model, 2 * ITEMS)
    assert valid(pool, model)
    found = [[h.id for h in store.search.search(pool, model, q, limit=10)] for q in queries]
    assert count_scans(pool, store.index.index_name(model))
    same = sum(len(set(a) & set(b)) for a, b in zip(exact, found, strict=True))
    assert same >= 0.98 * 10 * len(queries)
    distances = [h.distance for h in store.search.search(pool, model, queries[0], limit=100)]
    assert distances == sorted(distances)
    assert len(distances) == 100
    # A second look finds nothing to do.
    assert not store.index.build_index(pool, model, 2 * ITEMS)


def test_a_large_collection_among_others_has_an_index_of_its_own(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.search, "NARROW_ITEMS", 20)
    monkeypatch.setattr(store.index, "FEW_VECTORS", 1)
    fill(pool, model, vectors)
    # The vectors of the collection b, 30 items, are few; those of both count for the first index.
    assert store.index.build_index(pool, model, 61)
    assert read_indexes(pool) == ["vectors_hnsw_1"]
    assert store.index.build_index(pool, model, 60)
    assert read_indexes(pool) == ["vectors_hnsw_1", "vectors_hnsw_1_1", "vectors_hnsw_1_2"]
    assert not store.index.build_index(pool, model, 60)
    # The nearest 500 vectors of all are of the other collection.
    query = vectors[98]
    others = store.search.search(pool, model, query, limit=1, collections=["b"], offset=29)
    hits = store.search.search(pool, model, query, limit=10, collections=["b"])
    assert count_scans(pool, "vectors_hnsw_1_2") > 0
    exact = 1 - vectors[99::100] @ query
    assert [h.distance for h in hits] == pytest.approx(sorted(exact)[:10], abs=2e-3)
    assert others[0].distance == pytest.approx(max(exact), abs=2e-3)
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM items WHERE collection_id = 2 AND position > 1000")
    assert not store.index.build_index(pool, model, 60)
    assert read_indexes(pool) == ["vectors_hnsw_1"]


def test_later_rows_are_inserted_faster_but_never_at_a_search_s_cost(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)
    assert read_insert_candidates(pool, model) == 64
    name = Identifier(store.index.index_name(model))
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(SQL("ALTER INDEX {} SET (ef_construction = 128)").format(name))
        with pool.transaction() as searching, searching.cursor() as other:
            other.execute("SELECT count(*) FROM item_vectors")
            store.index.set_insert_candidates(cur, name)
        assert read_insert_candidates(pool, model) == 128
        cur.execute("SHOW lock_timeout")
        assert db.fetch_row(cur)[0] == "0"


@pytest.mark.parametrize(
    "narrow", [{"metadata": [Condition("rare", ("true",))]}, {"collections": ["b"]}]
)
@pytest.mark.parametrize("items", [0, 5_000])
def test_a_filter_that_keeps_one_in_a_hundred_fills_its_page(
    pool: Pool,
    model: Model,
    vectors: NDArray[np.float32],
    items: int,
    narrow: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.search, "NARROW_ITEMS", items)
    fill(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)
    for query in vectors[:20]:
        hits = store.search.search(pool, model, query, limit=20, **narrow)
        assert len(hits) == 20
        assert [h.distance for h in hits] == sorted(h.distance for h in hits)


def test_a_page_that_the_index_can_not_fill_is_filled_by_comparing(
    pool: Pool,
    dsn: str,
    model: Model,
    vectors: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(pool, model, vectors)
    expected = [h.id for h in store.search.search(pool, model, vectors[0], limit=20, offset=980)]
    rare: dict[str, Any] = {"metadata": [Condition("rare", ("false",))], "collections": ["a"]}
    kept = [h.id for h in store.search.search(pool, model, vectors[0], limit=100, **rare)]
    assert store.index.build_index(pool, model, 1)
    # The nearest vector alone is from the index.
    monkeypatch.setattr(store.ranking, "MOST_FROM_INDEX", 1)
    monkeypatch.setattr(store.search, "MOST_FROM_INDEX", 1)
    monkeypatch.setattr(store.search, "NARROW_ITEMS", 0)
    other = Pool(dsn, 1)
    assert [h.id for h in store.search.search(other, model, vectors[0], limit=20, offset=980)] == (
        expected
    )
    assert [h.id for h in store.search.search(other, model, vectors[0], limit=100, **rare)] == kept
    assert len(kept) == 100
    other.close()


def test_a_deleted_item_never_comes_back(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)
    nearest = store.search.search(pool, model, vectors[0], limit=1)[0].id
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM items WHERE id = %s", (nearest,))
    hits = store.search.search(pool, model, vectors[0], limit=100)
    assert nearest not in {hit.id for hit in hits}
    assert len(hits) == 100


def add_large_job(pool: Pool, status: str = "processing", kind: str = "import") -> None:
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO jobs (id, status, kind, collection_id, collection, mode, total)"
            " VALUES (%s, %s, %s, 1, 'a', 'upsert', %s)",
            (uuid.uuid4(), status, kind, store.index.LARGE_JOB_ROWS),
        )


def test_no_index_below_the_bound_nor_during_a_large_job(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pool, model, vectors)
    assert not store.index.build_index(pool, model, 2 * ITEMS + 1)
    add_large_job(pool)
    assert not store.index.build_index(pool, model, 2 * ITEMS)
    # It waits while there are few vectors, however low the bound.
    assert not store.index.build_index(pool, model, 1)
    # With so many vectors searches can't wait for the job's end.
    monkeypatch.setattr(store.index, "FEW_VECTORS", 2 * ITEMS // store.index.MOST_WAITING)
    assert store.index.build_index(pool, model, 1)
    with pool.reading() as conn, conn.cursor() as cur:
        # A build would slow down the rest of the job, too.
        cur.execute("DROP INDEX vectors_hnsw_1; UPDATE jobs SET inserted = total - 1")
    assert not store.index.build_index(pool, model, 2 * ITEMS)
    with pool.reading() as conn, conn.cursor() as cur:
        # A row that stays as it is costs nothing.
        cur.execute("UPDATE jobs SET inserted = 0, unchanged = 1")
    assert store.index.build_index(pool, model, 2 * ITEMS)


def test_no_index_between_two_large_jobs(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill(pool, model, vectors)
    add_large_job(pool, "enqueued")
    assert not store.index.build_index(pool, model, 2 * ITEMS)


def test_an_evaluation_of_many_questions_adds_no_rows(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill(pool, model, vectors)
    add_large_job(pool, kind="evaluation")
    assert store.index.build_index(pool, model, 2 * ITEMS)
    store.index.build_index(pool, model, 2 * ITEMS)
    assert valid(pool, model)


def test_a_small_index_is_dropped_while_a_large_job_adds_rows(
    pool: Pool, model: Model, vectors: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pool, model, vectors)
    assert store.index.build_index(pool, model, 1)
    add_large_job(pool)
    # Searches would take longer without a larger one.
    monkeypatch.setattr(store.index, "FEW_VECTORS", 2 * ITEMS)
    assert not store.index.build_index(pool, model, 1)
    assert valid(pool, model)
    monkeypatch.setattr(store.index, "FEW_VECTORS", 2 * ITEMS + 1)
    assert not store.index.build_index(pool, model, 1)
    assert valid(pool, model) is None
    assert len(store.search.search(pool, model, vectors[0], limit=10)) == 10
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM jobs")
    assert store.index.build_index(pool, model, 1)
    assert valid(pool, model)


def test_an_index_left_invalid_by_a_crash_is_replaced_and_searches_go_on(
    pool: Pool, dsn: str, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill(pool, model, vectors)
    holder = psycopg2.connect(dsn)
    with holder.cursor() as cur:
        # A build waits for every transaction that may still write.
        cur.execute("LOCK TABLE item_vectors IN ROW EXCLUSIVE MODE")
    failed: list[Exception] = []

    def build() -> None:
        try:
            store.index.build_index(Pool(dsn, 1), model, 1)
        except Exception as error:  # noqa: BLE001, whatever it is, it ended
            failed.append(error)

    building = threading.Thread(target=build)
    building.start()
    killed = False
    deadline = time.monotonic() + 60
    while not killed and time.monotonic() < deadline:
        with pool.reading() as conn, conn.cursor() as cur:
            cur.execute(
                "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity"
                " WHERE query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock'"
            )
            killed = bool(db.fetch_row(cur)[0])
    building.join(60)
    holder.close()
    assert killed
    assert failed
    assert valid(pool, model, "_new") is False
    assert len(store.search.search(pool, model, vectors[0], limit=10)) == 10
    assert store.index.build_index(pool, model, 1)
    assert valid(pool, model)


def test_of_two_processes_one_builds(pool: Pool, model: Model, dsn: str) -> None:
    other = Pool(dsn, 1)
    with other.reading() as conn:
        assert store.index.lock_builds(conn)
        fill(pool, model, np.eye(DIMENSION, dtype=np.float32))
        assert not store.index.build_index(pool, model, 1)
    other.close()


@pytest.mark.parametrize(("vectors_given", "candidates"), [(59, 400), (60, 800)])
def test_a_large_index_is_built_with_more_candidates(
    pool: Pool,
    model: Model,
    vectors: NDArray[np.float32],
    vectors_given: int,
    candidates: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store.index, "MANY_VECTORS", 60)
    # What a build is made with is to be seen until later rows are made cheaper.
    monkeypatch.setattr(store.index, "set_insert_candidates", lambda *_: None)
    fill_once(pool, model, vectors[:vectors_given])
    assert store.index.build_index(pool, model, min_vectors=1)
    assert read_insert_candidates(pool, model) == candidates


def test_what_a_build_left_that_died_between_two_steps_is_dropped(
    pool: Pool, model: Model, vectors: NDArray[np.float32]
) -> None:
    fill(pool, model, vectors)
    assert store.index.build_index(pool, model, min_vectors=100)
    name = store.index.index_name(model)
    for suffix in ("_new", "_old"):
        with pool.reading(seconds=60) as conn, conn.cursor() as cursor:
            cursor.execute(
                store.index._compose_creation(model, None, Identifier(name + suffix), 64)
            )
    store.index.build_index(pool, model, min_vectors=100)
    assert read_indexes(pool) == [name]
