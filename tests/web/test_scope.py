"""A key that is limited to a collection gets nothing of another one, from any route.

TRIES says how each operation of the description is tried. An operation that is not in it fails the
test, so a new route says here how it keeps to the limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from apiflask import APIFlask

from tests.support.client import Client, eventually

# What stands for the names of things in the other collection, and of things that are nowhere.
NAMES = ("@collection", "@item", "@job")
CSV = "id,question,answer,zcolumn\nzext,Where is the zebra?,Zebra land.,zvalue\nz2,Only this,,\n"
CASES = "question,expected\nWhere is the zebra?,zext\n"
WORDS = ("bravo", "zebra", "zext", "zcolumn", "zvalue")


@dataclass(frozen=True)
class Try:
    """A request, the status that it must get, and what else is sent with it."""

    status: int
    query: str = ""
    sent: dict[str, Any] = field(default_factory=dict)


def text(csv: str, **headers: str) -> dict[str, Any]:
    return {"data": csv, "content_type": "text/csv", "headers": headers}


def asking(**fields: Any) -> Try:
    return Try(200, sent={"json": {"question": "Where is the zebra?", **fields}})


ITEM = {"question": "Where?", "answer": "Here."}
MATCH = {"headers": {"If-Match": '"other"'}}
SEARCHES = [
    asking(),
    asking(order="relevance", limit=100),
    asking(collection="@collection"),
    asking(collection=["alpha", "@collection"]),
    asking(collection="brav"),
    asking(filter={"zcolum": "zvalue"}),
    asking(filter={"zcolumn": "zvalu"}),
    asking(filter={"zcolumn": {"not": "x"}}),
    asking(filter={"zcolumn": "zvalu"}, collection=["alpha", "@collection"]),
]
TRIES: dict[str, list[Try]] = {
    "GET /health": [Try(200)],
    "GET /livez": [Try(200)],
    "GET /readyz": [Try(200)],
    "GET /": [Try(200), Try(200, "?q=zebra")],
    "GET /metrics": [Try(403)],
    "POST /search": [*SEARCHES, Try(200, sent={"data": {"question": "zebra"}})],
    "POST /search/batch": [
        Try(200, sent={"json": {"queries": [one.sent["json"] for one in SEARCHES]}})
    ],
    "POST /upload": [
        Try(404, sent=text(CSV)),
        Try(404, "?collection=@collection", text(CSV)),
        Try(404, "?collection=@collection&dry_run=true", text(CSV)),
        Try(404, "?collection=@collection", text(CSV, **{"Idempotency-Key": "of bravo"})),
    ],
    "GET /jobs": [Try(200), Try(200, "?collection=@collection"), Try(200, "?status=succeeded")],
    "GET /jobs/{job_id}": [Try(404)],
    "GET /jobs/{job_id}/errors": [Try(404), Try(404, sent={"headers": {"Accept": "text/csv"}})],
    "POST /jobs/{job_id}/cancel": [Try(404)],
    "GET /items": [Try(200), Try(200, "?collection=@collection"), Try(200, "?text=zebra")],
    "POST /items": [
        Try(404, sent={"json": ITEM}),
        Try(404, sent={"json": {**ITEM, "collection": "@collection"}}),
    ],
    "GET /items/{item_id}": [Try(404)],
    "PUT /items/{item_id}": [Try(404, sent={"json": ITEM}), Try(404, sent={"json": ITEM, **MATCH})],
    "PATCH /items/{item_id}": [
        Try(404, sent={"json": {"answer": "There."}}),
        Try(404, sent={"json": {"answer": "There."}, **MATCH}),
    ],
    "DELETE /items/{item_id}": [Try(404), Try(404, sent=MATCH)],
    "GET /collections": [Try(200)],
    "GET /collections/{name}": [Try(404)],
    "DELETE /collections/{name}": [Try(404)],
    "GET /collections/{name}/export": [Try(404)],
    "GET /collections/{name}/check": [Try(404)],
    "GET /collections/{name}/thresholds": [Try(404)],
    "PUT /collections/{name}/thresholds": [Try(404, sent={"json": {"answer": 0.9}})],
    "DELETE /collections/{name}/thresholds": [Try(404)],
    "POST /evaluate": [
        Try(404, "?collection=@collection", text(CASES)),
        Try(404, sent=text(CASES)),
    ],
    # Who could make keys could make one without the limit.
    "GET /keys": [Try(403)],
    "POST /keys": [Try(403, sent={"json": {"name": "k", "role": "reader"}})],
    "DELETE /keys/{key_id}": [Try(403)],
    "GET /users": [Try(403)],
    "POST /users": [
        Try(403, sent={"json": {"name": "u", "password": "12345678", "role": "admin"}})
    ],
    "PUT /users/{name}/password": [Try(403, sent={"json": {"password": "12345678"}})],
    "DELETE /users/{name}": [Try(403)],
}
# By which of NAMES the parameters of a path are filled; others get the value that is here.
PARAMETERS = {
    "{name}": "@collection", "{item_id}": "@item", "{job_id}": "@job", "{key_id}": "1",
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """A key limited to alpha; what is in bravo, by NAMES; and what is nowhere, by NAMES."""

    limited: Client
    there: dict[str, str]
    nowhere: dict[str, str]
    secrets: list[str]


@pytest.fixture
def world(app: APIFlask, client: Client) -> World:
    client.load(
        "question,answer,color\nWhere is the horse?,Here.,red\n", "/upload?collection=alpha"
    )
    # Its numbers are like no others.
    with app.extensions["conector"].pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("ALTER TABLE items ALTER id RESTART WITH 987654321")
    used = {"Idempotency-Key": "of bravo"}
    job = client.load(CSV, "/upload?collection=bravo", headers=used)
    assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (1, 1)
    constants = app.extensions["conector"].searcher.calibration.get_constants
    eventually(lambda: constants() is not None)
    evaluated = client.ended(client.upload(CASES, "/evaluate?collection=bravo").json["job"]["id"])
    assert evaluated["status"] == "succeeded"
    (item,) = client.get("/items?collection=bravo").json["results"]
    assert (
        client.call("PUT", "/collections/bravo/thresholds", json={"answer": 0.9}).status_code == 200
    )
    key = client.make_key("admin", collections=["alpha"])["key"]
    there = dict(zip(NAMES, ("bravo", str(item["id"]), job["id"]), strict=True))
    nowhere = dict(zip(NAMES, ("brown", "987654999", "0" * 8 + job["id"][8:]), strict=True))
    secrets = [*WORDS, str(item["id"]), job["id"], evaluated["id"]]
    return World(Client(app.test_client(), key), there, nowhere, secrets)


def fill(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {fill(key, names): fill(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [fill(member, names) for member in value]
    if isinstance(value, str):
        for name, real in names.items():
            value = value.replace(name, real)
    return value


def send(world: World, operation: str, one: Try, names: dict[str, str]) -> tuple[str, Any]:
    """Return all that was sent, as a text, and the answer."""
    method, path = operation.split(" ")
    for parameter, value in PARAMETERS.items():
        path = path.replace(parameter, value)
    path, sent = fill(path + one.query, names), fill(one.sent, names)
    return f"{path} {sent}", world.limited.call(method, path, **sent)


def hide(answer: Any, names: dict[str, str]) -> str:
    """Return the text of an answer without what differs from one request to the next."""
    body = re.sub(r'"(took_ms|search_id)":("[^"]*"|[\d.e-]+)', "", answer.text)
    for name, real in names.items():
        body = body.replace(real, name)
    return body


def list_operations(client: Client) -> Iterator[str]:
    for path, operations in client.get("/openapi.json").json["paths"].items():
        yield from (f"{method.upper()} {path}" for method in operations)


def test_each_operation_is_tried(client: Client) -> None:
    assert sorted(list_operations(client)) == sorted(TRIES)


def test_no_route_gives_anything_of_another_collection(world: World, client: Client) -> None:
    for operation, tries in TRIES.items():
        for one in tries:
            sent, answer = send(world, operation, one, world.there)
            assert answer.status_code == one.status, (operation, one, answer.text)
            said = f"{answer.text} {answer.headers}"
            told = [word for word in world.secrets if word in said.lower() and word not in sent]
            assert told == [], (operation, one, answer.text)
            # As if it did not exist.
            _, other = send(world, operation, one, world.nowhere)
            assert other.status_code == one.status, (operation, one)
            assert hide(answer, world.there) == hide(other, world.nowhere), (operation, one)
    (kept,) = client.get("/items?collection=bravo").json["results"]
    assert kept["answer"] == "Zebra land."
    assert client.get("/collections/bravo/thresholds").json["answer"] == 0.9


def test_what_it_sees_is_its_own(world: World) -> None:
    limited = world.limited
    assert [one["name"] for one in limited.get("/collections").json["results"]] == ["alpha"]
    for path in ("/items", "/jobs", "/items?collection=alpha", "/jobs?collection=alpha"):
        assert limited.get(path).json["total"] == 1, path
    for asked in ({}, {"collection": "alpha"}, {"collection": ["alpha", "bravo"]}):
        assert [hit["collection"] for hit in limited.search("zebra", limit=10, **asked)] == [
            "alpha"
        ]
    for path in ("", "/export", "/check", "/thresholds"):
        assert limited.get(f"/collections/alpha{path}").status_code == 200
    item = limited.get("/items").json["results"][0]["id"]
    assert limited.call("PATCH", f"/items/{item}", json={"answer": "There."}).status_code == 200
    job = limited.load("question,answer\nWhen?,Now.\n", "/upload?collection=alpha")
    assert job["status"] == "succeeded"
    assert limited.call("DELETE", "/collections/alpha").json == {"deleted": 2}


@pytest.mark.parametrize("query", ["", "?collection=bravo", "?collection=brown"])
def test_who_may_not_write_there_is_told_where(world: World, query: str) -> None:
    meant = query.partition("=")[2] or "default"
    item = ITEM | ({"collection": meant} if query else {})
    for answer in (
        world.limited.upload(CSV, f"/upload{query}"),
        world.limited.post("/items", json=item),
    ):
        assert answer.status_code == 404
        assert f"no collection {meant} that you may write to" in answer.json["error"]
        assert "You may write to alpha:" in answer.json["error"]


def test_an_idempotency_key_of_another_collection_is_free(world: World) -> None:
    used = {"Idempotency-Key": "of bravo"}
    first = world.limited.upload(CSV, "/upload?collection=alpha", headers=used)
    again = world.limited.upload(CSV, "/upload?collection=alpha", headers=used)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["job"]["id"] == again.json["job"]["id"] != world.there["@job"]


def test_to_whom_sees_all_the_same_requests_give_what_is_hidden(
    world: World, client: Client
) -> None:
    """Else the test of the limit would see nothing hidden."""
    open_world = World(client, world.there, world.nowhere, world.secrets)
    for operation in ("POST /search", "GET /jobs", "GET /items", "GET /collections/{name}"):
        said = [send(open_world, operation, one, world.there)[1].text for one in TRIES[operation]]
        assert any(
            word in " ".join(said).lower()
            for word in ("zebra land", "zebra.", "zvalue", world.there["@job"])
        )
    near = client.post("/search", json={"question": "x", "collection": "brav"}).json["warnings"]
    assert "bravo" in near[0]


def test_a_limited_search_has_the_thresholds_of_its_only_collection(
    world: World, client: Client
) -> None:
    client.call("PUT", "/collections/alpha/thresholds", json={"answer": 0.8})

    def answer_from(**asked: Any) -> float:
        response = world.limited.post("/search", json={"question": "x", **asked})
        line: float = response.json["thresholds"]["answer"]
        return line

    assert answer_from() == answer_from(collection="alpha") == 0.8
    assert answer_from(collection="bravo") == answer_from(collection=["alpha", "bravo"]) == 0.6
