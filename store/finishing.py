"""How a job ends: its items are there, its staged rows go."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from psycopg2.extensions import connection, cursor

from db import Pool, one_row
from store.claims import WRITE_ITEMS
from store.matching import LOOK_SECONDS, UPDATE_ITEMS, keep_columns
from store.models import Model

logger = logging.getLogger(__name__)

# What an end may take: inserting into the index of a million items took 6 ms a row.
FINISH_SECONDS = 300.0
FINISH_SECONDS_A_ROW = 0.02

# How a replacing job ends of whose rows none could be taken: status, error_code, error.
NOTHING_TAKEN = (
    "failed",
    "no_rows",
    "No row of the file could be taken, so the collection stays as it was: see the job's errors.",
)


def finish_job(pool: Pool, model: Model) -> uuid.UUID | None:
    """End one job whose rows are all done, or find more to do for it; return its id, or None.

    The items of a replacing job appear here, and those that its file does not hold go, at once. One
    of whose rows none could be taken fails: it would leave nothing, for a mistake in the file.
    """
    with pool.transaction(LOOK_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT j.id, j.mode, j.collection_id, j.rejected = j.total, j.total
            FROM jobs j JOIN collections c ON c.id = j.collection_id
            WHERE j.status = 'processing' AND inserted + updated + unchanged + rejected = total
            -- The collection first, then its jobs: as store/items.py locks them.
            ORDER BY j.number LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED
            """
        )
        row = cur.fetchone()
        if row is None or not _is_done(cur, row[0]):
            return None
        job_id, mode, collection_id, nothing_taken, total = row
        pool.touch(conn, FINISH_SECONDS + total * FINISH_SECONDS_A_ROW)
        failed = mode == "replace" and nothing_taken
        if mode == "replace" and not failed:
            if _reopen_lost_rows(cur, job_id, collection_id):
                logger.info("job %s: items changed meanwhile, their rows are embedded", job_id)
                return uuid.UUID(str(job_id))
            _replace_items(conn, model, job_id, collection_id)
            keep_columns(cur, job_id)
        cur.execute(
            "UPDATE jobs SET status = %s, error_code = %s, error = %s,"
            " finished_at = clock_timestamp() WHERE id = %s",
            (*(NOTHING_TAKEN if failed else ("succeeded", None, None)), job_id),
        )
        cur.execute("DELETE FROM staged_vectors WHERE job_id = %s", (job_id,))
        cur.execute("DELETE FROM job_rows WHERE job_id = %s", (job_id,))
        logger.info("job %s: %s", job_id, "failed" if failed else "ended")
        return uuid.UUID(str(job_id))


def _is_done(cur: cursor, job_id: uuid.UUID) -> bool:
    """Lock the job; return whether it still waits for its end.

    In a statement of its own, which sees what was committed while the collection was locked.
    """
    cur.execute(
        "SELECT FROM jobs WHERE id = %s AND status = 'processing'"
        " AND inserted + updated + unchanged + rejected = total FOR UPDATE",
        (job_id,),
    )
    return cur.fetchone() is not None


def _reopen_lost_rows(cur: cursor, job_id: uuid.UUID, collection_id: int) -> bool:
    """Let rows be embedded whose item was changed or deleted since the start; return if any was.

    At the start they changed nothing, so there is nothing of them that could be written.
    """
    cur.execute(_REOPEN_LOST_ROWS, {"job": job_id, "collection": collection_id})
    return cur.rowcount > 0


# Of rows that are the same item the first stands for all.
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
                      AND i.question_hash = r.question_hash AND i.answer_hash = r.answer_hash)
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


def _replace_items(conn: connection, model: Model, job_id: uuid.UUID, collection_id: int) -> None:
    scope: dict[str, Any] = {
        "job": job_id,
        "rows": None,
        "collection": collection_id,
        "model": model.id,
    }
    with conn.cursor() as cur:
        cur.execute(UPDATE_ITEMS, scope)
        cur.execute(WRITE_ITEMS, scope)
        inserted, _updated = one_row(cur)
        cur.execute(_ORDER_AS_THE_FILE, scope)
        # A rejected row's item is in the file: it stays as it was.
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
            (inserted, inserted, cur.rowcount, job_id),
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
