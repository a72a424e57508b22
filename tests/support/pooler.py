"""PgBouncer in front of a test's own PostgreSQL, in transaction mode."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.support.postgres import OwnPostgres
from tests.support.service import free_port

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
server_login_retry = 1
query_wait_timeout = 20
"""


class Pooler:
    """Gives the transactions of any number of clients so many `connections` of the server."""

    def __init__(self, folder: Path, server: OwnPostgres, connections: int) -> None:
        program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if program is None:
            pytest.skip("pgbouncer is not installed (apt-get install pgbouncer)")
        self.port = free_port()
        self.dsn = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._file = folder / f"pgbouncer-{self.port}.ini"
        self._file.write_text(
            CONFIGURATION.format(server=server.port, port=self.port, connections=connections)
        )
        self._program = program
        self._start()

    def _start(self) -> None:
        # It refuses to run as root.
        user: dict[str, Any] = {"user": 65_534, "group": 65_534} if os.geteuid() == 0 else {}
        # The folders above are closed to that user.
        with self._file.with_suffix(".log").open("ab") as log, self._file.open() as file:
            self._process = subprocess.Popen(
                [self._program, "-q", "/dev/stdin"], stdin=file, stdout=log, stderr=log, cwd="/",
                **user,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                return psycopg2.connect(self.dsn).close()
            except psycopg2.OperationalError:
                assert time.monotonic() < deadline, "PgBouncer takes no connection"
                assert self._process.poll() is None, "PgBouncer ended"
                time.sleep(0.05)

    def restart(self) -> None:
        """End it, with all connections, and start it on the same port."""
        self.close()
        self._start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait(60)


@pytest.fixture
def pooler(tmp_path: Path, own_postgres: OwnPostgres) -> Iterator[Pooler]:
    one = Pooler(tmp_path, own_postgres, connections=3)
    yield one
    one.close()
