"""Evaluations: jobs that ask a collection a file of questions, held by a lease while they run."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import Json

import store.jobs
from db import Pool, fetch_row
from messages import Message
from store.jobs import Job
from store.rejections import RejectedRow
from store.sentences import dump_parts

# A process that runs an evaluation and says nothing for so long is given up.
LEASE_SECONDS = 30.0
# An evaluation that ended its process so often is not tried again.
MOST_ATTEMPTS = 3
# Texts are compared with all of an item's in 70 µs, which must end well within the lease.
MOST_ALIKE_ITEMS = 50_000


@dataclass(frozen=True)
class ClaimedEvaluation:
    """An evaluation in hand: its cases as they were stored, and how often it was begun."""

    job_id: uuid.UUID
    lease_id: uuid.UUID
    collection: str
    cases: list[dict[str, Any]]
    attempts: int
    request_id: str | None = None


@dataclass(frozen=True)
class Target:
    """An item that a case may mean."""

    id: int
    external_id: str | None
    question_hash: str
    answer_hash: str


def create_evaluation(
    pool: Pool,
    *,
    collection: str,
    filename: str | None,
    file: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    rejected: Sequence[RejectedRow],
    request_id: str | None = None,
) -> Job:
    """Store an evaluation with its cases, and return its job."""
    job_id = uuid.uuid4()
    values = {
        "job": job_id,
        "collection": collection,
        "filename": filename,
        "file": Json(dict(file)),
        "total": len(cases) + len(rejected),
        "rejected": len(rejected),
        "request": request_id,
    }
    with pool.transaction() as conn:
        with conn.cursor() as cur:
            cur.execute(_INSERT_JOB, values)
            cur.execute(
                "INSERT INTO evaluations (job_id, cases) VALUES (%s, %s)",
                (job_id, Json(list(cases))),
            )
            insert_rejected(cur, job_id, rejected)
        return store.jobs.read_job(conn, job_id)


# The mode says nothing about an evaluation; the column has no other values.
_INSERT_JOB = """
INSERT INTO jobs (id, status, kind, collection, filename, mode, file, total, rejected, request_id)
VALUES (%(job)s, 'enqueued', 'evaluation', %(collection)s, %(filename)s, 'upsert', %(file)s,
        %(total)s, %(rejected)s, %(request)s)
"""


def insert_rejected(cur: cursor, job_id: uuid.UUID, rejected: Sequence[RejectedRow]) -> None:
    """Store rejected rows of a job."""
    for row in rejected:
        cur.execute(
            "INSERT INTO job_errors (job_id, line, code, error, error_parts, fields)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (job_id, row.line, row.code, row.error, dump_parts(row.error), Json(row.fields)),
        )


def claim_evaluation(pool: Pool) -> ClaimedEvaluation | None:
    """Hold the oldest evaluation that waits, or whose process fell silent; None without one."""
    with pool.transaction() as conn, conn.cursor() as cur:
        lease_id = uuid.uuid4()
        cur.execute(_CLAIM, {"lease": lease_id, "seconds": LEASE_SECONDS})
        row = cur.fetchone()
        if row is None:
            return None
        job_id, cases, attempts = row
        cur.execute(
            "UPDATE jobs SET status = 'processing', unchanged = 0,"
            " started_at = coalesce(started_at, clock_timestamp()) WHERE id = %s"
            " RETURNING collection, request_id",
            (job_id,),
        )
        collection, request_id = cur.fetchone() or ("", None)
    return ClaimedEvaluation(job_id, lease_id, collection, cases, attempts, request_id)


_CLAIM = """
UPDATE evaluations SET lease_id = %(lease)s, attempts = attempts + 1,
    leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE job_id = (
    SELECT e.job_id FROM evaluations e JOIN jobs j ON j.id = e.job_id
    WHERE j.status IN ('enqueued', 'processing')
      AND (e.leased_until IS NULL OR e.leased_until NOT BETWEEN clock_timestamp()
           AND clock_timestamp() + make_interval(secs => %(seconds)s))
    ORDER BY j.number LIMIT 1 FOR UPDATE OF e, j SKIP LOCKED)
