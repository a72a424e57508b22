"""Results: written under the lease, or not at all."""

from __future__ import annotations

import time
import uuid

import pytest

import store.claims
import store.finishing
import store.jobs
import store.rejections
import store.results
from db import Pool
from store.models import Model
from store.results import LeaseLost
from tests.support.queue import claim, count, expire_leases, set_clock_back, start, write


def test_a_finished_batch_is_stored_with_two_vectors_a_row(pool: Pool, model: Model) -> None:
    job_id = start(pool, model, 3)
    assert write(pool, model, claim(pool)) is True
    assert (count(pool, "items"), count(pool, "item_vectors")) == (3, 6)
    assert store.finishing.finish_job(pool, model) == job_id
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.status, job.inserted, job.done) == ("succeeded", 3, 3)
    assert (count(pool, "job_rows"), count(pool, "staged_vectors")) == (0, 0)


def test_a_worker_that_slept_past_its_lease_writes_nothing(pool: Pool, model: Model) -> None:
    job_id = start(pool, model, 3)
    frozen = claim(pool)
    expire_leases(pool)
    other = claim(pool)
    assert other.numbers == frozen.numbers
    with pytest.raises(LeaseLost):
        write(pool, model, frozen)
    assert count(pool, "items") == 0
    write(pool, model, other)
    with pytest.raises(LeaseLost):
        write(pool, model, frozen)
    assert (count(pool, "items"), count(pool, "item_vectors")) == (3, 6)
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.inserted, job.updated) == (3, 0)


def test_a_row_that_the_model_fails_on_is_rejected_and_the_others_stored(
    pool: Pool, model: Model
) -> None:
    job_id = start(pool, model, 3)
    assert write(pool, model, claim(pool), fail=2) is True
    (error,) = store.rejections.stream_rejected(pool, job_id)
    assert (error.line, error.code) == (3, "embedding_failed")
    listed = store.rejections.list_rejected(pool, job_id, limit=10, offset=0)
    assert listed == ([error._replace(fields=())], 1)
    assert error.fields == {
        "id": None, "question": "q1", "answer": "a1", "metadata": {},
        "alternatives": None,
    }  # fmt: skip
    assert count(pool, "items") == 2


def test_a_row_that_kills_is_tried_alone_then_rejected(pool: Pool, model: Model) -> None:
    job_id = start(pool, model, 4)
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
            write(pool, model, batch)
    assert killed == store.claims.MOST_ATTEMPTS - store.claims.SUSPECT_ATTEMPTS
    assert store.results.reject_killers(pool) == 1
    (error,) = store.rejections.stream_rejected(pool, job_id)
    assert error.fields == {
        "id": None, "question": "q1", "answer": "a1", "metadata": {},
        "alternatives": None,
    }  # fmt: skip
    assert store.finishing.finish_job(pool, model) == job_id
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.inserted, job.rejected, job.status) == (3, 1, "succeeded")


def test_a_rate_is_not_computed_over_a_clock_that_was_set_back(pool: Pool, model: Model) -> None:
    job_id = start(pool, model, 30)
    set_clock_back(pool)
    write(pool, model, claim(pool))
    assert _rate(pool, job_id) is None
    time.sleep(0.01)
    write(pool, model, claim(pool))
    rate = _rate(pool, job_id)
    assert rate is not None
    assert 0 < rate < 1_000
    set_clock_back(pool)
    write(pool, model, claim(pool))
    assert _rate(pool, job_id) == rate
    assert store.finishing.finish_job(pool, model) == job_id
    # It ended before it began.
    assert _rate(pool, job_id) is None


def _rate(pool: Pool, job_id: uuid.UUID) -> float | None:
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    return job.rate
