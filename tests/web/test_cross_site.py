"""Requests that another site makes a logged-in browser send: changes are refused, by a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from app import create_app
from config import Settings
from tests.support.client import PASSWORD, USER, Client
from tests.support.embedder import HashEmbedder

FAQ = "question,answer\nHow do I pay?,By card.\n"

OTHERS = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://evil.example:5000"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "http://sub.localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "file://"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "Cross-Site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
]
OWN = [
    {},
    {"Origin": "http://localhost"},
    {"Origin": "http://LOCALHOST:80"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "none"},
]


def call(client: Client, method: str, path: str, **kwargs: Any) -> Any:
    return client.http.open(path, method=method, auth=(USER, PASSWORD), **kwargs)


def test_another_site_changes_nothing(client: Client, subtests: pytest.Subtests) -> None:
    item = client.post("/items", json={"question": "How?", "answer": "So."}).json
    one = f"/items/{item['id']}"
    change = {"question": "How?", "answer": "Otherwise."}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/upload?mode=replace", {"data": FAQ, "content_type": "text/csv"}),
        ("POST", "/upload?mode=replace", {"data": FAQ, "content_type": "text/plain"}),
        ("POST", "/items", {"json": change}),
        ("PUT", one, {"json": change}),
        ("PATCH", one, {"json": change}),
        ("DELETE", one, {}),
        ("DELETE", "/collections/default", {}),
    ]
    for headers in OTHERS:
        for method, path, body in calls:
            with subtests.test(headers=headers, method=method, path=path):
                response = call(client, method, path, headers=headers, **body)
                assert (response.status_code, response.json["code"]) == (403, "cross_site")
                assert "http://localhost" in response.json["error"]
    assert client.get(one).json == item
    assert client.get("/jobs").json["total"] == 0


def test_our_own_pages_and_programs_change_what_they_may(
    client: Client, subtests: pytest.Subtests
) -> None:
    for headers in OWN:
        with subtests.test(headers=headers):
            assert client.upload(FAQ, headers=headers).status_code == 202
            made = client.post("/items", json={"question": "a", "answer": "b"}, headers=headers)
            assert made.status_code == 201
            gone = call(client, "DELETE", f"/items/{made.json['id']}", headers=headers)
            assert gone.status_code == 200


def test_what_changes_nothing_is_answered_whoever_asks(
    client: Client, subtests: pytest.Subtests
) -> None:
    batch = {"queries": [{"question": "a"}]}
    for headers in OTHERS:
        with subtests.test(headers=headers):
            assert client.get("/items", headers=headers).status_code == 200
            asked = client.post("/search", json={"question": "a"}, headers=headers)
            assert asked.status_code == 200
            assert client.post("/search/batch", json=batch, headers=headers).status_code == 200


def test_it_is_refused_before_anybody_asks_for_a_password(client: Client) -> None:
    response = client.http.post("/upload", data=FAQ, headers={"Origin": "http://evil.example"})
    assert response.status_code == 403
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize(("proxies", "status"), [(0, 403), (1, 201)])
def test_behind_a_proxy_the_own_site_is_the_forwarded_one(
    settings: Settings, proxies: int, status: int
) -> None:
    app = create_app(settings.model_copy(update={"trusted_proxies": proxies}), HashEmbedder())
    client = Client(app.test_client())
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "faq.example"}
    new = {"question": "a", "answer": "b"}
    own = client.post("/items", json=new, headers=forwarded | {"Origin": "https://faq.example"})
    assert own.status_code == status
    assert status == 201 or "TRUSTED_PROXIES" in own.json["error"]
    other = client.post("/items", json=new, headers=forwarded | {"Origin": "http://faq.example"})
    assert other.status_code == 403
    app.extensions["conector"].close()
