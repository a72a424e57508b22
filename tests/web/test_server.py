"""The real server as its callers meet it: protocol, errors, refusals on the headers, its end."""

from __future__ import annotations

import json
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.client import eventually
from tests.support.service import ServiceProcess
from tests.support.strangers import (
    AUTH,
    PATIENCE,
    ask,
    connect,
    hold,
    is_closed,
    post,
    read_answer,
    wait_until_closed,
    write_head,
)
from web.connection import HEAD_BYTES, HEAD_LINES, MAX_PIPELINED

SEARCH = b'{"question": "a"}'
MEGABYTE = b"x" * 1_000_000
# 6 MB in few rows.
CSV = b"question,answer\n" + b"".join(b"q%d,%s\n" % (n, b"a" * 1_000) for n in range(6_000))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    one = ServiceProcess(
        tmp_path_factory.mktemp("server"), MAX_UPLOAD_MB="8", MAX_UPLOAD_DISK_MB="8"
    )
    one.wait_until_ready()
    assert one.get("/jobs")[0] == 200
    yield one
    assert one.stop() == 0


def search(*headers: str, body: bytes = SEARCH) -> bytes:
    own = ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return write_head("POST /search", AUTH, *own, *headers) + body


def count_temporary_files(service: ServiceProcess) -> int:
    folder = Path(f"/proc/{service.process.pid}/fd")
    names = []
    for entry in folder.iterdir():
        with suppress(OSError):
            names.append(str(entry.readlink()))
    return sum(name.endswith("(deleted)") for name in names)


def test_a_connection_serves_one_request_after_another_and_several_at_once(
    service: ServiceProcess,
) -> None:
    with connect(service.port) as conn:
        for _ in range(3):
            conn.sendall(search())
            status, headers, body = read_answer(conn)
            assert (status, json.loads(body)["question"]) == (200, "a")
            assert "server" not in headers
        questions = [f'{{"question": "{n}"}}'.encode() for n in range(8)]
        conn.sendall(b"".join(search(body=question) for question in questions))
        for question in questions:
            assert json.loads(read_answer(conn)[2])["question"] == json.loads(question)["question"]
        conn.sendall(search("Connection: close"))
        assert read_answer(conn)[1]["connection"] == "close"
        wait_until_closed([conn])


def test_http_1_0_and_a_client_that_closes_its_half(service: ServiceProcess) -> None:
    with connect(service.port) as conn:
        conn.sendall(search().replace(b"HTTP/1.1", b"HTTP/1.0"))
        conn.shutdown(socket.SHUT_WR)
        assert read_answer(conn)[0] == 200
        wait_until_closed([conn])


@pytest.mark.parametrize("body", [b"", SEARCH])
def test_who_offers_http_2_is_answered_in_http_1(service: ServiceProcess, body: bytes) -> None:
    offer = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ"]
    with connect(service.port) as conn:
        asked = search(*offer, body=body) if body else write_head("GET /jobs", AUTH, *offer)
        for _ in range(2):
            conn.sendall(asked)
            assert read_answer(conn)[0] == 200


def test_head_tells_the_length_and_sends_no_body(service: ServiceProcess) -> None:
    for path in ("/livez", "/jobs"):
        with connect(service.port) as conn:
            conn.sendall(write_head(f"HEAD {path}", AUTH) + write_head("GET /livez"))
            data = b""
            while data.count(b"HTTP/1.1 200") < 2 or not data.endswith(b"}"):
                data += conn.recv(65_536)
            assert data.split(b"\r\n\r\n")[1].startswith(b"HTTP/1.1 200")


