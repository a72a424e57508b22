"""Connections to PostgreSQL, and the schema.

Owns the pool: it bounds connections, checks each before it is used, and cuts it off when the server
stays silent. A server that is away raises DatabaseUnavailable, and SchemaError says what is amiss.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from pgvector.psycopg2 import register_vector
from psycopg2.errors import LockNotAvailable, ReadOnlySqlTransaction
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, connection, new_type, register_type
from psycopg2.extras import register_uuid

import metrics
from messages import Explained, say

logger = logging.getLogger(__name__)

register_uuid()  # type: ignore[no-untyped-call]


def _read_time(text: str | bytes | None, cursor: psycopg2.extensions.cursor) -> datetime | None:
    time: datetime | None = psycopg2.extensions.PYDATETIMETZ(text, cursor)
    return time and time.astimezone(UTC)


# Times (timestamptz, type 1184) are in UTC, whatever time zone the session has.
register_type(new_type((1184,), "UTC", _read_time))

HERE = Path(__file__).parent
# The advisory lock of a start: any number that no other program on the same database uses.
_SCHEMA_LOCK = 0x636F6E65

# A stopped server is told from a slow one within the sum of these seconds.
CHECK_SECONDS = 2.0
CONNECT_SECONDS = 2
# A connection that was idle for so long is asked whether it lives; before, its socket shows that.
IDLE_SECONDS = 10.0
WATCH_SECONDS = 0.25

# jit: compiling takes longer than any query of the service. random_page_cost: most pages are in
# memory. client_connection_check_interval: without it, a statement whose connection was cut holds
# its locks. A server on Windows does not have it, so it comes last.
_SETTINGS = {"jit": "off", "random_page_cost": "1.1", "client_connection_check_interval": "5s"}

# The server is gone, restarts, is full, or gave up a deadlock. Trying again later helps.
_AWAY = (psycopg2.OperationalError, psycopg2.InterfaceError)


class SchemaError(Explained):
    """The schema can't be applied to this database; the message is one line for a person."""


class DatabaseUnavailable(Explained):
    """PostgreSQL can't be reached, or no connection to it came free in time: try again later."""


class Connection(connection):
    """A connection that remembers what was prepared on it, and whether a pooler is in between.

    `prepared` holds the text that runs each statement. A pooler such as PgBouncer may give each
    transaction another connection of the server, so nothing that is set outlives one. Then
    `local_settings` are the statements that set all for a transaction; else they are empty.
    """

    def __init__(self, dsn: str, *args: object) -> None:
        super().__init__(dsn, *args)
        self.prepared: dict[object, str] = {}
        self.pooled = False
        self.local_settings = ""


@dataclass(eq=False)
class _Borrowed:
    """A connection in use; it is cut at `deadline`, which `seconds` without an answer reach."""

    conn: Connection
    seconds: float
    deadline: float


