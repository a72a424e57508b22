"""The database of one data folder and the process that serves it: made, started, stopped."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psutil
import psycopg2

from messages import say
from postgres.options import PORT, compose_options, socket_bases
from postgres.programs import (
    START_SECONDS,
    WINDOWS,
    EmbeddedPostgresError,
    ProgramFailed,
    Programs,
    Setup,
    read_text,
)

logger = logging.getLogger(__name__)

STOP_SECONDS = 60
# pg_ctl may tell of a failure before the server's logging process has written the reason.
REASON_SECONDS = 10
# A start removes a log that is larger or older than this.
LOG_BYTES = 16 * 1024 * 1024
LOG_SECONDS = 6 * 24 * 3_600

# An error in postgresql.conf has a LOG line of its own; the FATAL line after it says no more.
_WRONG = re.compile("ERROR|FATAL|PANIC|DETAIL|invalid value|unrecognized|syntax error")
_State = Literal["ready", "busy", "gone"]


class Cluster:
    """What PostgreSQL calls a cluster: a folder of databases with its server.

    Not safe for several processes or threads at once: its caller holds a lock.
    """

    def __init__(self, data_dir: Path, setup: Setup) -> None:
        self._data_dir = data_dir
        self.folder = (data_dir / "postgres").resolve()
        self._setup = setup
        # The name is on the server's command line, by which its process is told from any other.
        self._name = "conector-" + hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        self._password = data_dir / "postgres.password"

    def dsn(self) -> str:
        """Return the libpq URI of the running server, by what its postmaster.pid says."""
        lines = read_text(self.folder / "postmaster.pid").splitlines()
        # A server that is just starting has not written all the lines.
        port = int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else PORT
        if WINDOWS:
            return f"postgresql://postgres:{read_text(self._password)}@127.0.0.1:{port}/postgres"
        host = quote(os.fsencode(self._find_sockets()), "")
        return f"postgresql://postgres@/postgres?host={host}&port={port}"

    def _find_sockets(self) -> Path:
        """Return the folder of the server's socket, by what its postmaster.pid says."""
        lines = read_text(self.folder / "postmaster.pid").splitlines()
        # Joining leaves "." at the folder itself, and takes an absolute path as it is.
        return self.folder / (lines[4] if len(lines) > 4 else ".")

    def start(self) -> None:
        """Return when the server takes connections. Raises EmbeddedPostgresError."""
        self._check_owner()
        deadline = time.monotonic() + START_SECONDS
        while (state := self._find_state()) != "ready":
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    say(
                        "The database in {folder} took no connection for {seconds} seconds: {tail}",
                        folder=str(self.folder),
                        seconds=START_SECONDS,
                        tail=self._read_log_tail(),
                    )
                )
            if state == "gone" and not self.is_alive():
                self._launch()
            else:
                time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server, if it runs, and cut the connections that are left.

        Returns when its processes have ended: pg_ctl waits for no more than its postmaster.pid.
        """
        if not self.is_alive():
            return
        processes = self._find_processes()
        programs = Programs.for_folder(self.folder, self._setup, self._data_dir)
        sockets = self._find_sockets()
        try:
            programs.run("pg_ctl", "stop", "-s", "-m", "fast", "-t", str(STOP_SECONDS))
        except ProgramFailed:
            logger.warning("The database did not stop in %s s: it is cut off", STOP_SECONDS)
            with contextlib.suppress(ProgramFailed):
                programs.run("pg_ctl", "stop", "-s", "-m", "immediate", "-t", "10")
        psutil.wait_procs(processes, timeout=STOP_SECONDS)
        if sockets.name.startswith(self._name) and sockets.parent in socket_bases():
            with contextlib.suppress(OSError):
                sockets.rmdir()

    def _check_owner(self) -> None:
        if WINDOWS or os.geteuid() == 0 or not self.folder.exists():
            return
        if self.folder.stat().st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                say(
                    "{folder} belongs to another user: start the service as that user or as "
                    "root, or set DATA_DIR to another folder.",
                    folder=str(self.folder),
                )
            )

    def _find_state(self) -> _State:
        """Ask the server itself: a process number in a file proves nothing."""
        if not (self.folder / "postmaster.pid").exists():
            return "gone"
        try:
            psycopg2.connect(self.dsn(), connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            # A living server answers FATAL while it starts or stops, or when it is full.
            return "busy" if re.search("FATAL|timeout", str(error)) else "gone"
        return "ready"

    def is_alive(self) -> bool:
        """Return whether the process in postmaster.pid is this server, and no later process."""
        try:
            return f"cluster_name={self._name}" in psutil.Process(self._read_number()).cmdline()
        except psutil.AccessDenied:
            return True
        except (ValueError, psutil.Error):
            return False

    def _find_processes(self) -> list[psutil.Process]:
        """Return the server's first process and what it started."""
        with contextlib.suppress(ValueError, psutil.Error):
            process = psutil.Process(self._read_number())
            return [process, *process.children(recursive=True)]
        return []

    def _read_number(self) -> int:
        """Return the number of the process in postmaster.pid, or -1 where there is none."""
        first = read_text(self.folder / "postmaster.pid").partition("\n")[0].strip()
        return int(first) if first.isdigit() else -1

    def _launch(self) -> None:
        if not (self.folder / "PG_VERSION").exists():
            self._make_database()
        programs = Programs.for_folder(self.folder, self._setup, self._data_dir)
        programs.check_version()
        # PostgreSQL takes any process of its user that has the number for a running server.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        self._clear_logs()
        try:
            programs.run(
                *("pg_ctl", "start", "-s", "-t", str(START_SECONDS)),
                # A relative path, since pg_ctl gives it to a shell in double quotes.
                *("-l", "start.log", "-o", compose_options(programs, self._name)),
            )
        except ProgramFailed as error:
            tail = self._await_reason()
            # The children of a killed server are still ending, or an earlier pg_ctl is at work.
            if "shared memory block" in tail or "already exists" in tail:
                time.sleep(0.5)
                return
            raise EmbeddedPostgresError(
                say(
                    "The database in {folder} does not start: {tail}",
                    folder=str(self.folder),
                    tail=tail or error.message,
                )
            ) from error

    def _make_database(self) -> None:
        """Make the database in a folder beside its own, so that it is there whole or not at all."""
        prefix = f"{self.folder.name}.partial-"
        for leftover in self.folder.parent.iterdir():
            if leftover.name.startswith(prefix):
                shutil.rmtree(leftover, ignore_errors=True)
        if self.folder.exists() and any(self.folder.iterdir()):
            raise EmbeddedPostgresError(
                say(
                    "{folder} is no database, but not empty: move it away, or set DATA_DIR.",
                    folder=str(self.folder),
                )
            )
        partial = Path(tempfile.mkdtemp(prefix=prefix, dir=self.folder.parent))
        try:
            Programs.for_folder(partial, self._setup, self._data_dir).initdb(self._choose_access())
            if WINDOWS and self.folder.exists():
                self.folder.rmdir()
            partial.replace(self.folder)
            _sync(self.folder.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _choose_access(self) -> list[str]:
        """Return initdb's options for who gets in: whoever reaches the private socket."""
        if not WINDOWS:
            return ["--auth-local=trust", "--auth-host=reject"]
        if not self._password.exists():
            descriptor = os.open(self._password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(24))
        return ["--auth=scram-sha-256", f"--pwfile={self._password}"]

    def _clear_logs(self) -> None:
        """Remove large and old logs: the server itself only empties a log when its day begins."""
        (self.folder / "start.log").unlink(missing_ok=True)
        folder = self.folder / "log"
        # Root must not follow a link that the server's user may have put there.
        for log in [] if folder.is_symlink() else folder.glob("*.log"):
            status = log.lstat()
            if status.st_size > LOG_BYTES or status.st_mtime < time.time() - LOG_SECONDS:
                log.unlink()

    def _await_reason(self) -> str:
        """Return the end of the newest log, with the error if a log says one."""
        deadline = time.monotonic() + REASON_SECONDS
        while not _WRONG.search(tail := self._read_log_tail()):
            redirected = "redirecting log output" in read_text(self.folder / "start.log")
            if not redirected or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return tail

    def _read_log_tail(self) -> str:
        """Return, in one line, the errors at the end of the newest log, of the last start alone."""
        logs = [self.folder / "start.log", *(self.folder / "log").glob("*.log")]
        newest = max((p for p in logs if p.exists()), key=lambda p: p.stat().st_mtime, default=None)
        text = read_text(newest).strip() if newest else ""
        lines = text.rpartition("LOG:  starting PostgreSQL")[2].splitlines()[-20:]
        wrong = [line for line in lines if _WRONG.search(line)]
        return " | ".join((wrong or lines)[-3:])


def _sync(folder: Path) -> None:
    """Write the names in `folder` to the disk, so that they outlive a power cut."""
    if WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