def test_live_answers_are_those_of_the_app(service: ServiceProcess) -> None:
    for path in ("/livez", "/health"):
        status, headers, body = ask(service.port, write_head(f"GET {path}"))
        assert (status, body["status"]) == (200, "ok")
        assert headers["content-type"] == "application/json"
        assert headers["x-content-type-options"] == "nosniff"
    assert ask(service.port, write_head("DELETE /livez", AUTH))[0] == 405


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "malformed_request"),
        (write_head("GET /livez", *["X-A: b"] * (HEAD_LINES + 1)), 431, "header_too_large"),
        (write_head("GET /livez", "X-A: " + "b" * (HEAD_BYTES + 1))[:-4], 431, "header_too_large"),
        (write_head("GET /jobs"), 401, "unauthorized"),
        (write_head("POST /livez", "Content-Length: 5") + b"abcde", 413, "too_large"),
        (write_head("POST /items", AUTH, "Transfer-Encoding: gzip, chunked"), 400,
         "malformed_request"),
        (write_head("POST /items", AUTH, "Content-Length: 9000000"), 413, "too_large"),
        (write_head("POST /upload", AUTH, "Content-Length: 9000000"), 413, "too_large"),
    ],
)  # fmt: skip
def test_the_servers_own_errors_have_the_shape_of_all(
    service: ServiceProcess, request_bytes: bytes, status: int, code: str
) -> None:
    answered, headers, body = ask(service.port, request_bytes)
    assert (answered, body["code"]) == (status, code)
    assert set(body) == {"error", "code"}
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_an_answer_in_hand_comes_before_the_error_about_what_follows_it(
    service: ServiceProcess,
) -> None:
    with connect(service.port) as conn:
        conn.sendall(search() + b"nonsense\r\n\r\n")
        assert read_answer(conn)[0] == 200
        wait_until_closed([conn])


def test_of_too_many_requests_at_once_the_first_are_answered(service: ServiceProcess) -> None:
    with connect(service.port) as conn:
        conn.sendall(search() * 100)
        assert [read_answer(conn)[0] for _ in range(MAX_PIPELINED)] == [200] * MAX_PIPELINED
        wait_until_closed([conn])


@pytest.mark.parametrize("path", ["/upload", "/search", "/nowhere"])
@pytest.mark.parametrize("length", ["Content-Length: 100000000", "Transfer-Encoding: chunked"])
def test_without_credentials_no_body_is_waited_for(
    service: ServiceProcess, path: str, length: str
) -> None:
    status, headers, body = ask(service.port, write_head(f"POST {path}", length))
    assert (status, body["code"]) == (401, "unauthorized")
    assert headers["www-authenticate"].startswith("Basic ")


def test_nothing_is_stored_of_the_bodies_of_strangers_and_the_rest_is_cut_off(
    service: ServiceProcess,
) -> None:
    message = write_head("POST /upload", "Content-Length: 100000000") + MEGABYTE[:600_000]
    with hold(service.port, 50, message) as held:
        for conn in held:
            assert read_answer(conn)[0] == 401
        assert count_temporary_files(service) == 0
        with pytest.raises(ConnectionError):
            held[0].sendall(MEGABYTE * 100)
        assert service.get("/jobs")[0] == 200


def test_a_refused_client_that_goes_on_gets_its_answer_and_its_next_one(
    service: ServiceProcess,
) -> None:
    with connect(service.port) as conn:
        conn.sendall(write_head("POST /search", "Content-Length: 900000") + MEGABYTE[:900_000])
        assert read_answer(conn)[0] == 401
        conn.sendall(search())
        assert read_answer(conn)[0] == 200
        # Whoever is known may send all of a body that is too large.
        conn.sendall(write_head("POST /upload", AUTH, "Content-Length: 9000000"))
        for _ in range(9):
            conn.sendall(MEGABYTE)
        assert read_answer(conn)[0] == 413
        conn.sendall(search())
        assert read_answer(conn)[0] == 200


@pytest.mark.parametrize("path", ["/search", "/items", "/search/batch", "/keys", "/nope", "/jobs"])
def test_who_sends_all_of_a_body_that_is_too_large_is_told_so(
    service: ServiceProcess, path: str
) -> None:
    for size in (9, 20):
        assert post(service.port, path, MEGABYTE * size, known=True)[0] == 413


def test_who_sends_all_of_a_body_without_credentials_is_told_so(service: ServiceProcess) -> None:
    for size in (5, 20, 50):
        assert post(service.port, "/upload", MEGABYTE * size)[0] == 401


