"""The HTTP server of `python app.py`: waitress, with its own errors in our shape.

gunicorn and other WSGI servers take `app:create_app()` instead.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import socket
from contextlib import suppress
from typing import Any, cast

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import FixedStreamReceiver
from waitress.server import create_server
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, Error

from web.errors import DISK_RETRY_SECONDS

logger = logging.getLogger(__name__)

# A client that sends nothing for so long is cut off.
SILENT_SECONDS = 120
CONNECTIONS = 1_000

_BARE_LF = re.compile(rb"(?:\A|[^\r])\n")
_LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:", re.IGNORECASE)
_ENCODING = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)

_CODES = {400: "malformed_request", 413: "too_large", 431: "header_too_large", 503: "unavailable"}


class _JsonErrorTask(ErrorTask):
    """waitress's answer to a request that never reaches the app, as JSON."""

    def execute(self) -> None:
        request: Any = self.request
        headers: Any = self.response_headers
        error = request.error
        code = _CODES.get(error.code, "malformed_request")
        body = json.dumps({"error": f"{error.reason}: {error.body}.", "code": code}).encode()
        self.status = f"{error.code} {error.reason}"
        headers.append(("Content-Type", "application/json"))
        if error.code == 503:
            headers.append(("Retry-After", str(DISK_RETRY_SECONDS)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def _build_response(status: str, code: str, error: str) -> bytes:
    body = json.dumps({"error": error, "code": code}).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


_CUT_OFF = _build_response(
    "400 Bad Request", "incomplete_body", "The body ended before it was whole: send it again."
)


class _DiskFull(Error):
    code = 503
    reason = "Service Unavailable"


class _NullBuffer:
    """A buffer that keeps nothing."""

    def append(self, _data: bytes) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def close(self) -> None:
        pass

    def getfile(self) -> io.BytesIO:
        return io.BytesIO()


class _Parser(HTTPRequestParser):
    """Refuses what a server before this one may read in another way; survives a full disk."""

    _disk_full: _DiskFull | None = None

    def received(self, data: bytes) -> int:
        if self.body_rcv is None and not self.completed and _BARE_LF.search(data):
            head = (self.header_plus + data).partition(b"\r\n\r\n")[0]
            if _BARE_LF.search(head):
                self.parse_header(b"GET / HTTP/1.0\r\n")
                self.error = BadRequest("Bare LF found in HTTP message")
                self.completed = True
                return len(data)
        try:
            consumed = int(super().received(data))
        except OSError as error:
            # waitress keeps a large body in a temporary file.
            logger.error("A body can't be kept: %s", error)
            self._disk_full = _DiskFull("the disk is full, so there is no room for the body")
            consumed = self._drop_rest(data)
        if self.completed and self._disk_full is not None:
            self.error = self._disk_full
        if self.error is not None and self.error.code == 501:
            self.error = BadRequest(self.error.body)  # it is the request that is wrong
        return consumed

    def _drop_rest(self, data: bytes) -> int:
        """Drop the rest of the body, so that the client goes on to read the answer."""
        body: Any = self.body_rcv
        if not isinstance(body, FixedStreamReceiver):
            self.completed = True
            return len(data)
        with suppress(OSError):
            body.buf.close()  # it writes what it still holds
        cast(Any, body).buf = _NullBuffer()
        return int(super().received(data))

    def parse_header(self, header_plus: bytes) -> None:
        # RFC 9112, 6.3: such a message "might indicate an attempt to perform request smuggling".
        if _LENGTH.search(header_plus) and _ENCODING.search(header_plus):
            raise ParsingError("Both Content-Length and Transfer-Encoding found")
        super().parse_header(header_plus)


class _Channel(HTTPChannel):
    error_task_class = _JsonErrorTask
    parser_class = _Parser

    def handle_close(self) -> None:
        """Close. A client that only closed its own half learns that its body was cut off."""
        unfinished: Any = self.request
        if unfinished is not None and unfinished.headers_finished and not self.requests:
            with suppress(OSError):
                cast(Any, self.socket).send(_CUT_OFF)
        super().handle_close()


def check_address(host: str, port: int) -> None:
    """Raise OSError where nobody could listen there, before anything slow is started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as sock:
            if os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"nobody can listen at HOST={host}, PORT={port}: {reason}") from error


def serve(app: Flask, host: str, port: int, *, threads: int, max_body_bytes: int) -> None:
    """Serve until a signal ends it (services/process.py), then finish what is in hand.

    The server takes a whole body, of at most `max_body_bytes`, before the app sees the request and
    checks its credentials.
    """
    server: Any = create_server(
        app,
        host=host,
        port=port,
        threads=threads,
        max_request_body_size=max_body_bytes,
        connection_limit=CONNECTIONS,
        channel_timeout=SILENT_SECONDS,
        ident=None,
        # The app decides whether to believe them (TRUSTED_PROXIES).
        clear_untrusted_proxy_headers=False,
    )
    for one in getattr(server, "map", {}).values():
        if hasattr(one, "channel_class"):
            one.channel_class = _Channel
    if hasattr(server, "channel_class"):
        server.channel_class = _Channel
    # waitress warns of each request that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server.run()
