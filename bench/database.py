"""The embedded PostgreSQL of a benchmark, without the service."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postgres.server import EmbeddedPostgres


@contextmanager
def run_postgres(folder: Path) -> Iterator[str]:
    """Yield the dsn of a server whose data lie in `folder`.

    It ends with the context, also where SIGTERM ends the program, as Ctrl-C does.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = EmbeddedPostgres.start(folder)
    try:
        yield server.dsn
    finally:
        server.stop()
