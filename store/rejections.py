"""Rejected rows: how a job lists them, and how they are read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg2.extensions import cursor
from psycopg2.sql import SQL, Composed, Literal

from db import Pool, fetch_row
from messages import Message, restore
from store.sentences import Sentence

# How many rows `stream_rejected` holds in memory, and how long its reader may take for them.
STREAM_ROWS = 100
STREAM_SECONDS = 60.0


class RejectedRow(NamedTuple):
    """A row that can't be taken: the line where it begins, why, and what it holds.

    `fields` are the fields as the file has them. For a row that was staged before it was rejected,
    they are read back as a mapping of id, question, answer, metadata and alternatives.
    """

    line: int
    code: str
    error: Message
    fields: Sequence[str] | Mapping[str, Any] = ()


def compose_rejection(code: str, error: Sentence) -> Composed:
    """Return the SQL that lists the staged rows of a CTE named `rejected` with their job.

    `error` is of expressions, so that it can use the columns of that CTE.
    """
    return _INSERT_REJECTED.format(code=Literal(code), error=error.text, parts=error.parts)


_INSERT_REJECTED = SQL("""
INSERT INTO job_errors (job_id, line, code, error, error_parts, fields)
SELECT job_id, line, {code}, {error}, {parts},
       jsonb_build_object('id', external_id, 'question', question, 'answer', answer,
                          'metadata', metadata, 'alternatives', alternatives)
FROM rejected
""")


def list_rejected(
    pool: Pool, job_id: uuid.UUID, *, limit: int, offset: int
) -> tuple[list[RejectedRow], int]:
    """Return a page of the job's rejected rows by line, without their fields, and their number."""
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT count(*) FROM job_errors WHERE job_id = %s", (job_id,))
        total = fetch_row(cur)[0]
        return select_rejected(cur, job_id, limit, offset), total


def select_rejected(
    cur: cursor, job_id: uuid.UUID, limit: int, offset: int = 0
) -> list[RejectedRow]:
    """Return a page of the job's rejected rows, as `list_rejected`, as the transaction sees them.

    Fields may be long, and a page has many rows.
    """
    cur.execute(_SELECT_REASONS + " LIMIT %s OFFSET %s", (job_id, limit, offset))
    return [
        RejectedRow(line, code, restore(error, parts))
        for line, code, error, parts in cur.fetchall()
    ]


def select_lines(cur: cursor, job_id: uuid.UUID, limit: int) -> frozenset[int]:
    """Return the first lines of the job's rejected rows, as the transaction sees them."""
    cur.execute(
        "SELECT line FROM job_errors WHERE job_id = %s ORDER BY line LIMIT %s", (job_id, limit)
    )
    return frozenset(line for (line,) in cur.fetchall())


def stream_rejected(
    pool: Pool, job_id: uuid.UUID, *, limit: int | None = None, offset: int = 0
) -> Iterator[RejectedRow]:
    """Yield the job's rejected rows by line, read in one snapshot; all of them without a limit."""
    with pool.transaction(STREAM_SECONDS) as conn:
        rows = pool.stream_rows(conn, _SELECT_REJECTED, (job_id, limit, offset), STREAM_ROWS)
        for line, code, error, parts, fields in rows:
            yield RejectedRow(line, code, restore(error, parts), fields)


_SELECT_REASONS = """
SELECT line, code, error, error_parts FROM job_errors WHERE job_id = %s ORDER BY line, number
"""
_SELECT_REJECTED = """
SELECT line, code, error, error_parts, coalesce(fields, '[]') FROM job_errors
WHERE job_id = %s ORDER BY line, number LIMIT %s OFFSET %s
"""
