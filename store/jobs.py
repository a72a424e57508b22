"""Jobs as their callers see them: stored with all their rows, shown, listed, canceled."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json, RealDictCursor

from db import Pool, one_row
from store.copying import CopyStream, copy_line

# An upload may be silent for this long (its last write is the commit of everything) before
# PostgreSQL counts as away.
UPLOAD_SECONDS = 60.0
# The same where an upload begins: nothing else is as fast to say that PostgreSQL is away.
MAKE_SECONDS = 4.0

# Rejected rows that a reader of all of them holds in memory, and how long they may take.
ERRORS_ROWS = 100
ERRORS_SECONDS = 60.0


class StagedRow(NamedTuple):
    """A row of a file, as it waits to be embedded. Keys are 128-bit digests in hexadecimal."""

    line: int
    external_id: str | None
    item_key: str
    question_hash: str
    answer_hash: str
    question: str
    answer: str
    metadata: Mapping[str, str]


class RejectedRow(NamedTuple):
    """A row that can't be taken: where it begins, why, and its fields.

    Of a row that was staged before it was rejected, `fields` is read back as a mapping: id,
    question, answer, metadata.
    """

    line: int
    code: str
    error: str
    fields: Sequence[str] | Mapping[str, Any] = ()


@dataclass(frozen=True)
class NewJob:
    """What an upload asks for."""

    collection: str
    mode: str
    filename: str | None = None
    idempotency_key: str | None = None
    file: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A job as its callers see it. `rate` is rows a second."""

    id: uuid.UUID
    status: str
    collection: str
    filename: str | None
    mode: str
    file: dict[str, Any]
    total: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    deleted: int
    rate: float | None
    error_code: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def done(self) -> int:
        return self.inserted + self.updated + self.unchanged + self.rejected


_SELECT_JOBS = """
    SELECT id, status, collection, filename, mode, file, total, inserted, updated, unchanged,
    rejected, deleted, error_code, error, created_at, started_at, finished_at,
    CASE WHEN finished_at IS NULL THEN rate
         ELSE (inserted + updated + unchanged + rejected)
              / GREATEST(extract(epoch FROM finished_at - started_at)::float8, 0.001)
    END AS rate
    FROM jobs
"""


def job_by_idempotency_key(pool: Pool, key: str) -> Job | None:
    """Return the job that an earlier upload with this key made."""
    with pool.reading() as conn:
        return _job(conn, " WHERE idempotency_key = %s", key)


def get_job(pool: Pool, job_id: uuid.UUID) -> Job | None:
    """Return the job, or None."""
    with pool.reading() as conn:
        return _job(conn, " WHERE id = %s", job_id)


def _job(conn: connection, condition: str, value: object) -> Job | None:
    with conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(_SELECT_JOBS + condition, (value,))
        row = cur.fetchone()
    return None if row is None else Job(**row)


def list_jobs(
    pool: Pool, *, status: str | None, collection: str | None, limit: int, offset: int
) -> tuple[list[Job], int]:
    """Return a page of jobs, newest first, and how many there are in all."""
    narrowed = {"status": status, "collection": collection, "limit": limit, "offset": offset}
    with pool.reading() as conn, conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(_COUNT_JOBS, narrowed)
        total = one_row(cur)["total"]
        cur.execute(_SELECT_JOBS + _JOBS_PAGE, narrowed)
        return [Job(**row) for row in cur.fetchall()], total


_NARROWED = """
    WHERE (%(status)s IS NULL OR status = %(status)s)
      AND (%(collection)s IS NULL OR collection = %(collection)s)
"""
_COUNT_JOBS = "SELECT count(*) AS total FROM jobs" + _NARROWED  # noqa: S608, fixed text
_JOBS_PAGE = _NARROWED + " ORDER BY number DESC LIMIT %(limit)s OFFSET %(offset)s"


def list_errors(
    pool: Pool, job_id: uuid.UUID, *, limit: int, offset: int
) -> tuple[list[RejectedRow], int]:
    """Return a page of the job's rejected rows by line, and how many there are in all."""
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT count(*) FROM job_errors WHERE job_id = %s", (job_id,))
        total = one_row(cur)[0]
        cur.execute(_SELECT_ERRORS + " LIMIT %s OFFSET %s", (job_id, limit, offset))
        return [RejectedRow(*row) for row in cur.fetchall()], total


_SELECT_ERRORS = """
    SELECT line, code, error, coalesce(fields, '[]') FROM job_errors
    WHERE job_id = %s ORDER BY line, number
"""


def all_errors(pool: Pool, job_id: uuid.UUID) -> Iterator[RejectedRow]:
    """Yield the job's rejected rows by line, read in one snapshot."""
    with pool.transaction(ERRORS_SECONDS) as conn:
        rows = pool.streamed(conn, _SELECT_ERRORS, (job_id,), ERRORS_ROWS)
        yield from map(RejectedRow._make, rows)