class Pool:
    """At most `size` connections to what `dsn` says; a borrower waits `wait_seconds` for one.

    Thread-safe. A connection is opened when it is first needed, so none is shared by a fork.
    """

    def __init__(self, dsn: str | Callable[[], str], size: int, wait_seconds: float = 5.0) -> None:
        self._dsn = dsn
        self._wait_seconds = wait_seconds
        self._free = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._idle: list[tuple[Connection, float]] = []
        self._borrowed: set[_Borrowed] = set()
        self._watch: threading.Thread | None = None
        self._closed = threading.Event()
        self._size = size
        metrics.POOL_SIZE.inc(size)

    @contextmanager
    def transaction(self, seconds: float = 300.0) -> Iterator[Connection]:
        """Yield a connection in a transaction: committed at the end, rolled back on an error.

        A server that says nothing for `seconds` counts as away. Raises DatabaseUnavailable where
        the server can't be reached or goes away meanwhile; other errors of psycopg2 pass through.
        """
        with self._borrow(seconds) as conn:
            try:
                if conn.local_settings:
                    conn.cursor().execute(conn.local_settings)
                yield conn
                conn.commit()
            except BaseException:
                _roll_back(conn)
                raise

    @contextmanager
    def reading(self, seconds: float = 4.0) -> Iterator[Connection]:
        """Yield a connection in autocommit, for single statements: no BEGIN, no COMMIT."""
        with self._borrow(seconds) as conn:
            conn.autocommit = True
            try:
                yield conn
            finally:
                if not conn.closed:
                    conn.autocommit = False

    def touch(self, conn: connection, seconds: float | None = None) -> None:
        """Move a borrowed connection's deadline, because the server answered.

        It gets its whole time again, or `seconds` instead.
        """
        with self._lock:
            for borrowed in self._borrowed:
                if borrowed.conn is conn:
                    borrowed.seconds = seconds or borrowed.seconds
                    borrowed.deadline = time.monotonic() + borrowed.seconds

    def stream_rows(
        self, conn: connection, statement: str, values: Sequence[object], at_once: int
    ) -> Iterator[tuple[Any, ...]]:
        """Yield a query's rows within the open transaction, and hold `at_once` of them in memory.

        Each part moves the connection's deadline.
        """
        with conn.cursor(name=f"rows_{uuid.uuid4().hex}") as cursor:
            cursor.itersize = at_once
            cursor.execute(statement, values)
            while rows := cursor.fetchmany(at_once):
                self.touch(conn)
                yield from rows

    def close(self) -> None:
        """Close the idle connections; borrowed ones are closed when they come back."""
        if not self._closed.is_set():
            metrics.POOL_SIZE.dec(self._size)
        self._closed.set()
        self._close_idle()

    @contextmanager
    def _borrow(self, seconds: float) -> Iterator[Connection]:
        began = time.monotonic()
        if not self._free.acquire(timeout=self._wait_seconds):
            metrics.POOL_EXHAUSTED.inc()
            raise DatabaseUnavailable(say("All connections to PostgreSQL are in use."))
        metrics.POOL_WAIT.observe(time.monotonic() - began)
        metrics.POOL_USED.inc()
        conn: Connection | None = None
        try:
            conn = self._open()
            with self._lend(conn, seconds):
                yield conn
        except LockNotAvailable as error:
            raise DatabaseUnavailable(say("A job is writing into the collection.")) from error
        except ReadOnlySqlTransaction as error:
            self._close_idle()  # another host of the address may take changes now
            raise DatabaseUnavailable(say("PostgreSQL is read-only or a standby.")) from error
        except psycopg2.Error as error:
            # A COPY that loses its server raises a plain DatabaseError; the connection knows.
            if isinstance(error, _AWAY) or (conn is not None and conn.closed):
                raise DatabaseUnavailable(say("PostgreSQL can't be reached.")) from error
            raise
        finally:
            metrics.POOL_USED.dec()
            self._free.release()

    @contextmanager
    def _lend(self, conn: Connection, seconds: float) -> Iterator[None]:
        """Hold the connection to a deadline, and take it back at the end."""
        try:
            with self._set_deadline(conn, seconds):
                yield
        finally:
            self._take_back(conn)

    @contextmanager
    def _set_deadline(self, conn: Connection, seconds: float) -> Iterator[None]:
        """Cut the connection if the server says nothing for `seconds`."""
        borrowed = _Borrowed(conn, seconds, time.monotonic() + seconds)
        with self._lock:
            self._borrowed.add(borrowed)
            if self._watch is None:
                self._watch = threading.Thread(target=self._watch_deadlines, daemon=True)
                self._watch.start()
        try:
            yield
        finally:
            with self._lock:
                self._borrowed.discard(borrowed)

    def _open(self) -> Connection:
        """Return an idle connection that lives, or else a new one."""
        with self._lock:
            conn, since = self._idle.pop() if self._idle else (None, 0.0)
        if conn is None:
            return self._connect()
        if not _is_readable(conn) and time.monotonic() - since < IDLE_SECONDS:
            return conn
        try:
            conn.autocommit = True
            with self._set_deadline(conn, CHECK_SECONDS), conn.cursor() as cursor:
                cursor.execute("SELECT 1")
            conn.autocommit = False
        except psycopg2.Error:
            # Whatever its class: psycopg2 raises a plain DatabaseError for some dead connections.
            # Where one died the server has restarted, and the other idle ones are dead as well.
            conn.close()
            self._close_idle()
            return self._connect()
        return conn

    def _connect(self) -> Connection:
        conn: Connection = psycopg2.connect(
            self._dsn if isinstance(self._dsn, str) else self._dsn(),
            connect_timeout=CONNECT_SECONDS,
            # A host that is gone says nothing. Work is to go on elsewhere within 30 seconds.
            keepalives_idle=10, keepalives_interval=5, keepalives_count=2,
            tcp_user_timeout=15_000,
            application_name="conector-pgvector",
            connection_factory=Connection,
        )  # fmt: skip
        conn.autocommit = True
        with self._set_deadline(conn, CHECK_SECONDS):
            _tune(conn)
        conn.autocommit = False
        return conn

    def _take_back(self, conn: Connection) -> None:
        usable = not conn.closed and conn.info.transaction_status == TRANSACTION_STATUS_IDLE
        if usable and not self._closed.is_set():
            with self._lock:
                self._idle.append((conn, time.monotonic()))
        else:
            conn.close()

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for conn, _ in idle:
            conn.close()

    def _watch_deadlines(self) -> None:
        """Cut the connections whose server said nothing until their deadline.

        libpq has no timeout for that. When the socket is shut down, the waiting call fails at once.
        """
        while not self._closed.wait(WATCH_SECONDS):
            now = time.monotonic()
            # Under the lock, or a connection could come back meanwhile and go to somebody else.
            with self._lock:
                for borrowed in self._borrowed:
                    if borrowed.deadline < now:
                        _cut(borrowed.conn)


