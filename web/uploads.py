"""The route of uploads: the file that a request brings, the options beside it, and the answer."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, TypeVar, cast

from apiflask import APIBlueprint
from flask import Request, Response, request
from werkzeug.datastructures import FileStorage

import services.imports
import store.jobs
from messages import Message, join, say, say_count
from services.imports import ImportPreview, Upload
from store.jobs import Job
from web.auth import EDITORS, auth
from web.checks import describe_rows
from web.context import current_runtime
from web.decoding import require_utf8
from web.errors import ApiError, invalid_request, unsupported_media_type
from web.job_schemas import DryRunJob, DryRunResponse, Preview, PreviewRow, UploadResponse
from web.jobs import describe_job, describe_rejection
from web.language import speak
from web.rates import charge_upload
from web.responses import answer_json
from web.schemas import MAX_IDEMPOTENCY_KEY, UploadOptions
from web.scope import require_writable, separate_key
from web.validation import RequestModel, take_once, validate

FILE_TYPES = (
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/csv",
    "application/jsonl",
    "application/x-ndjson",
    "application/ndjson",
    "application/json",
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-excel",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.apache.parquet",
    "application/x-parquet",
)
MAX_FILENAME = 255
# A dry run shows so many rows, and so many rejections.
SHOWN = services.imports.Shown(rows=10, errors=1_000)
SHOWN_SHEETS = 20
# What stands before the rows in a file of JSON, such as its title, has no more bytes.
JSON_START = 64 * 1024
# The names of parts, in characters.
MAX_SHOWN_NAMES = 275

Options = TypeVar("Options", bound=RequestModel)

routes = APIBlueprint("uploads", __name__, tag="Upload")


@routes.post("/upload")
@routes.auth_required(auth, roles=EDITORS)
@routes.output(UploadResponse, status_code=202)
@routes.doc(
    summary="Upload a CSV of questions and answers",
    description="The file as multipart field `file`, with the options as fields beside it; or as "
    "the body with Content-Type text/csv (or that of JSON, JSONL, YAML, Parquet, Excel, "
    "OpenDocument), with the options in the address. An option may come once. The answer is a job: "
    "ask `/jobs/<id>` until it has ended. A row that can't be taken is rejected, and the others go "
    "on. With `dry_run=true` nothing is stored, and the answer is 200.",
)
def upload_file() -> Response:
    charge_upload()
    key = read_idempotency_key(request)
    runtime = current_runtime()
    with open_upload(request) as file:
        options = read_options(request, UploadOptions)
        require_writable(options.collection)
        asked = options.as_import()
        if options.dry_run:
            # It stores nothing, so it leaves the key to the upload that does.
            preview = services.imports.preview_file(runtime, file, asked, SHOWN)
            return _answer_preview(preview)
        upload_key = (
            None if key is None else services.imports.make_key(separate_key(key), file, asked)
        )
        earlier = upload_key and store.jobs.find_earlier_job(runtime.pool, upload_key)
        if earlier:
            return _accept(earlier, say("This Idempotency-Key was used: this is its job."))
        job = services.imports.import_file(runtime, file, asked, upload_key)
    stored = say_count(
        "{rows} rows are stored and will be embedded.", "rows", rows=job.total - job.rejected
    )
    return _accept(job, _name_unread(job, _count_left_out(job, stored)))


def read_idempotency_key(request: Request) -> str | None:
    """Return the header's key, or None. Raises ApiError (400)."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= MAX_IDEMPOTENCY_KEY and key.isprintable()):
        raise invalid_request(
            say(
                "Idempotency-Key must have 1 to {most} printable characters.",
                most=MAX_IDEMPOTENCY_KEY,
            )
        )
    return key


def read_options(request: Request, options: type[Options]) -> Options:
    """Return the options, from query and form fields alike. Raises ApiError (400).

    A form sends its empty fields too. So an empty field is an option that is not given, if the
    service finds out by itself what it would say. An empty collection stays an error, and so does
    anything empty in the address.
    """
    require_utf8(request.query_string, say("The address"))
    given = take_once(request.args, request.form)
    for name, field in options.model_fields.items():
        if field.default is None and request.form.get(name) == "":
            del given[name]
    return validate(options, given)


