"""The description of the interface: whole, valid, and shown without anybody else's servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support.client import Client
from web.openapi_errors import JSON

# Generated clients name their functions by these, so none may change.
OPERATIONS = {
    "GET /health": "check_health",
    "GET /livez": "check_liveness",
    "GET /readyz": "check_readiness",
    "POST /search": "search",
    "POST /search/batch": "search_batch",
    "POST /upload": "upload_file",
    "POST /evaluate": "evaluate_collection",
    "GET /jobs": "list_jobs",
    "GET /jobs/{job_id}": "show_job",
    "GET /jobs/{job_id}/errors": "list_errors",
    "POST /jobs/{job_id}/cancel": "cancel_job",
    "GET /items": "list_items",
    "POST /items": "add_item",
    "GET /items/{item_id}": "show_item",
    "PUT /items/{item_id}": "change_item",
    "PATCH /items/{item_id}": "patch_item",
    "DELETE /items/{item_id}": "delete_item",
    "GET /collections": "list_collections",
    "GET /collections/{name}": "show_collection",
    "DELETE /collections/{name}": "delete_collection",
    "GET /collections/{name}/export": "export_collection",
    "GET /collections/{name}/check": "check_collection",
    "GET /collections/{name}/thresholds": "show_thresholds",
    "PUT /collections/{name}/thresholds": "set_thresholds",
    "DELETE /collections/{name}/thresholds": "reset_thresholds",
    "GET /keys": "list_keys",
    "POST /keys": "create_key",
    "DELETE /keys/{key_id}": "revoke_key",
    "GET /users": "list_users",
    "POST /users": "add_user",
    "PUT /users/{name}/password": "change_password",
    "DELETE /users/{name}": "remove_user",
    "GET /": "show_page",
    "GET /metrics": "show_metrics",
}
# Pages for people, and the description itself.
UNDESCRIBED = ("/docs", "/static", "/openapi")


@pytest.fixture
def spec(client: Client) -> dict[str, Any]:
    response = client.get("/openapi.json")
    assert response.status_code == 200
    described: dict[str, Any] = response.json
    return described


def list_operations(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `POST /search` and the like, and what is said of it."""
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path}", operation


def test_the_description_is_valid(spec: dict[str, Any]) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(spec).iter_errors()] == []


def test_every_route_is_described_and_nothing_else(app: APIFlask, spec: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith(UNDESCRIBED)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {name for name, _ in list_operations(spec)}
    assert described == {f"{method} {path}" for path, method in routes}


def test_operations_keep_their_names(spec: dict[str, Any]) -> None:
    names = {name: operation["operationId"] for name, operation in list_operations(spec)}
    assert {name: names.get(name) for name in OPERATIONS} == OPERATIONS
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names.values())


def find_gaps(spec: dict[str, Any], operation: dict[str, Any]) -> Iterator[str]:
    """Yield what an operation does not say."""
    yield from (name for name in ("summary", "description") if not operation.get(name))
    if not set(operation.get("tags", [])) & {tag["name"] for tag in spec["tags"]}:
        yield "a tag that is described"
    for parameter in operation["parameters"]:
        if not parameter.get("description") or "schema" not in parameter:
            yield f"parameter {parameter['name']}"
    bodies = [("request", operation["requestBody"])] if "requestBody" in operation else []
    for place, body in [*bodies, *operation["responses"].items()]:
        if place != "request" and not body.get("description"):
            yield f"description of {place}"
        for kind, media in body.get("content", {}).items():
            if "example" not in media and not media.get("examples"):
                yield f"example of {place} as {kind}"


def test_every_operation_is_described_whole(spec: dict[str, Any]) -> None:
    gaps = {name: list(find_gaps(spec, operation)) for name, operation in list_operations(spec)}
    assert {name: found for name, found in gaps.items() if found} == {}


def test_a_gap_is_found(spec: dict[str, Any]) -> None:
    operation = spec["paths"]["/items/{item_id}"]["put"]
    del operation["summary"]
    del operation["parameters"][0]["description"]
    del operation["requestBody"]["content"][JSON]["example"]
    operation["responses"]["404"]["content"][JSON]["examples"] = {}
    operation["tags"] = ["Unknown"]
    assert list(find_gaps(spec, operation)) == [
        "summary",
        "a tag that is described",
        "parameter item_id",
        "example of request as application/json",
        "example of 404 as application/json",
    ]


