"""How a job ends: its items are there, and its staged rows go."""

from __future__ import annotations

import logging
import uuid
from typing import NamedTuple

from psycopg2.extensions import cursor
from psycopg2.sql import SQL

import metrics
import store.jobs
import store.matching
import store.results
from db import Pool, fetch_row
from messages import Message, say
from request_ids import set_request_id
from store.jobs import LockedJob
from store.models import Model
from store.sentences import dump_parts
from store.vacuuming import AWAITS_VACUUM

logger = logging.getLogger(__name__)

# How long the server may say nothing while a job ends: inserting into the index of a million items
# took 6 ms a row. Ten times that, since a job that is cut there begins its end anew: on a machine
# too busy for it, it would never come to it.
FINISH_SECONDS = 300.0
FINISH_SECONDS_A_ROW = 0.06

# A failed job names so many kinds of rejection, the commonest first.
SHOWN_CODES = 3


class Outcome(NamedTuple):
    """How a job ends. A failed one has a code for a program and a sentence for a person."""

    status: str
    error_code: str | None = None
    error: Message | None = None


class Ended(NamedTuple):
    """How a job has ended, and its rows by what became of them."""

    status: str
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    deleted: int


def finish_job(pool: Pool, model: Model) -> uuid.UUID | None:
    """End one job whose rows are all done, or find more to do for it; return its id, or None.

    A replacing job writes its items here, and deletes those that its file does not hold, in one
    transaction; a large one first waits for the space of dead rows (store/vacuuming.py). If all
    rows of a job were rejected, the job fails and nothing changes, so that a mistake in a file
    neither looks like a success nor empties a collection.
    """
    with pool.transaction(store.jobs.LOOK_SECONDS) as conn, conn.cursor() as cur:
        job = store.jobs.lock_next_job(cur, _CAN_END)
        if job is None:
            return None
        set_request_id(job.request_id)
        pool.touch(conn, FINISH_SECONDS + job.total * FINISH_SECONDS_A_ROW)
        ended = _end_job(cur, model, job)
    _tell_end(job, ended)
    return job.id


def _end_job(cur: cursor, model: Model, job: LockedJob) -> Ended | None:
    """End the job; return None, and let it go on, where there is more to do for it."""
    outcome = decide_outcome(cur, job.id, rejected=job.rejected, total=job.total)
    if job.mode == "replace" and outcome.status == "succeeded":
        if _reopen_lost_rows(cur, job):
            return None
        _replace_items(cur, model, job)
        store.matching.keep_columns(cur, job.id)
    cur.execute(
        "UPDATE jobs SET status = %s, error_code = %s, error = %s, error_parts = %s,"
        " finished_at = clock_timestamp() WHERE id = %s"
        " RETURNING status, inserted, updated, unchanged, rejected, deleted",
        (*outcome, dump_parts(outcome.error), job.id),
    )
    ended = Ended(*fetch_row(cur))
    cur.execute("DELETE FROM staged_vectors WHERE job_id = %s", (job.id,))
    cur.execute("DELETE FROM job_rows WHERE job_id = %s", (job.id,))
    return ended


def _tell_end(job: LockedJob, ended: Ended | None) -> None:
    """Tell log and metrics of an end that is stored."""
    if ended is None:
        logger.info("job %s: items changed meanwhile, their rows are embedded", job.id)
        return
    metrics.JOBS_ENDED.labels(ended.status).inc()
    for outcome in ("inserted", "updated", "unchanged", "rejected"):
        metrics.ROWS_DONE.labels(outcome).inc(getattr(ended, outcome))
    logger.info(
        "job %s: %s, %d inserted, %d updated, %d unchanged, %d rejected, %d deleted", job.id, *ended
    )


