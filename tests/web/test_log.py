"""The log of requests: a line for each, their ids everywhere, and nothing that a caller said.

Marked texts come through every route, by every way, and also where things fail; nothing of them may
be in the log, at DEBUG and in both forms.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

import services.search
from app import create_app
from config import Settings
from embeddings import FloatArray
from services.logs import JsonFormatter, TextFormatter
from tests.support.client import PASSWORD, USER, Client
from tests.support.embedder import HashEmbedder

MARK = "marked"
TEXT = f"{MARK} text\r\n2026-01-01T00:00:00.000Z INFO forged: line\x1b[0m"
CSV = f'question,answer,{MARK}\n"{TEXT}",{MARK} answer,x\n{MARK} fails,b,c\n,{MARK},z\n'
DOCUMENTATION = ("/docs", "/static", "/openapi")


class Failing(HashEmbedder):
    """Fails on some texts, and says in its error what they were."""

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        if any("fails" in text for text in texts):
            raise RuntimeError(f"can't embed {texts}")
        return super().encode_queries(texts)

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        if any("fails" in text for text in windows):
            raise RuntimeError(f"can't embed {windows}")
        return super().encode_windows(windows)


class Log:
    """All that is logged meanwhile, in both forms."""

    def __init__(self) -> None:
        self._handlers = []
        for formatter in (TextFormatter(), JsonFormatter()):
            handler = logging.StreamHandler(io.StringIO())
            handler.setFormatter(formatter)
            self._handlers.append(handler)

    def __enter__(self) -> Log:
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        for handler in self._handlers:
            root.addHandler(handler)
        return self

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.setLevel(self._level)
        for handler in self._handlers:
            root.removeHandler(handler)

    @property
    def texts(self) -> list[str]:
        return self._handlers[0].stream.getvalue().splitlines()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of JSON, which are one object each."""
        return [json.loads(line) for line in self._handlers[1].stream.getvalue().splitlines()]

    def answered(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["logger"] == "web.recorder"]

    def check(self) -> None:
        """Fail where something marked is in it, or a line that is none of ours."""
        assert self.texts
        for line in self.texts:
            assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ [\w.]+: ", line), line
            assert not line.startswith("2026-01-01")
            assert MARK not in line.lower(), line
        assert MARK not in json.dumps(self.lines).lower()


@pytest.fixture
def log() -> Iterator[Log]:
    with Log() as log:
        yield log


@pytest.fixture
def client(settings: Settings, log: Log) -> Iterator[Client]:
    app = create_app(settings, Failing())
    yield Client(app.test_client())
    app.extensions["conector"].close()


def test_each_request_has_one_line_with_what_an_operator_asks(client: Client, log: Log) -> None:
    given = {"X-Request-Id": "my-id.7"}
    answer = client.post("/search", json={"question": "marked"}, headers=given)
    assert answer.headers["X-Request-Id"] == "my-id.7"
    (line,) = log.answered()
    assert line["ms"] > 0
    assert line["message"].startswith("POST /search 200 in ")
    assert line | {"user": USER, "request": "my-id.7", "method": "POST"} == line
    assert line | {"route": "/search", "status": 200, "level": "INFO"} == line
    assert f"user={USER} request=my-id.7" in log.texts[-1]
    client.get("/items?text=marked")
    assert log.answered()[-1]["message"].startswith("GET /items 200 in ")
    log.check()


def test_an_id_that_is_not_plain_is_not_taken(client: Client, log: Log) -> None:
    ids = set()
    for given in ("marked one", "<marked>", "m" * 65, "märked"):
        answer = client.get("/jobs", headers={"X-Request-Id": given})
        ids.add(answer.headers["X-Request-Id"])
    assert len(ids) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)
    assert {line["request"] for line in log.answered()} == ids
    log.check()


def test_who_is_not_known_is_not_named(client: Client, log: Log) -> None:
    for auth in ((MARK, MARK), (USER, MARK), None):
        assert client.http.get("/jobs", auth=auth).status_code == 401
    assert client.http.get("/marked").status_code == 401
    assert not any("user" in line or "key" in line for line in log.answered())
    assert [line["route"] for line in log.answered()] == ["/jobs", "/jobs", "/jobs", "other"]
    log.check()