RETURNING job_id, cases, attempts
"""


def extend_evaluation(pool: Pool, claimed: ClaimedEvaluation, done: int) -> bool:
    """Hold the evaluation longer and note its progress; False if it is no longer ours."""
    with pool.transaction() as conn, conn.cursor() as cur:
        if not _is_ours(cur, claimed):
            return False
        cur.execute(
            "UPDATE evaluations SET leased_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE job_id = %s",
            (LEASE_SECONDS, claimed.job_id),
        )
        cur.execute("UPDATE jobs SET unchanged = %s WHERE id = %s", (done, claimed.job_id))
        return True


def release_evaluation(pool: Pool, claimed: ClaimedEvaluation) -> None:
    """Let it be claimed again at once, without blame: what it needs is away."""
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE evaluations SET leased_until = NULL, attempts = attempts - 1"
            " WHERE job_id = %s AND lease_id = %s",
            (claimed.job_id, claimed.lease_id),
        )


def finish_evaluation(
    pool: Pool,
    claimed: ClaimedEvaluation,
    result: Mapping[str, Any],
    outcomes: Sequence[Any],
    rejected: Sequence[RejectedRow],
) -> bool:
    """End the evaluation with its result; False if it is no longer ours."""
    with pool.transaction() as conn, conn.cursor() as cur:
        if not _is_ours(cur, claimed):
            return False
        insert_rejected(cur, claimed.job_id, rejected)
        cur.execute(
            "UPDATE evaluations SET cases = NULL, result = %s, outcomes = %s, leased_until = NULL"
            " WHERE job_id = %s",
            (Json(dict(result)), Json(list(outcomes)), claimed.job_id),
        )
        cur.execute(
            "UPDATE jobs SET status = 'succeeded', unchanged = total - rejected - %(more)s,"
            " rejected = rejected + %(more)s, finished_at = clock_timestamp() WHERE id = %(job)s",
            {"more": len(rejected), "job": claimed.job_id},
        )
        return True


def fail_evaluation(
    pool: Pool,
    claimed: ClaimedEvaluation,
    code: str,
    error: Message,
    rejected: Sequence[RejectedRow] = (),
) -> None:
    """End the evaluation without a result."""
    with pool.transaction() as conn, conn.cursor() as cur:
        if not _is_ours(cur, claimed):
            return
        insert_rejected(cur, claimed.job_id, rejected)
        cur.execute("UPDATE evaluations SET cases = NULL WHERE job_id = %s", (claimed.job_id,))
        cur.execute(
            "UPDATE jobs SET status = 'failed', error_code = %s, error = %s, error_parts = %s,"
            " unchanged = 0, rejected = rejected + %s, finished_at = clock_timestamp()"
            " WHERE id = %s",
            (code, error, dump_parts(error), len(rejected), claimed.job_id),
        )


def _is_ours(cur: cursor, claimed: ClaimedEvaluation) -> bool:
    """Lock the job and return whether the caller still holds it, and nobody canceled it."""
    cur.execute(
        "SELECT FROM jobs j JOIN evaluations e ON e.job_id = j.id"
        " WHERE j.id = %s AND j.status = 'processing' AND e.lease_id = %s FOR UPDATE",
        (claimed.job_id, claimed.lease_id),
    )
    return cur.fetchone() is not None


def get_result(pool: Pool, job_id: uuid.UUID) -> dict[str, Any] | None:
    """Return the result of an evaluation that succeeded, or None."""
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT result FROM evaluations WHERE job_id = %s", (job_id,))
        row = cur.fetchone()
    return None if row is None else row[0]


def find_last(
    pool: Pool, collection: str, before: uuid.UUID
) -> tuple[dict[str, Any], list[Any]] | None:
    """Return result and outcomes of the collection's last evaluation before this job, or None.

    What was asked before the collection was deleted is not compared with.
    """
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT e.result, e.outcomes FROM evaluations e JOIN jobs j ON j.id = e.job_id
            WHERE j.kind = 'evaluation' AND j.collection = %(collection)s
              AND j.status = 'succeeded' AND e.outcomes IS NOT NULL
              AND j.number < (SELECT number FROM jobs WHERE id = %(job)s)
            ORDER BY j.number DESC LIMIT 1
            """,
            {"collection": collection, "job": before},
        )
        row = cur.fetchone()
    return None if row is None else (row[0], row[1])


