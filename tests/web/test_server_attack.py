"""The real server under what strangers, and callers that wait for something, may do to it."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psycopg2
import pytest

from postgres.server import EmbeddedPostgres
from tests.support.counts import most_failures
from tests.support.service import ServiceProcess
from tests.support.strangers import (
    AUTH,
    PATIENCE,
    allow_files,
    ask,
    hold,
    wait_until_closed,
    write_head,
)

IDLE, DRIPPING = 1_000, 200
THREADS = 16
SEARCH = b'{"question": "a"}'
SEARCHED = (
    write_head(
        "POST /search", AUTH, "Content-Type: application/json", f"Content-Length: {len(SEARCH)}"
    )
    + SEARCH
)
LIVE = write_head("GET /livez")


class Started(NamedTuple):
    service: ServiceProcess
    dsn: str


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder: Path = tmp_path_factory.mktemp("attack")
    server = EmbeddedPostgres.start(folder / "data")
    service = ServiceProcess(folder, HTTP_THREADS=str(THREADS))
    service.wait_until_ready()
    service.ended(service.load("question,answer\na,b\n", "?collection=held")["id"])
    yield Started(service, server.dsn)
    status = service.stop()
    server.stop()
    assert status == 0


@contextmanager
def repeating(action: Callable[[], None]) -> Iterator[None]:
    """Repeat the action in a thread."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(0.2):
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_idle_and_dripping_strangers_stop_nobody_and_are_cut_off(started: Started) -> None:
    allow_files(2 * (IDLE + DRIPPING) + 200)
    port = started.service.port
    slow = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "
    with hold(port, IDLE) as idle, hold(port, DRIPPING, slow) as dripping:

        def drip() -> None:
            for conn in dripping:
                with suppress(OSError):
                    conn.send(b"a")

        with repeating(drip):
            for _ in range(20):
                assert ask(port, LIVE)[0] == 200
                assert ask(port, SEARCHED)[0] == 200
            wait_until_closed([*idle, *dripping])
    assert ask(port, SEARCHED)[0] == 200


@contextmanager
def locked(dsn: str, statement: str) -> Iterator[psycopg2.extensions.connection]:
    """Hold what the statement locks; the connection can look who waits for it."""
    conn, looker = psycopg2.connect(dsn), psycopg2.connect(dsn)
    try:
        looker.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute(statement)
        yield looker
    finally:
        conn.close()
        looker.close()


def wait_for_waiting(looker: psycopg2.extensions.connection, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    waiting = 0
    while waiting < count:
        assert time.monotonic() < deadline, f"only {waiting} wait for the lock"
        with looker.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            )
            ((waiting,),) = cursor.fetchall()
        time.sleep(0.05)


def test_requests_that_wait_for_a_collection_leave_threads_to_others(started: Started) -> None:
    service, dsn = started
    delete = write_head("DELETE /collections/held", AUTH)
    lock = "SELECT FROM collections WHERE name = 'held' FOR UPDATE"
    with ThreadPoolExecutor(2 * THREADS) as pool:
        with locked(dsn, lock) as looker:
            held = [pool.submit(ask, service.port, delete) for _ in range(2 * THREADS)]
            wait_for_waiting(looker, THREADS // 4)
            for _ in range(3):
                assert ask(service.port, LIVE)[0] == 200
                assert ask(service.port, SEARCHED)[0] == 200
                assert ask(service.port, write_head("GET /jobs", AUTH))[0] == 200
            assert not any(one.done() and one.result()[0] == 200 for one in held)
        # One of them deletes it; what the others find is no matter here.
        assert {one.result()[0] for one in held} <= {200, 404, 503}


def test_searches_that_wait_leave_threads_to_what_does_not_search(started: Started) -> None:
    service, dsn = started
    with ThreadPoolExecutor(2 * THREADS) as pool:
        with locked(dsn, "LOCK TABLE item_vectors IN ACCESS EXCLUSIVE MODE") as looker:
            held = [pool.submit(ask, service.port, SEARCHED) for _ in range(2 * THREADS)]
            wait_for_waiting(looker, 1)
            for _ in range(3):
                assert ask(service.port, LIVE)[0] == 200
                assert ask(service.port, write_head("GET /jobs", AUTH))[0] == 200
        assert {one.result()[0] for one in held} <= {200, 503}


def test_a_flood_of_wrong_passwords_leaves_searches_alone(started: Started) -> None:
    port = started.service.port
    assert ask(port, SEARCHED)[0] == 200
    statuses: list[int] = []
    ended = threading.Event()

    def flood(first: int) -> None:
        number = first
        while not ended.is_set():
            token = base64.b64encode(f"admin:wrong {number}".encode()).decode()
            request = write_head("GET /jobs", f"Authorization: Basic {token}")
            statuses.append(ask(port, request)[0])
            number += 100

    threads = [threading.Thread(target=flood, args=(n,)) for n in range(32)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        deadline = began + PATIENCE
        while statuses.count(429) < 100:
            assert time.monotonic() < deadline
            assert ask(port, SEARCHED)[0] == 200
            assert ask(port, LIVE)[0] == 200
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert set(statuses) <= {401, 429}
    assert statuses.count(401) <= most_failures(time.monotonic() - began)
