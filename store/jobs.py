"""Jobs: created with all their rows, read, listed, canceled, and locked for their next step."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json, RealDictCursor
from psycopg2.sql import SQL, Composable

import store.canceling
import store.collections
import store.staging
from db import DatabaseUnavailable, Pool, fetch_row
from messages import Message, restore, say
from store.rejections import RejectedRow
from store.staging import StagedRow

# An upload may be silent for this long, in seconds, before PostgreSQL counts as away: its last
# write is the commit of everything.
UPLOAD_SECONDS = 60.0
# The same for the first statement of an upload, so that it soon says that PostgreSQL is away.
MAKE_SECONDS = 4.0
# The same for the look whether a job can start or end.
LOOK_SECONDS = 10.0
# An upload waits for so long while another one with its idempotency key is stored.
KEY_SECONDS = 10


class KeyReused(Exception):
    """An idempotency key came again with other content, after it had made the job `job_id`."""

    def __init__(self, job_id: uuid.UUID) -> None:
        super().__init__(f"the idempotency key made the job {job_id} of other content")
        self.job_id = job_id


@dataclass(frozen=True)
class UploadKey:
    """The idempotency key of an upload, and a digest of what came with it."""

    key: str
    digest: str


@dataclass(frozen=True)
class NewJob:
    """What an upload asks for."""

    collection: str
    mode: str
    filename: str | None = None
    key: UploadKey | None = None
    file: Mapping[str, Any] = field(default_factory=dict)
    # The id of the request that brought it, for the log.
    request_id: str | None = None


@dataclass(frozen=True)
class Job:
    """A job as its callers see it. `rate` is in rows a second; `waiting` says what it waits for."""

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
    error: Message | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    waiting: Message | None
    kind: str = "import"

    @property
    def done(self) -> int:
        return self.inserted + self.updated + self.unchanged + self.rejected


@dataclass(frozen=True)
class LockedJob:
    """A job that is locked together with its collection, until the transaction ends."""

    id: uuid.UUID
    collection_id: int
    mode: str
    total: int
    rejected: int
    request_id: str | None = None


_SELECT_JOBS = SQL("""
    SELECT id, status, kind, collection, filename, mode, file, total, inserted, updated, unchanged,
    rejected, deleted, error_code, error, error_parts, created_at, started_at, finished_at,
    CASE WHEN finished_at IS NULL THEN waiting END AS waiting, waiting_parts,
    CASE WHEN finished_at IS NULL THEN rate
         -- Nothing is known of a job during which the clock was set back.
         WHEN finished_at > started_at THEN (inserted + updated + unchanged + rejected)
              / GREATEST(extract(epoch FROM finished_at - started_at)::float8, 0.001)
    END AS rate
    FROM jobs
""")
_BY_ID = SQL("WHERE id = %s")


def get_job(pool: Pool, job_id: uuid.UUID) -> Job | None:
    """Return the job, or None."""
    with pool.reading() as conn:
        return _select_job(conn, _BY_ID, job_id)


def find_earlier_job(pool: Pool, key: UploadKey) -> Job | None:
    """Return the job that the same upload made before, or None. Raises KeyReused."""
    with pool.reading() as conn:
        return _select_earlier_job(conn, key)


def _select_earlier_job(conn: connection, key: UploadKey) -> Job | None:
    with conn.cursor() as cur:
        cur.execute(
            "SELECT id, idempotency_digest FROM jobs WHERE idempotency_key = %s", (key.key,)
        )
        row = cur.fetchone()
    if row is None:
        return None
    job_id, digest = row
    # A job of an older service has no digest.
    if digest is not None and digest != key.digest:
        raise KeyReused(job_id)
    return _select_job(conn, _BY_ID, job_id)


def read_job(conn: connection, job_id: uuid.UUID) -> Job:
    """Return a job that this transaction stored."""
    job = _select_job(conn, _BY_ID, job_id)
    if job is None:
        raise LookupError("a job that was just stored is not there")
    return job


def _select_job(conn: connection, condition: SQL, value: object) -> Job | None:
    with conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(_SELECT_JOBS + condition, (value,))
        row = cur.fetchone()
    return None if row is None else _make_job(row)


def _make_job(row: dict[str, Any]) -> Job:
    for name in ("error", "waiting"):
        parts = row.pop(f"{name}_parts")
        if row[name] is not None:
            row[name] = restore(row[name], parts)
    return Job(**row)


def list_jobs(
    pool: Pool,
    *,
    status: str | None,
    collection: str | None,
    kind: str | None = None,
    visible: Sequence[str] | None = None,
    limit: int,
    offset: int,
) -> tuple[list[Job], int]:
    """Return a page of jobs, newest first, and how many there are in all.

    With `visible`, only jobs of these collections.
    """
    values = {
        "status": status,
        "collection": collection,
        "kind": kind,
        "visible": None if visible is None else list(visible),
        "limit": limit,
        "offset": offset,
    }
    with pool.reading() as conn, conn.cursor(cursor_factory=RealDictCursor) as cur:
        cur.execute(SQL("SELECT count(*) AS total FROM jobs") + _CHOSEN, values)
        total = fetch_row(cur)["total"]
        cur.execute(_SELECT_JOBS + _CHOSEN + _PAGE, values)
        return [_make_job(row) for row in cur.fetchall()], total


_CHOSEN = SQL("""
    WHERE (%(status)s IS NULL OR status = %(status)s)
      AND (%(collection)s IS NULL OR collection = %(collection)s)
      AND (%(kind)s IS NULL OR kind = %(kind)s)
      AND (%(visible)s IS NULL OR collection = ANY (%(visible)s))
