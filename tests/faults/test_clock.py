"""The clock of PostgreSQL's host set back by an hour: case 42 of the faults."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from postgres.programs import find_binaries
from tests.support.postgres import OwnPostgres, check, file_of

# Debian and Ubuntu, Fedora, Alpine.
FAKETIME = "**/faketime/libfaketime.so.1"
# The library keeps a semaphore of the user who loads it, so the server alone loads it.
PROGRAM = """#!/bin/sh
exec env LD_PRELOAD={library} FAKETIME_TIMESTAMP_FILE={clock} FAKETIME_NO_CACHE=1 \\
    {postgres} "$@"
"""


def find_faketime() -> Path:
    for folder in ("/usr/lib", "/usr/lib64"):
        for path in Path(folder).glob(FAKETIME):
            return path
    pytest.skip("libfaketime is not installed (apt-get install faketime)")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A server whose clock differs by what the file `clock` beside it says."""
    binaries = find_binaries()
    assert binaries is not None
    clock, program = tmp_path / "clock", tmp_path / "server"
    clock.write_text("+0\n")
    program.write_text(
        PROGRAM.format(library=find_faketime(), clock=clock, postgres=binaries / "postgres")
    )
    for path in (clock, program):
        path.chmod(0o755)
    return program


def test_rows_are_taken_again_after_the_clock_was_set_back(
    tmp_path: Path, program: Path, start_service: Any, saw: Any
) -> None:
    server = OwnPostgres(tmp_path / "postgres", program=program)
    server.start()
    try:
        first = start_service(server.dsn, EMBED_SECONDS="0.5")
        job = first.load(file_of(600))
        first.until(job["id"], lambda job: job["rows"]["done"] > 0)
        while not server.held():
            time.sleep(0.01)
        first.kill()
        (before,) = server.query("SELECT clock_timestamp()")[0]
        (tmp_path / "clock").write_text("-3600\n")
        (after,) = server.query("SELECT clock_timestamp()")[0]
        assert (before - after).total_seconds() > 3_500
        second = start_service(server.dsn)
        began = time.monotonic()
        ended = second.ended(job["id"])
        assert ended["rows"]["inserted"] == 600
        check(server, 600)
        # It ended before it began, by the clock.
        assert ended["rows_per_second"] is None
        saw(42, f"done {time.monotonic() - began:.1f} s after the next start")
    finally:
        server.stop()
