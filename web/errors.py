"""The one shape of all errors: a sentence for a person, a code for a program, a status."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from flask import Flask, Response, current_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from db import DatabaseUnavailable
from embeddings import EmbeddingFailed
from files.errors import FileError
from messages import Message, say, say_count
from services.accounts import NameReserved, NameTaken
from services.checker import CheckBusy
from services.users import TooManyFailures
from store.items import DuplicateItem
from store.jobs import KeyReused
from turns import EmbedderBusy
from web.language import speak_all

logger = logging.getLogger(__name__)

# A caller may try again after so many seconds; a full disk takes longer to get room.
RETRY_SECONDS = 5
DISK_RETRY_SECONDS = 60

T = TypeVar("T")


class ApiError(Exception):
    """An error that the caller gets as it is: status, code, sentence and further members."""

    def __init__(
        self,
        status: int,
        code: str,
        error: Message,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.code = code
        self.error = error
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        said = {**self.details, "error": self.error}
        body = _write_json({**speak_all(said), "code": self.code})
        response = Response(body, self.status, mimetype="application/json")
        response.headers.update(self.headers)
        return response


def _write_json(body: Mapping[str, Any]) -> bytes:
    """Return JSON with its letters as they are; one that UTF-8 has not is escaped."""
    write = partial(current_app.json.dumps, body, separators=(",", ":"))
    try:
        return write(ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return write(ensure_ascii=True).encode() + b"\n"


def invalid_request(error: Message, details: Mapping[str, Any] | None = None) -> ApiError:
    """Return the 400 of a request that can't be meant as it is."""
    return ApiError(400, "invalid_request", error, details=details)


def unsupported_media_type(error: Message) -> ApiError:
    """Return the 415 of a body that is of no kind that the route takes."""
    return ApiError(415, "unsupported_media_type", error)


def not_found(error: Message) -> ApiError:
    """Return the 404 for one thing that is not there."""
    return ApiError(404, "not_found", error)


def require(found: T | None, error: Message) -> T:
    """Return what was found. Raises ApiError (404) when that is None."""
    if found is None:
        raise not_found(error)
    return found


def register_error_handlers(app: Flask) -> None:
    """Let every error of the app's routes, and of Flask itself, answer in the one shape."""
    app.register_error_handler(ApiError, ApiError.response)
    for kind, translate in _TRANSLATIONS.items():
        app.register_error_handler(kind, _handler(translate))


def _handler(translate: Callable[[Any], ApiError]) -> Callable[[Any], Response]:
    return lambda error: translate(error).response()


def _translate_http(error: HTTPException) -> ApiError:
    """Return Flask's own error (404, 405, 413, …) in our shape."""
    status = error.code or 500
    name = re.sub(r"\W+", "_", error.name.lower())
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(error.valid_methods)
    code = {404: "not_found", 413: "too_large"}.get(status, name)
    return ApiError(status, code, _phrase_http(status), headers=headers)


def _phrase_http(status: int) -> Message:
    if status == 413:
        return say(
            "The request is too large. An upload may have {megabytes:,} megabytes (MAX_UPLOAD_MB) "
            "and 1,000 parts.",
            megabytes=current_app.config["MAX_CONTENT_LENGTH"] // 2**20,
        )
    return _SENTENCES.get(status) or say(
        "The request can't be answered (HTTP status {status}): /docs lists what can be asked.",
        status=status,
    )


# None of werkzeug's words, which have no translation, reaches a caller.
_SENTENCES = {
    400: say("The request can't be read: send it as HTTP says."),
    404: say("There is nothing at this address: /docs lists what there is."),
    405: say("This address does not take the method: the header Allow names those that it takes."),
}


def _refuse_file(error: FileError) -> ApiError:
    """Return the 422 of a file that can't be taken; 400 for an option, 415 for a format."""
    status = {"invalid_option": 400, "unsupported_media_type": 415}.get(error.code, 422)
    return ApiError(status, error.code, error.message, details=error.details)


def _refuse_duplicate(error: DuplicateItem) -> ApiError:
    return ApiError(
        409,
        "duplicate_item",
        say(
            "The collection holds this question with this answer already, as item {id}: "
            "change that one (PUT /items/{id}).",
            id=error.id,
        ),
        details={"id": error.id},
    )


def _refuse_name(error: NameTaken) -> ApiError:
    code = "reserved_name" if isinstance(error, NameReserved) else "duplicate_user"
    return ApiError(409, code, error.message)


def _refuse_reused_key(error: KeyReused) -> ApiError:
    return ApiError(
        422,
        "idempotency_key_reused",
        say(
            "This Idempotency-Key came before with another file or other options, and made the job "
            "{job_id}. Nothing of this upload was stored: send it with a key of its own.",
            job_id=str(error.job_id),
        ),
        details={"job_id": str(error.job_id)},
    )


def _refuse_failures(error: TooManyFailures) -> ApiError:
    return ApiError(
        429,
        "too_many_failures",
        say_count(
            "{error} Try again in {retry_after} seconds.",
            "retry_after",
            error=error.message,
            retry_after=error.retry_after,
        ),
        headers=_retry_after(error.retry_after),
    )


def _report_database(error: DatabaseUnavailable) -> ApiError:
    logger.warning("Answered 503: %s", error)
    return _unavailable(say("{error} Try again in a moment.", error=error.message), RETRY_SECONDS)


def _report_busy(error: EmbedderBusy | CheckBusy) -> ApiError:
    return _unavailable(
        say("{error} Try again in a moment.", error=error.message), error.retry_after
    )


def _refuse_text(error: EmbeddingFailed) -> ApiError:
    return ApiError(
        422, "embedding_failed", say("{error} Shorten or reword it.", error=error.message)
    )


def _report_os_error(error: OSError) -> ApiError:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return _report_unexpected(error)
    logger.error("Answered 503: the disk is full", exc_info=error)
    return _unavailable(say("The service's disk is full: try again later."), DISK_RETRY_SECONDS)


def _report_unexpected(error: Exception) -> ApiError:
    logger.error("A request failed unexpectedly", exc_info=error)
    return ApiError(500, "internal_error", say("The service failed; its log says why."))


def _unavailable(error: Message, retry_after: int) -> ApiError:
    """Return the 503 that says when to try again."""
    return ApiError(503, "unavailable", error, headers=_retry_after(retry_after))


def _retry_after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


# Flask takes the entry of the nearest class that an error is of.
_TRANSLATIONS: dict[type[Exception], Callable[[Any], ApiError]] = {
    HTTPException: _translate_http,
    FileError: _refuse_file,
    DuplicateItem: _refuse_duplicate,
    NameTaken: _refuse_name,
    KeyReused: _refuse_reused_key,
    TooManyFailures: _refuse_failures,
    EmbeddingFailed: _refuse_text,
    EmbedderBusy: _report_busy,
    CheckBusy: _report_busy,
    DatabaseUnavailable: _report_database,
    OSError: _report_os_error,
    Exception: _report_unexpected,
}
