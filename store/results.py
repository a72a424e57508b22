"""The results of claimed rows: their items and vectors, or their rejection, and the job's progress.

Whoever writes results first locks the job and the rows under the lease that claimed them. A worker
that slept past its lease finds a row gone, and writes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from psycopg2.extensions import cursor
from psycopg2.sql import SQL, Placeholder

import store.vectors
from db import Pool, fetch_row
from messages import say
from store.claims import CLAIM_SECONDS, LEASE_OVER, MOST_ATTEMPTS, Batch
from store.models import Model
from store.rejections import compose_rejection
from store.sentences import Sentence, dump_parts
from store.vectors import ItemVectors

# A server that says nothing for so many seconds is away.
WRITE_SECONDS = 60.0


class LeaseLost(Exception):
    """The rows were claimed by somebody else, or their job ended: nothing was written."""


def finish_batch(
    pool: Pool, model: Model, batch: Batch, vectors: Mapping[int, ItemVectors]
) -> bool:
    """Write a batch's items, vectors, outcomes and progress in one transaction.

    `vectors` are those of the rows by their numbers; rows without are rejected, since the model
    failed on them. Return whether the job's last row is done. Raises LeaseLost, having written
    nothing, where the batch is no longer ours.
    """
    embedded = list(vectors)
    failed = [row_no for row_no in batch.numbers if row_no not in vectors]
    with pool.transaction(WRITE_SECONDS) as conn, conn.cursor() as cur:
        mode, collection_id = _lock_batch(cur, batch)
        store.vectors.stage_vectors(cur, batch.job_id, vectors)
        _reject_failed(cur, batch.job_id, failed)
        if mode == "replace":
            inserted, updated = _foresee_outcomes(cur, batch.job_id, collection_id, embedded)
        else:
            inserted, updated = write_items(cur, model, batch.job_id, collection_id, embedded)
            cur.execute(
                "DELETE FROM staged_vectors WHERE job_id = %s AND row_no = ANY (%s)",
                (batch.job_id, embedded),
            )
        return _count_progress(cur, batch.job_id, inserted, updated, len(failed))


def _lock_batch(cur: cursor, batch: Batch) -> tuple[str, int]:
    """Lock the job and the batch's rows; return its mode and collection. Raises LeaseLost."""
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


def _reject_failed(cur: cursor, job_id: uuid.UUID, failed: Sequence[int]) -> None:
    if failed:
        cur.execute(
            _REJECT_FAILED,
            {"job": job_id, "rows": failed, "error": _FAILED, "parts": dump_parts(_FAILED)},
        )


def reject_killers(pool: Pool) -> int:
    """Reject the rows that ended every process that claimed them; return how many."""
    error = say(
        "The model ended the process {times} times on this row's text: shorten or reword it, and "
        "upload it again.",
        times=MOST_ATTEMPTS,
    )
    with pool.transaction(CLAIM_SECONDS) as conn, conn.cursor() as cur:
        values = {"most": MOST_ATTEMPTS, "error": error, "parts": dump_parts(error)}
        cur.execute(_REJECT_KILLERS, values)
        return sum(n for (n,) in cur.fetchall())


_FAILED = say("The model failed on this row's text: shorten or reword it, and upload it again.")
_LIST_REJECTED = compose_rejection(
    "embedding_failed", Sentence(Placeholder("error"), SQL("%(parts)s::jsonb"))
)

_REJECT_FAILED = SQL("""
WITH rejected AS (
    UPDATE job_rows SET outcome = 'rejected', lease_id = NULL, leased_until = NULL
    WHERE job_id = %(job)s AND row_no = ANY (%(rows)s) RETURNING *
)
{list_rejected}
""").format(list_rejected=_LIST_REJECTED)

_REJECT_KILLERS = SQL("""
WITH job AS MATERIALIZED (
    SELECT id FROM jobs j
    WHERE j.status = 'processing' AND EXISTS (
        SELECT FROM job_rows r WHERE r.job_id = j.id AND {kills})
    ORDER BY id FOR NO KEY UPDATE
), rejected AS (
    UPDATE job_rows r SET outcome = 'rejected', lease_id = NULL, leased_until = NULL
    FROM job j WHERE r.job_id = j.id AND {kills}
    RETURNING r.*
), listed AS ({list_rejected})
UPDATE jobs j SET rejected = j.rejected + g.n
FROM (SELECT job_id, count(*) AS n FROM rejected GROUP BY job_id) g
WHERE j.id = g.job_id RETURNING g.n
""").format(
    kills=SQL("r.outcome IS NULL AND r.attempts >= %(most)s AND {over}").format(over=LEASE_OVER),
    list_rejected=_LIST_REJECTED,
)


def write_items(
    cur: cursor, model: Model, job_id: uuid.UUID, collection_id: int, rows: Sequence[int] | None
) -> tuple[int, int]:
    """Write the items of rows whose vectors are staged; return how many are new, and how many not.

    `rows` are row numbers; None means all rows of the job.
    """
    cur.execute(
        _WRITE_ITEMS,
        {"job": job_id, "rows": rows, "collection": collection_id, "model": model.id},
    )
    inserted, updated = fetch_row(cur)
    if updated:
        cur.execute(
            _CHANGE_ALTERNATIVES,
            {"job": job_id, "rows": rows, "collection": collection_id, "model": model.id},
        )
    return inserted, updated


