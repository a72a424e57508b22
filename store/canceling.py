"""What it means to cancel a job, whoever asks for it."""

from __future__ import annotations

from psycopg2.extensions import cursor
from psycopg2.sql import SQL


def cancel_jobs(cur: cursor, condition: SQL, value: object) -> int:
    """End the unfinished jobs that meet the condition on `value`; return how many there were.

    Items that are already written stay. A replacing job writes its items only at its end, so a
    canceled one has inserted and updated nothing.
    """
    cur.execute(_CANCEL.format(condition=condition), (value,))
    canceled = [job_id for (job_id,) in cur.fetchall()]
    # A statement of its own: it sees what a worker wrote while the first one waited for the job.
    cur.execute("DELETE FROM job_rows WHERE job_id = ANY (%s)", (canceled,))
    cur.execute("UPDATE evaluations SET cases = NULL WHERE job_id = ANY (%s)", (canceled,))
    return len(canceled)


_CANCEL = SQL("""
UPDATE jobs SET status = 'canceled', finished_at = clock_timestamp(),
    inserted = CASE mode WHEN 'replace' THEN 0 ELSE inserted END,
    updated = CASE mode WHEN 'replace' THEN 0 ELSE updated END
WHERE {condition} AND status IN ('enqueued', 'processing')
RETURNING id
""")