def test_examples_fit_their_schemas(spec: dict[str, Any]) -> None:
    for name, operation in list_operations(spec):
        places = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in (media for one in places for media in one.get("content", {}).values()):
            validator = OAS31Validator({**media["schema"], "components": spec["components"]})
            examples = [one["value"] for one in media.get("examples", {}).values()]
            for example in [media["example"]] if "example" in media else examples:
                assert list(validator.iter_errors(example)) == [], name


def test_every_error_has_the_one_shape_and_its_codes(spec: dict[str, Any]) -> None:
    for name, operation in list_operations(spec):
        for status, answer in operation["responses"].items():
            if status < "400" or operation["operationId"] == "check_readiness":
                continue
            media = answer["content"][JSON]
            assert media["schema"] == {"$ref": "#/components/schemas/ErrorBody"}, name
            for code in media["examples"]:
                assert f"`{code}`" in answer["description"], name
            assert ("Retry-After" in answer["headers"]) == (status in ("429", "503")), name
            assert ("WWW-Authenticate" in answer["headers"]) == (status == "401"), name


def test_what_needs_credentials_says_so(spec: dict[str, Any]) -> None:
    either: list[dict[str, list[str]]] = [{"BasicAuth": []}, {"BearerAuth": []}]
    assert set(spec["components"]["securitySchemes"]) == {"BasicAuth", "BearerAuth"}
    for name, operation in list_operations(spec):
        described = set(operation["responses"])
        is_open = name in ("GET /health", "GET /livez", "GET /readyz")
        assert operation.get("security") == (None if is_open else either), name
        assert ({"401", "429", "503"} <= described) == (not is_open), name
        changes = not name.startswith("GET") and not name.startswith("POST /search")
        if changes:
            assert "cross_site" in operation["responses"]["403"]["description"], name
        if "requestBody" in operation:
            assert {"400", "408", "413", "415"} <= described, name


def test_an_upload_s_options_are_described_once(spec: dict[str, Any]) -> None:
    """A page that finds them in the form and in the address sends them twice."""
    for path in ("/upload", "/evaluate"):
        operation = spec["paths"][path]["post"]
        content = operation["requestBody"]["content"]
        assert set(content) == {"multipart/form-data", "text/csv"}
        form = content["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
        assert "collection" in spec["components"]["schemas"][form]["properties"]
        assert {one["in"] for one in operation["parameters"]} == {"header"}
    upload = spec["paths"]["/upload"]["post"]
    assert "idempotency_key_reused" in upload["responses"]["422"]["description"]


def test_headers_are_described(spec: dict[str, Any]) -> None:
    def headers(path: str, method: str, status: str) -> set[str]:
        described = set(spec["paths"][path][method]["responses"][status]["headers"])
        assert "X-Request-Id" in described
        return described - {"X-Request-Id"}

    assert headers("/upload", "post", "202") == {"Location"}
    assert headers("/upload", "post", "200") == set()
    assert headers("/items", "post", "201") == {"Location", "ETag"}
    assert headers("/items/{item_id}", "get", "200") == {"ETag"}
    assert headers("/items/{item_id}", "put", "412") >= {"ETag"}
    export = headers("/collections/{name}/export", "get", "200")
    assert export == {"Content-Disposition", "Upload-Options"}
    for method in ("put", "patch", "delete"):
        parameters = spec["paths"]["/items/{item_id}"][method]["parameters"]
        assert "If-Match" in {one["name"] for one in parameters}


def test_what_a_validator_of_ours_asks_for_is_in_the_schema(spec: dict[str, Any]) -> None:
    schemas = spec["components"]["schemas"]
    search = schemas["SearchRequest"]["properties"]
    assert search["limit"]["maximum"] == 100
    assert "'maxItems': 100" in str(search["collection"])
    assert "'maxProperties': 50" in str(search["filter"])
    asked = OAS31Validator(
        {"$ref": "#/components/schemas/ItemRequest", "components": {"schemas": schemas}}
    )
    item = {"question": "How?", "answer": "So."}
    assert asked.is_valid(item)
    for question in ("", " ", "\u200b", "a\0"):
        assert not asked.is_valid(item | {"question": question}), question
    for column in ("ID", "_line", " a", ""):
        assert not asked.is_valid(item | {"metadata": {column: "x"}}), column
    assert asked.is_valid(item | {"metadata": {"topic": "", "i d": "x"}})


def test_the_documentation_is_served_by_us(client: Client) -> None:
    page = client.get("/docs/")
    assert page.status_code == 200
    same = client.get("/docs")
    assert (same.status_code, same.data) == (200, page.data)
    assert same.headers["Content-Security-Policy"] == page.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/docs/"), address
        with client.http.get(address) as response:
            assert response.status_code == 200
    assert "/openapi.json" in page.text
