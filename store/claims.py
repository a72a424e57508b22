"""The queue as workers see it: claim rows, write their results.

A claim gives rows a fresh lease id and counts an attempt; whoever writes results first locks the
rows by that lease id and stops where one is gone (fencing), so a worker that slept past its lease
writes nothing. All times are the server's own clock_timestamp(): neither the host's clock nor
now(), which stands still in a transaction.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from psycopg2.extensions import connection, cursor

from db import DatabaseUnavailable, Pool, one_row
from embeddings import FloatArray
from store.copying import halfvec_rows
from store.models import Model

# Rows claimed so often without an end are tried alone (schema.sql's indexes say it too), and at
# last rejected: what they hold ends the process.
SUSPECT_ATTEMPTS = 2
MOST_ATTEMPTS = 5
# A server that says nothing for so long is away.
CLAIM_SECONDS = 10.0
WRITE_SECONDS = 60.0


class LeaseLost(Exception):
    """The rows were claimed by somebody else, or their job ended: nothing was written."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Claimed rows of one job: (row number, question, answer), in the file's order."""

    job_id: uuid.UUID
    lease_id: uuid.UUID
    rows: list[tuple[int, str, str]]

    @property
    def numbers(self) -> list[int]:
        return [row_no for row_no, _, _ in self.rows]


@dataclass(frozen=True)
class Result:
    """The two vectors of a claimed row, shape (dimension,) each; None where the model failed."""

    row_no: int
    question: FloatArray | None
    pair: FloatArray | None


def claim_batch(pool: Pool, lease_seconds: int, limit: int) -> Batch | None:
    """Claim up to `limit` waiting rows of one job for `lease_seconds`; None where none wait.

    Jobs take turns. Rows that were claimed before without an end are left to claim_suspect.
    """
    return _claim(pool, _CLAIM_WAITING, {"seconds": lease_seconds, "limit": limit})


def claim_suspect(pool: Pool, lease_seconds: int) -> Batch | None:
    """Claim one row that was claimed before without an end; None where none waits.

    Whoever tries it has nothing else in hand: what dies beside it would be blamed with it.
    """
    return _claim(pool, _CLAIM_SUSPECT, {"seconds": lease_seconds, "most": MOST_ATTEMPTS})


def _claim(pool: Pool, statement: str, values: dict[str, int]) -> Batch | None:
    batch = None
    try:
        with pool.transaction(CLAIM_SECONDS) as conn, conn.cursor() as cur:
            batch = _claimed(cur, statement, values)
    except DatabaseUnavailable:
        if batch is not None:
            # The reply to COMMIT was lost: the rows may be ours, and wait for nothing.
            with suppress(DatabaseUnavailable):
                release_batch(pool, batch, blame=False)
        raise
    return batch


def _claimed(cur: cursor, statement: str, values: dict[str, int]) -> Batch | None:
    lease_id = uuid.uuid4()
    cur.execute(statement, values | {"lease": lease_id})
    rows = sorted(cur.fetchall(), key=lambda row: int(row[1]))
    if not rows:
        return None
    job_id = rows[0][0]
    cur.execute(_NOTE_CLAIM, (job_id,))
    return Batch(job_id, lease_id, [row[1:] for row in rows])


# Who changes a job and its rows locks the job first; a claim has its rows already, so it does not
# wait for the job: the note only makes jobs take turns.
_NOTE_CLAIM = """
UPDATE jobs SET claimed_at = clock_timestamp()
WHERE id = (SELECT id FROM jobs WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)
"""

