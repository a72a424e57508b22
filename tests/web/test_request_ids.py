"""The real server: an id on every answer, also on those that it gives without the app."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.client import USER
from tests.support.logs import Line, read_log, wait_for_lines
from tests.support.metrics import read_value
from tests.support.service import ServiceProcess
from tests.support.strangers import AUTH, connect, read_answer, write_head

ID = "X-Request-Id: id-{}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    one = ServiceProcess(
        tmp_path_factory.mktemp("ids"), LOG_LEVEL="DEBUG", METRICS_NETWORKS="127.0.0.0/8"
    )
    one.wait_until_ready()
    yield one
    assert one.stop() == 0


def send(service: ServiceProcess, *requests: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the last answer."""
    with connect(service.port) as conn:
        for request in requests:
            conn.sendall(request)
            answer = read_answer(conn)
    return answer


# What is sent, the status, and the route.
REQUESTS = {
    "kept": (("GET /livez",), 200, "/livez"),
    "app": (("GET /jobs", AUTH), 200, "/jobs"),
    "not found": (("GET /marked", AUTH), 404, "other"),
    "no login": (("GET /items/12?marked",), 401, "/items/<int:item_id>"),
    "no login, no route": (("GET /marked",), 401, "other"),
    "too large": (("POST /search", AUTH, "Content-Length: 99999999"), 413, "/search"),
    "no json": (("POST /search", AUTH, "Content-Length: 0"), 415, "/search"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_answer_has_the_id_and_so_has_its_line(service: ServiceProcess, name: str) -> None:
    lines, status, route = REQUESTS[name]
    given = name.replace(" ", "-").replace(",", "")
    answer = send(service, write_head(*lines, ID.format(given)))
    assert (answer[0], answer[1]["x-request-id"]) == (status, f"id-{given}")
    line = wait_for_its_line(service, f"id-{given}")
    assert (line["status"], line["route"]) == (status, route)
    assert line.get("user") == (USER if status in (200, 404, 415) and AUTH in lines else None)


def wait_for_its_line(service: ServiceProcess, request_id: str) -> Line:
    """Return the one line that a request has, whatever else has its id."""
    (line,) = wait_for_lines(
        service,
        lambda line: (line.get("request"), line["logger"]) == (request_id, "web.recorder"),
    )
    return line


def test_what_can_t_be_read_has_an_id_too(service: ServiceProcess) -> None:
    for request, status in (
        (b"GET marked\r\n\r\n", 400),
        (write_head("GET /jobs", *[f"marked{n}: x" for n in range(200)]), 431),
    ):
        answer = send(service, request)
        assert answer[0] == status
        made = answer[1]["x-request-id"]
        assert re.fullmatch("[0-9a-f]{16}", made)
        line = wait_for_its_line(service, made)
        assert (line["route"], line["status"]) == ("other", status)


def test_answers_on_one_connection_have_ids_of_their_own(service: ServiceProcess) -> None:
    with connect(service.port) as conn:
        for path in ("GET /livez", "GET /jobs", "GET /livez", "GET /jobs"):
            conn.sendall(write_head(path, AUTH))
        ids = {read_answer(conn)[1]["x-request-id"] for _ in range(4)}
    assert len(ids) == 4


def test_named_networks_read_the_metrics_without_a_login(service: ServiceProcess) -> None:
    status, _, body = send(service, write_head("GET /metrics"))
    assert status == 200
    text = body.decode()
    # They count what the server answers by itself.
    assert read_value(text, "conector_http_refused_total", status="401") >= 1
    assert read_value(text, "conector_http_requests_total", route="/livez") >= 1
    assert "marked" not in text


def test_nothing_that_a_caller_says_is_in_the_log(service: ServiceProcess) -> None:
    body = b'{"question": "marked"}'
    length = f"Content-Length: {len(body)}"
    json_type = "Content-Type: application/json"
    for head in (
        write_head("POST /search?marked=1", AUTH, length, json_type),
        write_head("POST /search", length, json_type),
        write_head("POST /search", "Authorization: Basic bWFya2VkOm1hcmtlZA==", length, json_type),
        write_head("MARKED /marked", AUTH, length, "X-Request-Id: marked one", "Cookie: marked"),
    ):
        send(service, head + body)
    with connect(service.port) as conn:  # it goes away within its body
        conn.sendall(write_head("POST /upload", AUTH, "Content-Length: 900000") + b"marked" * 9)
    wait_for_lines(service, lambda line: "POST other 400" in line["message"])
    assert "marked" not in json.dumps(read_log(service)).lower()
