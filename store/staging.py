"""The rows of a file on their way into a job."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple

from psycopg2.extensions import connection

from db import Pool
from store.copying import CopyStream, format_array, format_line
from store.rejections import RejectedRow
from store.sentences import dump_parts

# Rejected rows that are held in memory before they go to a temporary file, in bytes.
REJECTED_BYTES = 1 << 20


class StagedRow(NamedTuple):
    """A row of a file that waits to be embedded. Keys are 128-bit digests in hexadecimal.

    `alternatives` is None if the file says nothing of other wordings; the item keeps its own then.
    """

    line: int
    external_id: str | None
    item_key: str
    question_hash: str
    answer_hash: str
    question: str
    answer: str
    metadata: Mapping[str, str]
    alternatives: Sequence[str] | None = None


def copy_rows(
    pool: Pool, conn: connection, job_id: uuid.UUID, rows: Iterable[StagedRow | RejectedRow]
) -> None:
    """COPY a job's rows and rejected rows, and count them. Memory stays constant.

    A connection runs one COPY at a time, so the rejected rows wait in a temporary file.
    """
    with (
        tempfile.SpooledTemporaryFile(max_size=REJECTED_BYTES, mode="w+b") as rejected,
        conn.cursor() as cur,
    ):
        lines = _Lines(job_id, rows, rejected)
        CopyStream(lines, on_read=lambda: pool.touch(conn)).copy_into(
            cur,
            "COPY job_rows (job_id, row_no, line, item_key, question_hash, answer_hash,"
            " external_id, question, answer, metadata, alternatives) FROM STDIN",
        )
        rejected.seek(0)
        cur.copy_expert(
            "COPY job_errors (job_id, line, code, error, error_parts, fields) FROM STDIN", rejected
        )
        cur.execute(
            "UPDATE jobs SET total = %s, rejected = %s WHERE id = %s",
            (lines.staged + lines.rejected, lines.rejected, job_id),
        )


class _Lines:
    """COPY's lines of the rows that are staged, numbered from 1. Rejected rows go to `file`."""

    def __init__(
        self, job_id: uuid.UUID, rows: Iterable[StagedRow | RejectedRow], file: IO[bytes]
    ) -> None:
        self.staged = 0
        self.rejected = 0
        self._job = str(job_id)
        self._rows = rows
        self._file = file

    def __iter__(self) -> Iterator[str]:
        for row in self._rows:
            if isinstance(row, StagedRow):
                self.staged += 1
                yield _format_staged(self._job, self.staged, row)
            else:
                self.rejected += 1
                self._file.write(_format_rejected(self._job, row).encode())


def _format_staged(job: str, row_no: int, row: StagedRow) -> str:
    # Numbers and digests have nothing to escape.
    plain = f"{job}\t{row_no}\t{row.line}\t{row.item_key}\t{row.question_hash}\t{row.answer_hash}\t"
    return plain + format_line(
        row.external_id, row.question, row.answer, row.metadata, format_array(row.alternatives)
    )


def _format_rejected(job: str, row: RejectedRow) -> str:
    fields = [field.replace("\0", "\ufffd") for field in row.fields]
    parts = dump_parts(row.error)
    return format_line(job, str(row.line), row.code, row.error, parts, fields)