def find_targets(
    pool: Pool,
    collection: str,
    *,
    external_ids: Sequence[str],
    question_hashes: Sequence[str],
    answer_hashes: Sequence[str],
) -> list[Target]:
    """Return the collection's items that have one of these ids, questions or answers."""
    with pool.reading(seconds=60.0) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT i.id, i.external_id, replace(i.question_hash::text, '-', ''),
                   replace(i.answer_hash::text, '-', '')
            FROM items i JOIN collections c ON c.id = i.collection_id
            WHERE c.name = %s AND (i.external_id = ANY (%s)
                OR i.question_hash = ANY (%s::uuid[]) OR i.answer_hash = ANY (%s::uuid[]))
            ORDER BY i.id
            """,
            (collection, list(external_ids), list(question_hashes), list(answer_hashes)),
        )
        return [Target(*row) for row in cur.fetchall()]


def find_alike(pool: Pool, collection: str, texts: Sequence[str]) -> dict[str, set[int]]:
    """Return the items that texts mean that are none's question or answer letter by letter.

    A text is another wording of an item's question; else it looks like such a wording, like a
    question, or else like an answer, but for case, spaces and invisible marks. What looks like
    several questions, or several answers, means nothing. It reads the whole collection, so nothing
    is found in one of more than MOST_ALIKE_ITEMS.
    """
    if not texts:
        return {}
    with pool.reading(seconds=60.0) as conn, conn.cursor() as cur:
        cur.execute(_COUNT_ITEMS, {"collection": collection, "most": MOST_ALIKE_ITEMS + 1})
        if fetch_row(cur)[0] > MOST_ALIKE_ITEMS:
            return {}
        cur.execute(_FIND_ALIKE, {"collection": collection, "texts": list(texts)})
        return {text: set(items) for text, items in cur.fetchall()}


_COUNT_ITEMS = """
SELECT count(*) FROM (
    SELECT FROM items i JOIN collections c ON c.id = i.collection_id
    WHERE c.name = %(collection)s LIMIT %(most)s
) i
"""
# Both sides are folded here, because what `lower` does depends on the database. In the locale C it
# knows A to Z only, so letters come apart from their accents first.
_FIND_ALIKE = """
WITH wanted AS MATERIALIZED (
    SELECT text, lower(normalize(visible_text(text), NFKD)) AS folded
    FROM unnest(%(texts)s::text[]) t (text)
), alike AS (
    SELECT w.text, i.id, k.own,
           CASE WHEN k.rank = 1 AND k.stored = w.text THEN 0 ELSE k.rank END AS rank
    FROM items i JOIN collections c ON c.id = i.collection_id
    CROSS JOIN LATERAL (
        SELECT i.question, i.question_hash, 1
        UNION ALL SELECT other, i.question_hash, 1 FROM unnest(i.alternatives) other
        UNION ALL SELECT i.answer, i.answer_hash, 2
    ) k (stored, own, rank)
    JOIN wanted w ON w.folded = lower(normalize(visible_text(k.stored), NFKD))
    WHERE c.name = %(collection)s
), first AS (
    SELECT *, min(rank) OVER (PARTITION BY text) AS least FROM alike
)
SELECT text, array_agg(DISTINCT id) FROM first WHERE rank = least
GROUP BY text HAVING count(DISTINCT own) = 1
"""
