"""nginx and Caddy with the project's files, really run in front of the service."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, suppress
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.client import PASSWORD, USER
from tests.support.proxies import NAME, Proxy, Reply, read_reply, run_proxy
from tests.support.service import ServiceProcess, free_port

RIGHT = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
WRONG = "Basic " + base64.b64encode(b"admin:guess").decode()
KINDS = ["nginx", "caddy"]
LIMIT_MB = 16


class Front(NamedTuple):
    proxy: Proxy
    service: ServiceProcess


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    folder = tmp_path_factory.mktemp("service")
    service = ServiceProcess(folder, TRUSTED_PROXIES="1", MAX_UPLOAD_MB=str(LIMIT_MB))
    service.wait_until_ready()
    service.ended(service.load("question,answer\nWhere?,Here.\nçã?,sim\n", "?collection=a")["id"])
    yield service
    service.stop()


@pytest.fixture(scope="module", params=KINDS)
def front(
    request: pytest.FixtureRequest,
    service: ServiceProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp(request.param)
    with run_proxy(request.param, service.port, folder) as proxy:
        yield Front(proxy, service)


def begin_upload(proxy: Proxy, authorization: str, size: int) -> tuple[Reply, int]:
    """Announce so many bytes; return the answer, and how many were sent when it came."""
    head = {"Authorization": authorization, "Content-Type": "text/csv", "Content-Length": str(size)}
    connection = proxy.open("POST", "/upload", head, source="127.0.0.4")
    connection.auto_open = 0
    sent = 0
    with closing(connection), ThreadPoolExecutor(1) as threads:
        reply = threads.submit(read_reply, connection)
        # Caddy passes an answer on when the next piece comes.
        with suppress(OSError, HTTPException):
            while not wait([reply], timeout=0.05).done and sent < size:
                connection.send(b"x" * 10_000)
                sent += 10_000
        return reply.result(), sent


def test_a_search_and_an_export_pass_through(front: Front) -> None:
    body = b'{"question": "Where?", "collection": "a"}'
    found = front.proxy.ask(
        "POST", "/search", body, Authorization=RIGHT, Content_Type="application/json"
    )
    assert found.status == 200, found.body
    assert found.json()["results"][0]["answer"] == "Here."
    assert found.headers["Strict-Transport-Security"].startswith("max-age=")
    exported = front.proxy.ask("GET", "/collections/a/export", Authorization=RIGHT)
    assert exported.status == 200
    assert exported.body.decode("utf-8-sig").splitlines()[-1].endswith("çã?,sim")


def test_http_is_sent_to_https(front: Front) -> None:
    reply = front.proxy.ask_without_tls("POST", "/search?a=b")
    assert reply.status == 308
    where = reply.headers["Location"].replace(f":{front.proxy.https}", "")
    assert where == f"https://{NAME}/search?a=b"


def test_a_large_file_passes_and_a_larger_one_is_refused_by_the_service(front: Front) -> None:
    row = f'"{{}}","{"long answer " * 300}"\n'
    file = "question,answer\n" + "".join(row.format(n) for n in range(LIMIT_MB * 250))
    assert len(file) > 0.8 * LIMIT_MB * 2**20
    ask = {"Authorization": RIGHT, "Content_Type": "text/csv"}
    taken = front.proxy.ask("POST", "/upload?dry_run=true", file.encode(), **ask)
    assert taken.status == 200, taken.body[:500]
    refused, _ = begin_upload(front.proxy, RIGHT, 2 * LIMIT_MB * 2**20)
    assert refused.status == 413
    assert refused.json()["code"] == "too_large"


def test_nothing_of_a_body_is_waited_for_without_the_right_password(front: Front) -> None:
    size = 10_000_000
    reply, sent = begin_upload(front.proxy, WRONG, size)
    assert reply.status == 401
    assert sent < size


def test_wrong_passwords_count_for_the_client_and_not_for_the_proxy(front: Front) -> None:
    source = {"nginx": "127.0.1.2", "caddy": "127.0.1.3"}[front.proxy.kind]
    for n in range(60):  # 30 within a minute
        # Whatever the client says of its address.
        said = f"192.0.2.{n}"
        reply = front.proxy.ask(
            "GET", "/jobs", source=source, Authorization=WRONG, X_Forwarded_For=said
        )
        if reply.status != 401:
            break
    assert reply.status == 429
    assert reply.json()["code"] == "too_many_failures"
    other = front.proxy.ask("GET", "/jobs", source="127.0.1.9", Authorization=WRONG)
    assert other.status == 401


def test_a_page_of_the_site_itself_may_change_something(front: Front) -> None:
    body = json.dumps({"question": "q", "answer": "a", "collection": front.proxy.kind}).encode()
    asked = {"Authorization": RIGHT, "Content_Type": "application/json"}
    own = front.proxy.ask("POST", "/items", body, Origin=f"https://{NAME}", **asked)
    assert own.status == 201, own.body
    other = front.proxy.ask("POST", "/items", body, Origin="https://other.example", **asked)
    assert other.json()["code"] == "cross_site"


@pytest.mark.parametrize("path", ["/metrics", "//metrics", "/./metrics", "/%6detrics"])
def test_metrics_are_not_for_the_outside(front: Front, path: str) -> None:
    # The service would ask for credentials.
    assert front.proxy.ask("GET", path).status == 404
    assert front.proxy.ask("GET", path, Authorization=RIGHT).status == 404


def test_a_request_has_one_id(front: Front) -> None:
    kept = front.proxy.ask("GET", "/livez", X_Request_Id="aB._=-12")
    assert kept.headers["X-Request-Id"] == "aB._=-12"
    made = front.proxy.ask("GET", "/livez", X_Request_Id='a" forged')
    assert len(made.headers["X-Request-Id"]) >= 32
    assert front.proxy.ask("GET", "/livez").headers["X-Request-Id"] != made.headers["X-Request-Id"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_is_away_is_said_as_the_service_says_it(kind: str, tmp_path: Path) -> None:
    with run_proxy(kind, free_port(), tmp_path) as proxy:
        reply = proxy.ask("GET", "/jobs", Authorization=RIGHT)
    assert reply.status == 503
    assert reply.json()["code"] == "unavailable"
    assert reply.headers["Retry-After"] == "5"
