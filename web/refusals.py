"""Answers that the server gives by itself, without the app, in the shape of all errors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from messages import Explained, Message, say, say_count
from request_ids import HEADER
from translations.catalogs import Language, translate
from web.errors import DISK_RETRY_SECONDS, RETRY_SECONDS
from web.headers import SECURITY_HEADERS

Headers = list[tuple[bytes, bytes]]

_COMMON: Headers = [
    (name.encode(), value.encode())
    for name, value in {"Content-Type": "application/json", **SECURITY_HEADERS}.items()
]


class Refused(Explained):
    """A request is answered with an error, and its body is not read any further."""

    def __init__(
        self, status: int, code: str, error: Message, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(error)
        self.status = status
        self.code = code
        self.headers = [(name.encode(), value.encode()) for name, value in headers]

    def body(self, language: Language) -> bytes:
        error = translate(self.message, language)
        body = json.dumps({"error": error, "code": self.code}, ensure_ascii=False)
        return body.encode() + b"\n"

    def all_headers(self, language: Language) -> Headers:
        return [
            *_COMMON,
            *self.headers,
            (b"Content-Language", language.encode()),
            (b"Vary", b"Accept-Language"),
            (b"Content-Length", str(len(self.body(language))).encode()),
        ]

    def as_bytes(self, language: Language, request_id: str | None = None) -> bytes:
        """Return the whole response; the connection ends with it."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()]
        lines += [b"%s: %s" % header for header in self.all_headers(language)]
        if request_id is not None:
            lines.append(f"{HEADER}: {request_id}".encode())
        return b"\r\n".join([*lines, b"Connection: close", b"", self.body(language)])


def unauthorized() -> Refused:
    return Refused(
        401,
        "unauthorized",
        say("Name, password or key is missing or wrong (HTTP basic auth, or a bearer token)."),
        [("WWW-Authenticate", 'Basic realm="Conector PGVector"')],
    )


def too_many_failures(reason: Message, retry_after: int) -> Refused:
    return Refused(
        429,
        "too_many_failures",
        say_count(
            "{reason} Try again in {retry_after} seconds.",
            "retry_after",
            reason=reason,
            retry_after=retry_after,
        ),
        [("Retry-After", str(retry_after))],
    )


def too_large(limit: int) -> Refused:
    return Refused(
        413,
        "too_large",
        say("The body is larger than the {limit} bytes allowed here.", limit=limit),
    )


def malformed() -> Refused:
    return Refused(400, "malformed_request", say("The request is not valid HTTP/1.1."))


def header_too_large(size: int, count: int) -> Refused:
    return Refused(
        431,
        "header_too_large",
        say(
            "The headers are more than {size} bytes, or more than {count}.", size=size, count=count
        ),
    )


def incomplete_body() -> Refused:
    return Refused(
        400, "incomplete_body", say("The body ended before it was whole: send it again.")
    )


def too_slow() -> Refused:
    return Refused(408, "too_slow", say("The body came too slowly: send it again, faster."))


def busy(reason: Message) -> Refused:
    return Refused(503, "unavailable", reason, [("Retry-After", str(RETRY_SECONDS))])


def disk_full() -> Refused:
    return Refused(
        503,
        "unavailable",
        say("The service's disk is full: try again later."),
        [("Retry-After", str(DISK_RETRY_SECONDS))],
    )


def failed() -> Refused:
    return Refused(500, "internal_error", say("The service failed; its log says why."))
