"""The queue and its workers: leases, fencing, poison rows, replacing jobs."""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import db
import store.claims
import store.collections
import store.finishing
import store.items
import store.jobs
import store.matching
import store.models
import store.rejections
import store.results
import store.search
import store.staging
from db import DatabaseUnavailable, Pool
from embeddings import EmbeddingService, FloatArray
from services.workers import Workers
from store.claims import Batch
from store.items import NewItem
from store.jobs import NewJob
from store.models import Model
from store.results import LeaseLost
from store.staging import StagedRow
from store.vectors import ItemVectors
from tests.support.client import eventually
from tests.support.embedder import HashEmbedder
from texts import answer_hash, question_hash

DIMENSION = 32


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "hash-32", DIMENSION)


def rows(count: int, prefix: str = "q") -> Iterator[StagedRow]:
    for n in range(count):
        question, answer = f"{prefix}{n}", f"a{n}"
        key = question_hash(question)
        yield StagedRow(n + 2, None, key, key, answer_hash(answer), question, answer, {})


def make_job(pool: Pool, count: int, collection: str = "c", mode: str = "upsert") -> uuid.UUID:
    return store.jobs.create_job(pool, NewJob(collection, mode), rows(count))[0].id


def started(pool: Pool, model: Model, count: int) -> uuid.UUID:
    job_id = make_job(pool, count)
    assert store.matching.start_job(pool, model) == job_id
    return job_id


def claim(pool: Pool, limit: int = 10, seconds: int = 60) -> Batch:
    batch = store.claims.claim_batch(pool, seconds, limit)
    assert batch is not None
    return batch


def results(batch: Batch, fail: int | None = None) -> dict[int, ItemVectors]:
    one = np.ones(DIMENSION, np.float32)
    return {n: ItemVectors(one, one) for n in batch.numbers if n != fail}


def expire_leases(pool: Pool) -> None:
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE job_rows SET leased_until = clock_timestamp() - interval '1 s'")


def count(pool: Pool, table: str) -> int:
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(db.one_row(cursor)[0])


def test_a_claim_takes_no_more_than_its_limit_and_never_twice(pool: Pool, model: Model) -> None:
    started(pool, model, 25)
    first, second, third = claim(pool), claim(pool), claim(pool)
    assert [first.numbers, second.numbers, third.numbers] == [
        list(range(1, 11)),
        list(range(11, 21)),
        list(range(21, 26)),
    ]
    assert store.claims.claim_batch(pool, 60, 10) is None


def test_a_finished_batch_is_stored_with_two_vectors_a_row(pool: Pool, model: Model) -> None:
    job_id = started(pool, model, 3)
    batch = claim(pool)
    assert store.results.finish_batch(pool, model, batch, results(batch)) is True
    assert (count(pool, "items"), count(pool, "vectors")) == (3, 6)
    assert store.finishing.finish_job(pool, model) == job_id
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.status, job.inserted, job.done) == ("succeeded", 3, 3)
    assert (count(pool, "job_rows"), count(pool, "staged_vectors")) == (0, 0)


def test_a_worker_that_slept_past_its_lease_writes_nothing(pool: Pool, model: Model) -> None:
    job_id = started(pool, model, 3)
    frozen = claim(pool)
    expire_leases(pool)
    other = claim(pool)
    assert other.numbers == frozen.numbers
    with pytest.raises(LeaseLost):
        store.results.finish_batch(pool, model, frozen, results(frozen))
    assert count(pool, "items") == 0
    store.results.finish_batch(pool, model, other, results(other))
    with pytest.raises(LeaseLost):
        store.results.finish_batch(pool, model, frozen, results(frozen))
    assert (count(pool, "items"), count(pool, "vectors")) == (3, 6)
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.inserted, job.updated) == (3, 0)


def test_a_renewed_lease_holds_and_a_lost_one_says_so(pool: Pool, model: Model) -> None:
    started(pool, model, 3)
    batch = claim(pool)
    expire_leases(pool)
    assert store.claims.extend_lease(pool, batch, 60) is True
    assert store.claims.claim_batch(pool, 60, 10) is None
    expire_leases(pool)
    claim(pool)
    assert store.claims.extend_lease(pool, batch, 60) is False


