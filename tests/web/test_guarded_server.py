"""The real server's own refusals: wrong passwords by address, other sites' pages, headers."""

from __future__ import annotations

import select
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

import pytest

from local_service import free_port
from tests.support.frozen import freeze
from tests.support.guarded import missing_headers
from tests.support.service import ServiceProcess
from tests.support.strangers import (
    AUTH,
    PATIENCE,
    ask,
    basic,
    connect,
    post,
    read_answer,
    write_head,
)
from web.connection import HEAD_LINES

SITE, OTHER = "https://www.example.org", "https://evil.example"
CSV = b"question,answer\na,b\n"
HTTPS = "X-Forwarded-Proto: https"
HSTS = "strict-transport-security"


class Redis(NamedTuple):
    """A Redis of a test's own: where wrong passwords are counted."""

    process: subprocess.Popen[bytes]
    uri: str


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis | None]:
    """None where there is no Redis; then the service counts in its memory."""
    if shutil.which("redis-server") is None:
        yield None
        return
    port = free_port()
    command = ["redis-server", "--port", str(port), "--save", ""]
    process = subprocess.Popen(
        command, cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL
    )
    yield Redis(process, f"redis://127.0.0.1:{port}/0")
    process.kill()
    process.wait(60)


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, redis: Redis | None
) -> Iterator[ServiceProcess]:
    """Nobody has logged in to it before the first test."""
    one = ServiceProcess(
        tmp_path_factory.mktemp("guarded"),
        TRUSTED_PROXIES="1",
        CORS_ORIGINS=SITE,
        MAX_UPLOAD_MB="1",
        RATELIMIT_STORAGE_URI="memory://" if redis is None else redis.uri,
    )
    one.wait_until_ready()
    yield one
    assert one.stop() == 0


def log_in(
    service: ServiceProcess, credentials: str, address: str
) -> tuple[int, dict[str, str], Any]:
    """Ask for something with credentials, as a client of an address behind the proxy."""
    return ask(service.port, write_head("GET /jobs", credentials, f"X-Forwarded-For: {address}"))


def guess(service: ServiceProcess, name: str, address: str, number: int) -> int:
    return log_in(service, basic(name, f"wrong {number}"), address)[0]


