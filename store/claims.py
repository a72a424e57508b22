"""The queue as workers see it: rows claimed, held and given back.

A claim gives rows a fresh lease id and counts one more attempt. The lease ends by itself, and then
another worker may claim the rows; results are written only under the lease that still holds
(store/results.py). All times are the server's own clock_timestamp(): hosts' clocks differ, and
now() stands still in a transaction. The server's clock may be set back, too. Then a lease seems to
begin in the future; such a lease is over, or its rows would wait until the clock has caught up.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from psycopg2.extensions import cursor
from psycopg2.sql import SQL, Composed

from db import DatabaseUnavailable, Pool, fetch_row

# Rows that were claimed so often and never finished are tried alone. The partial indexes of
# schema.sql contain the same number, because an index needs a constant.
SUSPECT_ATTEMPTS = 2
# Rows that were claimed so often are rejected: something in them ends the process.
MOST_ATTEMPTS = 5
# When nobody holds the row `r` any more. Clocks are adjusted by a second now and then, so only a
# lease that begins later than that counts as one from before the clock was set back. A version
# before this one does not say when a lease begins, but no lease is longer than an hour
# (LEASE_SECONDS in config.py).
LEASE_OVER = SQL("""(
    r.leased_until IS NULL OR r.leased_until < clock_timestamp()
    OR r.leased_at > clock_timestamp() + interval '5 seconds'
    OR r.leased_until > clock_timestamp() + interval '3605 seconds'
)""")
# A server that says nothing for so many seconds is away.
CLAIM_SECONDS = 10.0
RELEASE_SECONDS = 5.0
# A worker that claimed rows so long ago may still embed them; most batches take 4 seconds.
ALIVE_SECONDS = 20.0


class ClaimedRow(NamedTuple):
    """A row to be embedded."""

    row_no: int
    question: str
    answer: str
    alternatives: list[str]


@dataclass(frozen=True, eq=False)
class Batch:
    """Claimed rows of one job, in the file's order."""

    job_id: uuid.UUID
    lease_id: uuid.UUID
    rows: list[ClaimedRow]
    # The id of the request that brought the job, for the log.
    request_id: str | None = None

    @property
    def numbers(self) -> list[int]:
        return [row.row_no for row in self.rows]


def claim_batch(pool: Pool, lease_seconds: int, limit: int) -> Batch | None:
    """Claim up to `limit` waiting rows of one job for `lease_seconds`; None where none wait.

    Jobs take turns. Rows that were claimed before and never finished are left to claim_suspect.
    """
    return _claim(pool, _CLAIM_WAITING, lease_seconds, limit)


def claim_suspect(pool: Pool, lease_seconds: int) -> Batch | None:
    """Claim one row that was claimed before and never finished; None where none waits.

    The caller must hold nothing else meanwhile: if the row ends the process, the rows beside it
    would be blamed as well.
    """
    return _claim(pool, _CLAIM_SUSPECT, lease_seconds, 1)


def _claim(pool: Pool, statement: Composed, lease_seconds: int, limit: int) -> Batch | None:
    batch = None
    try:
        with pool.transaction(CLAIM_SECONDS) as conn, conn.cursor() as cur:
            batch = _lease_rows(cur, statement, lease_seconds, limit)
    except DatabaseUnavailable:
        if batch is not None:
            # The reply to COMMIT was lost, so the claim may hold. Nobody works on these rows.
            with suppress(DatabaseUnavailable):
                release_batch(pool, batch, blame=False)
        raise
    return batch


def _lease_rows(cur: cursor, statement: Composed, lease_seconds: int, limit: int) -> Batch | None:
    lease_id = uuid.uuid4()
    cur.execute(
        statement,
        {
            "lease": lease_id,
            "seconds": lease_seconds,
            "limit": limit,
            "suspect": SUSPECT_ATTEMPTS,
            "most": MOST_ATTEMPTS,
        },
    )
    rows = sorted(cur.fetchall(), key=lambda row: int(row[1]))
    if not rows:
        return None
    job_id = rows[0][0]
    cur.execute(_NOTE_CLAIM, (job_id,))
    cur.execute("SELECT request_id FROM jobs WHERE id = %s", (job_id,))
    (request_id,) = fetch_row(cur)
    return Batch(job_id, lease_id, [ClaimedRow(*row[1:]) for row in rows], request_id)