# MATERIALIZED: as a plain IN (SELECT … LIMIT), a nested loop runs the subquery again and again
# and claims far more rows than the limit.
_CLAIM_WAITING = """
WITH job AS MATERIALIZED (
    SELECT j.id FROM jobs j
    WHERE j.status = 'processing' AND EXISTS (
        SELECT FROM job_rows r
        WHERE r.job_id = j.id AND r.outcome IS NULL AND r.attempts < 2
          AND (r.leased_until IS NULL OR r.leased_until < clock_timestamp()))
    ORDER BY j.claimed_at NULLS FIRST, j.number LIMIT 1
), picked AS MATERIALIZED (
    SELECT r.job_id, r.row_no FROM job_rows r
    WHERE r.job_id = (SELECT id FROM job) AND r.outcome IS NULL AND r.attempts < 2
      AND (r.leased_until IS NULL OR r.leased_until < clock_timestamp())
    ORDER BY r.row_no LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE job_rows r
SET lease_id = %(lease)s, attempts = attempts + 1,
    leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM picked p WHERE r.job_id = p.job_id AND r.row_no = p.row_no
RETURNING r.job_id, r.row_no, r.question, r.answer
"""

_CLAIM_SUSPECT = """
WITH picked AS MATERIALIZED (
    SELECT r.job_id, r.row_no FROM jobs j JOIN job_rows r ON r.job_id = j.id
    WHERE j.status = 'processing' AND r.outcome IS NULL AND r.attempts >= 2
      AND r.attempts < %(most)s AND r.leased_until < clock_timestamp()
    ORDER BY r.attempts, j.number, r.row_no LIMIT 1 FOR UPDATE OF r SKIP LOCKED
)
UPDATE job_rows r
SET lease_id = %(lease)s, attempts = attempts + 1,
    leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM picked p WHERE r.job_id = p.job_id AND r.row_no = p.row_no
RETURNING r.job_id, r.row_no, r.question, r.answer
"""


def reject_killers(pool: Pool) -> int:
    """Reject the rows that ended every process that claimed them; return how many."""
    with pool.transaction(CLAIM_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            """
            WITH job AS MATERIALIZED (
                SELECT id FROM jobs j
                WHERE j.status = 'processing' AND EXISTS (
                    SELECT FROM job_rows r WHERE r.job_id = j.id AND r.outcome IS NULL
                      AND r.attempts >= %(most)s AND r.leased_until < clock_timestamp())
                ORDER BY id FOR NO KEY UPDATE
            ), given_up AS (
                UPDATE job_rows r SET outcome = 'rejected', lease_id = NULL, leased_until = NULL
                FROM job j
                WHERE j.id = r.job_id AND r.outcome IS NULL
                  AND r.attempts >= %(most)s AND r.leased_until < clock_timestamp()
                RETURNING r.*
            ), listed AS (
                INSERT INTO job_errors (job_id, line, code, error, fields)
                SELECT job_id, line, 'embedding_failed', %(error)s,
                    jsonb_build_object('id', external_id, 'question', question, 'answer', answer,
                                       'metadata', metadata)
                FROM given_up
            )
            UPDATE jobs j SET rejected = j.rejected + g.n
            FROM (SELECT job_id, count(*) AS n FROM given_up GROUP BY job_id) g
            WHERE j.id = g.job_id RETURNING g.n
            """,
            {
                "most": MOST_ATTEMPTS,
                "error": _FAILED.format(what=f"ended the process {MOST_ATTEMPTS} times"),
            },
        )
        return sum(n for (n,) in cur.fetchall())


_FAILED = "The model {what} on this row's text: shorten or reword it, and upload it again."


def extend_lease(pool: Pool, batch: Batch, lease_seconds: int) -> bool:
    """Hold the batch for `lease_seconds` from now; False where it is no longer ours."""
    with pool.transaction(CLAIM_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            """
            UPDATE job_rows SET leased_until = clock_timestamp() + make_interval(secs => %s)
            WHERE job_id = %s AND row_no = ANY (%s) AND lease_id = %s
            """,
            (lease_seconds, batch.job_id, batch.numbers, batch.lease_id),
        )
        return bool(cur.rowcount)


def release_batch(pool: Pool, batch: Batch, *, blame: bool) -> None:
    """Give unfinished rows back at once; without `blame` the attempt does not count."""
    with pool.transaction(seconds=5.0) as conn, conn.cursor() as cur:
        cur.execute(
            """
            UPDATE job_rows
            SET lease_id = NULL, leased_until = clock_timestamp(), attempts = attempts - %s
            WHERE job_id = %s AND row_no = ANY (%s) AND lease_id = %s
            """,
            (0 if blame else 1, batch.job_id, batch.numbers, batch.lease_id),
        )