@contextmanager
def open_upload(request: Request) -> Iterator[Upload]:
    """Yield the request's file: its part `file`, or its body. Raises ApiError (400, 413, 415)."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise unsupported_media_type(say("The body is compressed: send the CSV itself."))
    if request.mimetype == "multipart/form-data":
        yield _open_part(_find_part(request))
    elif request.mimetype in FILE_TYPES:
        with tempfile.TemporaryFile() as file:
            _copy_body(request, file)
            if request.mimetype == "application/json" and not _may_hold_rows(file):
                raise unsupported_media_type(
                    say(
                        "The body is no JSON that holds objects with question and answer. "
                        "POST /items takes a single one, without a list around it."
                    )
                )
            charset = _read_charset(request.mimetype_params)
            yield Upload(file, None, charset)
    else:
        raise unsupported_media_type(
            say(
                "The body's Content-Type is {type}: send the file as multipart field `file` "
                "(curl -F file=@faq.csv), or as the body with text/csv.",
                type=request.mimetype or say("missing"),
            )
        )


def _find_part(request: Request) -> FileStorage:
    """Return the one file of a multipart body. Raises ApiError (400)."""
    files = request.files.getlist("file")
    others = sorted(name or "(no name)" for name in request.files if name != "file")
    if not request.files and not request.form:
        raise ApiError(
            400,
            "malformed_request",
            say("The multipart body has no part: send the file as curl -F file=@faq.csv does."),
        )
    if not files and "file" in request.form:
        raise ApiError(
            400,
            "missing_file",
            say(
                "The part `file` is a text, not a file with a name: send it as "
                "curl -F file=@faq.csv does."
            ),
        )
    if len(files) != 1 or others:
        found = say_count("{parts} parts named `file`", "parts", parts=len(files))
        if others:
            names = ", ".join(others)[:MAX_SHOWN_NAMES]
            found = say("{parts} and {others}", parts=found, others=names)
        raise ApiError(
            400,
            "missing_file" if not files else "invalid_request",
            say(
                "Send one file as the part `file` (curl -F file=@faq.csv); there are {found}.",
                found=found,
            ),
        )
    return files[0]


def _open_part(part: FileStorage) -> Upload:
    name = (part.filename or "").replace("\0", "")[:MAX_FILENAME]
    charset = _read_charset(part.mimetype_params)
    return Upload(cast(BinaryIO, part.stream), name or None, charset)


def _copy_body(request: Request, file: BinaryIO) -> None:
    """Copy the body, and go back to its beginning. Raises ApiError when it was cut off."""
    shutil.copyfileobj(request.stream, file)
    length = file.tell()
    if request.content_length is not None and length != request.content_length:
        raise ApiError(
            400,
            "incomplete_body",
            say(
                "The body ended after {length} of {announced} bytes: send it again.",
                length=length,
                announced=request.content_length,
            ),
        )
    file.seek(0)


def _may_hold_rows(file: BinaryIO) -> bool:
    """Return whether JSON begins an array, or an object that soon holds another one.

    Callers of other routes send a flat object.
    """
    start = file.read(JSON_START).lstrip(b"\xef\xbb\xbf \t\r\n")
    file.seek(0)
    return start.startswith(b"[") or (start.startswith(b"{") and start.count(b"{") > 1)


def _read_charset(parameters: Mapping[str, str]) -> str | None:
    """Return the encoding that a Content-Type names. Many say UTF-8 of any text: that is None."""
    charset = parameters.get("charset", "").strip()
    return None if charset.lower().replace("-", "").replace("_", "") in ("", "utf8") else charset


def _name_unread(job: Job, message: Message) -> Message:
    """Return the message, and behind it the sheets of a workbook that were not read, if any."""
    names = job.file.get("sheets_not_read") or []
    if not names:
        return message
    shown = ", ".join(repr(name) for name in names[:SHOWN_SHEETS])
    unread = say("Not read: the sheets {names} (sheet= names the one to read).", names=shown)
    return join(message, unread)


def _count_left_out(job: Job, message: Message) -> Message:
    """Return the message, and behind it how many rows are no items, and where they are, if any."""
    left_out = job.file.get("left_out")
    if not left_out:
        return message
    more = ["…"] if left_out["rows"] > len(left_out["lines"]) else []
    counted = say(
        "Rows left out, because they repeat or explain the header: {rows} (line {lines}).",
        rows=left_out["rows"],
        lines=", ".join(map(str, [*left_out["lines"], *more])),
    )
    return join(message, counted)


def _accept(job: Job, message: Message) -> Response:
    response = answer_json(UploadResponse(message=speak(message), job=describe_job(job)), 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    return response


def _answer_preview(preview: ImportPreview) -> Response:
    job = preview.job
    status = "failed" if job.error else "succeeded"
    body = DryRunResponse(
        message=speak(_describe_outcome(job)),
        job=DryRunJob(**describe_job(job).model_dump() | {"id": None, "status": status}),
        preview=Preview(
            **preview.description.as_json(),
            rows=[
                PreviewRow(**{f: getattr(row, f) for f in PreviewRow.model_fields})
                for row in preview.rows
            ],
            errors=[describe_rejection(row) for row in preview.rejected],
        ),
        check=describe_rows(preview.check),
    )
    return answer_json(body)


def _describe_outcome(job: Job) -> Message:
    counts = say_count(
        "Nothing was stored: of {total} rows {inserted} would be inserted, "
        "{updated} updated, {unchanged} left unchanged and {rejected} rejected.",
        "total",
        total=job.total,
        inserted=job.inserted,
        updated=job.updated,
        unchanged=job.unchanged,
        rejected=job.rejected,
    )
    message = _name_unread(job, _count_left_out(job, counts))
    if job.error is None:
        return message
    return join(message, say("The upload would fail: {error}", error=job.error))
