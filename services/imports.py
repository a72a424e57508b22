"""Imports: the rows of a file go into the queue as a job, or a preview shows what the job would do.

All rows are read before the call returns: the file of an HTTP request closes with the request.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from typing import BinaryIO

import store.jobs
import store.preview
from db import Pool
from files.description import FileDescription
from files.options import ReadOptions
from files.rows import Rejection, Row
from files.table import Table, open_table
from request_ids import current_request_id
from services.row_check import RowCheck, RowsCheck
from services.runtime import Runtime
from store.jobs import Job, NewJob, UploadKey
from store.models import Model
from store.rejections import RejectedRow
from store.staging import StagedRow
from texts import answer_hash, id_key, question_hash

logger = logging.getLogger(__name__)

# So much of a file is read at once to compute its digest.
DIGEST_BYTES = 1 << 20


@dataclass(frozen=True)
class Upload:
    """A file to import, at its beginning and seekable; the name and encoding that it came with."""

    file: BinaryIO
    filename: str | None
    charset: str | None = None


@dataclass(frozen=True)
class ImportOptions:
    """Where the rows go, and how the file is to be read."""

    collection: str
    mode: str
    reading: ReadOptions = field(default_factory=ReadOptions)


@dataclass(frozen=True)
class Shown:
    """How many rows a preview shows, and how many rejected ones."""

    rows: int
    errors: int


@dataclass(frozen=True)
class ImportPreview:
    """What an import would do: its job as it would end, how the file was read, its first rows.

    `rejected` are the first rows that would be rejected, without their fields; `check` says what
    the texts tell.
    """

    job: Job
    description: FileDescription
    rows: list[Row]
    rejected: list[RejectedRow]
    check: RowsCheck


def make_key(key: str, upload: Upload, options: ImportOptions) -> UploadKey:
    """Return a caller's idempotency key with a digest of the file's bytes and the options.

    Only options that differ from their defaults count, so that one that is added later changes no
    digest. The file's name does not count: no row depends on it.
    """
    reading = asdict(_add_charset(upload, options))
    defaults = asdict(ReadOptions())
    given = {name: value for name, value in reading.items() if value != defaults[name]}
    given |= {"collection": options.collection, "mode": options.mode}
    digest = blake2b(json.dumps(given, sort_keys=True).encode(), digest_size=32)
    digest.update(_digest_file(upload.file))
    return UploadKey(key, digest.hexdigest())


def _digest_file(file: BinaryIO) -> bytes:
    digest = blake2b(digest_size=32)
    file.seek(0)
    while piece := file.read(DIGEST_BYTES):
        digest.update(piece)
    file.seek(0)
    return digest.digest()


def import_file(
    runtime: Runtime, upload: Upload, options: ImportOptions, key: UploadKey | None = None
) -> Job:
    """Do as `enqueue`, and wake the workers."""
    job = enqueue(runtime.pool, upload, options, key)
    runtime.workers.wake()
    return job


def enqueue(
    pool: Pool, upload: Upload, options: ImportOptions, key: UploadKey | None = None
) -> Job:
    """Store a job with all rows of the file, for whoever has workers on the database.

    With a key that the same import used before, return the job of that import instead. Raises
    KeyReused where another import used it, and FileError when the file can't be taken as a whole;
    then nothing is stored.
    """
    with read_table(upload, options) as table:
        new = _build_job(upload, options, table.description, key)
        job = store.jobs.create_job(pool, new, stage_rows(table), table.description.as_json)
    logger.info("job %s: %d rows, %d rejected", job.id, job.total, job.rejected)
    return job


def preview_file(
    runtime: Runtime, upload: Upload, options: ImportOptions, shown: Shown
) -> ImportPreview:
    """Do as `foresee`, for the model that runs."""
    return foresee(runtime.pool, runtime.model, upload, options, shown)


def foresee(
    pool: Pool, model: Model, upload: Upload, options: ImportOptions, shown: Shown
) -> ImportPreview:
    """Return what importing the file would do, with its first rows and rejections.

    Nothing is stored. Raises FileError when the file can't be taken as a whole.
    """
    first: list[Row] = []
    check = RowCheck()
    with read_table(upload, options) as table:
        description = table.description
        new = _build_job(upload, options, description)
        rows = stage_rows(check.watch(_keep_first(table, first, shown.rows)))
        found = store.preview.preview_job(pool, model, new, rows, shown.errors)
    job = replace(found.job, file=description.as_json())
    taken = [row for row in first if row.line not in found.lines]
    return ImportPreview(job, description, taken, found.rejected, check.finish(found.lines))


def read_table(upload: Upload, options: ImportOptions) -> AbstractContextManager[Table]:
    """Return the file's rows. Raises FileError when the file can't be taken as a whole."""
    return open_table(upload.file, _add_charset(upload, options))


def _add_charset(upload: Upload, options: ImportOptions) -> ReadOptions:
    """Return how the file is to be read; the upload's charset counts where no option names one."""
    return replace(options.reading, encoding=options.reading.encoding or upload.charset)


def stage_rows(rows: Iterable[Row | Rejection]) -> Iterator[StagedRow | RejectedRow]:
    """Yield the rows with the keys that say which item each one is."""
    for row in rows:
        if isinstance(row, Row):
            yield _stage_row(row)
        else:
            yield RejectedRow(row.line, row.code, row.error, row.fields)


def _stage_row(row: Row) -> StagedRow:
    question_key = question_hash(row.question)
    return StagedRow(
        line=row.line,
        external_id=row.id,
        item_key=question_key if row.id is None else id_key(row.id),
        question_hash=question_key,
        answer_hash=answer_hash(row.answer),
        question=row.question,
        answer=row.answer,
        metadata=row.metadata,
        alternatives=row.alternatives,
    )


def _build_job(
    upload: Upload,
    options: ImportOptions,
    description: FileDescription,
    key: UploadKey | None = None,
) -> NewJob:
    return NewJob(
        options.collection,
        options.mode,
        upload.filename,
        key,
        description.as_json(),
        current_request_id(),
    )


def _keep_first(
    rows: Iterable[Row | Rejection], first: list[Row], most: int
) -> Iterator[Row | Rejection]:
    """Yield the rows, and put the first `most` that are taken into `first`."""
    for row in rows:
        if len(first) < most and isinstance(row, Row):
            first.append(row)
        yield row