def decide_outcome(cur: cursor, job_id: uuid.UUID, *, rejected: int, total: int) -> Outcome:
    """Return how a job ends whose rows are all done: it fails if all of them were rejected."""
    if rejected < total:
        return Outcome("succeeded")
    cur.execute(
        """
        SELECT string_agg(code || ' (' || rows || ')', ', ' ORDER BY rows DESC, code)
        FROM (SELECT code, count(*) AS rows FROM job_errors WHERE job_id = %s
              GROUP BY code ORDER BY rows DESC, code LIMIT %s) commonest
        """,
        (job_id, SHOWN_CODES),
    )
    return Outcome(
        "failed",
        "all_rejected",
        say(
            "Every row of the file was rejected, so the collection stays as it was: {codes}. The "
            "job's errors name each row.",
            codes=str(fetch_row(cur)[0]),
        ),
    )


_CAN_END = SQL(
    "j.status = 'processing' AND j.inserted + j.updated + j.unchanged + j.rejected = j.total"
    " AND NOT coalesce({awaits_vacuum}, false)"
).format(awaits_vacuum=AWAITS_VACUUM)


def _reopen_lost_rows(cur: cursor, job: LockedJob) -> bool:
    """Let rows be embedded whose item was changed or deleted since the start; return if any was.

    At the start these rows changed nothing, so they have no vectors that could be written.
    """
    cur.execute(_REOPEN_LOST_ROWS, {"job": job.id, "collection": job.collection_id})
    return cur.rowcount > 0


# Where several rows are the same item, the first one stands for all.
_REOPEN_LOST_ROWS = """
WITH lost AS MATERIALIZED (
    SELECT DISTINCT ON (r.item_key, r.place) r.row_no, r.outcome
    FROM job_rows r
    WHERE r.job_id = %(job)s AND r.outcome IN ('unchanged', 'updated')
      AND NOT EXISTS (SELECT FROM job_rows o JOIN staged_vectors s
                          ON s.job_id = o.job_id AND s.row_no = o.row_no
                      WHERE o.job_id = r.job_id AND o.item_key = r.item_key
                        AND o.place = r.place)
      AND NOT EXISTS (SELECT FROM items i WHERE i.collection_id = %(collection)s
                      AND i.item_key = r.item_key AND i.place = r.place
                      AND i.question_hash = r.question_hash AND i.answer_hash = r.answer_hash
                      AND i.alternatives = coalesce(r.alternatives, i.alternatives))
    ORDER BY r.item_key, r.place, r.row_no
), reopened AS (
    UPDATE job_rows r SET outcome = NULL FROM lost l
    WHERE r.job_id = %(job)s AND r.row_no = l.row_no
)
UPDATE jobs j SET updated = j.updated - n.updated, unchanged = j.unchanged - n.unchanged
FROM (SELECT count(*) FILTER (WHERE outcome = 'updated') AS updated,
             count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged
      FROM lost) n
WHERE j.id = %(job)s AND n.updated + n.unchanged > 0
"""


def _replace_items(cur: cursor, model: Model, job: LockedJob) -> None:
    """Write all items of the job, delete those that its file does not hold, and count both."""
    scope = {"job": job.id, "collection": job.collection_id}
    store.matching.update_settled_items(cur, job.id, job.collection_id)
    inserted, _updated = store.results.write_items(cur, model, job.id, job.collection_id, None)
    cur.execute(_ORDER_AS_THE_FILE, scope)
    # The item of a rejected row is in the file, and so it stays as it was.
    cur.execute(
        """
        DELETE FROM items i WHERE i.collection_id = %(collection)s AND NOT EXISTS (
            SELECT FROM job_rows r
            WHERE r.job_id = %(job)s AND r.item_key = i.item_key AND r.place = i.place)
        """,
        scope,
    )
    cur.execute(
        "UPDATE jobs SET inserted = %s, updated = total - unchanged - rejected - %s,"
        " deleted = %s WHERE id = %s",
        (inserted, inserted, cur.rowcount, job.id),
    )


_ORDER_AS_THE_FILE = """
UPDATE items i SET position = j.number << 32 | r.row_no
FROM jobs j, (
    SELECT item_key, place, min(row_no) AS row_no FROM job_rows
    WHERE job_id = %(job)s AND outcome IN ('unchanged', 'updated') GROUP BY item_key, place
) r
WHERE j.id = %(job)s AND i.collection_id = %(collection)s
  AND i.item_key = r.item_key AND i.place = r.place
"""
