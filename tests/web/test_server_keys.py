"""The real server knows users and keys on the headers, before a body is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.logs import wait_for_lines
from tests.support.service import ServiceProcess
from tests.support.strangers import AUTH, ask, basic, connect, read_answer, write_head

PASSWORD = "a long password"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    one = ServiceProcess(tmp_path_factory.mktemp("server"))
    one.wait_until_ready()
    yield one
    assert one.stop() == 0


def post(service: ServiceProcess, path: str, body: str) -> Any:
    status, answer = service.ask("POST", path, body.encode(), Content_Type="application/json")
    assert status == 201, answer
    return answer


def status(service: ServiceProcess, authorization: str, line: str = "GET /jobs") -> int:
    return ask(service.port, write_head(line, authorization))[0]


def test_keys_are_known_until_they_are_revoked(service: ServiceProcess) -> None:
    made = post(service, "/keys", '{"name": "bot", "role": "reader"}')
    bearer = f"Authorization: bearer {made['key']}"
    for header in (bearer, basic("any", made["key"]), basic("", made["key"])):
        assert status(service, header) == 200
    service.ask("DELETE", f"/keys/{made['id']}")
    assert [status(service, bearer) for _ in range(2)] == [401, 401]


def test_users_are_known_until_they_are_removed(service: ServiceProcess) -> None:
    post(service, "/users", f'{{"name": "ana", "password": "{PASSWORD}", "role": "reader"}}')
    ana = basic("ana", PASSWORD)
    assert [status(service, ana) for _ in range(2)] == [200, 200]
    assert status(service, basic("ana", "wrong")) == 401
    service.ask("DELETE", "/users/ana")
    assert [status(service, ana) for _ in range(2)] == [401, 401]


def test_a_body_is_not_waited_for_without_a_right_key(service: ServiceProcess) -> None:
    made = post(service, "/keys", '{"name": "bot", "role": "editor"}')
    sizes = ("Content-Type: text/csv", "Content-Length: 100000")
    for authorization in (f"Bearer cpg_{'x' * 43}", "Bearer else", "Bearer"):
        head = write_head("POST /upload", f"Authorization: {authorization}", *sizes)
        code, headers, _ = ask(service.port, head)
        assert code == 401
        assert headers["www-authenticate"].startswith("Basic ")
    with connect(service.port) as conn:
        body = b"question,answer\n" + b"q,a\n" * 24_996
        sizes = ("Content-Type: text/csv", f"Content-Length: {len(body)}")
        bearer = f"Authorization: Bearer {made['key']}"
        conn.sendall(write_head("POST /upload", bearer, *sizes) + body)
        assert read_answer(conn)[0] == 202


def test_a_reader_is_told_which_role_is_needed(service: ServiceProcess) -> None:
    made = post(service, "/keys", '{"name": "bot", "role": "reader"}')
    bearer = f"Authorization: Bearer {made['key']}"
    code, _, answer = ask(service.port, write_head("DELETE /items/1", bearer))
    assert (code, answer["code"]) == (403, "forbidden")
    assert "editor" in answer["error"]
    wait_for_lines(service, lambda line: (line.get("status"), line.get("key")) == (403, "bot"))


def test_two_credentials_in_one_request_are_none(service: ServiceProcess) -> None:
    made = post(service, "/keys", '{"name": "bot", "role": "reader"}')
    bearer = f"Authorization: Bearer {made['key']}"
    for both in ((AUTH, bearer), (bearer, AUTH), (AUTH, AUTH)):
        # The server refuses it by itself: it waits for no body.
        sizes = ("Content-Type: text/csv", "Content-Length: 100000")
        code, _, answer = ask(service.port, write_head("POST /upload", *both, *sizes))
        assert (code, answer["code"]) == (401, "unauthorized")
