"""How a job ends: its items are there, its staged rows go. Called by worker.py."""

from __future__ import annotations

import uuid
from typing import Any

from psycopg2.extensions import connection

from db import Model, one_row
from db_pool import Pool
from db_start import UPDATE_ITEMS
from db_work import WRITE_ITEMS

_NOTHING_TAKEN = (
    "failed",
    "no_rows",
    "No row of the file could be taken, so the collection stays as it was: see the job's errors.",
)


def finish_job(pool: Pool, model: Model) -> uuid.UUID | None:
    """End one job whose rows are all done; return its id, or None.

    The items of a replacing job appear here, and those that its file does not hold go, at once. One
    of whose rows none could be taken fails: it would leave nothing, for a mistake in the file.
    """
    with pool.transaction(seconds=3_600.0) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT id, mode, collection_id, rejected = total FROM jobs
            WHERE status = 'processing' AND inserted + updated + unchanged + rejected = total
            ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
            """
        )
        row = cur.fetchone()
        if row is None:
            return None
        job_id, mode, collection_id, nothing_taken = row
        failed = mode == "replace" and nothing_taken
        if mode == "replace" and not failed:
            _replace_items(conn, model, job_id, collection_id)
        cur.execute(
            "UPDATE jobs SET status = %s, error_code = %s, error = %s,"
            " finished_at = clock_timestamp() WHERE id = %s",
            (*(_NOTHING_TAKEN if failed else ("succeeded", None, None)), job_id),
        )
        cur.execute("DELETE FROM staged_vectors WHERE job_id = %s", (job_id,))
        cur.execute("DELETE FROM job_rows WHERE job_id = %s", (job_id,))
        return uuid.UUID(str(job_id))


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
