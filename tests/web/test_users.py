"""Users: added, given another password, removed, with effect at once in every process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask

from app import create_app
from config import Settings
from db import DatabaseUnavailable
from messages import say
from tests.support.client import PASSWORD, USER, Client
from tests.support.embedder import HashEmbedder

ANA = {"name": "ana", "password": "a long password", "role": "reader"}


def status(app: APIFlask, name: str, password: str, path: str = "/jobs") -> int:
    return app.test_client().get(path, auth=(name, password)).status_code


def add(client: Client, **fields: Any) -> Any:
    return client.post("/users", json={**ANA, **fields})


@pytest.fixture
def other(settings: Settings) -> Iterator[APIFlask]:
    """Another process on the same database."""
    app = create_app(settings, HashEmbedder())
    yield app
    app.extensions["conector"].close()


def test_a_user_is_added_and_listed(app: APIFlask, client: Client) -> None:
    added = add(client, collections=["a"])
    assert added.status_code == 201
    assert added.json["collections"] == ["a"]
    assert ANA["password"] not in added.text
    listed = client.get("/users").json["results"]
    assert [(user["name"], user["role"]) for user in listed] == [(USER, "admin"), ("ana", "reader")]
    assert status(app, "ana", ANA["password"]) == 200
    assert status(app, "ana", "another password") == 401
    assert add(client).json["code"] == "duplicate_user"
    assert add(client).status_code == 409


def test_another_password_holds_at_once_in_every_process(
    app: APIFlask, client: Client, other: APIFlask
) -> None:
    add(client)
    assert status(other, "ana", ANA["password"]) == 200
    changed = client.call("PUT", "/users/ana/password", json={"password": "another password"})
    assert (changed.status_code, changed.data) == (204, b"")
    for each in (app, other):
        assert status(each, "ana", ANA["password"]) == 401
        assert status(each, "ana", "another password") == 200
    assert client.call("DELETE", "/users/ana").status_code == 204
    for each in (app, other):
        assert status(each, "ana", "another password") == 401
    assert client.call("DELETE", "/users/ana").status_code == 404
    gone = client.call("PUT", "/users/ana/password", json={"password": "another password"})
    assert gone.status_code == 404


def test_the_admin_of_the_settings_can_be_neither_shadowed_nor_removed(
    app: APIFlask, client: Client
) -> None:
    word = {"password": "another password"}
    for response in (
        add(client, name=USER),
        client.call("PUT", f"/users/{USER}/password", json=word),
        client.call("DELETE", f"/users/{USER}"),
    ):
        assert response.status_code == 409
        assert response.json["code"] == "reserved_name"
        assert "API_USERNAME" in response.json["error"]
    assert status(app, USER, PASSWORD) == 200


def test_the_admin_of_the_settings_comes_before_a_user_of_that_name(
    settings: Settings, client: Client
) -> None:
    add(client)
    renamed = settings.model_copy(update={"api_username": "ana"})
    app = create_app(renamed, HashEmbedder())
    try:
        assert status(app, "ana", PASSWORD) == 200
        assert status(app, "ana", ANA["password"]) == 401
    finally:
        app.extensions["conector"].close()


def test_users_change_their_own_password_and_no_other(app: APIFlask, client: Client) -> None:
    add(client)
    add(client, name="rui")
    key = client.make_key(name="ana")["key"]
    word = {"password": "another password"}
    http = app.test_client()
    for auth in (("rui", ANA["password"]), ("x", key)):
        refused = http.put("/users/ana/password", auth=auth, json=word)
        assert refused.status_code == 403
        assert refused.json is not None
        assert refused.json["code"] == "forbidden"
    mine = http.put("/users/ana/password", auth=("ana", ANA["password"]), json=word)
    assert mine.status_code == 204
    assert status(app, "ana", "another password") == 200


def test_a_name_is_the_same_in_every_unicode_form(app: APIFlask, client: Client) -> None:
    assert add(client, name="jose\u0301").json["name"] == "jos\u00e9"
    for name in ("jose\u0301", "jos\u00e9"):
        assert status(app, name, ANA["password"]) == 200
    assert client.call("DELETE", "/users/jose\u0301").status_code == 204


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a:b"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": ".."}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"password": "1234567"}, "password"),
        ({"password": "x" * 1_001}, "password"),
        ({"password": "12345678\0"}, "password"),
        ({"password": "cpg_12345678"}, "password"),
        ({"role": "root"}, "role"),
        ({"collections": []}, "collections"),
    ],
)
def test_a_wrong_user_is_refused_by_its_field(
    client: Client, fields: dict[str, Any], field: str
) -> None:
    response = add(client, **fields)
    assert response.status_code == 400
    assert [one["field"] for one in response.json["fields"]] == [field]
    assert "1234567" not in response.text


def test_a_long_password_counts_to_its_end(app: APIFlask, client: Client) -> None:
    word = "x" * 1_000
    add(client, password=word)
    assert status(app, "ana", word) == 200
    assert status(app, "ana", word[:-1]) == 401


def test_what_no_user_can_have_is_401(app: APIFlask) -> None:
    for name in ("a\0b", "☃", "x" * 10_000):
        assert status(app, name, "a long password") == 401


def test_while_the_database_is_away_users_and_keys_are_answered_503(
    app: APIFlask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(client)
    key = client.make_key()["key"]
    assert status(app, "ana", ANA["password"]) == 200

    def fail(*_: object) -> None:
        raise DatabaseUnavailable(say("PostgreSQL can't be reached."))

    monkeypatch.setattr("store.users.find_login", fail)
    monkeypatch.setattr("store.keys.find_key", fail)
    for auth in (("ana", ANA["password"]), ("nobody", "a long password"), ("x", key)):
        response = app.test_client().get("/docs/", auth=auth)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
    assert app.test_client().get("/docs/", auth=(USER, PASSWORD)).status_code == 200
