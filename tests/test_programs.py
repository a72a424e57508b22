"""The service as a process: killed, stopped, started again, its database restarted."""

from __future__ import annotations

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from postgres.programs import Programs
from postgres.server import EmbeddedPostgres
from tests.support.service import PASSWORD, ROOT, USER, ServiceProcess, free_port

ROWS = 600


def csv(rows: int = ROWS) -> str:
    return "question,answer\n" + "".join(f"Question {n}?,Answer {n}\n" for n in range(rows))


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    """Starts services in one folder, on one database, and ends them in the end."""
    services: list[ServiceProcess] = []
    # Holds the database, so that it need not start anew with each service.
    server = EmbeddedPostgres.start(tmp_path / "data")

    def start(*, wait: bool = True, **settings: str) -> ServiceProcess:
        service = ServiceProcess(tmp_path, **settings)
        services.append(service)
        if wait:
            service.wait_until_ready()
        return service

    yield start
    for service in services:
        if service.process.poll() is None:
            service.kill()
    server.stop()


def check_stored(tmp_path: Path, rows: int) -> None:
    """Every row once, each with its two vectors, and nothing left over."""
    server = EmbeddedPostgres.start(tmp_path / "data")
    conn = psycopg2.connect(server.dsn)
    with conn.cursor() as cur:
        cur.execute("SELECT count(*), count(DISTINCT question) FROM items")
        assert cur.fetchone() == (rows, rows)
        cur.execute("SELECT count(*), count(DISTINCT (item_id, kind)) FROM item_vectors")
        assert cur.fetchone() == (2 * rows, 2 * rows)
        cur.execute("SELECT (SELECT count(*) FROM job_rows), (SELECT count(*) FROM staged_vectors)")
        assert cur.fetchone() == (0, 0)
    conn.close()
    server.stop()


def test_a_job_goes_on_and_ends_right_after_kill_9(started: Any, tmp_path: Path) -> None:
    first = started(EMBED_SECONDS="0.2")
    job = first.load(csv())
    first.until(job["id"], lambda job: 0 < job["rows"]["done"] < ROWS)
    first.kill()
    second = started()
    ended = second.ended(job["id"])
    assert ended["status"] == "succeeded"
    assert ended["rows"]["inserted"] == ended["rows"]["total"] == ROWS
    check_stored(tmp_path, ROWS)


def test_a_second_signal_ends_at_once(started: Any) -> None:
    service = started(EMBED_SECONDS="40")
    service.load(csv(10))
    time.sleep(1)
    service.signal(signal.SIGTERM)
    time.sleep(0.5)
    service.signal(signal.SIGTERM)
    began = time.monotonic()
    assert service.process.wait(60) == 128 + signal.SIGTERM
    assert time.monotonic() - began < 30


def test_it_survives_a_restart_of_postgresql(started: Any, tmp_path: Path) -> None:
    service = started(EMBED_SECONDS="0.1")
    job = service.load(csv())
    programs = Programs.for_folder(tmp_path / "data" / "postgres")
    programs.run("pg_ctl", "stop", "-s", "-m", "immediate")
    status, answer = service.get("/readyz")
    assert status == 503, service.log.read_text()
    assert answer["parts"]["database"] != "ok"
    assert answer["parts"]["model"] == "ok"
    status, answer = service.ask(
        "POST", "/search", b'{"question": "a"}', Content_Type="application/json"
    )
    assert (status, answer["code"]) == (503, "unavailable"), service.log.read_text()
    assert int(answer["headers"]["Retry-After"]) > 0
    assert service.get("/health")[0] == 200
    # The service starts it again.
    service.wait_until_ready()
    assert service.ended(job["id"])["rows"]["inserted"] == ROWS
    check_stored(tmp_path, ROWS)


def test_two_first_starts_at_once_on_one_folder(tmp_path: Path) -> None:
    services = [ServiceProcess(tmp_path) for _ in range(2)]
    try:
        for service in services:
            service.wait_until_ready()
        job = services[0].load(csv(10))
        assert services[1].ended(job["id"])["rows"]["inserted"] == 10
        # The server stays until the last one stops.
        assert services[0].stop() == 0
        assert services[1].get("/readyz")[0] == 200
        assert services[1].stop() == 0
        for service in services:
            assert service.log is not None
            # The program closes its parts, and so does its end, where nothing did.
            assert service.log.read_text("utf-8").count("Stopping: batches") == 1
    finally:
        for service in services:
            if service.process.poll() is None:
                service.kill()