# The note only makes jobs take turns, so it is skipped if the job is locked. All others lock a job
# before its rows. A claim has its rows already: if it waited for the job, it could wait for someone
# who waits for these rows.
_NOTE_CLAIM = """
UPDATE jobs SET claimed_at = clock_timestamp()
WHERE id = (SELECT id FROM jobs WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
"""

_LEASE_PICKED = SQL("""
UPDATE job_rows r
SET lease_id = %(lease)s, attempts = attempts + 1, leased_at = clock_timestamp(),
    leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM picked p WHERE r.job_id = p.job_id AND r.row_no = p.row_no
RETURNING r.job_id, r.row_no, r.question, r.answer, coalesce(r.alternatives, '{}')
""")

_WAITS = SQL("r.outcome IS NULL AND r.attempts < %(suspect)s AND {over}").format(over=LEASE_OVER)

# MATERIALIZED: as a plain IN (SELECT … LIMIT), a nested loop runs the subquery again and again
# and claims far more rows than the limit.
_CLAIM_WAITING = SQL("""
WITH job AS MATERIALIZED (
    SELECT j.id FROM jobs j
    WHERE j.status = 'processing'
      AND EXISTS (SELECT FROM job_rows r WHERE r.job_id = j.id AND {waits})
    -- A time in the future is from before the clock was set back, and says nothing.
    ORDER BY CASE WHEN j.claimed_at <= clock_timestamp() THEN j.claimed_at END NULLS FIRST,
             j.number LIMIT 1
), picked AS MATERIALIZED (
    SELECT r.job_id, r.row_no FROM job_rows r
    WHERE r.job_id = (SELECT id FROM job) AND {waits}
    ORDER BY r.row_no LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
{lease_picked}
""").format(waits=_WAITS, lease_picked=_LEASE_PICKED)

_CLAIM_SUSPECT = SQL("""
WITH picked AS MATERIALIZED (
    SELECT r.job_id, r.row_no FROM jobs j JOIN job_rows r ON r.job_id = j.id
    WHERE j.status = 'processing' AND r.outcome IS NULL AND r.attempts >= %(suspect)s
      AND r.attempts < %(most)s AND {over}
    ORDER BY r.attempts, j.number, r.row_no LIMIT %(limit)s FOR UPDATE OF r SKIP LOCKED
)
{lease_picked}
""").format(over=LEASE_OVER, lease_picked=_LEASE_PICKED)


def is_worked_on(pool: Pool, job_id: uuid.UUID) -> bool:
    """Return whether somebody works, here or elsewhere: on this job, or on others before it.

    Who starts or ends a job holds a lock on it; who embeds rows claimed them a moment ago.
    """
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT NOT EXISTS (SELECT FROM jobs WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
                OR EXISTS (SELECT FROM jobs WHERE claimed_at
                    BETWEEN clock_timestamp() - make_interval(secs => %s) AND clock_timestamp())
            """,
            (job_id, ALIVE_SECONDS),
        )
        return bool(fetch_row(cur)[0])


def extend_lease(pool: Pool, batch: Batch, lease_seconds: int) -> bool:
    """Hold the batch for `lease_seconds` from now; False where it is no longer ours."""
    with pool.transaction(CLAIM_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            """
            UPDATE job_rows SET leased_at = clock_timestamp(),
                leased_until = clock_timestamp() + make_interval(secs => %s)
            WHERE job_id = %s AND row_no = ANY (%s) AND lease_id = %s
            """,
            (lease_seconds, batch.job_id, batch.numbers, batch.lease_id),
        )
        return bool(cur.rowcount)


def release_batch(pool: Pool, batch: Batch, *, blame: bool) -> None:
    """Give unfinished rows back at once; without `blame` the attempt does not count."""
    with pool.transaction(RELEASE_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            """
            UPDATE job_rows
            SET lease_id = NULL, leased_until = clock_timestamp(), attempts = attempts - %s
            WHERE job_id = %s AND row_no = ANY (%s) AND lease_id = %s
            """,
            (0 if blame else 1, batch.job_id, batch.numbers, batch.lease_id),
        )
