"""What dies while rows are on their way: cases 1 to 8, 11, 12, 14 to 16 of the faults.

FAULT_KILLS, FAULT_RESTARTS, FAULT_ROWS and FAULT_SEED say how long the random one goes on.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg2
import pytest

import db
from tests.support.client import eventually
from tests.support.frozen import freeze
from tests.support.postgres import OwnPostgres, Proxy, check, drained, file_of
from tests.support.service import ServiceProcess

KILLS = int(os.environ.get("FAULT_KILLS", "8"))
RESTARTS = int(os.environ.get("FAULT_RESTARTS", "2"))
ROWS = int(os.environ.get("FAULT_ROWS", "1500"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
FILE_ROWS, FILE_REJECTED = 250, 3
# Until a job goes on by itself after a crash.
RESUMES = 30.0


class Uploader(threading.Thread):
    """Uploads files one after another, each until it is acknowledged, at whatever answers."""

    def __init__(self, files: int) -> None:
        super().__init__(daemon=True)
        self.services: list[ServiceProcess] = []
        self.waiting = list(range(files))
        self.acknowledged: list[str] = []
        self.statuses: dict[int, int] = {}

    def run(self) -> None:
        while self.waiting:
            number = self.waiting[0]
            body = file_of(FILE_ROWS, f"File {number} row", FILE_REJECTED).encode()
            try:
                service = random.choice(self.services)
                status, answer = service.ask(
                    "POST", "/upload", body,
                    Content_Type="text/csv", Idempotency_Key=f"file {number}",
                )  # fmt: skip
            except (OSError, ValueError):
                status, answer = 0, {}  # cut off: nobody knows, so it is sent again
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 202:
                self.acknowledged.append(answer["job"]["id"])
                self.waiting.pop(0)
            time.sleep(0.02)


def test_random_kills_and_database_restarts(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    """Two services on one database; either is killed, or the database, again and again."""
    chance = random.Random(SEED)
    uploader = Uploader(ROWS // FILE_ROWS)
    settings = {"EMBED_SECONDS": "0.03", "LEASE_SECONDS": "1"}
    uploader.services = [start_service(own_postgres.dsn, **settings) for _ in range(2)]
    uploader.start()
    deaths = ["kill"] * KILLS + ["restart"] * RESTARTS
    chance.shuffle(deaths)
    for death in deaths:
        time.sleep(chance.uniform(0.05, 0.6))
        if death == "restart":
            own_postgres.restart()
        else:
            number = chance.randrange(2)
            uploader.services[number].kill()
            # Started at once; the other one goes on meanwhile.
            uploader.services[number] = start_service(own_postgres.dsn, wait=False, **settings)
            if chance.random() < 0.7:
                uploader.services[number].wait_until_ready()
        assert own_postgres.broken_promises() == [], death
    uploader.join(120)
    assert not uploader.waiting
    drained(own_postgres, RESUMES)
    files = ROWS // FILE_ROWS
    assert len(set(uploader.acknowledged)) == files
    check(own_postgres, files * FILE_ROWS, files * FILE_REJECTED)
    assert set(uploader.statuses) <= {0, 202, 503}
    saw(
        1,
        f"{KILLS} kills and {RESTARTS} restarts (seed {SEED}): {files * FILE_ROWS} rows "
        f"stored once, {files * FILE_REJECTED} rejected",
    )
    saw(3, f"uploads meanwhile were answered {uploader.statuses} (0: cut off)")


@pytest.mark.parametrize(
    "point",
    [
        "before db_jobs.create_job",
        "after db_jobs.create_job",
        "after db_start.start_job",
        "after db_work.claim_batch",
        "before db_work.finish_batch",
        "after db_work.finish_batch",
        "after db_finish.finish_job",
    ],
)
def test_killed_at_a_named_point(
    own_postgres: OwnPostgres, start_service: Any, saw: Any, point: str
) -> None:
    first = start_service(own_postgres.dsn, KILL_AT=point, WORKER_THREADS="1")
    with suppress(OSError):
        first.load(file_of(100))
    assert first.process.wait(60) == -signal.SIGKILL
    second = start_service(own_postgres.dsn)
    began = time.monotonic()
    jobs = second.get("/jobs")[1]["results"]
    drained(own_postgres, RESUMES)
    stored = 0 if point.startswith("before db_jobs") else 100
    assert len(jobs) == (stored > 0)
    check(own_postgres, stored)
    saw(2, f"{point}: {stored} rows stored {time.monotonic() - began:.1f} s after the next start")


def test_two_processes_share_a_job(own_postgres: OwnPostgres, start_service: Any, saw: Any) -> None:
    both = [start_service(own_postgres.dsn, EMBED_SECONDS="0.2", LOG_TEXTS="1") for _ in range(2)]
    job = both[0].load(file_of(600))
    both[1].ended(job["id"])
    check(own_postgres, 600)
    # One of them also measures the new model, on questions of its own.
    shares = [len(re.findall("^embeds .Question", one.log.read_text(), re.M)) for one in both]
    assert min(shares) > 200
    assert sum(shares) == 1200
    saw(4, f"1,200 texts of 600 rows embedded by two processes: {shares}")


def test_workers_without_the_web_part(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    web = start_service(own_postgres.dsn, WORKER_THREADS="0")
    job = web.load(file_of(100))
    time.sleep(1)
    assert web.get(f"/jobs/{job['id']}")[1]["status"] == "enqueued"
    worker = start_service(own_postgres.dsn, wait=False, PROGRAM="worker", LOG_TEXTS="1")
    web.ended(job["id"])
    check(own_postgres, 100)
    assert worker.stop() == 0
    saw(4, "a process that only serves, and one that only works")


def test_a_frozen_worker_writes_nothing(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    frozen = start_service(own_postgres.dsn, EMBED_SECONDS="0.5", WORKER_THREADS="1")
    job = frozen.load(file_of(200))
    frozen.until(job["id"], lambda job: job["rows"]["done"] > 0)
    freeze(frozen.process.pid)
    while not own_postgres.held():  # between two batches
        frozen.signal(signal.SIGCONT)
        time.sleep(0.1)
        freeze(frozen.process.pid)
    other = start_service(own_postgres.dsn)
    other.ended(job["id"])
    frozen.signal(signal.SIGCONT)
    deadline = time.monotonic() + 60
    while "no longer ours" not in frozen.log.read_text():
        assert time.monotonic() < deadline, frozen.log.read_text()
        time.sleep(0.1)
    check(own_postgres, 200)
    saw(5, "the frozen one woke, found its lease lost and wrote nothing")


def test_lost_replies_to_commit_double_nothing(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    proxy = Proxy(own_postgres.port)
    service = start_service(proxy.dsn)
    proxy.drops = 0.2
    statuses = []
    for number in range(8):
        body = file_of(50, f"File {number} row").encode()
        status = 0
        while status != 202:
            status, answer = service.ask(
                "POST", "/upload", body, Content_Type="text/csv", Idempotency_Key=f"file {number}"
            )
            assert status in (202, 503), answer
            statuses.append(status)
    drained(own_postgres, 60)
    check(own_postgres, 400)
    assert proxy.dropped > 5
    assert len(own_postgres.query("SELECT id FROM jobs")) == 8
    proxy.close()
    saw(6, f"{proxy.dropped} replies to COMMIT lost; uploads answered {statuses}")


def test_one_file_ten_times_at_once(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    service = start_service(own_postgres.dsn)
    body = file_of(300).encode()

    def upload(_: int) -> str:
        status, answer = service.ask(
            "POST", "/upload", body, Content_Type="text/csv", Idempotency_Key="one"
        )
        assert status == 202, answer
        return str(answer["job"]["id"])

    with ThreadPoolExecutor(10) as pool:
        jobs = set(pool.map(upload, range(10)))
    assert len(jobs) == 1
    service.ended(jobs.pop())
    check(own_postgres, 300)
    saw(7, "10 uploads at once with one Idempotency-Key made one job")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_hands_the_rest_on(
    own_postgres: OwnPostgres, start_service: Any, saw: Any, number: int
) -> None:
    first = start_service(own_postgres.dsn, EMBED_SECONDS="0.3")
    job = first.load(file_of(600))
    first.until(job["id"], lambda job: 0 < job["rows"]["done"] < 600)
    began = time.monotonic()
    first.signal(number)
    assert first.process.wait(60) == 0
    took = time.monotonic() - began
    assert took < 12
    start_service(own_postgres.dsn).ended(job["id"])
    check(own_postgres, 600)
    saw(8, f"signal {number}: status 0 after {took:.1f} s, the next process did the rest")


def test_connections_are_cut_all_the_time(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    service = start_service(own_postgres.dsn, EMBED_SECONDS="0.02")
    end = time.monotonic() + (60 if KILLS >= 200 else 8)
    cut, statuses, number, acknowledged = 0, dict[int, int](), 0, 0
    while time.monotonic() < end:
        cut += own_postgres.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )[0][0]
        status, _ = service.ask(
            "POST", "/upload", file_of(40, f"File {number} row").encode(),
            Content_Type="text/csv", Idempotency_Key=f"file {number}",
        )  # fmt: skip
        statuses[status] = statuses.get(status, 0) + 1
        if status == 202:
            number, acknowledged = number + 1, acknowledged + 40
        time.sleep(0.2)
    while status != 202:
        status, _ = service.ask(
            "POST", "/upload", file_of(40, f"File {number} row").encode(),
            Content_Type="text/csv", Idempotency_Key=f"file {number}",
        )  # fmt: skip
        acknowledged += 40 * (status == 202)
    drained(own_postgres, 60)
    check(own_postgres, acknowledged)
    assert set(statuses) <= {202, 503}
    saw(11, f"{cut} connections cut; uploads answered {statuses}, {acknowledged} rows stored")


def test_a_frozen_database(own_postgres: OwnPostgres, start_service: Any, saw: Any) -> None:
    service = start_service(own_postgres.dsn)
    service.ended(service.load(file_of(10))["id"])
    item = service.get("/items?limit=1")[1]["results"][0]["id"]
    pair = b'{"question": "a", "answer": "b"}'
    own_postgres.freeze()
    try:
        times = []
        for method, path, body in (
            ("POST", "/search", b'{"question": "a"}'),
            ("GET", "/jobs", None),
            ("GET", "/readyz", None),
            ("POST", "/items", pair),
            ("PUT", f"/items/{item}", pair),
            ("DELETE", f"/items/{item}", None),
            ("GET", "/jobs", None),
        ):
            began = time.monotonic()
            status, answer = service.ask(method, path, body, Content_Type="application/json")
            times.append(round(time.monotonic() - began, 1))
            assert status == 503, answer
            assert int(answer["headers"]["Retry-After"]) > 0
        assert max(times) <= 5
        assert service.get("/health")[0] == 200
    finally:
        own_postgres.thaw()
    service.wait_until_ready()
    service.ended(service.load(file_of(20, "Later"))["id"])
    check(own_postgres, 30)
    saw(12, f"503 after {times} s, and it went on when the database did")


def test_a_row_that_kills_the_process_is_rejected(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    settings = {"KILL_ON": "deadly", "LEASE_SECONDS": "1"}
    service = start_service(own_postgres.dsn, **settings)
    text = file_of(40) + "A deadly question?,Answer\n" + file_of(40, "More")[16:]
    job = service.load(text)
    deaths = 0
    deadline = time.monotonic() + 90
    while own_postgres.waiting():
        assert time.monotonic() < deadline
        if service.process.poll() is not None:
            deaths += 1
            service = start_service(own_postgres.dsn, wait=False, **settings)
        time.sleep(0.1)
    check(own_postgres, 80, 1)
    service.wait_until_ready()
    (error,) = service.get(f"/jobs/{job['id']}/errors")[1]["results"]
    assert (error["code"], error["line"]) == ("embedding_failed", 42)
    saw(14, f"{deaths} deaths, then that row was rejected and the other 80 stored")


def test_a_heartbeat_holds_a_slow_batch(
    own_postgres: OwnPostgres, start_service: Any, saw: Any
) -> None:
    settings = {"EMBED_SECONDS": "3.2", "LEASE_SECONDS": "1", "LOG_TEXTS": "1"}
    both = [start_service(own_postgres.dsn, **settings) for _ in range(2)]
    job = both[0].load(file_of(20))
    both[0].ended(job["id"])
    texts = [t for one in both for t in re.findall("^embeds (.Quest.*)", one.log.read_text(), re.M)]
    assert len(texts) == len(set(texts)) == 40
    check(own_postgres, 20)
    saw(15, "a batch of 3 leases' length was embedded once")


def take_all_connections(dsn: str) -> list[Any]:
    """Take each connection that the database has, also those that others take meanwhile."""
    taken = [psycopg2.connect(dsn)]
    taken[0].autocommit = True

    def have_all() -> bool:
        with suppress(psycopg2.OperationalError):
            while True:
                taken.append(psycopg2.connect(dsn))
        with taken[0].cursor() as cur:
            cur.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> ALL (%s)",
                ([conn.info.backend_pid for conn in taken],),
            )
            return bool(db.fetch_row(cur)[0] == 0)

    eventually(have_all)
    return taken


def test_all_connections_of_the_database_taken(tmp_path: Any, start_service: Any, saw: Any) -> None:
    postgres = OwnPostgres(tmp_path / "small", max_connections="20")
    postgres.start()
    try:
        service = start_service(postgres.dsn)
        job = service.load(file_of(10))
        service.ended(job["id"])
        taken = take_all_connections(postgres.dsn)
        statuses = {service.get("/jobs")[0] for _ in range(3)}
        status, answer = service.ask(
            "POST", "/search", b'{"question": "a"}', Content_Type="application/json"
        )
        assert status == 503
        assert int(answer["headers"]["Retry-After"]) > 0
        for conn in taken:
            conn.close()
        service.wait_until_ready()
        assert service.get("/jobs")[0] == 200
        check(postgres, 10)
        saw(16, f"{len(taken)} connections taken: {statuses}, then 200 again")
    finally:
        postgres.stop()
