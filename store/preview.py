"""What an upload would do: its rows matched with the collection, and nothing kept."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace

from psycopg2.extensions import cursor

from db import Pool, one_row
from store.finishing import NOTHING_TAKEN
from store.jobs import (
    MAKE_SECONDS,
    UPLOAD_SECONDS,
    Job,
    NewJob,
    RejectedRow,
    StagedRow,
    insert_job,
    make_collection,
    read_job,
    stage_rows,
)
from store.matching import lock_collection, settle_rows
from store.models import Model


class _Undone(Exception):
    """Rolls the transaction back."""


def preview_job(
    pool: Pool, model: Model, new: NewJob, rows: Iterable[StagedRow | RejectedRow], errors: int
) -> tuple[Job, list[RejectedRow]]:
    """Return the job as it would end, and its first `errors` rejections; store nothing.

    What reading `rows` raises passes through.
    """
    job_id = uuid.uuid4()
    try:
        with pool.transaction(MAKE_SECONDS) as conn, conn.cursor() as cur:
            # On its own, so that no upload waits for it; it is listed once it holds items.
            make_collection(cur, new.collection)
        with pool.transaction(seconds=UPLOAD_SECONDS) as conn, conn.cursor() as cur:
            insert_job(conn, job_id, new)
            stage_rows(pool, conn, job_id, rows)
            cur.execute("SELECT collection_id FROM jobs WHERE id = %s", (job_id,))
            collection_id = one_row(cur)[0]
            lock_collection(cur, collection_id)
            settle_rows(cur, model, job_id, collection_id, new.mode)
            _foresee(cur, job_id, collection_id, new.mode)
            cur.execute(
                "SELECT line, code, error FROM job_errors"
                " WHERE job_id = %s ORDER BY line, number LIMIT %s",
                (job_id, errors),
            )
            rejected = [RejectedRow(*row) for row in cur.fetchall()]
            job = read_job(conn, job_id)
            if new.mode == "replace" and job.rejected == job.total:
                status, code, error = NOTHING_TAKEN
                job = replace(job, status=status, error_code=code, error=error, deleted=0)
            raise _Undone
    except _Undone:
        return job, rejected


def _foresee(cur: cursor, job_id: uuid.UUID, collection_id: int, mode: str) -> None:
    """Count the rows that would be embedded, and the items that a replacing job would delete."""
    scope = {"job": job_id, "collection": collection_id, "mode": mode}
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
        scope,
    )