""")
_PAGE = SQL("ORDER BY number DESC LIMIT %(limit)s OFFSET %(offset)s")


def create_job(
    pool: Pool,
    new: NewJob,
    rows: Iterable[StagedRow | RejectedRow],
    describe: Callable[[], Mapping[str, Any]] | None = None,
) -> Job:
    """Store a job with all its rows in one transaction, and return it.

    `describe` returns what is known of the file when its rows have been read. Where the same upload
    came before with the idempotency key, its job is returned and `rows` is not read. Raises
    KeyReused where the key came with other content. What reading `rows` raises passes through.
    Whatever is raised, nothing is stored.
    """
    job_id = uuid.uuid4()
    with pool.transaction(MAKE_SECONDS) as conn, conn.cursor() as cur:
        # In a transaction of its own: in the long one, other uploads into a new collection would
        # wait for this one.
        store.collections.make_collection(cur, new.collection)
    with pool.transaction(UPLOAD_SECONDS) as conn:
        if not insert_job(conn, job_id, new):
            return _require_earlier_job(conn, new.key)
        store.staging.copy_rows(pool, conn, job_id, rows)
        file = new.file if describe is None else describe()
        if file != new.file:
            with conn.cursor() as cur:
                cur.execute("UPDATE jobs SET file = %s WHERE id = %s", (Json(dict(file)), job_id))
        return read_job(conn, job_id)


def insert_job(conn: connection, job_id: uuid.UUID, new: NewJob) -> bool:
    """Store a job without rows; return False where its idempotency key was used before.

    An upload that is being stored with the same key is waited for. Raises DatabaseUnavailable where
    that takes longer than KEY_SECONDS: the caller's thread is needed by others.
    """
    values = {
        "job": job_id,
        "filename": new.filename,
        "mode": new.mode,
        "key": new.key and new.key.key,
        "digest": new.key and new.key.digest,
        "file": Json(dict(new.file)),
        "collection": new.collection,
        "request": new.request_id,
    }
    with conn.cursor() as cur:
        cur.execute("SELECT set_config('lock_timeout', %s, true)", (f"{KEY_SECONDS}s",))
        try:
            cur.execute(_INSERT_JOB, values)
        except LockNotAvailable as error:
            raise DatabaseUnavailable(
                say("An upload with the same Idempotency-Key is being stored.")
            ) from error
        inserted = cur.rowcount == 1
        cur.execute("SET LOCAL lock_timeout TO DEFAULT")
        return inserted


_INSERT_JOB = """
INSERT INTO jobs (id, status, collection_id, collection, filename, mode, idempotency_key,
                  idempotency_digest, file, request_id)
SELECT %(job)s, 'enqueued', id, name, %(filename)s, %(mode)s, %(key)s, %(digest)s, %(file)s,
       %(request)s
FROM collections WHERE name = %(collection)s
ON CONFLICT (idempotency_key) DO NOTHING
"""


def _require_earlier_job(conn: connection, key: UploadKey | None) -> Job:
    job = None if key is None else _select_earlier_job(conn, key)
    if job is None:
        raise LookupError("a job with this idempotency key vanished")
    return job


def cancel_job(pool: Pool, job_id: uuid.UUID) -> Job | None:
    """End an unfinished job; rows already written stay. Return the job, or None."""
    with pool.transaction(UPLOAD_SECONDS) as conn:
        with conn.cursor() as cur:
            store.canceling.cancel_jobs(cur, SQL("id = %s"), job_id)
        return _select_job(conn, _BY_ID, job_id)


def lock_next_job(cur: cursor, ready: Composable) -> LockedJob | None:
    """Lock the oldest job `j` that is ready and whose collection is not locked; None without one.

    The job is looked at again in a statement of its own, which sees what was committed until the
    collection was locked.
    """
    cur.execute(
        SQL("""
            SELECT j.id FROM jobs j JOIN collections c ON c.id = j.collection_id
            WHERE {ready} ORDER BY j.number LIMIT 1 {lock} SKIP LOCKED
        """).format(ready=ready, lock=store.collections.LOCK)
    )
    found = cur.fetchone()
    if found is None:
        return None
    cur.execute(
        SQL("""
            SELECT j.id, j.collection_id, j.mode, j.total, j.rejected, j.request_id FROM jobs j
            WHERE j.id = %s AND {ready} FOR UPDATE
        """).format(ready=ready),
        found,
    )
    locked = cur.fetchone()
    return None if locked is None else LockedJob(*locked)
