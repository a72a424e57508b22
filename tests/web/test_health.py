"""Readiness: what each part says, and when a caller may try again."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from apiflask import APIFlask

from db import Pool


def test_everything_is_there(app: APIFlask) -> None:
    client = app.test_client()
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {
        "status": "ok",
        "parts": {"database": "ok", "model": "ok", "workers": "ok"},
    }
    for path in ("/health", "/livez"):
        assert client.get(path).json == {"status": "ok", "version": "0.1.0"}


def test_a_database_that_is_away_is_named(app: APIFlask) -> None:
    away = Pool("postgresql://127.0.0.1:1/none", 1)
    app.extensions["conector"] = replace(runtime := app.extensions["conector"], pool=away)
    answer = app.test_client().get("/readyz")
    app.extensions["conector"] = runtime
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json is not None
    assert answer.json["status"] == "not_ready"
    assert answer.json["parts"]["database"] != "ok"
    assert answer.json["parts"]["model"] == "ok"


def test_an_embedded_server_that_is_being_started_again_is_named(app: APIFlask) -> None:
    runtime = app.extensions["conector"]
    trouble = "The embedded PostgreSQL has ended. It is being started again."
    server = SimpleNamespace(trouble=trouble)
    client = app.test_client()
    app.extensions["conector"] = replace(runtime, postgres=server)
    # A server that answers is there, whatever is said of it.
    assert client.get("/readyz").status_code == 200
    away = Pool("postgresql://127.0.0.1:1/none", 1)
    app.extensions["conector"] = replace(runtime, postgres=server, pool=away)
    answer = client.get("/readyz")
    app.extensions["conector"] = runtime
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["parts"]["database"] == trouble
