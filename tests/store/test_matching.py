"""The start of jobs: one after another in a collection."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import store.collections
import store.finishing
import store.jobs
import store.matching
import store.staging
from db import Pool
from store.jobs import NewJob
from store.models import Model
from tests.support.queue import claim, make_job, make_rows, start, write


def test_jobs_of_one_collection_run_one_after_another(pool: Pool, model: Model) -> None:
    first, second = make_job(pool, 2), make_job(pool, 2)
    elsewhere = make_job(pool, 2, collection="d")
    assert store.matching.start_job(pool, model) == first
    assert store.matching.start_job(pool, model) == elsewhere
    assert store.matching.start_job(pool, model) is None
    for _ in range(2):
        batch = claim(pool)
        write(pool, model, batch)
        store.finishing.finish_job(pool, model)
    assert store.matching.start_job(pool, model) == second
    job = store.jobs.get_job(pool, second)
    assert job is not None
    assert job.unchanged == 2


def test_a_job_that_is_committed_late_waits_for_one_that_has_begun(
    pool: Pool, model: Model
) -> None:
    with pool.transaction() as conn:
        with conn.cursor() as cursor:
            store.collections.make_collection(cursor, "c")
        conn.commit()
        late = uuid.uuid4()
        assert store.jobs.insert_job(conn, late, NewJob("c", "upsert"))
        store.staging.copy_rows(pool, conn, late, make_rows(2, "late"))
        # It has the lower number, and is not there yet.
        begun = start(pool, model, 2)
    assert store.matching.start_job(pool, model) is None
    write(pool, model, claim(pool))
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


def test_a_job_does_not_wait_for_another_s_start(pool: Pool, model: Model) -> None:
    first = make_job(pool, 2)
    with pool.transaction() as conn, conn.cursor() as cursor:
        # As a start does, to its end.
        cursor.execute("ANALYZE job_rows")
        assert store.matching.start_job(pool, model) == first