def _tune(conn: Connection) -> None:
    """Set what the service needs: for the session, or for each transaction behind a pooler.

    A pooler refuses settings in the packet that opens a connection, and a session's would stay for
    others. It shows by the number of the server's process: a pooler answers with one of its own.
    """
    with conn.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        conn.pooled = fetch_row(cursor)[0] != conn.info.backend_pid
        scope = "SET LOCAL" if conn.pooled else "SET"
        settings = [f"{scope} {name} = '{value}';" for name, value in _SETTINGS.items()]
        try:
            cursor.execute(" ".join(settings))
        except psycopg2.errors.InvalidParameterValue:
            cursor.execute(" ".join(settings := settings[:-1]))
    conn.local_settings = " ".join(settings) if conn.pooled else ""


def _is_readable(conn: Connection) -> bool:
    """Return whether an idle connection has something to read, which as a rule is its end."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([conn], [], [], 0)[0])
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _roll_back(conn: Connection) -> None:
    try:
        conn.rollback()
    except psycopg2.Error:
        conn.close()


def _cut(conn: Connection) -> None:
    with suppress(OSError, psycopg2.Error):  # already gone
        with socket.socket(fileno=os.dup(conn.fileno())) as sock:
            sock.shutdown(socket.SHUT_RDWR)
        logger.warning("PostgreSQL did not answer in time: the connection was cut")


def ping(pool: Pool) -> None:
    """Raise DatabaseUnavailable unless PostgreSQL answers."""
    with pool.reading(seconds=2.0) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT 1")


def apply_schema(pool: Pool, migrations: Path = HERE / "migrations") -> int:
    """Bring the schema up to date and return its version; processes that start at once take turns.

    A new database gets schema.sql, an older one the files `migrations/NNNN_*.sql` above its
    version. A newer one is left alone: migrations only add, so an older service works on it.

    From then on the process can write pgvector's HalfVector. That needs the extension, and on each
    new connection it would take 0.6 ms beside the 1.8 ms of connecting.
    """
    try:
        with pool.transaction() as conn, conn.cursor() as cursor:
            lock_schema(cursor)
            if read_version(conn) == 0:
                cursor.execute(read_schema())
            return migrate(conn, migrations)
    except psycopg2.Error as error:
        raise SchemaError(
            say(
                "The schema can't be applied: {detail}. PostgreSQL 14 or newer with pgvector 0.8 "
                "or newer is needed, and a user who may create the extension `vector` or has it "
                "already.",
                detail=str(error).strip().splitlines()[0],
            )
        ) from error


def lock_schema(cursor: psycopg2.extensions.cursor) -> None:
    """Keep other processes from making or changing the schema until the transaction ends."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))


def read_schema() -> str:
    """Return the SQL of the whole schema of this version."""
    return (HERE / "schema.sql").read_text("utf-8")


def migrate(conn: connection, migrations: Path = HERE / "migrations") -> int:
    """Apply the migrations that the schema of this transaction lacks; return its version."""
    with conn.cursor() as cursor:
        for path in sorted(migrations.glob("[0-9]*_*.sql")):
            if (version := int(path.name[:4])) > read_version(conn):
                cursor.execute(path.read_text("utf-8"))
                cursor.execute("INSERT INTO schema_version VALUES (%s)", (version,))
                logger.info("The schema is brought to version %d", version)
    register_vector(conn)
    return read_version(conn)


def read_version(conn: connection) -> int:
    """Return the schema's version, 0 where there is none."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT to_regclass('schema_version')")
        if fetch_row(cursor)[0] is None:
            return 0
        cursor.execute("SELECT coalesce(max(version), 0) FROM schema_version")
        return int(fetch_row(cursor)[0])


def fetch_row(cursor: psycopg2.extensions.cursor) -> Any:
    """Return the row of a query that always gives one row."""
    if (row := cursor.fetchone()) is None:
        raise LookupError("a query that gives one row gave none")
    return row
