"""A PostgreSQL server of a test's own, over TCP, to be killed, frozen and filled; and a TCP proxy.

Registered by conftest.py for tests/faults.
"""

from __future__ import annotations

import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from postgres.programs import ProgramFailed, Programs, Setup
from tests.support.frozen import freeze
from tests.support.service import ServiceProcess, free_port


class OwnPostgres:
    """A server in `folder`. Its database is `postgres`, its user too."""

    def __init__(
        self,
        folder: Path,
        *,
        standby_of: OwnPostgres | None = None,
        program: Path | None = None,
        setup: Setup | None = None,
        **settings: str,
    ) -> None:
        """`program` runs instead of `postgres`; `setup` has the programs of another version."""
        self.folder = folder
        self._setup = setup
        self._program = [] if program is None else ["-p", str(program)]
        self.port = free_port()
        self.dsn = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            "max_wal_size": "128MB",
        } | settings
        folder.mkdir(mode=0o700, exist_ok=True)
        if setup is not None:
            options = ("--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=trust")
            self.run("initdb", *options)
        elif standby_of is None:
            self._folder().initdb(["--auth=trust"])
        else:
            self._folder().run(
                *("pg_basebackup", "-d", standby_of.dsn, "-D", str(folder), "-R", "-X", "stream"),
                *("-c", "fast"),
            )

    def _folder(self) -> Programs:
        return Programs.for_folder(self.folder, self._setup)

    def start(self) -> None:
        options = " ".join(f"-c {name}={value!r}" for name, value in self._settings.items())
        self._folder().run(
            *("pg_ctl", "start", "-s", "-w", "-t", "60", "-l", "start.log", *self._program),
            *("-o", f"-p {self.port} {options}"),
        )

    def promote(self) -> None:
        self._folder().run("pg_ctl", "promote", "-s", "-w")

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL in the server's folder, as its user."""
        self._folder().run(program, *arguments)

    def stop(self, mode: str = "immediate") -> None:
        with suppress(ProgramFailed):
            self._folder().run("pg_ctl", "stop", "-s", "-m", mode)

    def restart(self) -> None:
        """Lose everything that was not on disk, and recover."""
        self.stop()
        self.start()

    def processes(self) -> list[psutil.Process]:
        number = int((self.folder / "postmaster.pid").read_text().splitlines()[0])
        postmaster = psutil.Process(number)
        return [postmaster, *postmaster.children(recursive=True)]

    def freeze(self) -> None:
        for process in self.processes():
            with suppress(ProcessLookupError):
                freeze(process.pid)

    def thaw(self) -> None:
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        conn = psycopg2.connect(self.dsn, connect_timeout=10)
        try:
            conn.autocommit = True
            with conn.cursor() as cur:
                cur.execute(statement, values)
                return cur.fetchall() if cur.description else []
        finally:
            conn.close()

    def broken_promises(self) -> list[tuple[Any, ...]]:
        """Return the jobs whose rows are not all counted once, and items without both vectors."""
        return self.query(_BROKEN)

    def held(self) -> int:
        """Return how many rows a worker holds."""
        return int(self.query("SELECT count(*) FROM job_rows WHERE lease_id IS NOT NULL")[0][0])

    def waiting(self) -> int:
        return int(self.query("SELECT count(*) FROM jobs WHERE finished_at IS NULL")[0][0])


# In one statement, so of one moment. Rows of a job are either counted in it or wait.
_BROKEN = """
SELECT 'job', j.id::text, j.total, j.inserted + j.updated + j.unchanged + j.rejected, r.waiting
FROM jobs j LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE outcome IS NULL) AS waiting FROM job_rows WHERE job_id = j.id
) r ON true
WHERE (j.status = 'processing'
       AND j.total <> j.inserted + j.updated + j.unchanged + j.rejected + r.waiting)
   OR (j.status = 'enqueued' AND j.total <> j.rejected + r.waiting)
   OR (j.status = 'succeeded'
       AND j.total <> j.inserted + j.updated + j.unchanged + j.rejected)
   OR j.status = 'failed'
   OR j.rejected <> (SELECT count(*) FROM job_errors e WHERE e.job_id = j.id)
UNION ALL
SELECT 'item', i.id::text, count(v.item_id), 0, 0
FROM items i LEFT JOIN item_vectors v ON v.item_id = i.id GROUP BY i.id HAVING count(v.item_id) <> 2
UNION ALL
SELECT 'twice', question, count(*), 0, 0
FROM items GROUP BY collection_id, question HAVING count(*) > 1
"""


class Proxy:
    """Between a service and PostgreSQL: of `drops` of the COMMITs the reply never comes back."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.dsn = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._chance = random.Random(1)
        self.drops = 0.0
        self.dropped = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=self._copy, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                if data.endswith(b"COMMIT\0") and self._drops():
                    # The reply goes nowhere: the client's side is gone before it can come.
                    client.shutdown(socket.SHUT_RDWR)
                    server.sendall(data)
                    time.sleep(0.3)
                    break
                server.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _drops(self) -> bool:
        with self._lock:
            drop = self._chance.random() < self.drops
            self.dropped += drop
            return drop

    def _copy(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[OwnPostgres]:
    server = OwnPostgres(tmp_path / "postgres")
    server.start()
    yield server
    with suppress(Exception):
        server.thaw()
    server.stop()


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[Any]:
    """Starts services on a database that the test names, and ends them in the end."""
    started: list[ServiceProcess] = []

    def start(dsn: str, *, wait: bool = True, **settings: str) -> ServiceProcess:
        service = ServiceProcess(tmp_path, **{"DATABASE_URL": dsn} | settings)
        started.append(service)
        if wait:
            service.wait_until_ready()
        return service

    yield start
    for service in started:
        if service.process.poll() is None:
            service.kill()


@pytest.fixture
def saw(request: pytest.FixtureRequest) -> Any:
    """Prints a case's number in the specification of faults, and what was seen."""

    def print_case(number: int, text: str) -> None:
        print(f"\ncase {number}: {text}", flush=True)

    return print_case


def file_of(rows: int, prefix: str = "Question", rejected: int = 0) -> str:
    lines = [f"{prefix} {n}?,Answer {n}\n" for n in range(rows)]
    return "question,answer\n" + "".join(lines) + "only a question,\n" * rejected


def drained(postgres: OwnPostgres, seconds: float) -> None:
    """Wait until every job has ended."""
    deadline = time.monotonic() + seconds
    while postgres.waiting():
        assert time.monotonic() < deadline, postgres.query("SELECT id, status FROM jobs")
        time.sleep(0.1)


def check(postgres: OwnPostgres, stored: int, rejected: int = 0) -> None:
    """Every acknowledged row is stored once with both vectors, or rejected; nothing is left."""
    assert postgres.broken_promises() == []
    assert postgres.query("SELECT count(*), count(DISTINCT question) FROM items") == [
        (stored, stored)
    ]
    assert postgres.query("SELECT count(*) FROM item_vectors") == [(2 * stored,)]
    assert postgres.query("SELECT count(*) FROM job_errors") == [(rejected,)]
    assert postgres.query(
        "SELECT (SELECT count(*) FROM job_rows), (SELECT count(*) FROM staged_vectors)"
    ) == [(0, 0)]