def test_many_wrong_passwords_at_once_are_refused_and_a_login_from_elsewhere_passes(
    service: ServiceProcess,
) -> None:
    statuses: list[int] = []
    ended = threading.Event()

    def flood(number: int) -> None:
        while not ended.is_set():
            statuses.append(guess(service, "admin", "198.51.100.200", number))
            number += 100

    threads = [threading.Thread(target=flood, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while 429 not in statuses:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert log_in(service, AUTH, "192.0.2.2")[0] == 200
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {401, 429}


REFUSED = "192.0.2.1"


def refuse(service: ServiceProcess) -> tuple[dict[str, str], Any]:
    """Give wrong passwords from REFUSED until one is not checked; return what that is told.

    A window may end meanwhile, so how many it takes is left open.
    """
    deadline = time.monotonic() + PATIENCE
    status, number = 401, 0
    while status == 401:
        assert time.monotonic() < deadline
        status, headers, body = log_in(service, basic("new", f"wrong {number}"), REFUSED)
        number += 1
    assert status == 429
    return headers, body


def test_an_address_that_is_refused_is_told_for_how_long_and_remembered_callers_go_on(
    service: ServiceProcess,
) -> None:
    headers, body = refuse(service)
    assert body["code"] == "too_many_failures"
    assert 0 < int(headers["retry-after"]) <= 120
    assert log_in(service, AUTH, REFUSED)[0] == 200
    assert guess(service, "new", "192.0.2.3", 0) == 401


def test_known_and_unknown_names_are_answered_alike_and_in_the_same_time(
    service: ServiceProcess,
) -> None:
    times: dict[str, list[float]] = {"admin": [], "nobody": []}
    answers = set()
    for number in range(5):
        for name, taken in times.items():
            began = time.perf_counter()
            address = f"198.51.100.{number}"
            status, headers, body = log_in(service, basic(name, f"wrong {number}"), address)
            taken.append(time.perf_counter() - began)
            answers.add((status, headers["www-authenticate"], body["error"]))
    assert len(answers) == 1
    known, unknown = sorted(map(median, times.values()))
    # Checking no password would take a hundredth of the time.
    assert unknown < 3 * known


def test_every_refusal_of_the_server_guards_browsers(
    service: ServiceProcess, subtests: pytest.Subtests
) -> None:
    assert service.get("/jobs")[0] == 200
    big = "Content-Length: 100000000"
    refusals = {
        200: write_head("GET /livez"),
        400: b"nonsense\r\n\r\n",
        401: write_head("GET /jobs"),
        403: write_head("POST /items", AUTH, f"Origin: {OTHER}", "Content-Length: 0"),
        404: write_head("GET /nothing", AUTH),
        413: write_head("POST /upload", AUTH, big),
        431: write_head("GET /livez", *[f"X-{n}: a" for n in range(HEAD_LINES + 1)]),
    }
    for status, request in refusals.items():
        with subtests.test(status=status), connect(service.port) as conn:
            conn.sendall(request)
            got, headers, _ = read_answer(conn)
            assert (got, missing_headers(headers)) == (status, [])
            assert HSTS not in headers
    headers, _ = refuse(service)
    assert missing_headers(headers) == []
    assert HSTS not in headers


def test_a_named_sites_page_asks_without_credentials_and_reads_refusals(
    service: ServiceProcess,
) -> None:
    asked = "Access-Control-Request-Method: POST"
    with connect(service.port) as conn:
        conn.sendall(write_head("OPTIONS /search", f"Origin: {SITE}", asked))
        status, headers, _ = read_answer(conn)
        assert (status, headers["access-control-allow-origin"]) == (204, SITE)
    too_large = write_head("POST /search", AUTH, f"Origin: {SITE}", "Content-Length: 100000000")
    for request, status in (
        (write_head("POST /search", f"Origin: {SITE}", "Content-Length: 0"), 401),
        (too_large, 413),
        (write_head("GET /health", f"Origin: {SITE}"), 200),
    ):
        got, headers, _ = ask(service.port, request)
        assert (got, headers["access-control-allow-origin"]) == (status, SITE)
        assert "retry-after" in headers["access-control-expose-headers"].lower()
    for origin in (OTHER, "null"):
        request = write_head("OPTIONS /search", f"Origin: {origin}", asked)
        status, headers, _ = ask(service.port, request)
        assert (status, "access-control-allow-origin" in headers) == (401, False)


def make_form(size: int) -> bytes:
    """Return a multipart body of so many bytes, with a file in it."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    end = b"\r\n--x--\r\n"
    return head + CSV.ljust(size - len(head) - len(end), b"\n") + end


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
def test_a_body_may_be_as_large_as_the_limit_says(
    service: ServiceProcess, more: int, status: int
) -> None:
    size = 1024 * 1024 + more
    for media, body in {
        "text/csv": CSV.ljust(size, b"\n"),
        "multipart/form-data; boundary=x": make_form(size),
    }.items():
        path = "/upload?dry_run=true"
        assert post(service.port, path, body, known=True, Content_Type=media)[0] == status


def test_behind_https_every_answer_holds_browsers_to_it(service: ServiceProcess) -> None:
    for request, status in (
        (write_head("GET /jobs", HTTPS), 401),
        (write_head("GET /jobs", HTTPS, AUTH), 200),
        (write_head("GET /livez", HTTPS), 200),
    ):
        got, headers, _ = ask(service.port, request)
        assert (got, headers.get(HSTS)) == (status, "max-age=31536000")


def test_a_storage_of_counts_that_hangs_holds_up_nobody_else(
    service: ServiceProcess, redis: Redis | None
) -> None:
    if redis is None:
        pytest.skip("redis-server is missing: apt-get install redis-server")
    assert service.get("/jobs")[0] == 200
    freeze(redis.process.pid)
    deadline = time.monotonic() + PATIENCE
    answered = 0
    with connect(service.port) as guessing:
        guessing.sendall(write_head("GET /jobs", basic("nobody", "wrong")))
        while not _came(guessing):
            assert time.monotonic() < deadline
            assert service.get("/jobs")[0] == 200
            answered += 1
        assert read_answer(guessing)[0] == 401
    # The storage is waited for for a second, beside the event loop.
    assert answered > 3
    assert service.log is not None
    assert service.log.read_text().count("RATELIMIT_STORAGE_URI does not answer") == 1


def _came(conn: socket.socket) -> bool:
    """Return whether an answer begins to come."""
    return bool(select.select([conn], [], [], 0)[0])
