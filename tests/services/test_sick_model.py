"""A sick embedding server: rows wait and say why, searches fail soon, a bad text stands alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from app import create_app
from config import Settings
from embedders.guard import Backoff
from embedders.remote import RemoteModel
from services.calibration import Calibration
from tests.support.client import Client, eventually
from tests.support.embedder import HashEmbedder
from tests.support.embedding_server import EmbeddingServer

FILE = "question,answer\n" + "".join(f"Question {n}?,Answer {n}\n" for n in range(20))


@dataclass
class Setting:
    server: EmbeddingServer
    client: Client
    # Of a process without workers on the same database.
    onlooker: Client


@pytest.fixture
def setting(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    monkeypatch.setattr(Backoff, "seconds", lambda _, n: min(1.0, 0.1 * 2 ** (n - 1)))
    server = EmbeddingServer()
    post = RemoteModel._post

    def wait_briefly_for_what_hangs(
        model: RemoteModel, body: bytes, seconds: float, most: int
    ) -> tuple[int, bytes]:
        # Of what answers, none may be late because the machine is slow.
        hangs = server.sick == "hang" or (b"poison" in body and server.poison == "hang")
        return post(model, body, 0.5 if hangs else 60.0, most)

    monkeypatch.setattr(RemoteModel, "_post", wait_briefly_for_what_hangs)
    own = {"embedding_url": server.url, "embedding_model": "m"}
    apps = [
        create_app(settings.model_copy(update=own)),
        create_app(settings.model_copy(update={"worker_threads": 0}), HashEmbedder()),
    ]
    for app in apps:
        # Else its requests would be counted.
        calibration: Calibration = app.extensions["conector"].searcher.calibration
        while calibration.get_constants() is None:
            time.sleep(0.02)
    yield Setting(server, *(Client(app.test_client()) for app in apps))
    for app in apps:
        app.extensions["conector"].close()
    server.close()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "sick", ["html", "redirect", "error", "NaN", "count", "dimension", "400", "500", "503", "hang"]
)
def test_rows_wait_while_the_server_is_sick(
    setting: Setting, caplog: pytest.LogCaptureFixture, sick: str
) -> None:
    server, client = setting.server, setting.client
    asked, began = len(server.requests), time.monotonic()
    server.sick = sick
    job = client.upload(FILE).json["job"]

    def show(who: Client = client) -> dict[str, Any]:
        return dict(who.get(f"/jobs/{job['id']}").json)

    eventually(lambda: show()["waiting"] is not None)
    assert show()["waiting"] == show(setting.onlooker)["waiting"]
    response = client.post("/search", json={"question": f"Something new, {sick}?"})
    assert (response.status_code, response.json["code"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["parts"]["database"]) == (503, "ok")
    assert ready.json["parts"]["model"].startswith("The ")
    time.sleep(0.7)
    assert (show()["rows"]["done"], show()["rows"]["rejected"]) == (0, 0)
    # At most once a second in the end, for queries and for passages, and a probe each time.
    assert len(server.requests) - asked <= 15 + 4 * (time.monotonic() - began)
    said = warnings(caplog)
    assert len(said) == len(set(said)) <= 3, said

    server.sick = None
    ended = client.ended(job["id"])
    assert (ended["status"], ended["rows"]["inserted"]) == ("succeeded", 20)
    assert ended["waiting"] is None
    eventually(lambda: client.get("/readyz").status_code == 200)
    assert client.search("Question 7?")[0]["answer"] == "Answer 7"


@pytest.mark.parametrize("poison", ["400", "500", "NaN", "html", "hang"])
def test_one_text_that_the_server_can_not_take_is_rejected(setting: Setting, poison: str) -> None:
    server, client = setting.server, setting.client
    server.poison = poison
    asked = len(server.requests)
    job = client.load(FILE + "A poison question?,Answer\n")
    assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (20, 1)
    (error,) = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert (error["line"], error["code"]) == (22, "embedding_failed")
    assert len(server.requests) - asked < 60
    if poison != "hang":
        response = client.post("/search", json={"question": "poison"})
        assert (response.status_code, response.json["code"]) == (422, "embedding_failed")
    assert client.search("Question 7?")[0]["answer"] == "Answer 7"
    item = {"question": "poison", "answer": "a"}
    assert client.post("/items", json=item).status_code == 422


def test_a_vector_of_another_model_is_not_believed_after_the_server_came_back(
    setting: Setting,
) -> None:
    server, client = setting.server, setting.client
    server.sick = "503"
    job = client.upload(FILE).json["job"]
    assert client.post("/search", json={"question": "new"}).status_code == 503
    server.sick = "another model"
    eventually(lambda: "another model" in client.get("/readyz").json["parts"]["model"])
    assert client.post("/search", json={"question": "new"}).status_code == 503
    server.sick = None
    assert client.ended(job["id"])["rows"]["inserted"] == 20


def test_a_hanging_server_holds_no_requests(setting: Setting) -> None:
    """Only the first ones wait for it, and not long; what is known is answered."""
    server, client = setting.server, setting.client
    client.load(FILE)
    assert client.search("Question 7?")[0]["answer"] == "Answer 7"
    server.sick = "hang"
    app = client.http.application

    def search(n: int) -> int:
        one = Client(app.test_client())
        return int(one.post("/search", json={"question": f"Unknown {n}?"}).status_code)

    asked, began = len(server.requests), time.monotonic()
    with ThreadPoolExecutor(40) as executor:
        assert set(executor.map(search, range(40))) == {503}
    assert {search(n) for n in range(20)} == {503}
    # Each that asks waits for the deadline; the others are told at once.
    assert len(server.requests) - asked <= 5 + 2 * (time.monotonic() - began)
    assert client.search("Question 7?")[0]["answer"] == "Answer 7"
    job = client.upload(FILE.replace("Answer", "Reply")).json["job"]
    assert client.post("/items", json={"question": "a", "answer": "b"}).status_code == 503
    server.sick = None
    assert client.ended(job["id"])["rows"]["updated"] == 20
    eventually(lambda: search(99) == 200)