def finish_batch(pool: Pool, model: Model, batch: Batch, results: Sequence[Result]) -> bool:
    """Write a batch's items, vectors, outcomes and progress in one transaction.

    Return whether the job's last row is done. Raises LeaseLost, having written nothing, where
    the batch is no longer ours.
    """
    embedded = [r for r in results if r.question is not None and r.pair is not None]
    failed = sorted(set(batch.numbers) - {r.row_no for r in embedded})
    with pool.transaction(WRITE_SECONDS) as conn:
        mode, collection_id = _fence(conn, batch)
        _stage_vectors(conn, batch.job_id, embedded)
        _reject_failed(conn, batch.job_id, failed)
        scope = {
            "job": batch.job_id,
            "rows": [r.row_no for r in embedded],
            "collection": collection_id,
            "model": model.id,
        }
        with conn.cursor() as cur:
            cur.execute(_FORESEE_OUTCOMES if mode == "replace" else WRITE_ITEMS, scope)
            inserted, updated = one_row(cur)
            if mode != "replace":
                cur.execute(
                    "DELETE FROM staged_vectors WHERE job_id = %(job)s AND row_no = ANY (%(rows)s)",
                    scope,
                )
        return _count_progress(conn, batch.job_id, inserted, updated, len(failed))


def _fence(conn: connection, batch: Batch) -> tuple[str, int]:
    """Lock the job and the batch's rows; return its mode and collection. Raises LeaseLost."""
    with conn.cursor() as cur:
        cur.execute(
            "SELECT mode, collection_id FROM jobs WHERE id = %s FOR NO KEY UPDATE", (batch.job_id,)
        )
        job = cur.fetchone()
        cur.execute(
            """
            SELECT row_no FROM job_rows
            WHERE job_id = %s AND row_no = ANY (%s) AND lease_id = %s
            ORDER BY row_no FOR UPDATE
            """,
            (batch.job_id, batch.numbers, batch.lease_id),
        )
        if job is None or len(cur.fetchall()) != len(batch.rows):
            raise LeaseLost(f"job {batch.job_id}: {len(batch.rows)} rows are no longer ours")
        mode, collection_id = job
        return mode, collection_id


def _stage_vectors(conn: connection, job_id: uuid.UUID, results: Sequence[Result]) -> None:
    rows = [
        (r.row_no, kind, vector)
        for r in results
        for kind, vector in (("question", r.question), ("pair", r.pair))
        if vector is not None
    ]
    with conn.cursor() as cur:
        cur.copy_expert(
            "COPY staged_vectors (job_id, row_no, kind, embedding) FROM STDIN WITH (FORMAT binary)",
            io.BytesIO(b"".join(halfvec_rows(job_id.bytes, rows))),
        )


def _reject_failed(conn: connection, job_id: uuid.UUID, failed: Sequence[int]) -> None:
    if not failed:
        return
    with conn.cursor() as cur:
        cur.execute(
            """
            WITH rejected AS (
                UPDATE job_rows SET outcome = 'rejected', lease_id = NULL, leased_until = NULL
                WHERE job_id = %s AND row_no = ANY (%s) RETURNING *
            )
            INSERT INTO job_errors (job_id, line, code, error, fields)
            SELECT %s, line, 'embedding_failed', %s,
                jsonb_build_object('id', external_id, 'question', question, 'answer', answer,
                                   'metadata', metadata)
            FROM rejected
            """,
            (job_id, list(failed), job_id, _FAILED.format(what="failed")),
        )


