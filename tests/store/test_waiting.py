"""What jobs wait for, as every process sees it."""

from __future__ import annotations

import uuid

import store.jobs
import store.waiting
from db import Pool
from messages import cite
from store.models import Model
from tests.support.queue import claim, make_job, start, write

AWAY = cite("The embedding server does not answer.")


def test_every_unfinished_job_says_what_it_waits_for(pool: Pool, model: Model) -> None:
    ended = make_job(pool, 1, collection="a")
    store.jobs.cancel_job(pool, ended)
    jobs = [start(pool, model, 20), make_job(pool, 3, collection="d")]
    store.waiting.note_waiting(pool, AWAY)
    assert [_waiting(pool, job) for job in jobs] == [AWAY, AWAY]
    assert _waiting(pool, ended) is None
    # A row that is done says that the job goes on.
    write(pool, model, claim(pool))
    assert [_waiting(pool, job) for job in jobs] == [None, AWAY]
    store.waiting.note_waiting(pool, None)
    assert _waiting(pool, jobs[1]) is None


def test_a_job_that_ended_waits_for_nothing(pool: Pool, model: Model) -> None:
    job = make_job(pool, 3)
    store.waiting.note_waiting(pool, AWAY)
    store.jobs.cancel_job(pool, job)
    assert _waiting(pool, job) is None


def test_a_job_that_somebody_works_on_is_passed_over(pool: Pool, model: Model) -> None:
    job = start(pool, model, 3)
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("SELECT FROM jobs WHERE id = %s FOR NO KEY UPDATE", (job,))
        store.waiting.note_waiting(pool, AWAY)
    assert _waiting(pool, job) is None


def _waiting(pool: Pool, job_id: uuid.UUID) -> str | None:
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    return job.waiting
