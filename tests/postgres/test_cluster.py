"""Why a server did not start is read from its logs, which another process writes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import postgres.cluster
from postgres.cluster import Cluster
from postgres.programs import Setup

START = "2026-11-26 07:31:56.971 UTC [{}] LOG:  starting PostgreSQL 18.6 on x86_64, 64-bit\n"
OLD = START.format(1) + "2026-11-26 07:31:57.000 UTC [1] FATAL:  an older reason\n"
TAKEN = '2026-11-26 07:31:58.000 UTC [2] FATAL:  lock file ".s.PGSQL.5432.lock" already exists\n'
REDIRECTED = "LOG:  redirecting log output to logging collector process\n"


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    one = Cluster(tmp_path, Setup())
    (one.folder / "log").mkdir(parents=True)
    (one.folder / "log" / "Fri.log").write_text(OLD)
    (one.folder / "start.log").write_text(REDIRECTED)
    return one


def test_the_reason_is_waited_for(cluster: Cluster) -> None:
    log = cluster.folder / "log" / "Fri.log"

    def write(text: str) -> None:
        with log.open("a") as file:
            file.write(text)

    timers = [
        threading.Timer(0.1, write, [START.format(2)]),
        threading.Timer(0.4, write, [TAKEN]),
    ]
    for timer in timers:
        timer.start()
    reason = cluster._await_reason()
    assert "already exists" in reason
    assert "older" not in reason


def test_a_server_without_a_logging_process_is_not_waited_for(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres.cluster, "REASON_SECONDS", 3_600)
    (cluster.folder / "start.log").write_text("postgres: error while loading shared libraries\n")
    assert cluster._await_reason() == "postgres: error while loading shared libraries"


def test_a_reason_that_nobody_writes_is_not_waited_for_long(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres.cluster, "REASON_SECONDS", 0.2)
    assert cluster._await_reason() == REDIRECTED.strip()
