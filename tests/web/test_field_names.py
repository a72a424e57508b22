"""What is wrong in a request is named as the request spells it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.client import Client


def fields(answer: Any) -> list[str]:
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    found = [field["field"] for field in answer.json["fields"]]
    assert all(name in answer.json["error"] for name in found)
    return found


SEARCHES: list[tuple[Any, list[str]]] = [
    ({}, ["question"]),
    ({"question": 5}, ["question"]),
    ({"query": 5}, ["query"]),
    ({"q": " "}, ["q"]),
    ({"question": "x", "q": "y"}, ["q"]),
    ({"q": "x", "min_score": 1.1}, ["min_score"]),
    ({"question": "x", "filter[categoria]": "conta"}, ["filter[categoria]"]),
    ({"question": "x", "max-distance": 1}, ["max-distance"]),
    ({"question": "x", "str": 1, "int": 1, "[key]": 1}, ["str", "int", "[key]"]),
    ({"question": "x", "filter": {"sub-category": 5}}, ["filter.sub-category"]),
    ({"question": "x", "filter": {"str": 5}}, ["filter.str"]),
    ({"question": "x", "filter": {"list[str]": 5}}, ["filter.list[str]"]),
    ({"question": "x", "filter": {"a\0": "b"}}, ["filter.a\0"]),
    ({"question": "x", "collection": "a b"}, ["collection"]),
    ({"question": "x", "collection": 5}, ["collection"]),
    ({"question": "x", "collection": []}, ["collection"]),
    ({"question": "x", "collection": ["a", "b c", 5]}, ["collection.1", "collection.2"]),
    ([], [""]),
]


def test_a_search_s_wrong_fields_are_named(client: Client, subtests: pytest.Subtests) -> None:
    for body, expected in SEARCHES:
        with subtests.test(body=body):
            data = json.dumps(body)
            answer = client.post("/search", data=data, content_type="application/json")
            assert fields(answer) == expected


def test_the_fields_of_one_search_of_many_are_named(client: Client) -> None:
    queries = [{"question": "x"}, {"filter": {"a-b": 1}}, {"question": "x", "limit[]": 1}]
    answer = client.post("/search/batch", json={"queries": queries})
    assert fields(answer) == ["queries.1.question", "queries.1.filter.a-b", "queries.2.limit[]"]


FORMS: list[tuple[dict[str, Any], list[str]]] = [
    ({"question": "x", "filter[categoria]": "conta"}, ["filter[categoria]"]),
    ({"question": "x", "filter": '{"sub-category": 5}'}, ["filter.sub-category"]),
    ({"question": "x", "filter": "{"}, ["filter"]),
    ({"question": ["x", "y"]}, ["question"]),
    ({"question": "x", "collection": ["a", "b c"]}, ["collection.1"]),
]


def test_a_form_s_wrong_fields_are_named(client: Client, subtests: pytest.Subtests) -> None:
    for data, expected in FORMS:
        with subtests.test(data=data):
            assert fields(client.post("/search", data=data)) == expected


def test_an_item_s_wrong_fields_are_named(client: Client) -> None:
    new = {"question": "x", "answer": " ", "metadata": {"sub-tag": 1, "id": "1", " a": "b"}}
    answer = client.post("/items", json=new)
    assert fields(answer) == ["answer", "metadata.sub-tag", "metadata.id", "metadata. a"]


def test_a_list_s_wrong_options_are_named(client: Client) -> None:
    assert fields(client.get("/items?limit=x&offset[]=1")) == ["limit", "offset[]"]


def test_a_name_of_any_length_is_shown_in_part(client: Client) -> None:
    answer = client.post("/search", json={"question": "x", "f" * 1_000_000: 1})
    assert fields(answer) == ["f" * 200]
    assert len(answer.text) < 2_000