def test_python_app_py_makes_credentials_once_and_its_curl_lines_work(
    tmp_path: Path, minilm_folder: Path
) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("API_", "DB_"))}
    environment |= {"PORT": str(free_port()), "EMBEDDING_MODEL": str(minilm_folder)}

    def start() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        while "/search" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        return process, "".join(lines)

    process, said = start()
    try:
        assert f"http://127.0.0.1:{environment['PORT']}" in said
        assert "password" in said
        assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
        upload, search = re.findall(r"^  (curl .*)$", said, re.MULTILINE)
        _ready(environment["PORT"])
        answer = _bash(upload, tmp_path)
        assert '"status":"enqueued"' in answer, answer
        deadline = time.monotonic() + 60
        while '"results":[{' not in (answer := _bash(search, tmp_path)):
            assert time.monotonic() < deadline, answer
            time.sleep(0.2)
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stdout.close()  # type: ignore[union-attr]
    process, said = start()
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()  # type: ignore[union-attr]
    assert "password" not in said
    upload, _ = re.findall(r"^  (curl .*)$", said, re.MULTILINE)
    assert "$API_USERNAME" in upload


def _ready(port: str) -> None:
    deadline = time.monotonic() + 60
    while _bash(f"curl -s -o /dev/null -w %{{http_code}} localhost:{port}/readyz", ROOT) != "200":
        assert time.monotonic() < deadline


def _bash(command: str, folder: Path) -> str:
    result = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return result.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "seventy"),
        ("EMBEDDING_MODEL", "./no-such-model"),
        ("DATABASE_URL", "postgresql://127.0.0.1:1/none"),
        ("API_PASSWORD", ""),
    ],
)
def test_a_start_that_fails_says_why_in_one_line(tmp_path: Path, variable: str, value: str) -> None:
    settings = {"API_USERNAME": "a", "API_PASSWORD": "b", "PORT": str(free_port())}
    assert variable in _failed_start(tmp_path, settings | {variable: value})


def test_a_first_start_that_fails_leaves_no_password_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "PORT" in _failed_start(tmp_path, {"PORT": str(taken.getsockname()[1])})
    assert not (tmp_path / ".env").exists()
    settings = {"PORT": str(free_port()), "EMBEDDING_MODEL": "./no-such-model"}
    assert "EMBEDDING_MODEL" in _failed_start(tmp_path, settings)
    assert not (tmp_path / ".env").exists()


# `python app.py`, which waits half a minute for a database of one's own.
_IMPATIENT = """
import sys, app
sys.exit(app.main(database_seconds=1.0))
"""


def _failed_start(folder: Path, settings: dict[str, str]) -> str:
    """Return the line that says why."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("API_", "DB_"))}
    result = subprocess.run(
        [sys.executable, "-c", _IMPATIENT],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"} | settings,
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Conector PGVector can't start: ")
    return last


def test_a_large_upload_takes_little_memory(started: Any) -> None:
    service = started(WORKER_THREADS="0")
    process = psutil.Process(service.process.pid)
    service.load(csv(1000))
    before, most = process.memory_info().rss, 0
    body = "question,answer\n" + "".join(f"Q {n},{'x' * 280}\n" for n in range(200_000))
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(service.upload, body, "?collection=large")
        while not upload.done():
            most = max(most, process.memory_info().rss)
            time.sleep(0.02)
    assert upload.result()["rows"]["total"] == 200_000
    # 58 MB; 300 MB take no more (make bench-uploads).
    assert most - before < 50_000_000


def test_gunicorn_serves_it_with_several_processes(tmp_path: Path, minilm_folder: Path) -> None:
    pytest.importorskip("gunicorn")
    service = ServiceProcess(
        tmp_path,
        PROGRAM="gunicorn",
        EMBEDDING_MODEL=str(minilm_folder),
    )
    try:
        service.wait_until_ready()
        job = service.load(csv(20))
        assert service.ended(job["id"])["rows"]["inserted"] == 20
        children = psutil.Process(service.process.pid).children()
        assert sum("gunicorn" in " ".join(child.cmdline()) for child in children) == 2
        # A cut-off body, which gunicorn hands on as if it were whole.
        with socket.create_connection(("127.0.0.1", service.port)) as conn:
            token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            conn.sendall(
                f"POST /upload HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n"
                "Content-Type: text/csv\r\nContent-Length: 500\r\n\r\n"
                "question,answer\na,b\n".encode()
            )
            conn.shutdown(socket.SHUT_WR)
            answer = conn.recv(65_536)
        assert answer == b"" or b" 400 " in answer.splitlines()[0]
        assert service.get("/jobs")[1]["total"] == 1
        assert service.stop() == 0
    finally:
        if service.process.poll() is None:
            service.kill()
    check_stored(tmp_path, 20)


def test_what_a_trusted_proxy_forwards_passes_the_server(started: Any) -> None:
    service = started(TRUSTED_PROXIES="1")
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "faq.example"}
    for origin, status in (("https://faq.example", 404), (service.url, 403)):
        answer = service.send("DELETE", "/items/1", headers=forwarded | {"Origin": origin})
        assert answer.status == status