_WRITE_ITEMS = """
WITH chosen AS MATERIALIZED (
    SELECT r.*, (SELECT number FROM jobs WHERE id = %(job)s) << 32 | r.row_no AS position
    FROM job_rows r
    WHERE r.job_id = %(job)s AND (%(rows)s::bigint[] IS NULL OR r.row_no = ANY (%(rows)s))
      AND EXISTS (SELECT FROM staged_vectors s
                  WHERE s.job_id = r.job_id AND s.row_no = r.row_no)
), written AS (
    INSERT INTO items AS i (collection_id, item_key, place, external_id, question_hash,
                            answer_hash, question, answer, metadata, position, alternatives)
    SELECT %(collection)s, item_key, place, external_id, question_hash, answer_hash, question,
           answer, metadata, position, coalesce(alternatives, '{}')
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
    -- Vectors that another model made of a text that is no longer there. A trigger deletes those of
    -- pieces, and no statement may delete what its own triggers did.
    DELETE FROM item_vectors v USING written w
    WHERE v.item_id = w.id AND NOT w.is_new AND v.model_id <> %(model)s
      AND v.kind NOT LIKE 'pair %%'
), embedded AS (
    INSERT INTO item_vectors (item_id, model_id, kind, collection_id, embedding)
    SELECT o.id, %(model)s, s.kind, %(collection)s, s.embedding
    FROM outcomes o JOIN staged_vectors s ON s.job_id = %(job)s AND s.row_no = o.row_no
    ON CONFLICT (item_id, model_id, kind) DO UPDATE SET embedding = excluded.embedding
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM outcomes
"""

# A statement of its own, because only a row that says something of other wordings changes them. An
# item that gets fewer of them loses the vectors of the others.
_CHANGE_ALTERNATIVES = """
WITH changed AS (
    UPDATE items i SET alternatives = r.alternatives
    FROM job_rows r
    WHERE r.job_id = %(job)s AND (%(rows)s::bigint[] IS NULL OR r.row_no = ANY (%(rows)s))
      AND EXISTS (SELECT FROM staged_vectors s
                  WHERE s.job_id = r.job_id AND s.row_no = r.row_no)
      AND i.collection_id = %(collection)s AND i.item_key = r.item_key AND i.place = r.place
      AND i.alternatives <> r.alternatives
    RETURNING i.id, cardinality(i.alternatives) AS alternatives
)
DELETE FROM item_vectors v USING changed c
WHERE v.item_id = c.id AND v.kind LIKE 'alternative %%'
  AND (v.model_id <> %(model)s OR split_part(v.kind, ' ', 2)::integer > c.alternatives)
"""


def _foresee_outcomes(
    cur: cursor, job_id: uuid.UUID, collection_id: int, rows: Sequence[int]
) -> tuple[int, int]:
    """Note what rows of a replacing job will be; return how many are new, and how many not.

    Their items are written at the end of the job.
    """
    cur.execute(
        """
        WITH outcomes AS (
            UPDATE job_rows r
            SET lease_id = NULL, leased_until = NULL,
                outcome = CASE WHEN EXISTS (
                    SELECT FROM items i WHERE i.collection_id = %(collection)s
                    AND i.item_key = r.item_key AND i.place = r.place)
                THEN 'updated' ELSE 'inserted' END
            WHERE r.job_id = %(job)s AND r.row_no = ANY (%(rows)s)
            RETURNING outcome
        )
        SELECT count(*) FILTER (WHERE outcome = 'inserted'),
               count(*) FILTER (WHERE outcome = 'updated')
        FROM outcomes
        """,
        {"job": job_id, "collection": collection_id, "rows": rows},
    )
    inserted, updated = fetch_row(cur)
    return inserted, updated


def _count_progress(
    cur: cursor, job_id: uuid.UUID, inserted: int, updated: int, rejected: int
) -> bool:
    """Add to the job's counts and its rate; return whether its last row is done.

    The rate is an exponential moving average over time with a time constant of 10 s. It stays as
    it is where no time has passed, because the clock was set back.
    """
    cur.execute(
        """
        WITH passed AS MATERIALIZED (
            SELECT NULLIF(GREATEST(extract(epoch FROM clock_timestamp()
                                           - coalesce(rate_at, started_at))::float8, 0), 0)
                   AS seconds
            FROM jobs WHERE id = %(job)s
        )
        UPDATE jobs
        SET inserted = inserted + %(inserted)s, updated = updated + %(updated)s,
            rejected = rejected + %(rejected)s, rate_at = clock_timestamp(), waiting = NULL,
            rate = coalesce(rate + (1 - exp(-seconds / 10)) * (%(rows)s / seconds - rate),
                            %(rows)s / seconds, rate)
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
    return bool(fetch_row(cur)[0])
