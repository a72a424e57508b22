"""The parts of a process that runs one command: each starts when the command first needs it."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from config import Settings
from db import Pool
from embeddings import Embedder
from messages import Explained, Message, say
from postgres.server import EmbeddedPostgres
from services.runtime import (
    DATABASE_SECONDS,
    Database,
    Runtime,
    find_model,
    open_database,
    start_runtime,
)
from store.models import Model


class NoDatabase(Explained):
    """A command reads what is stored, and there is no database yet."""


def _keep_quiet(_: Message) -> None:
    """Tell nobody."""


@dataclass
class Deferred:
    """A Runtime in parts. What a start raises passes through `reporting`. Not thread-safe.

    Most commands need the database alone, which takes a moment; the model takes seconds and 0.4 GB.
    `announce` is told where a database is made: in a wrong folder, that is not what was meant.
    """

    settings: Settings
    embedder: Embedder | None = None
    reporting: Callable[[], AbstractContextManager[None]] = nullcontext
    database_seconds: float = DATABASE_SECONDS
    announce: Callable[[Message], None] = _keep_quiet
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

    def expect_database(self) -> None:
        """Raise NoDatabase where the embedded server would only make a new one."""
        if self._would_make_database():
            raise NoDatabase(
                say(
                    "There is no database in {folder}. Set DATA_DIR or DATABASE_URL as the "
                    "service has them.",
                    folder=str(self.settings.data_dir.resolve()),
                )
            )

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
            makes = self._would_make_database()
            with self.reporting():
                self._database = open_database(self.settings, self.database_seconds)
            atexit.register(self.close)
            if makes:
                self.announce(
                    say(
                        "A new database was made in {folder}. If the service has one elsewhere, "
                        "set DATA_DIR or DATABASE_URL as it has them.",
                        folder=str(self.settings.data_dir.resolve()),
                    )
                )
        return self._database

    def _would_make_database(self) -> bool:
        return (
            self._database is None
            and self.settings.database_dsn is None
            and not EmbeddedPostgres.is_made(self.settings.data_dir)
        )

    def _start(self, workers: int) -> Runtime:
        settings = self.settings.model_copy(update={"worker_threads": workers})
        database = self._open_database()
        with self.reporting():
            self._runtime = start_runtime(
                settings, self.embedder, with_users=False, database=database
            )
        return self._runtime
