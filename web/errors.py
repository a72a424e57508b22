"""The one shape of all errors: a sentence for a person, a code for a program, a status.

Raised by the request-handling modules, turned into responses by `register_error_handlers`.
"""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from db import DatabaseUnavailable
from embeddings import EmbedderBusy, EmbeddingFailed

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5


class ApiError(Exception):
    """An error that the caller gets as it is: status, code, sentence and further members."""

    def __init__(
        self,
        status: int,
        code: str,
        error: str,
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
        response = jsonify({**self.details, "error": self.error, "code": self.code})
        response.status_code = self.status
        response.headers.update(self.headers)
        return response


def not_found(what: str) -> ApiError:
    """Return the 404 for one thing that is not there."""
    return ApiError(404, "not_found", f"There is no {what}.")


def unavailable(error: str, retry_after: int = RETRY_SECONDS) -> ApiError:
    """Return the 503 that says when to try again."""
    return ApiError(503, "unavailable", error, headers={"Retry-After": str(retry_after)})


def register_error_handlers(app: Flask) -> None:
    """Let every error of the app's routes, and of Flask itself, answer in the one shape."""

    @app.errorhandler(ApiError)
    def api_error(error: ApiError) -> Response:
        return error.response()

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return _from_http(error).response()

    @app.errorhandler(DatabaseUnavailable)
    def database_unavailable(error: DatabaseUnavailable) -> Response:
        logger.warning("Answered 503: %s", error)
        return unavailable(f"{error} Try again in a moment.").response()

    @app.errorhandler(EmbedderBusy)
    def embedder_busy(error: EmbedderBusy) -> Response:
        return unavailable(f"{error} Try again in a moment.", error.retry_after).response()

    @app.errorhandler(EmbeddingFailed)
    def embedding_failed(error: EmbeddingFailed) -> Response:
        return ApiError(422, "embedding_failed", f"{error} Shorten or reword it.").response()

    @app.errorhandler(OSError)
    def disk_full(error: OSError) -> Response:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            return unexpected(error)
        logger.error("Answered 503: %s", error)
        return unavailable("The service's disk is full: try again later.", 60).response()

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        logger.error("A request failed unexpectedly", exc_info=error)
        return ApiError(500, "internal_error", "The service failed; its log says why.").response()


_SENTENCES = {
    404: "There is nothing at this address: /docs lists what there is.",
    413: "The request is too large. An upload may have MAX_UPLOAD_MB megabytes and 1,000 parts.",
}


def _from_http(error: HTTPException) -> ApiError:
    """Return Flask's own error (404, 405, 413, …) in our shape."""
    status = error.code or 500
    name = re.sub(r"\W+", "_", error.name.lower())
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(error.valid_methods)
    code = {404: "not_found", 413: "too_large"}.get(status, name)
    return ApiError(
        status, code, _SENTENCES.get(status, error.description or error.name), headers=headers
    )