# With rows = NULL, all that a replacing job staged.
WRITE_ITEMS = """
WITH chosen AS MATERIALIZED (
    SELECT r.*, (SELECT number FROM jobs WHERE id = %(job)s) << 32 | r.row_no AS position
    FROM job_rows r
    WHERE r.job_id = %(job)s AND (%(rows)s::bigint[] IS NULL OR r.row_no = ANY (%(rows)s))
      AND EXISTS (SELECT FROM staged_vectors s
                  WHERE s.job_id = r.job_id AND s.row_no = r.row_no)
), written AS (
    INSERT INTO items AS i (collection_id, item_key, place, external_id, question_hash,
                            answer_hash, question, answer, metadata, position)
    SELECT %(collection)s, item_key, place, external_id, question_hash, answer_hash, question,
           answer, metadata, position
    -- In one order everywhere, so that two writers never wait for each other.
    FROM chosen ORDER BY item_key, place
    ON CONFLICT (collection_id, item_key, place) DO UPDATE
    SET external_id = coalesce(excluded.external_id, i.external_id),
        question_hash = excluded.question_hash, answer_hash = excluded.answer_hash,
        question = excluded.question, answer = excluded.answer, metadata = excluded.metadata,
        updated_at = clock_timestamp()
    -- xmax is 0 in a row that was inserted, and the updating transaction in one that was updated.
    RETURNING i.id, i.item_key, i.place, i.xmax = 0 AS is_new
), outcomes AS (
    UPDATE job_rows r
    SET outcome = CASE WHEN w.is_new THEN 'inserted' ELSE 'updated' END,
        lease_id = NULL, leased_until = NULL
    FROM chosen c JOIN written w USING (item_key, place)
    WHERE r.job_id = %(job)s AND r.row_no = c.row_no
    RETURNING r.row_no, w.id, w.is_new
), outdated AS (
    -- Another model's vectors of a text that is no longer there.
    DELETE FROM vectors v USING written w
    WHERE v.item_id = w.id AND NOT w.is_new AND v.model_id <> %(model)s
), embedded AS (
    INSERT INTO vectors (item_id, model_id, kind, collection_id, embedding)
    SELECT o.id, %(model)s, s.kind, %(collection)s, s.embedding
    FROM outcomes o JOIN staged_vectors s ON s.job_id = %(job)s AND s.row_no = o.row_no
    ON CONFLICT (item_id, model_id, kind) DO UPDATE SET embedding = excluded.embedding
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM outcomes
"""

# A replacing job writes its items at its end; until then it only knows what they will be.
_FORESEE_OUTCOMES = """
WITH outcomes AS (
    UPDATE job_rows r
    SET lease_id = NULL, leased_until = NULL,
        outcome = CASE WHEN EXISTS (
            SELECT FROM items i WHERE i.collection_id = %(collection)s
            AND i.item_key = r.item_key AND i.place = r.place) THEN 'updated' ELSE 'inserted' END
    WHERE r.job_id = %(job)s AND r.row_no = ANY (%(rows)s)
    RETURNING outcome
)
SELECT count(*) FILTER (WHERE outcome = 'inserted'), count(*) FILTER (WHERE outcome = 'updated')
FROM outcomes
"""


def _count_progress(
    conn: connection, job_id: uuid.UUID, inserted: int, updated: int, rejected: int
) -> bool:
    """Add to the job's counts and its rate; return whether its last row is done.

    The rate is an exponential moving average over time with a time constant of 10 s.
    """
    with conn.cursor() as cur:
        cur.execute(
            """
            WITH passed AS MATERIALIZED (
                SELECT GREATEST(extract(epoch FROM clock_timestamp()
                                        - coalesce(rate_at, started_at))::float8, 0.001) AS seconds
                FROM jobs WHERE id = %(job)s
            )
            UPDATE jobs
            SET inserted = inserted + %(inserted)s, updated = updated + %(updated)s,
                rejected = rejected + %(rejected)s, rate_at = clock_timestamp(),
                rate = coalesce(rate + (1 - exp(-seconds / 10)) * (%(rows)s / seconds - rate),
                                %(rows)s / seconds)
            FROM passed WHERE id = %(job)s
            RETURNING inserted + updated + unchanged + rejected = total
            """,
            {
                "job": job_id,
                "inserted": inserted,
                "updated": updated,
                "rejected": rejected,
                "rows": inserted + updated + rejected,
            },
        )
        return bool(one_row(cur)[0])
