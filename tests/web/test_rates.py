"""RATE_SEARCHES and RATE_UPLOADS: what each caller may do in a time, and what it is told beyond."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from apiflask import APIFlask

import web.rates
from app import create_app
from config import Settings
from local_service import free_port
from services.access import Caller
from tests.support.client import USER, Client, eventually
from tests.support.embedder import HashEmbedder

pytestmark = pytest.mark.usefixtures("still_counts")

FAQ = "question,answer\na,b\n"
QUERY = {"question": "a"}

Start = Callable[..., Client]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts an app with settings of its own."""
    started: list[APIFlask] = []

    def start(**changed: Any) -> Client:
        started.append(create_app(settings.model_copy(update=changed), HashEmbedder()))
        return Client(started[-1].test_client())

    yield start
    for app in started:
        app.extensions["conector"].close()


def search(client: Client, **headers: str) -> Any:
    return client.post("/search", json=QUERY, headers=headers)


def batch(client: Client, count: int) -> Any:
    return client.post("/search/batch", json={"queries": [QUERY] * count})


def test_beyond_its_rate_a_caller_is_told_when_to_come_again(start: Start) -> None:
    client = start(rate_searches="3/hour")
    answers = [search(client) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert "Retry-After" not in answers[0].headers
    refused = answers[-1]
    assert refused.json["code"] == "too_many_requests"
    assert "RATE_SEARCHES allows each user or key 3/hour." in refused.json["error"]
    assert 0 < int(refused.headers["Retry-After"]) <= 2 * 3_600
    said = search(client, **{"Accept-Language": "pt"}).json["error"]
    assert "RATE_SEARCHES permite 3/hour a cada usuário ou chave." in said
    # Searches are not uploads, and lists are neither.
    assert client.upload(FAQ).status_code == 202
    assert client.get("/items").status_code == 200


def test_a_batch_costs_as_many_searches_as_it_has_queries(start: Start) -> None:
    client = start(rate_searches="10/hour")
    assert batch(client, 8).status_code == 200
    assert batch(client, 3).status_code == 429
    # What was refused cost nothing, and what is malformed costs nothing.
    assert client.post("/search", json={}).status_code == 400
    assert [search(client).status_code for _ in range(3)] == [200, 200, 429]


def test_a_batch_that_no_waiting_would_let_in_is_told_how_large_it_may_be(start: Start) -> None:
    client = start(rate_searches="5/second;100/hour")
    refused = batch(client, 6)
    assert (refused.status_code, refused.json["code"]) == (400, "invalid_request")
    assert "5/second: send at most 5." in refused.json["error"]


def test_uploads_and_evaluations_have_a_rate_of_their_own(start: Start) -> None:
    client = start(rate_uploads="2/hour")
    assert client.post("/items", json={"question": "a", "answer": "b"}).status_code == 201
    assert client.upload(FAQ, "/upload?dry_run=true").status_code == 200
    case = "question,expected\na,b\n"
    assert client.upload(case, "/evaluate").status_code == 202
    refused = client.upload(FAQ)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert "RATE_UPLOADS" in refused.json["error"]
    assert [search(client).status_code for _ in range(5)] == [200] * 5


def test_without_rates_nothing_is_counted(start: Start) -> None:
    client = start()
    answers = [search(client) for _ in range(30)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit" in name for name, _ in answers[0].headers)


def test_each_user_and_key_has_its_own(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start(rate_searches="1/hour")
    callers = [
        Caller("bot", "reader"),
        Caller("bot", "reader", "key"),
        Caller("bot", "reader", "key", None, 1),
        Caller("bot", "reader", "key", None, 2),
        Caller("bôt \n", "reader", "key"),
        Caller("other", "admin"),
    ]
    for caller in callers:
        monkeypatch.setattr(web.rates, "current_caller", lambda caller=caller: caller)
        assert [search(client).status_code for _ in range(2)] == [200, 429]


def test_who_is_unknown_is_told_that_and_costs_nobody_anything(start: Start) -> None:
    client = start(rate_searches="1/hour")
    assert client.http.post("/search", json=QUERY).status_code == 401
    assert client.http.post("/search", json=QUERY, auth=(USER, "wrong")).status_code == 401
    assert search(client).status_code == 200


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is missing: apt-get install redis-server")
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    yield f"redis://127.0.0.1:{port}/0", process
    process.kill()
    process.wait(60)


def test_processes_share_a_storage_and_each_goes_on_without_it(
    start: Start, shared: tuple[str, subprocess.Popen[bytes]]
) -> None:
    uri, process = shared
    options = {"rate_searches": "2/hour", "ratelimit_storage_uri": uri}
    eventually(lambda: _answers(uri))
    assert search(start(**options)).status_code == 200
    # Another process is another app; its counts are where those of the first one are.
    client = start(**options)
    assert [search(client).status_code for _ in range(2)] == [200, 429]
    process.kill()
    process.wait(60)
    # It counts in its memory: the same rate, from nothing on.
    assert [search(client).status_code for _ in range(3)] == [200, 200, 429]
    storage: Any = web.rates._limiter.storage
    storage.storage.close()


def _answers(uri: str) -> bool:
    with suppress(redis.ConnectionError), redis.Redis.from_url(uri) as client:
        return bool(client.ping())
    return False
