"""What an upload would do: its rows are matched with the collection, and nothing is kept."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from psycopg2.extensions import connection, cursor

import store.collections
import store.finishing
import store.jobs
import store.matching
import store.rejections
import store.staging
from db import Pool, fetch_row
from store.jobs import Job, NewJob
from store.models import Model
from store.rejections import RejectedRow
from store.staging import StagedRow

# So many of the first rejected lines are known.
MOST_LINES = 100_000


class _Undone(Exception):
    """Rolls the transaction back."""


@dataclass(frozen=True)
class Preview:
    """The job as it would end, its first rejected rows, and the lines of up to MOST_LINES."""

    job: Job
    rejected: list[RejectedRow]
    lines: frozenset[int]


def preview_job(
    pool: Pool, model: Model, new: NewJob, rows: Iterable[StagedRow | RejectedRow], errors: int
) -> Preview:
    """Return the job as it would end, with its first `errors` rejected rows; store nothing.

    What reading `rows` raises passes through.
    """
    with pool.transaction(store.jobs.MAKE_SECONDS) as conn, conn.cursor() as cur:
        # In a transaction of its own, so that no upload into a new collection waits for the end.
        store.collections.make_collection(cur, new.collection)
    try:
        with pool.transaction(store.jobs.UPLOAD_SECONDS) as conn:
            job_id = uuid.uuid4()
            store.jobs.insert_job(conn, job_id, new)
            store.staging.copy_rows(pool, conn, job_id, rows)
            found = _match(conn, model, job_id, new, errors)
            raise _Undone
    except _Undone:
        return found


def _match(conn: connection, model: Model, job_id: uuid.UUID, new: NewJob, errors: int) -> Preview:
    with conn.cursor() as cur:
        collection_id = store.collections.lock_collection(cur, new.collection)
        if collection_id is None:
            raise LookupError("a collection that was just made is not there")
        store.matching.settle_rows(cur, model, job_id, collection_id, new.mode)
        _count_foreseen(cur, job_id, collection_id, new.mode)
        rejected = store.rejections.select_rejected(cur, job_id, errors)
        lines = store.rejections.select_lines(cur, job_id, MOST_LINES)
        # No job of this id can be asked for later: it has come to its end.
        cur.execute("SELECT clock_timestamp()")
        (now,) = fetch_row(cur)
        job = store.jobs.read_job(conn, job_id)
        job = replace(job, started_at=job.created_at, finished_at=now)
        outcome = store.finishing.decide_outcome(
            cur, job_id, rejected=job.rejected, total=job.total
        )
    if outcome.status == "failed":
        job = replace(job, **outcome._asdict(), deleted=0)
    return Preview(job, rejected, lines)


def _count_foreseen(cur: cursor, job_id: uuid.UUID, collection_id: int, mode: str) -> None:
    """Count the rows that would be embedded, and the items that a replacing job would delete."""
    cur.execute(
        """
        WITH item AS (
            SELECT r.outcome IS NULL AS waits, i.id
            FROM job_rows r LEFT JOIN items i ON i.collection_id = %(collection)s
                AND i.item_key = r.item_key AND i.place = r.place
            WHERE r.job_id = %(job)s
        )
        UPDATE jobs SET
            inserted = inserted + (SELECT count(*) FROM item WHERE waits AND id IS NULL),
            updated = updated + (SELECT count(*) FROM item WHERE waits AND id IS NOT NULL),
            deleted = CASE %(mode)s WHEN 'replace' THEN
                (SELECT count(*) FROM items WHERE collection_id = %(collection)s)
                - (SELECT count(DISTINCT id) FROM item) ELSE 0 END
        WHERE id = %(job)s
        """,
        {"job": job_id, "collection": collection_id, "mode": mode},
    )
