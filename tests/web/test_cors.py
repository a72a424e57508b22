"""Pages of other sites that CORS_ORIGINS names: they may call, and nobody else's page may."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from app import create_app
from config import Settings
from tests.support.client import Client
from tests.support.embedder import HashEmbedder
from web.cors import ALLOWED, EXPOSED

SITE, OTHER = "https://www.example.org", "https://evil.example"
NAMED = (SITE, "http://[::1]:3000")
STRANGE = [
    OTHER,
    "null",
    "*",
    "",
    "http://www.example.org",
    "https://www.example.org:8443",
    "https://www.example.org.evil.example",
    "https://sub.www.example.org",
    "https://wwwxexample.org",
    "https://www.example.org\\@evil.example",
    "http://1:3000",
]
FAQ = "question,answer\na,b\n"
# What a browser asks before a page's script may search with a key.
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}
PATHS = ("/search", "/items/1", "/upload", "/nothing", "/docs/", "/openapi.json")


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    app = create_app(settings.model_copy(update={"cors_origins": NAMED}), HashEmbedder())
    yield Client(app.test_client())
    app.extensions["conector"].close()


def ask(client: Client, path: str, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.http.options(path, headers=PREFLIGHT | named)


def names(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def permissions(response: Any) -> dict[str, str]:
    return {n: v for n, v in response.headers.items() if n.startswith("Access-Control-")}


def test_a_named_site_asks_without_credentials_what_it_may_send(client: Client) -> None:
    for origin, path in itertools.product(NAMED, PATHS):
        response = ask(client, path, Origin=origin)
        assert (response.status_code, response.data) == (204, b"")
        assert response.headers["Access-Control-Allow-Origin"] == origin
        assert names(response.headers["Access-Control-Allow-Headers"]) == {
            "authorization",
            "content-type",
        }
        assert names(response.headers["Access-Control-Allow-Methods"]) >= {"post", "put", "delete"}
        assert "Origin" in response.headers["Vary"]


def test_what_a_named_site_may_send(client: Client) -> None:
    asked = ", ".join([*ALLOWED, "X-Evil"])
    response = ask(client, "/search", Origin=SITE, Access_Control_Request_Headers=asked)
    assert names(response.headers["Access-Control-Allow-Headers"]) == names(", ".join(ALLOWED))


def test_another_site_gets_no_permission(client: Client, subtests: pytest.Subtests) -> None:
    for origin, path in itertools.product(STRANGE, PATHS):
        with subtests.test(origin=origin, path=path):
            response = ask(client, path, Origin=origin)
            assert response.status_code == 401
            assert permissions(response) == {}
            with client.get("/items", headers={"Origin": origin}) as answer:
                assert permissions(answer) == {}


def test_an_options_request_that_asks_for_nothing_needs_credentials(client: Client) -> None:
    assert client.http.options("/search", headers={"Origin": SITE}).status_code == 401


def test_a_named_site_reads_answers_and_refusals_alike(client: Client) -> None:
    origin = {"Origin": SITE}
    made = client.post("/items", json={"question": "q", "answer": "a"}, headers=origin)
    answers = [
        made,
        client.get("/items/1", headers=origin),
        client.post("/search", json={"question": "q"}, headers=origin),
        client.post("/search", json={}, headers=origin),
        client.get("/nothing", headers=origin),
        client.http.get("/items", headers=origin),
        client.http.get("/health", headers=origin),
    ]
    assert [one.status_code for one in answers] == [201, 200, 200, 400, 404, 401, 200]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
        assert names(answer.headers["Access-Control-Expose-Headers"]) == names(", ".join(EXPOSED))
        # A browser then sends along nothing that it keeps by itself.
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_named_site_may_change_something_and_others_still_may_not(client: Client) -> None:
    new = {"question": "q", "answer": "a"}
    named = {"Origin": SITE, "Sec-Fetch-Site": "cross-site"}
    assert client.post("/items", json=new, headers=named).status_code == 201
    assert client.upload(FAQ, headers=named).status_code == 202
    for headers in ({"Origin": OTHER}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        refused = client.post("/items", json=new, headers=headers)
        assert (refused.status_code, refused.json["code"]) == (403, "cross_site")


def test_without_named_sites_none_has_permission(settings: Settings) -> None:
    app = create_app(settings, HashEmbedder())
    client = Client(app.test_client())
    for origin in (SITE, OTHER, "null", "*"):
        assert ask(client, "/search", Origin=origin).status_code == 401
        with client.get("/items", headers={"Origin": origin}) as answer:
            assert permissions(answer) == {}
    app.extensions["conector"].close()
