"""Keys of programs: shown once, taken as a bearer or a password, refused at once when revoked."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from werkzeug.datastructures import Authorization

import services.keys
from db import Pool
from tests.support.client import Client, eventually


def status_with(app: APIFlask, auth: Any, path: str = "/jobs") -> int:
    return app.test_client().get(path, auth=auth).status_code


def bearer(key: str) -> Authorization:
    return Authorization("bearer", token=key)


def test_a_key_is_shown_once(client: Client) -> None:
    made = client.make_key("editor", name="chatbot", collections=["shop", "help"])
    key = made.pop("key")
    assert re.fullmatch(r"cpg_[A-Za-z0-9_-]{43}", key)
    assert key.startswith(made["prefix"])
    assert len(made["prefix"]) == 12
    assert {k: v for k, v in made.items() if k not in ("id", "created_at", "prefix")} == {
        "name": "chatbot", "role": "editor", "collections": ["shop", "help"],
        "last_used_at": None, "expires_at": None,
    }  # fmt: skip
    listed = client.get("/keys")
    assert listed.json["results"] == [made]
    assert key not in listed.text


def test_a_key_is_stored_as_a_digest(client: Client, pool: Pool) -> None:
    key = client.make_key()["key"]
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT * FROM keys")
        (row,) = cursor.fetchall()
    assert key not in str(row)
    assert services.keys.digest_key(key) in [bytes(v) for v in row if isinstance(v, memoryview)]


def test_a_key_is_a_bearer_or_the_password_of_any_name(app: APIFlask, client: Client) -> None:
    key = client.make_key()["key"]
    for auth in (bearer(key), ("anybody", key), ("", key), ("admin", key)):
        assert status_with(app, auth) == 200, auth
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    for auth in (bearer(wrong), ("anybody", wrong), bearer(key[:-1]), bearer(f"{key}A")):
        assert status_with(app, auth) == 401, auth


def test_a_revoked_key_is_refused_at_once(app: APIFlask, client: Client) -> None:
    made = client.make_key()
    assert status_with(app, bearer(made["key"])) == 200
    assert client.call("DELETE", f"/keys/{made['id']}").status_code == 204
    assert status_with(app, bearer(made["key"])) == 401
    assert client.get("/keys").json["results"] == []
    for number in (made["id"], 2**63, 2**70):
        assert client.call("DELETE", f"/keys/{number}").status_code == 404


def test_an_expired_key_is_refused_at_once(app: APIFlask, client: Client, pool: Pool) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = client.make_key(expires_at=soon)
    assert datetime.fromisoformat(made["expires_at"]) == datetime.fromisoformat(soon)
    assert status_with(app, bearer(made["key"])) == 200
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE keys SET expires_at = clock_timestamp()")
    assert status_with(app, bearer(made["key"])) == 401
    assert len(client.get("/keys").json["results"]) == 1


def test_the_use_of_a_key_is_noted(client: Client, app: APIFlask, pool: Pool) -> None:
    made = client.make_key()
    assert status_with(app, bearer(made["key"])) == 200

    def last_used() -> Any:
        return client.get("/keys").json["results"][0]["last_used_at"]

    eventually(lambda: last_used() is not None)
    # Within the minute, it is written no more.
    first = last_used()
    app.extensions["conector"].users._uses._noted.clear()
    assert status_with(app, bearer(made["key"])) == 200
    eventually(lambda: not app.extensions["conector"].users._uses._running)
    assert last_used() == first


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " a"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"role": "owner"}, "role"),
        ({"collections": []}, "collections"),
        ({"collections": ["a b"]}, "collections.0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ({"expires_at": "90d"}, "expires_at"),
        ({"more": 1}, "more"),
    ],
)
def test_a_wrong_key_is_refused_by_its_field(
    client: Client, fields: dict[str, Any], field: str
) -> None:
    response = client.post("/keys", json={"name": "n", "role": "reader", **fields})
    assert response.status_code == 400
    assert [one["field"] for one in response.json["fields"]] == [field]