def test_rows_given_back_are_free_at_once(pool: Pool, model: Model) -> None:
    started(pool, model, 3)
    batch = claim(pool)
    store.claims.release_batch(pool, batch, blame=False)
    assert claim(pool).numbers == batch.numbers


def test_a_row_that_the_model_fails_on_is_rejected_and_the_others_stored(
    pool: Pool, model: Model
) -> None:
    job_id = started(pool, model, 3)
    batch = claim(pool)
    assert store.results.finish_batch(pool, model, batch, results(batch, fail=2)) is True
    (error,), total = store.rejections.list_rejected(pool, job_id, limit=10, offset=0)
    assert (error.line, error.code, total) == (3, "embedding_failed", 1)
    assert count(pool, "items") == 2


def test_a_row_that_kills_is_tried_alone_then_rejected(pool: Pool, model: Model) -> None:
    job_id = started(pool, model, 4)
    for _ in range(store.claims.SUSPECT_ATTEMPTS):
        assert len(claim(pool).rows) == 4
        expire_leases(pool)
    killed = 0
    assert store.claims.claim_batch(pool, 60, 10) is None
    while (batch := store.claims.claim_suspect(pool, 60)) is not None:
        assert len(batch.rows) == 1
        if batch.numbers == [2]:
            killed += 1
            expire_leases(pool)
        else:
            store.results.finish_batch(pool, model, batch, results(batch))
    assert killed == store.claims.MOST_ATTEMPTS - store.claims.SUSPECT_ATTEMPTS
    assert store.results.reject_killers(pool) == 1
    assert store.finishing.finish_job(pool, model) == job_id
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.inserted, job.rejected, job.status) == (3, 1, "succeeded")


def test_workers_have_nothing_in_hand_beside_a_suspect(pool: Pool, model: Model) -> None:
    """What dies with a row that kills is blamed with it: rows beside it would be rejected too."""
    started(pool, model, 8)
    for _ in range(store.claims.SUSPECT_ATTEMPTS):
        claim(pool)
        expire_leases(pool)
    make_job(pool, 300, collection="d")
    in_hand: list[dict[int, int]] = []

    class Watched(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> FloatArray:
            with pool.reading() as conn, conn.cursor() as cursor:
                cursor.execute(
                    "SELECT attempts, count(*) FROM job_rows WHERE outcome IS NULL"
                    " AND leased_until > clock_timestamp() GROUP BY attempts"
                )
                in_hand.append(dict(cursor.fetchall()))
            time.sleep(0.05)
            return super().encode_passages(texts)

    workers = Workers(pool, model, EmbeddingService(Watched()), threads=3, lease_seconds=60)
    workers.start()
    try:
        deadline = time.monotonic() + 30
        while count(pool, "items") < 308:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        workers.stop()
    tried = store.claims.SUSPECT_ATTEMPTS + 1
    beside = [rows_by_attempts for rows_by_attempts in in_hand if tried in rows_by_attempts]
    assert beside == [{tried: 1}] * 8


def test_jobs_of_one_collection_run_one_after_another(pool: Pool, model: Model) -> None:
    first, second = make_job(pool, 2), make_job(pool, 2)
    elsewhere = make_job(pool, 2, collection="d")
    assert store.matching.start_job(pool, model) == first
    assert store.matching.start_job(pool, model) == elsewhere
    assert store.matching.start_job(pool, model) is None
    for _ in range(2):
        batch = claim(pool)
        store.results.finish_batch(pool, model, batch, results(batch))
        store.finishing.finish_job(pool, model)
    assert store.matching.start_job(pool, model) == second
    job = store.jobs.get_job(pool, second)
    assert job is not None
    assert job.unchanged == 2


def test_jobs_of_different_collections_take_turns(pool: Pool, model: Model) -> None:
    jobs = [make_job(pool, 20, collection=name) for name in ("c", "d")]
    for _ in jobs:
        store.matching.start_job(pool, model)
    assert [claim(pool, 5).job_id for _ in range(4)] == jobs * 2


def test_a_replacing_job_shows_nothing_until_it_ends(pool: Pool, model: Model) -> None:
    started(pool, model, 3)
    batch = claim(pool)
    store.results.finish_batch(pool, model, batch, results(batch))
    store.finishing.finish_job(pool, model)
    job_id = store.jobs.create_job(pool, NewJob("c", "replace"), rows(2, "new"))[0].id
    store.matching.start_job(pool, model)
    batch = claim(pool)
    store.results.finish_batch(pool, model, batch, results(batch))
    query = np.ones(DIMENSION, np.float32)
    before = {hit.question for hit in store.search.search(pool, model, query, limit=10)}
    assert before == {"q0", "q1", "q2"}
    assert store.finishing.finish_job(pool, model) == job_id
    after = {hit.question for hit in store.search.search(pool, model, query, limit=10)}
    assert after == {"new0", "new1"}
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.inserted, job.updated, job.deleted) == (2, 0, 3)


