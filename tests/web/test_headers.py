"""The headers by which a browser guards what the service answers."""

from __future__ import annotations

import pytest

from tests.support.client import Client

PATHS = [
    "/health", "/livez", "/readyz", "/items", "/jobs", "/collections", "/openapi.json", "/docs/",
    "/docs/index.html", "/docs/nothing.js", "/nothing", "/upload", "/collections/c/export",
]  # fmt: skip


def test_every_answer_has_them(client: Client, subtests: pytest.Subtests) -> None:
    client.load("question,answer\na,b\n", "/upload?collection=c")
    for path in PATHS:
        for response in (client.get(path), client.http.get(path), client.http.post(path)):
            with subtests.test(path=path, status=response.status_code), response:
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["X-Frame-Options"] == "DENY"
                assert response.headers["Referrer-Policy"] == "same-origin"
                assert response.headers["Cache-Control"] == "no-store"
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "frame-ancestors 'none'" in policy


def test_a_browser_may_keep_what_is_not_private(client: Client) -> None:
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"):
        with client.get(f"/docs/{name}") as response:
            assert response.status_code == 200
            assert "no-store" not in response.headers["Cache-Control"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"


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
