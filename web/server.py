"""The HTTP server of `python app.py`: uvicorn in this process, with the WSGI app in its threads.

Why uvicorn (bench/results/servers.md has the measurements): a connection that waits costs it 10 kB
and no time, so it holds thousands of strangers for ten seconds rather than cutting off a few. Under
5,000 idle and 1,000 dripping connections and 64 threads of wrong passwords, a search's p95 stayed
within twice its usual one; waitress, which looks at each connection in every round of its loop,
answered none. It judges requests on their headers, before the body is read. It is one process that
holds the model once; granian needs a second one, which outlives a kill of the first.

gunicorn and other WSGI servers take `app:create_app()` instead.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from flask import Flask

from config import Settings
from messages import say
from services.process import end_on_signals
from web.bridge import Bridge
from web.connection import make_protocol
from web.gate import Gate
from web.guests import SILENT_SECONDS, Guests, raise_file_limit

logger = logging.getLogger(__name__)

# Connections that the system keeps until they are accepted, and how many are accepted in a row.
BACKLOG = 4_096
ACCEPTED_AT_ONCE = 16
# Requests in hand may take so long after a signal.
STOP_SECONDS = 30
GARBAGE_SECONDS, MAX_GARBAGE_SECONDS = 60.0, 600.0
FEW_STRANGERS = 500


class _Server(uvicorn.Server):
    def __init__(self, app: Flask, settings: Settings) -> None:
        self._settings = settings
        self._app = app
        self._guests = Guests(raise_file_limit(), max_upload_bytes=settings.max_upload_bytes)
        super().__init__(
            uvicorn.Config(
                self._call,
                interface="asgi3",
                loop="asyncio",
                http=make_protocol(self._guests, settings.language),
                ws="none",
                lifespan="off",
                backlog=ACCEPTED_AT_ONCE,
                timeout_keep_alive=int(SILENT_SECONDS),
                timeout_graceful_shutdown=STOP_SECONDS,
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                # The app decides whether to believe them (TRUSTED_PROXIES).
                proxy_headers=False,
            )
        )

    async def _call(self, scope: Any, receive: Any, send: Any) -> None:
        await self._bridge(scope, receive, send)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        settings = self._settings
        gate = Gate(
            self._app.extensions["conector"].users,
            max_upload_bytes=settings.max_upload_bytes,
            trusted_proxies=settings.trusted_proxies,
            origins=settings.cors_origins,
            metrics_networks=settings.metrics_networks,
        )
        self._bridge = Bridge(
            self._app,
            gate,
            threads=settings.http_threads,
            disk_bytes=settings.max_upload_disk_mb * 1024 * 1024,
            language=settings.language,
        )
        await self._bridge.learn_kept()
        asyncio.get_running_loop().set_exception_handler(_log_error)
        await super().startup(sockets)
        for sock in sockets or ():
            sock.listen(BACKLOG)
        self._watch = asyncio.gather(self._guests.watch(), _collect_garbage(self._guests))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            if getattr(connection, "receiving", False):
                connection.cut()  # type: ignore[union-attr]
        await super().shutdown(sockets)
        self._watch.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals as all programs of the service do."""
        yield

    def stop(self) -> None:
        """Finish the requests in hand, and then return from `run`."""
        self.should_exit = True


def _log_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody caught in the event loop; its own text shows what tasks were given."""
    logger.error("An error in the event loop", exc_info=context.get("exception"))


async def _collect_garbage(guests: Guests) -> None:
    """Collect all garbage once a minute, and less often while many are connected."""
    waited = 0.0
    while True:
        await asyncio.sleep(GARBAGE_SECONDS)
        waited += GARBAGE_SECONDS
        if len(guests.strangers) < FEW_STRANGERS or waited >= MAX_GARBAGE_SECONDS:
            gc.collect()
            waited = 0.0


def check_address(host: str, port: int) -> None:
    """Raise OSError where nobody could listen there, before anything slow is started."""
    for sock in _open_sockets(host, port):
        sock.close()


def serve(app: Flask, settings: Settings) -> None:
    """Serve until a signal ends it (services/process.py), then finish what is in hand."""
    server = _Server(app, settings)
    sockets = _open_sockets(settings.host, settings.port)
    end_on_signals(server.stop)
    gc.collect()
    gc.freeze()  # what lives as long as the process need not be looked at again
    # Python would collect all garbage again and again while thousands of strangers come and go.
    # Measured under attack: 400 ms, in which no thread runs.
    gc.set_threshold(700, 10, 1_000_000)
    server.run(sockets)


def _open_sockets(host: str, port: int) -> list[socket.socket]:
    """Return a bound socket for each address of the host. Raises OSError, in one line."""
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            sock = socket.socket(family, kind, protocol)
            sockets.append(sock)
            if os.name == "posix":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                sock.bind(address)
            except OSError as error:
                # Such as ::1 of "localhost", where there is no IPv6.
                if error.errno != errno.EADDRNOTAVAIL or len(found) == 1:
                    raise
                sockets.pop().close()
    except OSError as error:
        for sock in sockets:
            sock.close()
        reason = error.strerror or error
        raise OSError(
            say(
                "nobody can listen at HOST={host}, PORT={port}: {reason}",
                host=host,
                port=port,
                reason=str(reason),
            )
        ) from error
    return sockets
