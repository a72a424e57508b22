"""Which role each operation needs. An operation that is not in the table fails the test."""

from __future__ import annotations

import re

import pytest
from apiflask import APIFlask

from services.access import ROLES
from tests.support.client import Client

NEEDED = {
    "GET /health": None,
    "GET /livez": None,
    "GET /readyz": None,
    "GET /": "reader",
    "GET /metrics": "admin",
    "POST /search": "reader",
    "POST /search/batch": "reader",
    "POST /upload": "editor",
    "GET /jobs": "reader",
    "GET /jobs/{job_id}": "reader",
    "GET /jobs/{job_id}/errors": "reader",
    "POST /jobs/{job_id}/cancel": "editor",
    "GET /items": "reader",
    "POST /items": "editor",
    "GET /items/{item_id}": "reader",
    "PUT /items/{item_id}": "editor",
    "PATCH /items/{item_id}": "editor",
    "DELETE /items/{item_id}": "editor",
    "GET /collections": "reader",
    "GET /collections/{name}": "reader",
    "DELETE /collections/{name}": "admin",
    "GET /collections/{name}/export": "reader",
    "GET /collections/{name}/check": "reader",
    "GET /collections/{name}/thresholds": "reader",
    "PUT /collections/{name}/thresholds": "editor",
    "DELETE /collections/{name}/thresholds": "editor",
    "POST /evaluate": "editor",
    "GET /keys": "admin",
    "POST /keys": "admin",
    "DELETE /keys/{key_id}": "admin",
    "GET /users": "admin",
    "POST /users": "admin",
    # Its own password, anybody may change; tests/web/test_users.py has the others.
    "PUT /users/{name}/password": "reader",
    "DELETE /users/{name}": "admin",
}
NOTHING = {
    "{name}": "nothing", "{item_id}": "0", "{key_id}": "0",
    "{job_id}": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip


@pytest.fixture
def by_role(app: APIFlask, client: Client) -> dict[str, Client]:
    keys = {role: client.make_key(role)["key"] for role in ROLES}
    return {role: Client(app.test_client(), key) for role, key in keys.items()}


def test_each_operation_needs_the_role_that_the_table_says(
    client: Client, by_role: dict[str, Client]
) -> None:
    paths = client.get("/openapi.json").json["paths"]
    described = {
        f"{method.upper()} {path}": operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert sorted(described) == sorted(NEEDED)
    for operation, needed in NEEDED.items():
        method, path = operation.split(" ")
        path = re.sub(r"\{\w+\}", lambda found: NOTHING[found[0]], path)
        for role in ROLES:
            # It names nothing that is there and sends nothing, so it changes nothing.
            answer = by_role[role].call(method, path)
            if needed is None or ROLES.index(role) >= ROLES.index(needed):
                assert answer.status_code not in (401, 403), (operation, role)
                continue
            assert answer.status_code == 403, (operation, role)
            assert answer.json["code"] == "forbidden"
            assert f"role {needed}" in answer.json["error"]
            why = described[operation]["responses"]["403"]["description"]
            assert f"`{needed}`" in why, operation
