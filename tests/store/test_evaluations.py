"""The lease of an evaluation: who holds it, who takes it over, what a late one may not write."""

from __future__ import annotations

import pytest

import store.evaluations
import store.jobs
from db import Pool
from messages import cite
from store.evaluations import ClaimedEvaluation
from store.jobs import Job

CASES = [{"line": 2, "question": "How?", "expected": ""}]


def create(pool: Pool) -> Job:
    return store.evaluations.create_evaluation(
        pool, collection="c", filename=None, file={}, cases=CASES, rejected=[]
    )


def claim(pool: Pool) -> ClaimedEvaluation:
    claimed = store.evaluations.claim_evaluation(pool)
    assert claimed is not None
    return claimed


def status(pool: Pool, job: Job) -> str:
    found = store.jobs.get_job(pool, job.id)
    assert found is not None
    return found.status


def test_an_evaluation_is_held_by_one(pool: Pool) -> None:
    job = create(pool)
    claimed = claim(pool)
    assert (claimed.job_id, claimed.collection, claimed.cases) == (job.id, "c", CASES)
    assert store.evaluations.claim_evaluation(pool) is None
    assert store.evaluations.extend_evaluation(pool, claimed, 1)
    assert store.evaluations.finish_evaluation(pool, claimed, {"first": 1}, [], [])
    assert status(pool, job) == "succeeded"
    assert store.evaluations.get_result(pool, job.id) == {"first": 1}
    assert store.evaluations.claim_evaluation(pool) is None


def test_another_process_takes_over_from_one_that_fell_silent(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = create(pool)
    monkeypatch.setattr(store.evaluations, "LEASE_SECONDS", -1.0)
    silent = claim(pool)
    again = claim(pool)
    assert (again.job_id, again.attempts) == (job.id, 2)
    assert not store.evaluations.extend_evaluation(pool, silent, 1)
    assert not store.evaluations.finish_evaluation(pool, silent, {}, [], [])
    assert store.evaluations.finish_evaluation(pool, again, {"first": 0}, [], [])


def test_what_is_released_is_begun_again_without_blame(pool: Pool) -> None:
    create(pool)
    store.evaluations.release_evaluation(pool, claim(pool))
    assert claim(pool).attempts == 1


def test_a_canceled_evaluation_writes_nothing(pool: Pool) -> None:
    job = create(pool)
    claimed = claim(pool)
    store.jobs.cancel_job(pool, job.id)
    assert not store.evaluations.extend_evaluation(pool, claimed, 1)
    assert not store.evaluations.finish_evaluation(pool, claimed, {}, [], [])
    assert status(pool, job) == "canceled"
    assert store.evaluations.claim_evaluation(pool) is None


def test_a_failed_evaluation_says_why(pool: Pool) -> None:
    job = create(pool)
    store.evaluations.fail_evaluation(pool, claim(pool), "evaluation_failed", cite("It fell."))
    found = store.jobs.get_job(pool, job.id)
    assert found is not None
    assert (found.status, found.error_code, found.error) == (
        *("failed", "evaluation_failed"),
        "It fell.",
    )
