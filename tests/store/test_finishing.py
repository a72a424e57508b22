"""The end of jobs: a replacing job's items appear at once."""

from __future__ import annotations

import numpy as np
import pytest

import db
import store.finishing
import store.items
import store.jobs
import store.matching
import store.search
from db import Pool
from messages import cite
from store.items import NewItem
from store.jobs import NewJob
from store.models import Model
from store.rejections import RejectedRow
from store.vectors import ItemVectors
from tests.support.queue import DIMENSION, claim, count, make_rows, start, store_items, write
from texts import answer_hash, question_hash


def test_a_replacing_job_shows_nothing_until_it_ends(pool: Pool, model: Model) -> None:
    store_items(pool, model, 3)
    job_id = start(pool, model, 2, mode="replace", prefix="new")
    write(pool, model, claim(pool))
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
    store_items(pool, model, 3)
    rows = [*make_rows(3), *make_rows(3)]
    job_id = store.jobs.create_job(pool, NewJob("c", "replace"), rows).id
    store.matching.start_job(pool, model)
    (item, *_), _total = store.items.list_items(pool, collection="c", limit=1, offset=0)
    if change == "changed":
        key = question_hash("another")
        new = NewItem("another", "a0", [], {}, key, answer_hash("a0"))
        one = np.ones(DIMENSION, np.float32)
        store.items.update_item(pool, model, item, new, ItemVectors(one, one))
    else:
        store.items.delete_item(pool, item.id)
    assert store.finishing.finish_job(pool, model) == job_id
    batch = claim(pool)
    assert [row.question for row in batch.rows] == ["q0"]
    assert write(pool, model, batch) is True
    assert store.finishing.finish_job(pool, model) == job_id
    items, _total = store.items.list_items(pool, collection="c", limit=10, offset=0)
    assert sorted(item.question for item in items) == ["q0", "q1", "q2"]
    assert count(pool, "item_vectors") == 6
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.status, job.done, job.inserted, job.unchanged) == ("succeeded", 6, 1, 5)
    assert job.deleted == (change == "changed")


@pytest.mark.parametrize("mode", ["upsert", "append", "replace"])
def test_a_job_of_rejected_rows_only_failed_and_says_why(
    pool: Pool, model: Model, mode: str
) -> None:
    store_items(pool, model, 3)
    columns = _columns(pool)
    new = NewJob("c", mode, file={"columns": ["other"]})
    rows = [RejectedRow(n, "empty_answer", cite("The answer is empty.")) for n in range(4)]
    rows.append(RejectedRow(9, "empty_question", cite("The question is empty.")))
    job_id = store.jobs.create_job(pool, new, rows).id
    store.matching.start_job(pool, model)
    assert store.finishing.finish_job(pool, model) == job_id
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.status, job.error_code, job.rejected) == ("failed", "all_rejected", 5)
    assert "empty_answer (4), empty_question (1)" in (job.error or "")
    assert count(pool, "items") == 3
    assert _columns(pool) == columns


def test_a_job_whose_rows_the_model_rejected_failed(pool: Pool, model: Model) -> None:
    job_id = start(pool, model, 1)
    assert write(pool, model, claim(pool), fail=1) is True
    assert store.finishing.finish_job(pool, model) == job_id
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    assert (job.status, job.error_code) == ("failed", "all_rejected")
    assert "embedding_failed (1)" in (job.error or "")


def _columns(pool: Pool) -> object:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT file FROM collections")
        return db.fetch_row(cur)[0]