def test_the_last_answer_is_read_where_the_body_comes_in_spite_of_it(
    service: ServiceProcess,
) -> None:
    expecting = post(service.port, "/upload", MEGABYTE * 5, Expect="100-continue")
    assert expecting == (401, "close")
    old = write_head("POST /upload", "Content-Length: 5000000").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert ask(service.port, old, *[MEGABYTE] * 5)[0] == 401
    with connect(service.port) as conn:
        conn.sendall(write_head("POST /upload", "Content-Length: 100000000"))
        status, headers, _ = read_answer(conn)
        assert (status, headers["connection"]) == (401, "close")
        # It is over at once for who reads, and ends by itself for who goes on without end.
        assert conn.recv(1) == b""
        with pytest.raises(ConnectionError):
            conn.sendall(MEGABYTE * 100)


def test_expect_100_continue(service: ServiceProcess) -> None:
    wait = ("Expect: 100-continue", f"Content-Length: {len(SEARCH)}")
    media = "Content-Type: application/json"
    with connect(service.port) as conn:
        conn.sendall(write_head("POST /search", AUTH, media, *wait))
        assert conn.recv(25, socket.MSG_WAITALL) == b"HTTP/1.1 100 Continue\r\n\r\n"
        conn.sendall(SEARCH)
        assert read_answer(conn)[0] == 200
    with connect(service.port) as conn:
        conn.sendall(write_head("POST /search", media, *wait))
        status, headers, _ = read_answer(conn)
        assert (status, headers["connection"]) == (401, "close")
        wait_until_closed([conn])


def test_uploads_beyond_the_room_on_the_disk_are_told_to_come_again(
    service: ServiceProcess,
) -> None:
    head = write_head("POST /upload", AUTH, "Content-Type: text/csv", f"Content-Length: {len(CSV)}")
    with connect(service.port) as first:
        first.sendall(head + CSV[:4_000_000])
        deadline = time.monotonic() + PATIENCE
        while not count_temporary_files(service):
            assert time.monotonic() < deadline
        status, headers, body = ask(service.port, head)
        assert (status, body["code"]) == (503, "unavailable")
        assert int(headers["retry-after"]) > 0
        # What needs no disk goes on.
        assert ask(service.port, search())[0] == 200
        first.sendall(CSV[4_000_000:])
        assert read_answer(first)[0] == 202
    # The room is free a moment after the answer.
    eventually(lambda: ask(service.port, head, CSV)[0] == 202)


def test_a_client_that_leaves_gives_its_room_back(service: ServiceProcess) -> None:
    head = write_head("POST /upload", AUTH, "Content-Type: text/csv", "Content-Length: 6000000")
    for _ in range(3):
        with connect(service.port) as conn:
            conn.sendall(head + MEGABYTE)
        deadline = time.monotonic() + PATIENCE
        while ask(service.port, head, MEGABYTE * 6)[0] == 503:
            assert time.monotonic() < deadline


def test_a_request_in_hand_is_finished_and_the_rest_is_closed(tmp_path: Path) -> None:
    service = ServiceProcess(tmp_path)
    service.wait_until_ready()
    media = ("Content-Type: text/csv", f"Content-Length: {len(CSV)}")
    with hold(service.port, 20), connect(service.port) as idle, connect(service.port) as slow:
        idle.sendall(search())
        assert read_answer(idle)[0] == 200
        slow.sendall(write_head("POST /upload", AUTH, *media) + CSV[:100])
        with connect(service.port) as conn:
            conn.sendall(write_head("POST /upload", AUTH, *media) + CSV)
            # The body is one file, and what the app reads is another: then all of it is there.
            while service.process.poll() is None and count_temporary_files(service) < 2:
                assert not select.select([conn], [], [], 0)[0], "answered before it was looked at"
            service.signal(signal.SIGTERM)
            assert read_answer(conn)[0] == 202
        assert service.process.wait(PATIENCE) == 0
        assert is_closed(idle)
        assert is_closed(slow)