def test_a_worker_s_lines_have_the_id_of_the_request_that_brought_the_job(
    client: Client, log: Log
) -> None:
    job = client.load(CSV, headers={"X-Request-Id": "upload-7"})
    assert job["rows"]["inserted"] == 1
    # The line of the end comes after the end is stored.
    assert any("begins" in line["message"] for line in log.lines)
    of_job = [line for line in log.lines if job["id"] in line["message"]]
    assert len(of_job) >= 3
    assert {line["request"] for line in of_job} == {"upload-7"}
    assert all(line["request"] == "upload-7" for line in log.lines if "fails on" in line["message"])
    log.check()


def marked_requests(path: str) -> Iterator[dict[str, Any]]:
    """Yield what may be sent to a route that holds marked texts."""
    yield {"query_string": {MARK: TEXT, "question": TEXT, "collection": MARK, "text": TEXT}}
    item = {
        "question": TEXT,
        "answer": f"{MARK} answer",
        "collection": "c",
        "metadata": {MARK: TEXT},
    }
    for body in (
        item,
        item | {"question": f"{MARK} fails"},
        {"queries": [{"question": TEXT}, {"question": f"{MARK} fails"}]},
        {"question": TEXT, "filter": {MARK: {"in": [TEXT]}}},
        {"question": f"{MARK} fails"},
        {"answer": 0.9, "none": MARK},
        [TEXT],
    ):
        yield {"json": body}
    yield {"data": {"question": TEXT, MARK: TEXT}}
    yield {"data": f'{{"question": "{MARK}', "content_type": "application/json"}
    yield {"data": CSV, "content_type": "text/csv"}
    yield {"data": CSV.encode("utf-16"), "content_type": f"text/csv; charset={MARK}"}
    for content in (CSV.encode(), b"PK\x03\x04marked", b"\xff\x00marked", b'{"marked": [1,'):
        yield {"data": {"file": (io.BytesIO(content), f"{MARK}\r\n.csv"), "mode": MARK}}
        yield {"data": {"file": (io.BytesIO(content), f"{MARK}.xlsx"), "collection": "c"}}
    yield {"headers": {"Idempotency-Key": MARK, "If-Match": MARK, "Accept-Language": MARK}}
    yield {"headers": {"Content-Type": MARK, "Origin": f"http://{MARK}", "Host": MARK}}


def call_every_route(client: Client, app: Flask) -> set[str]:
    """Send marked texts to every route by each of its methods; return the routes' rules."""
    called = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(DOCUMENTATION):
            continue
        called.add(rule.rule)
        for value in (MARK, "1"):
            path = re.sub(r"<uuid:[^>]+>", str(uuid4()), rule.rule)
            path = re.sub(r"<[^>]+>", value, path)
            for method in sorted((rule.methods or set()) | {"TRACE"}):
                for request in marked_requests(path) if value != MARK else [{}]:
                    client.http.open(path, method=method, auth=(USER, PASSWORD), **request).close()
    return called


def test_nothing_that_a_caller_says_is_in_the_log(client: Client, log: Log) -> None:
    app = client.http.application
    routes = call_every_route(client, app)
    assert routes <= {line["route"] for line in log.answered()}
    assert len(routes) >= 15
    log.check()


def test_nothing_of_it_is_there_where_postgresql_refuses_it(client: Client, log: Log) -> None:
    with (
        client.http.application.extensions["conector"].pool.reading() as conn,
        conn.cursor() as cur,
    ):
        cur.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'refused %', NEW.question USING DETAIL = NEW.answer; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    failed = client.post("/items", json={"question": TEXT, "answer": f"{MARK} answer"})
    assert (failed.status_code, failed.json["code"]) == (500, "internal_error")
    job = client.upload(CSV, headers={"X-Request-Id": "upload-8"}).json["job"]
    client.ended(job["id"])
    errors = [line for line in log.lines if "error" in line]
    assert {"ERROR"} <= {line["level"] for line in errors}
    assert all("sqlstate P0001" in line["error"] for line in errors if "psycopg2" in line["error"])
    assert failed.headers["X-Request-Id"] in {line["request"] for line in errors}
    assert "upload-8" in {line["request"] for line in errors}
    log.check()


def test_nothing_of_it_is_there_where_the_service_itself_fails(
    client: Client, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **_: Any) -> Any:
        raise LookupError(f"{MARK}: {arguments}") from OSError(2, "no file", f"/{MARK}.csv")

    monkeypatch.setattr(services.search, "answer_query", fail)
    answer = client.post("/search", json={"question": TEXT})
    assert answer.status_code == 500
    (error,) = [line for line in log.lines if line["level"] == "ERROR"]
    assert error["error"].startswith("LookupError at ")
    assert "FileNotFoundError errno 2" in error["error"]
    assert error["request"] == answer.headers["X-Request-Id"]
    log.check()
