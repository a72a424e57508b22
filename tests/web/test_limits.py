"""Requests that are too large in a part: 400, which names the part, in little time and memory."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from services.users import Users
from tests.support.client import PASSWORD, USER, Client
from texts import MAX_METADATA_CHARS
from web.decoding import MAX_FIELDS
from web.filter_schemas import MAX_FILTER_CHARS, MAX_FILTER_COLUMNS, MAX_FILTER_NAME_CHARS
from web.gate import Gate
from web.schemas import (
    MAX_COLLECTIONS,
    MAX_METADATA_COLUMNS,
    MAX_OPTION_CHARS,
)
from web.validation import MAX_JSON_BYTES

FAQ = "question,answer\nHow?,So.\n"


def columns(count: int, value: str = "b") -> dict[str, str]:
    return {f"column {n}": value for n in range(count)}


def refused_field(answer: Any) -> str:
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request"), answer.text
    assert len(answer.text) < 3_000
    field: str = answer.json["fields"][0]["field"]
    return field


def test_a_file_of_questions_may_be_as_large_as_an_upload() -> None:
    gate = Gate(Users({}), max_upload_bytes=7, trusted_proxies=0)
    limits = [gate.limit(path) for path in ("/upload", "/evaluate", "/search")]
    assert limits == [7, 7, MAX_JSON_BYTES]


# The name in the error, what may be asked for, and what is too much.
SEARCHES: list[tuple[str, Any, Any]] = [
    ("collection", ["a"] * MAX_COLLECTIONS, ["a"] * (MAX_COLLECTIONS + 1)),
    ("collection", ["a"], ["a"] * 400_000),
    ("filter", columns(MAX_FILTER_COLUMNS), columns(MAX_FILTER_COLUMNS + 1)),
    ("filter", {}, columns(300_000)),
    ("filter.a", {"a": "b" * MAX_FILTER_CHARS}, {"a": "b" * (MAX_FILTER_CHARS + 1)}),
    ("filter.", {"a" * MAX_FILTER_NAME_CHARS: "b"}, {"a" * (MAX_FILTER_NAME_CHARS + 1): "b"}),
]


def test_a_search_has_limits(client: Client, subtests: pytest.Subtests) -> None:
    for name, most, more in SEARCHES:
        member = name.split(".")[0]
        with subtests.test(name=name, size=len(more)):
            ask = {"question": "x", member: most}
            assert client.post("/search", json=ask).status_code == 200
            ask = {"question": "x", member: more}
            assert refused_field(client.post("/search", json=ask)).startswith(name)
            field = refused_field(client.post("/search/batch", json={"queries": [ask]}))
            assert field.startswith(f"queries.0.{name}")


def test_a_batch_may_use_all_limits_at_once(client: Client) -> None:
    ask = {
        "question": "x", "limit": 1, "offset": 0, "max_distance": 1,
        "collection": ["a"] * MAX_COLLECTIONS, "filter": columns(MAX_FILTER_COLUMNS),
    }  # fmt: skip
    batch = {"queries": [ask] * 100}
    assert client.post("/search/batch", json=batch).status_code == 200
    batch["queries"] = [ask] * 101
    assert refused_field(client.post("/search/batch", json=batch)) == "queries"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_item_has_limits(client: Client, method: str) -> None:
    item = client.post("/items", json={"question": "a", "answer": "b"}).json
    path = "/items" if method == "POST" else f"/items/{item['id']}"

    def write(metadata: dict[str, str]) -> Any:
        body = {"question": "x", "answer": "y", "metadata": metadata}
        return client.http.open(path, method=method, json=body, auth=(USER, PASSWORD))

    assert write(columns(MAX_METADATA_COLUMNS)).status_code in (200, 201)
    assert refused_field(write(columns(MAX_METADATA_COLUMNS + 1))) == "metadata"
    assert refused_field(write({"a": "b" * (MAX_METADATA_CHARS + 1)})) == "metadata.a"
    assert refused_field(write({"a" * (MAX_METADATA_CHARS + 1): "b"})).startswith("metadata.aaa")


def test_a_form_has_limits(client: Client) -> None:
    fields = "&".join(f"a{n}=b" for n in range(MAX_FIELDS + 1))
    form = client.post("/search", data=fields, content_type="application/x-www-form-urlencoded")
    assert form.status_code == 400
    assert "1,000 fields" in form.json["error"]
    address = client.get(f"/items?{fields}")
    assert address.status_code == 400
    assert "1,000 fields" in address.json["error"]
    many = {f"a{n}": "b" for n in range(MAX_FIELDS + 1)}
    parts = client.post("/upload", data=many, content_type="multipart/form-data")
    assert (parts.status_code, parts.json["code"]) == (413, "too_large")
    assert "512 megabytes (MAX_UPLOAD_MB) and 1,000 parts" in parts.json["error"]


def test_an_upload_s_options_have_limits(client: Client) -> None:
    value = "x" * (MAX_OPTION_CHARS + 1)
    for option in ("question_column", "delimiter", "encoding", "sheet"):
        assert refused_field(client.upload(FAQ, f"/upload?{option}={value}")) == option


def test_members_without_number_cost_little(client: Client, subtests: pytest.Subtests) -> None:
    bodies: dict[str, Any] = {
        "fields": {"question": "x", **columns(300_000)},
        "collections": {"question": "x", "collection": ["!"] * 1_000_000},
        "filter": {"question": "x", "filter": {str(n): n for n in range(400_000)}},
        "queries": {"queries": [{}] * 1_000_000},
        "fields of queries": {"queries": [{str(n): n for n in range(900)}] * 400},
        "lists": {"question": "x", "y": [[[]] * 999] * 900},
    }
    for name, body in bodies.items():
        data = json.dumps(body)
        with subtests.test(name):
            started = time.process_time()
            answer = client.post("/search/batch", data=data, content_type="application/json")
            assert time.process_time() - started < 5
            assert answer.status_code == 400
            assert "members" in answer.json["error"]
            assert len(answer.text) < 2_000
