"""The headers by which a browser guards what the service answers."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from apiflask import APIFlask

from app import create_app
from config import Settings
from tests.support.client import PASSWORD, USER, Client
from tests.support.embedder import HashEmbedder
from tests.support.guarded import missing_headers

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO")
# The values of the parts of addresses, and addresses beside the routes' own.
VALUES = {"name": "c", "item_id": 1, "job_id": "00000000-0000-0000-0000-000000000000"}
MORE = (
    "/nothing",
    "/docs",
    "/docs/nothing.js",
    "/docs/index.html",
    "/items/x",
    "/items/999",
    "/static/x",
)
SITE = "https://other.example"
FAQ = "question,answer\na,b\n"


def addresses(app: APIFlask) -> list[str]:
    """Return an address of every route."""
    found = list(MORE)
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            (converted,) = [p for p in path.split("<")[1:] if f"{name}>" in p]
            path = path.replace(f"<{converted.partition('>')[0]}>", str(VALUES.get(name, "x")))
        found.append(path)
    return found


def test_every_answer_of_every_route_has_them(app: APIFlask, client: Client) -> None:
    client.load(FAQ, "/upload?collection=c")
    pair = {"question": "a", "answer": "c"}
    ways: list[dict[str, Any]] = [
        {},
        {"auth": (USER, PASSWORD)},
        {"auth": (USER, PASSWORD), "json": pair},
        {"auth": (USER, PASSWORD), "json": {"question": "a"}, "headers": {"Origin": SITE}},
        {"auth": (USER, PASSWORD), "data": FAQ, "content_type": "text/csv"},
        {"auth": (USER, PASSWORD), "data": "a", "content_type": "text/csv"},
    ]
    wrong = {}
    statuses = set()
    for path, method, way in itertools.product(addresses(app), METHODS, ways):
        with client.http.open(path, method=method, **way) as response:
            statuses.add(response.status_code)
            if missing := missing_headers(dict(response.headers)):
                wrong[method, path, response.status_code] = missing
    assert wrong == {}
    assert statuses >= {200, 201, 202, 400, 401, 403, 404, 405, 415, 422}
    assert 500 not in statuses


@pytest.mark.parametrize(
    ("proxies", "scheme", "told"), [(1, "https", True), (1, "http", False), (0, "https", False)]
)
def test_only_behind_https_a_browser_is_held_to_it(
    settings: Settings, proxies: int, scheme: str, told: bool
) -> None:
    app = create_app(settings.model_copy(update={"trusted_proxies": proxies}), HashEmbedder())
    client = Client(app.test_client())
    for path in ("/items", "/health", "/nothing"):
        response = client.get(path, headers={"X-Forwarded-Proto": scheme})
        said = response.headers.get("Strict-Transport-Security")
        assert said == ("max-age=31536000" if told else None)
    app.extensions["conector"].close()


def test_a_browser_may_keep_what_is_not_private(client: Client) -> None:
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"):
        with client.get(f"/docs/{name}") as response:
            assert response.status_code == 200
            assert "no-store" not in response.headers["Cache-Control"]
            assert missing_headers(dict(response.headers), private=False) == []


def test_the_documentation_runs_its_own_scripts_only_and_does_not_repeat_the_host(
    client: Client,
) -> None:
    page = client.get("/docs/")
    other = client.get("/docs/", headers={"Host": "another.example"})
    assert other.text == page.text
    policy = page.headers["Content-Security-Policy"]
    assert other.headers["Content-Security-Policy"] == policy
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"].startswith("'self' 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy
