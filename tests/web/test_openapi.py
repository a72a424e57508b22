"""The description of the interface: whole, valid, and shown without anybody else's servers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from apiflask import APIFlask
from openapi_spec_validator import validate

from tests.support.client import Client


@pytest.fixture
def spec(client: Client) -> dict[str, Any]:
    response = client.get("/openapi.json")
    assert response.status_code == 200
    described: dict[str, Any] = response.json
    return described


def test_the_description_is_valid(spec: dict[str, Any]) -> None:
    validate(spec)


def test_every_route_is_described(app: APIFlask, spec: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/docs", "/static", "/openapi")):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = spec["paths"][path][method.lower()]
            assert operation["summary"], path
            assert any(status.startswith("2") for status in operation["responses"])
    assert spec["paths"]["/search"]["post"]["security"] == [{"BasicAuth": []}, {"BearerAuth": []}]
    assert set(spec["components"]["securitySchemes"]) == {"BasicAuth", "BearerAuth"}
    assert "security" not in spec["paths"]["/health"]["get"]


def test_an_uploads_body_and_options_are_described(spec: dict[str, Any]) -> None:
    upload = spec["paths"]["/upload"]["post"]
    assert set(upload["requestBody"]["content"]) == {"multipart/form-data", "text/csv"}
    names = {parameter["name"] for parameter in upload["parameters"]}
    assert names >= {"collection", "mode", "encoding", "overflow", "dry_run", "Idempotency-Key"}
    assert {"200", "202", "400", "401", "403", "413", "415", "422", "429", "503"} == set(
        upload["responses"]
    )
    assert "idempotency_key_reused" in upload["responses"]["422"]["description"]
    assert {"409", "422"} <= set(spec["paths"]["/items/{item_id}"]["put"]["responses"])
    assert "422" in spec["paths"]["/search"]["post"]["responses"]
    search = spec["paths"]["/search"]["post"]["requestBody"]["content"]
    assert set(search) == {"application/json", "application/x-www-form-urlencoded"}


def test_each_route_s_errors_are_described(spec: dict[str, Any]) -> None:
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            described = set(operation["responses"])
            assert ("401" in described) == ("security" in operation)
            if method in ("post", "put", "patch", "delete") and not path.startswith("/search"):
                assert "cross_site" in operation["responses"]["403"]["description"], path
            else:
                managed = path.startswith(("/keys", "/users"))
                assert ("403" in described) == (managed or path == "/metrics"), path
            if "requestBody" in operation:
                assert {"400", "413", "415"} <= described, path


def test_the_limits_of_a_search_are_described(spec: dict[str, Any]) -> None:
    fields = spec["components"]["schemas"]["SearchRequest"]["properties"]
    assert "'maxItems': 100" in str(fields["collection"])
    assert "'maxProperties': 50" in str(fields["filter"])


def test_the_documentation_is_served_by_us(client: Client) -> None:
    page = client.get("/docs/")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/docs/"), address
        with client.http.get(address) as response:
            assert response.status_code == 200
    assert "/openapi.json" in page.text
