"""Ended jobs go when their time is over, with what hangs on them; nothing else goes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

import store.evaluations
import store.jobs
import store.retention
from db import Pool
from messages import say
from store.jobs import NewJob
from store.models import Model
from store.rejections import RejectedRow
from tests.support.queue import count, make_job, start, store_items

DAYS = 30


def execute(pool: Pool, statement: str, *values: Any) -> None:
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(statement, values)


def remove_all(pool: Pool, days: int = DAYS) -> int:
    removed = 0
    while rows := store.retention.remove_part(pool, days):
        removed += rows
    return removed


def end_jobs(pool: Pool, days: float) -> None:
    """Let each job that has ended be one that ended so many days ago."""
    execute(
        pool,
        "UPDATE jobs SET finished_at = clock_timestamp() - make_interval(secs => %s)"
        " WHERE finished_at IS NOT NULL",
        days * 86_400,
    )


def evaluate(pool: Pool, collection: str, outcomes: list[Any]) -> uuid.UUID:
    job = store.evaluations.create_evaluation(
        pool, collection=collection, filename=None, file={}, cases=[{}], rejected=[]
    )
    claimed = store.evaluations.claim_evaluation(pool)
    assert claimed is not None
    assert store.evaluations.finish_evaluation(pool, claimed, {"mrr": 1}, outcomes, [])
    return job.id


def test_a_job_goes_when_its_time_is_over_and_not_before(pool: Pool, model: Model) -> None:
    store_items(pool, model, 3)
    end_jobs(pool, DAYS - 0.1)
    assert remove_all(pool) == 0
    end_jobs(pool, DAYS + 0.1)
    assert remove_all(pool, days=0) == 0
    assert remove_all(pool) == 1
    assert (count(pool, "jobs"), count(pool, "items")) == (0, 3)


def test_a_jobs_rejected_rows_go_in_parts_and_before_the_job(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.retention, "PART_ROWS", 4)
    rejected = [RejectedRow(n, "empty_answer", say("The answer is empty.")) for n in range(6)]
    job = store.jobs.create_job(pool, NewJob("c", "upsert"), rejected)
    store.jobs.cancel_job(pool, job.id)
    end_jobs(pool, DAYS + 1)
    assert store.retention.remove_part(pool, DAYS) == 4
    assert (count(pool, "job_errors"), count(pool, "jobs")) == (2, 1)
    assert store.retention.remove_part(pool, DAYS) == 3
    assert (count(pool, "job_errors"), count(pool, "jobs")) == (0, 0)


def test_an_unfinished_job_stays_however_old_it_is(pool: Pool, model: Model) -> None:
    start(pool, model, 3)
    make_job(pool, 3)
    execute(pool, "UPDATE jobs SET created_at = created_at - interval '1 year'")
    assert remove_all(pool) == 0
    assert (count(pool, "jobs"), count(pool, "job_rows")) == (2, 6)


def test_each_collections_last_evaluation_stays_for_the_next_one(pool: Pool) -> None:
    for collection in ("a", "b"):
        for n in range(3):
            evaluate(pool, collection, [n])
    end_jobs(pool, DAYS + 1)
    assert remove_all(pool) == 4
    new = store.evaluations.create_evaluation(
        pool, collection="a", filename=None, file={}, cases=[{}], rejected=[]
    )
    assert store.evaluations.find_last(pool, "a", new.id) == ({"mrr": 1}, [2])


def test_rows_whose_job_is_over_go_at_once(pool: Pool, model: Model) -> None:
    """No job leaves such rows; they would be those of a mistake."""
    kept = start(pool, model, 2, prefix="kept")
    for job_id, status in ((uuid.uuid4(), None), (uuid.uuid4(), "failed")):
        if status is not None:
            execute(
                pool,
                "INSERT INTO jobs (id, status, collection, mode, finished_at)"
                " VALUES (%s, %s, 'c', 'upsert', clock_timestamp())",
                job_id, status,
            )  # fmt: skip
        execute(
            pool,
            "INSERT INTO job_rows (job_id, row_no, line, item_key, question_hash, answer_hash,"
            " question, answer, metadata) SELECT %s, row_no, line, item_key, question_hash,"
            " answer_hash, question, answer, metadata FROM job_rows WHERE job_id = %s",
            job_id, kept,
        )  # fmt: skip
    assert remove_all(pool, days=0) == 4
    assert count(pool, "job_rows") == 2


def test_a_canceled_evaluation_keeps_no_questions(pool: Pool) -> None:
    job = store.evaluations.create_evaluation(
        pool, collection="a", filename=None, file={}, cases=[{}], rejected=[]
    )
    store.jobs.cancel_job(pool, job.id)
    assert count(pool, "evaluations WHERE cases IS NOT NULL") == 0
    # As a version before this one left it.
    execute(pool, "UPDATE evaluations SET cases = '[]'")
    assert remove_all(pool, days=0) == 1
    assert count(pool, "evaluations WHERE cases IS NOT NULL") == 0


def test_one_process_at_a_time_removes(pool: Pool, model: Model) -> None:
    store_items(pool, model, 1)
    end_jobs(pool, DAYS + 1)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (store.retention._RETENTION_LOCK,))
        assert store.retention.remove_part(pool, DAYS) == 0
    assert store.retention.remove_part(pool, DAYS) == 1
