"""Several processes under gunicorn, and a worker beside them: one sum, and one log of one form."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.support.client import PASSWORD, USER, eventually
from tests.support.logs import read_log, wait_for_lines
from tests.support.metrics import read_samples, read_value
from tests.support.service import ServiceProcess

pytest.importorskip("gunicorn")

AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
CSV = "question,answer\n" + "".join(f"q{n},a{n}\n" for n in range(20))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("several")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[ServiceProcess]:
    """Two processes that serve under gunicorn, without workers."""
    one = ServiceProcess(
        folder,
        PROGRAM="gunicorn",
        WORKER_THREADS="0",
        LOG_LEVEL="DEBUG",
        APP="tests.support.service_program:make_app()",
        TMPDIR=str(folder),
    )
    one.wait_until_ready()
    eventually(lambda: read_value(scrape(one), "conector_processes") == 2)
    yield one
    if one.process.poll() is None:
        one.kill()


def scrape(service: ServiceProcess) -> str:
    """Return the metrics, by a connection of its own: the processes take turns."""
    request = Request(f"{service.url}/metrics", headers={"Authorization": AUTHORIZATION})
    with urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def test_any_process_tells_the_sum_of_all(service: ServiceProcess) -> None:
    before = scrape(service)
    for n in range(40):  # each on a connection of its own
        assert (
            service.ask(
                "POST",
                "/search",
                json.dumps({"question": f"q {n}"}).encode(),
                Content_Type="application/json",
            )[0]
            == 200
        )
    for _ in range(6):
        after = scrape(service)
        assert read_value(after, "conector_searches_total") == 40
        assert read_value(after, "conector_processes") == 2
        assert read_value(after, "conector_db_pool_size") == 2 * 24
    name = "conector_http_request_duration_seconds_count"
    searches = {"route": "/search", "method": "POST"}
    assert read_value(after, name, **searches) - read_value(before, name, **searches) == 40


def test_what_postgresql_knows_is_told_once(service: ServiceProcess) -> None:
    service.load(CSV)
    text = scrape(service)
    assert read_value(text, "conector_jobs", kind="import", status="enqueued") == 1
    assert read_value(text, "conector_job_rows", state="waiting") == 20
    for name in ("conector_items", "conector_database_up", "conector_build_info"):
        assert len(read_samples(text)[name]) == 1
    assert read_value(text, "conector_database_up") == 1


def test_a_process_that_dies_leaves_its_counts_and_takes_its_gauges(
    service: ServiceProcess,
) -> None:
    before = scrape(service)
    first, _ = psutil.Process(service.process.pid).children()
    first.kill()
    eventually(lambda: first.pid not in {c.pid for c in children(service)})
    eventually(lambda: read_value(scrape(service), "conector_processes") == 2)
    after = scrape(service)
    assert read_value(after, "conector_db_pool_size") == 2 * 24
    name = "conector_searches_total"
    assert read_value(after, name) >= read_value(before, name) > 0


def children(service: ServiceProcess) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(service.process.pid).children()
    return found


def test_a_worker_beside_them_writes_the_id_of_the_upload(
    service: ServiceProcess, folder: Path
) -> None:
    job = service.ask(
        "POST",
        "/upload?collection=b",
        CSV.encode(),
        Content_Type="text/csv",
        X_Request_Id="upload-9",
    )[1]["job"]
    worker = ServiceProcess(folder, PROGRAM="worker", LOG_LEVEL="DEBUG")
    try:
        assert service.ended(job["id"], 120)["status"] == "succeeded"
        wait_for_lines(
            worker, lambda line: job["id"] in line["message"] and "succeeded" in line["message"]
        )
        assert worker.stop() == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()
    lines = [line for line in read_log(worker) if job["id"] in line["message"]]
    assert len(lines) >= 3
    assert {line["request"] for line in lines} == {"upload-9"}


def test_gunicorn_s_own_lines_look_as_the_others_and_tell_no_request(
    service: ServiceProcess, folder: Path
) -> None:
    answer = service.send("GET", "/jobs?x=marked", headers={"X-Request-Id": "an-id"})
    assert answer.headers["X-Request-Id"] == "an-id"
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as conn:
        conn.sendall(b"GET /jobs?marked HTTP/1.1\r\nHost: x\r\nmarked name: marked\r\n\r\n")
        assert b" 400 " in conn.recv(4096)
    assert service.stop() == 0
    lines = read_log(service)
    assert {"gunicorn.error", "web.recorder", "services.runtime"} <= {
        line["logger"] for line in lines
    }
    assert "Invalid request" in {line["message"] for line in lines}
    # Nobody can tell gunicorn what to do.
    assert "Control socket" not in json.dumps(lines)
    assert "marked" not in json.dumps(lines)
    assert "an-id" in {line.get("request") for line in lines}
    # The folder of the metrics goes with the processes.
    assert [path for path in folder.iterdir() if re.match("conector-metrics-", path.name)] == []