def cancel_job(pool: Pool, job_id: uuid.UUID) -> Job | None:
    """End an unfinished job; rows already written stay. Return the job, or None."""
    with pool.transaction(seconds=UPLOAD_SECONDS) as conn:
        with conn.cursor() as cur:
            cur.execute(
                """
                UPDATE jobs SET status = 'canceled', finished_at = clock_timestamp(),
                    -- What a replacing job prepared was never written.
                    inserted = CASE mode WHEN 'replace' THEN 0 ELSE inserted END,
                    updated = CASE mode WHEN 'replace' THEN 0 ELSE updated END
                WHERE id = %s AND status IN ('enqueued', 'processing')
                """,
                (job_id,),
            )
            if cur.rowcount:
                cur.execute("DELETE FROM job_rows WHERE job_id = %s", (job_id,))
        return _job(conn, " WHERE id = %s", job_id)


def create_job(
    pool: Pool, new: NewJob, rows: Iterable[StagedRow | RejectedRow]
) -> tuple[Job, bool]:
    """Store a job with all its rows in one transaction; return it, and whether it is new.

    With an idempotency key that an earlier upload used, that one's job is returned and `rows` is
    not read. What reading `rows` raises passes through, and nothing is stored.
    """
    job_id = uuid.uuid4()
    with pool.transaction(MAKE_SECONDS) as conn, conn.cursor() as cur:
        # On its own, so that nobody waits for a long upload to make the same collection.
        make_collection(cur, new.collection)
    with pool.transaction(seconds=UPLOAD_SECONDS) as conn:
        if not insert_job(conn, job_id, new):
            earlier = _job(conn, " WHERE idempotency_key = %s", new.idempotency_key)
            if earlier is None:
                raise LookupError("a job with this idempotency key vanished")
            return earlier, False
        stage_rows(pool, conn, job_id, rows)
        return read_job(conn, job_id), True


def read_job(conn: connection, job_id: uuid.UUID) -> Job:
    """Return a job that this transaction stored."""
    job = _job(conn, " WHERE id = %s", job_id)
    if job is None:
        raise LookupError("a job that was just stored is not there")
    return job


def make_collection(cur: cursor, name: str) -> None:
    """Make the collection where there is none; it is listed once it holds items."""
    cur.execute("INSERT INTO collections (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))


def insert_job(conn: connection, job_id: uuid.UUID, new: NewJob) -> bool:
    """Store a job without rows; return False where its idempotency key was used before."""
    with conn.cursor() as cur:
        cur.execute(
            """
            INSERT INTO jobs (id, status, collection_id, collection, filename, mode,
                              idempotency_key, file)
            SELECT %s, 'enqueued', id, name, %s, %s, %s, %s FROM collections WHERE name = %s
            ON CONFLICT (idempotency_key) DO NOTHING
            """,
            (
                job_id,
                new.filename,
                new.mode,
                new.idempotency_key,
                Json(dict(new.file)),
                new.collection,
            ),
        )
        return cur.rowcount == 1


def stage_rows(
    pool: Pool, conn: connection, job_id: uuid.UUID, rows: Iterable[StagedRow | RejectedRow]
) -> None:
    """COPY a job's rows and rejections, and count them."""
    with (
        tempfile.SpooledTemporaryFile(max_size=1 << 20, mode="w+b") as errors,
        conn.cursor() as cur,
    ):
        counts = {"rows": 0, "rejected": 0}
        job = str(job_id)

        def lines() -> Iterator[str]:
            for row in rows:
                if isinstance(row, StagedRow):
                    counts["rows"] += 1
                    yield _row_line(job, counts["rows"], row)
                else:
                    counts["rejected"] += 1
                    errors.write(_error_line(job_id, row).encode())

        CopyStream(lines(), on_read=lambda: pool.touch(conn)).copy_into(
            cur,
            "COPY job_rows (job_id, row_no, line, item_key, question_hash, answer_hash,"
            " external_id, question, answer, metadata) FROM STDIN",
        )
        errors.seek(0)
        cur.copy_expert("COPY job_errors (job_id, line, code, error, fields) FROM STDIN", errors)
        cur.execute(
            "UPDATE jobs SET total = %s, rejected = %s WHERE id = %s",
            (counts["rows"] + counts["rejected"], counts["rejected"], job_id),
        )


def _row_line(job: str, row_no: int, row: StagedRow) -> str:
    # Numbers and digests have nothing to escape.
    plain = f"{job}\t{row_no}\t{row.line}\t{row.item_key}\t{row.question_hash}\t{row.answer_hash}\t"
    return plain + copy_line(row.external_id, row.question, row.answer, row.metadata)


def _error_line(job_id: uuid.UUID, row: RejectedRow) -> str:
    fields = [field.replace("\0", "\ufffd") for field in row.fields]
    return copy_line(str(job_id), str(row.line), row.code, row.error, fields)
