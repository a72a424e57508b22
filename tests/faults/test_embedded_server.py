"""The embedded PostgreSQL killed under a running service: case 40 of the faults."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.embedded import cut_off, kill_server, query
from tests.support.postgres import file_of
from tests.support.service import PASSWORD, ROOT, USER, ServiceProcess

KILLS = int(os.environ.get("FAULT_KILLS", "2"))
ROWS = 800
# Until a search is answered again after a kill.
SEARCHES = 10.0


@pytest.fixture
def services(tmp_path: Path) -> Iterator[list[ServiceProcess]]:
    """Two services that share one data folder and its server."""
    both = [ServiceProcess(tmp_path, EMBED_SECONDS="0.15") for _ in range(2)]
    for service in both:
        service.wait_until_ready()
    yield both
    for service in both:
        service.kill()
    cut_off(tmp_path / "data")


def search(service: ServiceProcess, question: str) -> tuple[int, Any]:
    body = f'{{"question": "{question}"}}'.encode()
    return service.ask("POST", "/search", body, Content_Type="application/json")


def server_number(folder: Path) -> str:
    """Return the number of the server's first process, by the file that it writes at its start."""
    try:
        return (folder / "data" / "postgres" / "postmaster.pid").read_text().partition("\n")[0]
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("whole", [False, True], ids=["first process", "all processes"])
def test_a_killed_embedded_server_comes_back(
    services: list[ServiceProcess], tmp_path: Path, saw: Any, whole: bool
) -> None:
    one, other = services
    jobs = []
    took = []
    states: set[str] = set()
    for number in range(min(KILLS, 10)):
        jobs.append(one.load(file_of(ROWS, f"File {number} row"), f"?collection=c{number}"))
        one.until(jobs[-1]["id"], lambda job: job["rows"]["done"] > 0)
        before = server_number(tmp_path)
        kill_server(tmp_path / "data", whole=whole)
        began = time.monotonic()
        # A process of the killed server may answer for a moment.
        while server_number(tmp_path) in ("", before):
            assert time.monotonic() - began < SEARCHES
            states.add(one.get("/readyz")[1]["parts"]["database"])
            assert one.get("/livez")[0] == 200
        for service in services:
            while (answer := search(service, f"Nothing known {number} {service.port}"))[0] != 200:
                assert answer[0] == 503, answer
                assert time.monotonic() - began < SEARCHES
                states.add(service.get("/readyz")[1]["parts"]["database"])
                time.sleep(0.05)
        took.append(time.monotonic() - began)
    for job in jobs:
        ended = other.ended(job["id"])
        assert (ended["status"], ended["rows"]["inserted"]) == ("succeeded", ROWS)
    dsn = f"postgresql://postgres@/postgres?host={tmp_path / 'data' / 'postgres'}"
    stored = len(jobs) * ROWS
    assert query(dsn, "SELECT count(*), count(DISTINCT question) FROM items") == (stored, stored)
    assert query(dsn, "SELECT count(*) FROM item_vectors") == (2 * stored,)
    # It may be back before anybody asks; that it says what it does is held by postgres/test_watch.
    assert states != {"ok"}
    saw(40, f"searches again {max(took):.1f} s after a kill at most; {stored} rows stored once")


# A service that gives up soon, and waits for its end.
_IMPATIENT = """
import sys, time
from postgres.watch import Watch
Watch.__init__.__kwdefaults__["waits"] = (0.0, 0.1)
import app, config
from tests.support.embedder import HashEmbedder
app.create_app(config.read_settings(config.environment()), HashEmbedder())
print("runs", flush=True)
time.sleep(100)
"""


def test_a_service_whose_server_can_not_be_started_ends_with_one_line(
    tmp_path: Path, saw: Any
) -> None:
    settings = {
        "API_USERNAME": USER, "API_PASSWORD": PASSWORD, "DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", _IMPATIENT], cwd=tmp_path, env=os.environ | settings,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n"
        with (tmp_path / "data" / "postgres" / "postgresql.conf").open("a") as file:
            file.write("work_mem = many\n")
        kill_server(tmp_path / "data")
        _, errors = process.communicate(timeout=60)
    last = errors.strip().splitlines()[-1]
    assert process.returncode == 1
    assert last.startswith("Conector PGVector ends: The embedded PostgreSQL ended")
    assert "work_mem" in last
    assert "Traceback" not in errors
    saw(40, "a server that can't be started ends the service with status 1 and one line")
