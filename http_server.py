"""The HTTP server of `python app.py`: waitress, with its own errors in our shape.

Called by app.py. gunicorn and other WSGI servers take `app:create_app()` instead.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
from types import FrameType
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

logger = logging.getLogger(__name__)

# A client that sends nothing for so long is cut off.
SILENT_SECONDS = 120
CONNECTIONS = 1_000

_CODES = {400: "malformed_request", 413: "too_large", 431: "header_too_large"}


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
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Channel(HTTPChannel):
    error_task_class = _JsonErrorTask


def check_address(host: str, port: int) -> None:
    """Raise OSError where nobody could listen there, before anything slow is started."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as sock:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)


def serve(app: Flask, host: str, port: int, *, threads: int, max_body_bytes: int) -> None:
    """Serve until `end_on_signals` ends it, then finish what is in hand.

    `max_body_bytes` bounds what is taken from anybody before the app, and so its check of
    credentials, sees the request.
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
        clear_untrusted_proxy_headers=True,
    )
    for one in getattr(server, "map", {}).values():
        if hasattr(one, "channel_class"):
            one.channel_class = _Channel
    if hasattr(server, "channel_class"):
        server.channel_class = _Channel
    # It warns of each request that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server.run()


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT end the process cleanly from now on, and a second one at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        logger.info("Stopping on signal %d; a second one ends at once", number)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, _frame: os._exit(128 + number))
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
