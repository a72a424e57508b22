"""Basic auth: JSON errors, and nothing open that should not be."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from typing import Any

import pytest
from apiflask import APIFlask

from app import create_app
from config import Settings
from services.failures import Failures
from services.users import Users
from tests.support.client import PASSWORD, USER
from tests.support.embedder import HashEmbedder

pytestmark = pytest.mark.usefixtures("still_counts")

OPEN = {"/health", "/livez", "/readyz"}


def basic(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return "Basic " + base64.b64encode(data).decode()


RIGHT = basic(f"{USER}:{PASSWORD}")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic YWRtaW4",
        f"{RIGHT},Bearer x",
        f"Bearer x,{RIGHT}",
        f"{RIGHT[:9]}!{RIGHT[9:]}",
        f"{RIGHT}==",
        "Bearer abc",
        "Digest username=admin",
        basic("admin"),
        basic("admin:"),
        basic(":"),
        basic(f":{PASSWORD}"),
        basic("admin:wrong"),
        basic(f"other:{PASSWORD}"),
        basic("ädmin:pässword ☃"),
        basic(b"\xff\xfe:\xff"),
        basic("a" * 100_000 + ":b"),
    ],
)
def test_anything_but_the_right_credentials_is_401(app: APIFlask, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = app.test_client().get("/jobs", headers=headers)
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["code"] == "unauthorized"
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_every_address_but_the_open_ones_asks_for_credentials(app: APIFlask) -> None:
    client = app.test_client()
    checked = 0
    for rule in app.url_map.iter_rules():
        if rule.rule in OPEN or rule.rule.startswith("/static"):
            continue
        if rule.rule == "/docs/<path:path>":
            continue
        path = rule.rule.replace("<uuid:job_id>", "0" * 8 + "-0000" * 3 + "-" + "0" * 12)
        path = re.sub(r"<int:\w+>", "1", path).replace("<name>", "a")
        for method in rule.methods or set():
            assert client.open(path, method=method).status_code == 401, (method, path)
            checked += 1
    assert checked >= 17
    for method, path in (("GET", "/nowhere"), ("GET", "/docs"), ("GET", "/docs/index.html"),
                         ("DELETE", "/search"), ("OPTIONS", "/nowhere")):  # fmt: skip
        assert client.open(path, method=method).status_code == 401, (method, path)


def test_the_open_addresses_need_none(app: APIFlask) -> None:
    for path in OPEN | {"/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"}:
        with app.test_client().get(path) as response:
            assert response.status_code == 200


def limit_failures(app: APIFlask, max_failures: int) -> None:
    users = Users({USER: (PASSWORD, "admin")}, failures=Failures(max_failures))
    app.extensions["conector"] = replace(app.extensions["conector"], users=users)


def test_too_many_failures_are_429_with_retry_after(app: APIFlask) -> None:
    limit_failures(app, 5)
    client = app.test_client()
    statuses = {client.get("/jobs", auth=("x", str(n))).status_code for n in range(5)}
    assert statuses == {401}
    response = client.get("/jobs", auth=("x", "y"))
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert response.json is not None
    assert response.json["code"] == "too_many_failures"


@pytest.mark.parametrize(("proxies", "another"), [(1, 401), (0, 429)])
def test_failures_are_counted_by_what_trusted_proxies_forward(
    settings: Settings, proxies: int, another: int
) -> None:
    app = create_app(settings.model_copy(update={"trusted_proxies": proxies}), HashEmbedder())
    limit_failures(app, 3)
    client = app.test_client()

    def status(forwarded: str) -> int:
        headers = {"X-Forwarded-For": forwarded}
        return client.get("/jobs", auth=("x", "y"), headers=headers).status_code

    try:
        assert [status("192.0.2.1") for _ in range(4)] == [401, 401, 401, 429]
        assert status("192.0.2.2") == another
        # What the client itself wrote there comes before what the proxy adds.
        assert status("192.0.2.3, 192.0.2.1") == 429
    finally:
        app.extensions["conector"].close()


@pytest.mark.parametrize(("proxies", "status"), [(1, 404), (0, 403)])
def test_the_services_own_address_is_what_trusted_proxies_forward(
    settings: Settings, proxies: int, status: int
) -> None:
    behind = settings.model_copy(update={"trusted_proxies": proxies})
    app = create_app(behind, HashEmbedder())
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "faq.example"}
    try:
        # A page of the service itself may change something; one of another address may not.
        headers |= {"Origin": "https://faq.example"}
        asked = app.test_client().delete("/items/1", auth=(USER, PASSWORD), headers=headers)
        assert asked.status_code == status
    finally:
        app.extensions["conector"].close()


class Unreadable(io.RawIOBase):
    """A body that is still to come."""

    def readinto(self, _buffer: Any) -> int:
        raise AssertionError("the body is read before the credentials are checked")


@pytest.mark.parametrize("path", ["/upload", "/search", "/items", "/nowhere"])
def test_credentials_are_checked_before_the_body_is_read_under_any_server(
    app: APIFlask, path: str
) -> None:
    response = app.test_client().post(
        path,
        headers={"Content-Type": "text/csv", "Content-Length": "1000"},
        environ_overrides={"wsgi.input": Unreadable()},
    )
    assert response.status_code == 401
