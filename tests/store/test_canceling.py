"""Canceled jobs: what is written stays, what was prepared never was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import db
import store.collections
import store.jobs
from db import Pool
from store.models import Model
from store.results import LeaseLost
from tests.support.client import eventually
from tests.support.queue import claim, count, start, store_items, write


def test_a_canceled_replacing_job_leaves_the_old_collection_whole(pool: Pool, model: Model) -> None:
    store_items(pool, model, 3)
    job_id = start(pool, model, 2, mode="replace", prefix="new")
    write(pool, model, claim(pool, limit=1))
    held = claim(pool)
    job = store.jobs.cancel_job(pool, job_id)
    assert job is not None
    assert (job.status, job.inserted) == ("canceled", 0)
    with pytest.raises(LeaseLost):
        write(pool, model, held)
    assert count(pool, "items") == 3


def test_deleting_a_collection_cancels_its_jobs_as_their_callers_do(
    pool: Pool, model: Model
) -> None:
    store_items(pool, model, 3)
    job_id = start(pool, model, 2, mode="replace", prefix="new")
    write(pool, model, claim(pool, limit=1))
    assert store.collections.delete_collection(pool, "c") == 3
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.status, job.inserted) == ("canceled", 0)
    assert (count(pool, "items"), count(pool, "job_rows")) == (0, 0)
    assert store.collections.delete_collection(pool, "c") is None


def test_a_canceled_job_leaves_no_row_that_a_worker_wrote_meanwhile(
    pool: Pool, model: Model
) -> None:
    job_id = start(pool, model, 3)
    with ThreadPoolExecutor(1) as thread:
        with pool.transaction() as conn, conn.cursor() as cursor:
            # As a worker that writes its results does.
            cursor.execute("SELECT FROM jobs FOR NO KEY UPDATE")
            cursor.execute("UPDATE job_rows SET outcome = 'inserted'")
            canceling = thread.submit(store.jobs.cancel_job, pool, job_id)
            eventually(lambda: waits_for_a_lock(pool))
        job = canceling.result(30)
    assert job is not None
    assert job.status == "canceled"
    assert count(pool, "job_rows") == 0


def waits_for_a_lock(pool: Pool) -> bool:
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE '%UPDATE jobs SET status%' AND wait_event_type = 'Lock'"
        )
        return bool(db.fetch_row(cursor)[0])
