"""What goes of ended jobs: jobs whose time is over, and rows that a job left behind.

All of it goes in small parts. Each is a transaction of its own, in which one process at a time
works: the others find the lock taken, and leave the part to it.
"""

from __future__ import annotations

from psycopg2.extensions import cursor
from psycopg2.sql import SQL

from db import Pool, fetch_row

# Rows that one transaction removes.
PART_ROWS = 1_000
PART_SECONDS = 60.0
# The advisory lock of a part: any number that no other program on the same database uses.
_RETENTION_LOCK = 0x636F6E67


def remove_part(pool: Pool, days: int) -> int:
    """Remove some of what ended jobs leave; return how many rows went, 0 when nothing is left.

    First go rows on their way into a job that has ended: it removes them itself, so none are left
    unless something went wrong. Then go jobs that ended `days` ago, with their rejected rows and
    their evaluation; with 0 days, jobs stay for ever. The last evaluation that succeeded in each
    collection stays, because the next one is compared with it. A job's idempotency key goes with
    the job.
    """
    with pool.transaction(PART_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SELECT pg_try_advisory_xact_lock(%s)", (_RETENTION_LOCK,))
        if not fetch_row(cur)[0]:
            return 0
        removed = _remove_leftovers(cur)
        if removed or not days:
            return removed
        return _remove_jobs(cur, days)


def _remove_leftovers(cur: cursor) -> int:
    removed = 0
    for statement in (_REMOVE_STAGED, _REMOVE_CASES):
        cur.execute(statement, {"rows": PART_ROWS})
        removed += cur.rowcount
    return removed


def _remove_jobs(cur: cursor, days: int) -> int:
    """Remove rejected rows of the oldest jobs whose time is over, and the jobs that have none."""
    values = {"days": days, "rows": PART_ROWS}
    cur.execute(_REMOVE_REJECTED, values)
    removed = int(cur.rowcount)
    if removed < PART_ROWS:
        cur.execute(_REMOVE_JOBS, values)
        removed += cur.rowcount
    return removed


# The jobs of staged rows, found by one step in the index for each: a job may have a million rows.
_REMOVE_STAGED = """
WITH RECURSIVE staged AS (
    (SELECT job_id FROM job_rows ORDER BY job_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.job_id FROM job_rows r WHERE r.job_id > s.job_id ORDER BY r.job_id LIMIT 1)
    FROM staged s WHERE s.job_id IS NOT NULL
)
DELETE FROM job_rows WHERE (job_id, row_no) IN (
    SELECT r.job_id, r.row_no FROM staged s JOIN job_rows r ON r.job_id = s.job_id
    WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.id = s.job_id
                      AND j.status IN ('enqueued', 'processing'))
    LIMIT %(rows)s)
"""
# The questions of an evaluation are kept until it has ended.
_REMOVE_CASES = """
UPDATE evaluations SET cases = NULL WHERE job_id IN (
    SELECT e.job_id FROM evaluations e JOIN jobs j ON j.id = e.job_id
    WHERE e.cases IS NOT NULL AND j.finished_at IS NOT NULL
    LIMIT %(rows)s)
"""
_OVER = SQL("""
    SELECT j.id FROM jobs j
    WHERE j.finished_at < clock_timestamp() - make_interval(days => %(days)s)
      AND NOT (j.kind = 'evaluation' AND j.status = 'succeeded' AND NOT EXISTS (
          SELECT FROM jobs o WHERE o.kind = 'evaluation' AND o.status = 'succeeded'
          AND o.collection = j.collection AND o.number > j.number))
    ORDER BY j.finished_at
""")
_REMOVE_REJECTED = SQL("""
DELETE FROM job_errors WHERE number IN (
    SELECT e.number FROM ({over}) over JOIN job_errors e ON e.job_id = over.id
    LIMIT %(rows)s)
""").format(over=_OVER)
_REMOVE_JOBS = SQL("""
DELETE FROM jobs WHERE id IN (
    SELECT over.id FROM ({over}) over
    WHERE NOT EXISTS (SELECT FROM job_errors e WHERE e.job_id = over.id)
    LIMIT %(rows)s)
""").format(over=_OVER)