@pytest.mark.parametrize("change", ["changed", "deleted"])
def test_a_replacing_file_s_row_is_stored_whatever_became_of_its_item(
    pool: Pool, model: Model, change: str
) -> None:
    """At the start its item held the same, so that nothing of it waits to be written."""
    started(pool, model, 3)
    batch = claim(pool)
    store.results.finish_batch(pool, model, batch, results(batch))
    store.finishing.finish_job(pool, model)
    job_id = store.jobs.create_job(pool, NewJob("c", "replace"), [*rows(3), *rows(3)])[0].id
    store.matching.start_job(pool, model)
    (item, *_), _total = store.items.list_items(pool, collection="c", limit=1, offset=0)
    if change == "changed":
        key = question_hash("another")
        new = NewItem("another", "a0", {}, key, answer_hash("a0"))
        one = np.ones(DIMENSION, np.float32)
        store.items.update_item(pool, model, item.id, new, ItemVectors(one, one))
    else:
        store.items.delete_item(pool, item.id)
    assert store.finishing.finish_job(pool, model) == job_id
    batch = claim(pool)
    assert [question for _, question, _ in batch.rows] == ["q0"]
    assert store.results.finish_batch(pool, model, batch, results(batch)) is True
    assert store.finishing.finish_job(pool, model) == job_id
    items, _total = store.items.list_items(pool, collection="c", limit=10, offset=0)
    assert sorted(item.question for item in items) == ["q0", "q1", "q2"]
    assert count(pool, "vectors") == 6
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.status, job.done, job.inserted, job.unchanged) == ("succeeded", 6, 1, 5)
    assert job.deleted == (change == "changed")


def test_an_item_is_not_written_while_a_job_begins_or_ends(pool: Pool, model: Model) -> None:
    started(pool, model, 1)
    batch = claim(pool)
    store.results.finish_batch(pool, model, batch, results(batch))
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT FROM collections FOR NO KEY UPDATE")
        with pytest.raises(DatabaseUnavailable, match="job"):
            store.items.delete_item(pool, 1)


def test_a_job_does_not_wait_for_another_s_start(pool: Pool, model: Model) -> None:
    first = make_job(pool, 2)
    with pool.transaction() as conn, conn.cursor() as cursor:
        # As a start does, to its end.
        cursor.execute("ANALYZE job_rows")
        assert store.matching.start_job(pool, model) == first


