"""The parts of a process that runs one command: each starts when the command first needs it."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from config import Settings
from db import Pool
from embeddings import Embedder
from services.runtime import (
    DATABASE_SECONDS,
    Database,
    Runtime,
    find_model,
    open_database,
    start_runtime,
)
from store.models import Model


@dataclass
class Deferred:
    """A Runtime in parts. What a start raises passes through `reporting`. Not thread-safe.

    Most commands need the database alone, which takes a moment; the model takes seconds and 0.4 GB.
    """

    settings: Settings
    embedder: Embedder | None = None
    reporting: Callable[[], AbstractContextManager[None]] = nullcontext
    database_seconds: float = DATABASE_SECONDS
    _database: Database | None = field(default=None, init=False)
    _runtime: Runtime | None = field(default=None, init=False)

    @property
    def pool(self) -> Pool:
        return self._open_database().pool

    @property
    def runtime(self) -> Runtime:
        """All parts; a Runtime that starts now has no workers, for it came to ask something."""
        return self._runtime or self._start(0)

    def find_model(self) -> Model:
        """Return the model as the database knows it; it is not loaded."""
        with self.reporting():
            return find_model(self.settings, self.pool)

    def start_workers(self) -> None:
        """Let this process work on the queue, unless all its parts run already."""
        if self._runtime is None:
            # WORKER_THREADS=0 is for a process that only serves.
            self._start(self.settings.worker_threads or Settings().worker_threads)

    def close(self) -> None:
        """Stop what was started. Safe to call again."""
        if self._runtime is not None:
            self._runtime.close()
        elif self._database is not None:
            self._database.close()
        self._database = None

    def _open_database(self) -> Database:
        if self._database is None:
            with self.reporting():
                self._database = open_database(self.settings, self.database_seconds)
            atexit.register(self.close)
        return self._database

    def _start(self, workers: int) -> Runtime:
        settings = self.settings.model_copy(update={"worker_threads": workers})
        database = self._open_database()
        with self.reporting():
            self._runtime = start_runtime(
                settings, self.embedder, with_users=False, database=database
            )
        return self._runtime
