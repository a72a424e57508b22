"""An upload: its file read in its request, and its rows on their way into the queue.

A file of an upload closes with its request, so it is read within it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from flask import Request
from pydantic import ValidationError

from files.encoding import is_archive
from files.errors import FileError
from files.excel import is_workbook
from files.rows import ReadOptions, Rejection, Row
from files.table import Table, open_table
from store.jobs import RejectedRow, StagedRow
from texts import answer_hash, id_key, question_hash
from web.errors import ApiError
from web.schemas import UploadOptions, invalid_request

FILE_TYPES = (
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/csv",
    "application/jsonl",
    "application/x-ndjson",
    "application/ndjson",
    "application/json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)
ARCHIVE_BYTES = 8
MAX_FILENAME = 255


@dataclass(frozen=True)
class Upload:
    """The file of an upload, at its beginning and seekable; the name and encoding it came with."""

    file: BinaryIO
    filename: str | None
    charset: str | None = None


@contextmanager
def open_upload(request: Request) -> Iterator[Upload]:
    """Yield the request's file: its part `file`, or its body. Raises ApiError (400, 413, 415)."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _unsupported("The body is compressed: send the CSV itself.")
    if request.mimetype == "multipart/form-data":
        with _part(request) as upload:
            yield upload
    elif request.mimetype in FILE_TYPES:
        with tempfile.TemporaryFile() as file:
            shutil.copyfileobj(request.stream, file)
            body = _whole(request, file)
            if request.mimetype == "application/json" and not _is_array(body):
                raise _unsupported("The body is no JSON array of objects with question and answer.")
            yield _plain(Upload(body, None, _charset(request.mimetype_params)))
    else:
        raise _unsupported(
            f"The body's Content-Type is {request.mimetype or 'missing'}: send the file as "
            "multipart field `file` (curl -F file=@faq.csv), or as the body with text/csv."
        )


def upload_options(request: Request) -> UploadOptions:
    """Return the options, from query and form fields alike. Raises ApiError (400)."""
    given = [*request.args.items(multi=True), *request.form.items(multi=True)]
    for name, times in Counter(name for name, _ in given).items():
        if times > 1:
            raise ApiError(400, "invalid_request", f"{name}: given {times} times.")
    try:
        return UploadOptions.model_validate(dict(given))
    except ValidationError as error:
        raise invalid_request(error) from error


def read_table(upload: Upload, options: UploadOptions) -> AbstractContextManager[Table]:
    """Return the file's rows. Raises FileError where it can't be taken as a whole."""
    return open_table(
        upload.file,
        ReadOptions(
            question_column=options.question_column,
            answer_column=options.answer_column,
            id_column=options.id_column,
            header=options.header,
            delimiter=options.delimiter,
            encoding=options.encoding or upload.charset,
            overflow=options.overflow,
        ),
        options.sheet,
    )


def describe(table: Table) -> dict[str, Any]:
    """Return what was found in the file, for the job."""
    return {
        "format": table.format,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "header_line": table.header_line,
        "columns": table.columns,
        "question_column": table.question_column,
        "answer_column": table.answer_column,
        "id_column": table.id_column,
    }


def staged(rows: Iterable[Row | Rejection]) -> Iterator[StagedRow | RejectedRow]:
    """Yield the rows with the keys that say which item each one is."""
    for row in rows:
        if isinstance(row, Row):
            yield _staged_row(row)
        else:
            yield RejectedRow(row.line, row.code, row.error, row.fields)


def noting_first(
    rows: Iterable[Row | Rejection], first: list[Row], most: int
) -> Iterator[Row | Rejection]:
    """Yield the rows, and keep the first `most` that are taken in `first`."""
    for row in rows:
        if len(first) < most and isinstance(row, Row):
            first.append(row)
        yield row


def file_error(error: FileError) -> ApiError:
    """Return the 422 of a file that can't be taken, or the 400 of an option that can't."""
    status = 400 if error.code == "invalid_option" else 422
    return ApiError(status, error.code, error.message, details=error.details)


def _staged_row(row: Row) -> StagedRow:
    asked = question_hash(row.question)
    return StagedRow(
        line=row.line,
        external_id=row.id,
        item_key=asked if row.id is None else id_key(row.id),
        question_hash=asked,
        answer_hash=answer_hash(row.answer),
        question=row.question,
        answer=row.answer,
        metadata=row.metadata,
    )


@contextmanager
def _part(request: Request) -> Iterator[Upload]:
    files = request.files.getlist("file")
    others = sorted(name or "(no name)" for name in request.files if name != "file")
    if not request.files and not request.form:
        raise ApiError(
            400,
            "malformed_request",
            "No part of the multipart body can be read: it has none, its end is missing, or a "
            "file's name is not UTF-8 (send -F 'file=@faq.csv;filename=faq.csv').",
        )
    if not files and "file" in request.form:
        raise ApiError(
            400,
            "missing_file",
            "The part `file` is a text, not a file with a name: send it as curl -F file=@faq.csv "
            "does.",
        )
    if len(files) != 1 or others:
        found = f"{len(files)} parts named `file`" + (f" and {', '.join(others)}" if others else "")
        raise ApiError(
            400,
            "missing_file" if not files else "invalid_request",
            f"Send one file as the part `file` (curl -F file=@faq.csv); there are {found[:300]}.",
        )
    name = (files[0].filename or "").replace("\0", "")[:MAX_FILENAME]
    charset = _charset(files[0].mimetype_params)
    yield _plain(Upload(cast(BinaryIO, files[0].stream), name or None, charset))


def _charset(parameters: Mapping[str, str]) -> str | None:
    """Return the encoding that a Content-Type names, but for UTF-8: that many say of any text."""
    charset = parameters.get("charset", "").strip()
    return None if charset.lower().replace("-", "").replace("_", "") in ("", "utf8") else charset


def _plain(upload: Upload) -> Upload:
    """Return the upload, unless it is an archive (nothing is inflated) or an old workbook."""
    kind = is_archive(upload.file.read(ARCHIVE_BYTES))
    upload.file.seek(0)
    if kind is not None and not is_workbook(upload.file):
        raise _unsupported(f"The file is {kind}: unpack it, or save it as CSV, and upload that.")
    return upload


def _is_array(file: BinaryIO) -> bool:
    """Return whether JSON is an array: an object is what callers of other routes send."""
    start = file.read(1 << 10)
    file.seek(0)
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _whole(request: Request, file: BinaryIO) -> BinaryIO:
    """Return the body from its beginning. Raises ApiError where it was cut off on the way."""
    length = file.tell()
    if request.content_length is not None and length != request.content_length:
        raise ApiError(
            400,
            "incomplete_body",
            f"The body ended after {length} of {request.content_length} bytes: send it again.",
        )
    file.seek(0)
    return file


def _unsupported(error: str) -> ApiError:
    return ApiError(415, "unsupported_media_type", error)