def test_a_worker_without_a_model_is_stuck(pool: Pool, model: Model) -> None:
    entered, leave = threading.Event(), threading.Event()

    class Held(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> FloatArray:
            entered.set()
            leave.wait(30)
            return super().encode_passages(texts)

    workers = Workers(pool, model, EmbeddingService(Held()), threads=1, lease_seconds=60)
    assert workers.stuck_seconds() == 0
    make_job(pool, 5)
    workers.start()
    try:
        assert entered.wait(10)
        time.sleep(0.3)
        assert 0.2 < workers.stuck_seconds() < 10
        leave.set()
        eventually(lambda: count(pool, "items") == 5)
        assert workers.stuck_seconds() == 0
    finally:
        leave.set()
        workers.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_workers_of_which_one_died_are_stuck_for_ever(pool: Pool, model: Model) -> None:
    class Deadly(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> FloatArray:
            raise SystemExit

    workers = Workers(pool, model, EmbeddingService(Deadly()), threads=1, lease_seconds=60)
    make_job(pool, 5)
    workers.start()
    try:
        eventually(lambda: workers.stuck_seconds() == math.inf)
    finally:
        workers.stop()


def test_a_canceled_replacing_job_leaves_the_old_collection_whole(pool: Pool, model: Model) -> None:
    started(pool, model, 3)
    batch = claim(pool)
    store.results.finish_batch(pool, model, batch, results(batch))
    store.finishing.finish_job(pool, model)
    job_id = store.jobs.create_job(pool, NewJob("c", "replace"), rows(2, "new"))[0].id
    store.matching.start_job(pool, model)
    batch = claim(pool, limit=1)
    store.results.finish_batch(pool, model, batch, results(batch))
    held = claim(pool)
    job = store.jobs.cancel_job(pool, job_id)
    assert job is not None
    assert (job.status, job.inserted) == ("canceled", 0)
    with pytest.raises(LeaseLost):
        store.results.finish_batch(pool, model, held, results(held))
    assert count(pool, "items") == 3


def test_the_loop_outlives_errors(
    pool: Pool, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings = EmbeddingService(HashEmbedder())
    workers = Workers(pool, model, embeddings, threads=1, lease_seconds=60)
    calls = iter([RuntimeError("once"), None])
    real = store.matching.start_job

    def failing(*args: object) -> object:
        error = next(calls, None)
        if error is not None:
            raise error
        return real(pool, model)

    monkeypatch.setattr(store.matching, "start_job", failing)
    job_id = make_job(pool, 5)
    workers.start()
    deadline = time.monotonic() + 10
    while (job := store.jobs.get_job(pool, job_id)) and job.status != "succeeded":
        assert time.monotonic() < deadline
        workers.wake()
        time.sleep(0.02)
    workers.stop()
    assert job is not None
    assert job.status == "succeeded"


def test_stop_gives_back_what_it_can_not_finish(pool: Pool, model: Model) -> None:
    entered, leave = threading.Event(), threading.Event()

    class SlowEmbedder(HashEmbedder):
        def encode_passages(self, texts):  # type: ignore[no-untyped-def]
            entered.set()
            leave.wait(30)
            return super().encode_passages(texts)

    workers = Workers(pool, model, EmbeddingService(SlowEmbedder()), threads=1, lease_seconds=60)
    make_job(pool, 5)
    workers.start()
    assert entered.wait(10)
    workers.stop(seconds=0.1)
    try:
        assert claim(pool).numbers == [1, 2, 3, 4, 5]
    finally:
        leave.set()


def test_a_job_that_is_committed_late_waits_for_one_that_has_begun(
    pool: Pool, model: Model
) -> None:
    with pool.transaction() as conn:
        with conn.cursor() as cursor:
            store.collections.make_collection(cursor, "c")
        conn.commit()
        late = uuid.uuid4()
        assert store.jobs.insert_job(conn, late, NewJob("c", "upsert"))
        store.staging.copy_rows(pool, conn, late, rows(2, "late"))
        # It has the lower number, and is not there yet.
        begun = started(pool, model, 2)
    assert store.matching.start_job(pool, model) is None
    store.results.finish_batch(pool, model, batch := claim(pool), results(batch))
    assert store.finishing.finish_job(pool, model) == begun
    assert store.matching.start_job(pool, model) == late


def test_of_many_starts_at_once_one_begins(pool: Pool, model: Model) -> None:
    jobs = {make_job(pool, 3, mode="append") for _ in range(4)}
    with ThreadPoolExecutor(8) as threads:
        begun = [
            job
            for job in threads.map(lambda _: store.matching.start_job(pool, model), range(32))
            if job is not None
        ]
    assert len(begun) == 1
    assert begun[0] in jobs
