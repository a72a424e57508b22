"""What validation says: sentences of ours in every language, and none of a library's words."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import ErrorDetails, from_json
from pydantic_core._pydantic_core import list_all_errors

import web
from messages import Message
from tests.support.client import Client
from translations.catalogs import translate
from web.errors import ApiError
from web.reasons import UNKNOWN, phrase_json_error, phrase_reason
from web.schemas import BatchRequest, SearchRequest
from web.validation import RequestModel, validate

PORTUGUESE = {"Accept-Language": "pt"}
FORM = "application/x-www-form-urlencoded"
# What each kind of pydantic's schemas raises, by what a request can bring.
RAISED: dict[str, set[str]] = {
    "model": {"model_type", "model_attributes_type"},
    "model-fields": {"missing", "extra_forbidden", "invalid_key"},
    "dict": {"dict_type", "too_long"},
    "list": {"list_type", "too_long", "too_short"},
    "str": {"string_type", "string_unicode", "string_too_long", "string_too_short"},
    "int": {"int_type", "int_parsing", "int_from_float", "int_parsing_size"},
    "float": {"float_type", "float_parsing", "finite_number"},
    "bool": {"bool_type", "bool_parsing"},
    "datetime": {"datetime_type", "datetime_parsing", "timezone_aware", "datetime_object_invalid"},
    "literal": {"literal_error"},
    "nullable": set(),
    "default": set(),
    "model-field": set(),
    "tagged-union": set(),
    "definitions": set(),
    "definition-ref": set(),
    "function-after": set(),
    "function-before": set(),
    # Of functions: a validator without further arguments.
    "no-info": set(),
}
BOUNDS = {"ge": "greater_than_equal", "le": "less_than_equal"}
# Bounds that are among what the kind raises, and names of members that are no bounds.
PLAIN = {"max_length", "min_length"}
UNBOUND = {"gt", "lt", "multiple_of", "pattern"}
ODD: list[Any] = [None, True, 0, -5, 10**30, 0.5, 1e300, "", " ", "x", "\0", "x" * 20_000, [], {}]
ODD += [[[]], [{}], ["a"] * 900, {"a": 1}, {"": []}, {"a": {}}, {"a": {"not": {"not": "b"}}}]
ODD += [{"a": {"not": "b", "c": "d"}}, {str(n): "" for n in range(60)}, "2099-01-01", "1_0", "1.5"]


NOT_JSON = [
    "{",
    "[",
    '"a',
    "",
    '{"a" 1}',
    "[1 2]",
    '{"a":1 "b"}',
    "nul",
    "nux",
    "[,]",
    r'"\x"',
    "01",
]
NOT_JSON += ["[1,]", "{1:2}", r'"\ud800"', r'"\udc00"', r'"\ud8', '"\n"', "1 2", "[" * 300, "NaN"]
NOT_JSON += ["1" * 5_000, "{'a': 1}", "-", "1e"]


def _find_models() -> list[type[RequestModel]]:
    for path in Path(web.__path__[0]).glob("*_schemas.py"):
        importlib.import_module(f"web.{path.stem}")
    found, waiting = [], [RequestModel]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found += [one for one in children if one.__module__.startswith("web.")]
    return sorted(set(found), key=lambda one: one.__name__)


MODELS = _find_models()


def _walk_schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield the schemas in a schema, without metadata and without those of answers."""
    if isinstance(schema, list | tuple):
        for one in schema:
            yield from _walk_schemas(one)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("type"), str):
        yield schema
    for name, part in schema.items():
        if name not in ("metadata", "serialization", "config"):
            yield from _walk_schemas(part)


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_each_kind_of_error_that_a_model_raises_has_a_sentence(
    model: type[RequestModel],
) -> None:
    kinds = set()
    for schema in _walk_schemas(model.__pydantic_core_schema__):
        assert not UNBOUND & schema.keys(), schema
        kinds |= RAISED[schema["type"]]
        kinds |= {kind for bound, kind in BOUNDS.items() if bound in schema}
    context = {"ge": 1, "le": 2.0, "expected": "'a' or 'b'", "max_length": 2, "min_length": 1}
    for kind in kinds:
        for counted in ("List", "Dictionary", "Value"):
            said = phrase_reason(_make_error(kind, context | {"field_type": counted}))
            assert said is not UNKNOWN, kind
            _require_ours(said)


def _make_error(kind: str, context: dict[str, Any]) -> ErrorDetails:
    return {"type": kind, "msg": "Library text", "loc": (), "input": None, "ctx": context}


def _require_ours(said: Message) -> None:
    assert isinstance(said, Message)
    assert translate(said, "pt") != said
    for part in ("_", "()", "Input", "String", "Extra", "Field", "dictionary", "validation"):
        assert part not in said


def test_a_kind_that_is_not_known_says_nothing_of_the_librarys() -> None:
    for error in list_all_errors():
        context = {"max_length": 1, "min_length": 1, "ge": 1, "le": 1, "field_type": "List"}
        said = phrase_reason(_make_error(error["type"], context | {"expected": "'a'"}))
        if not said.startswith("must be a time"):
            _require_ours(said)


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_whatever_is_wrong_is_said_in_words_of_ours(model: type[RequestModel]) -> None:
    wrong = 0
    for name in [*model.model_fields, "unknown"]:
        for value in ODD:
            for given in ({name: value}, json.dumps({name: value})):
                wrong += _count_wrong(model, given)
    assert wrong


def _count_wrong(model: type[RequestModel], given: Any) -> int:
    try:
        validate(model, given)
    except ApiError as error:
        for field in error.details["fields"]:
            said = field["error"]
            assert isinstance(said, Message)
            assert said is not UNKNOWN
            assert translate(said, "pt") != said
        return 1
    return 0


@pytest.mark.parametrize(
    "text",
    NOT_JSON,
)
def test_what_is_wrong_with_json_is_said_in_words_of_ours(text: str) -> None:
    with pytest.raises(ValueError, match=" at line ") as raised:
        from_json(text, allow_inf_nan=False)
    said = phrase_json_error(raised.value)
    assert "JSON does not have" not in said
    assert translate(said, "pt") != said
    assert "EOF" not in said


def test_a_reason_that_the_parser_gets_new_is_not_shown() -> None:
    said = phrase_json_error(ValueError("odd thing at line 2 column 3"))
    assert said == "there is something that JSON does not have at line 2 column 3"


def _fields_of(model: type[RequestModel], given: Any) -> dict[str, str]:
    with pytest.raises(ApiError) as raised:
        validate(model, given if isinstance(given, str) else json.dumps(given))
    return {one["field"]: str(one["error"]) for one in raised.value.details["fields"]}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({"not": {"not": "b"}}, {"a.not": "input should be a text"}),
        ({"not": "b", "c": "d"}, {"a.c": "there is no such field here"}),
        ({"not": ["b", 3]}, {"a.not.1": "input should be a text"}),
        ({"c": 1}, {"a.not": "this field is required", "a.c": "there is no such field here"}),
        ({"not": []}, {"a.not": "the list must have at least one element"}),
    ],
)
def test_an_error_in_a_filter_names_its_place(value: Any, fields: dict[str, str]) -> None:
    asked = {"question": "x", "filter": {"a": value}}
    for path, model, given in (
        ("filter.", SearchRequest, asked),
        ("queries.0.filter.", BatchRequest, {"queries": [asked]}),
    ):
        assert _fields_of(model, given) == {path + at: said for at, said in fields.items()}
    assert _fields_of(SearchRequest, {"question": "x", "filter": {"not": value}}) == {
        "filter.not" + at[1:]: said for at, said in fields.items()
    }


@pytest.mark.parametrize(
    ("text", "place", "times"),
    [
        ('{"question": "x", "question": "y"}', "question", 2),
        ('{"question": "x", "filter": {"a": "b", "a": "c", "a": "d"}}', "filter.a", 3),
        ('{"question": "x", "filter": {"\\u0061": "b", "a": "c"}}', "filter.a", 2),
        ('{"limit": {"a": 1, "a": 1}, "limit": 5, "question": "x"}', "limit", 2),
    ],
)
def test_a_member_that_comes_twice_is_refused(text: str, place: str, times: int) -> None:
    assert _fields_of(SearchRequest, text) == {place: f"given {times} times"}
    batch = f'{{"queries": [{{"question": "x"}}, {text}]}}'
    assert _fields_of(BatchRequest, batch) == {f"queries.1.{place}": f"given {times} times"}


def test_a_member_of_the_same_name_elsewhere_is_no_repetition() -> None:
    text = '{"question": "x", "filter": {"question": "x", "a": "b"}, "limit": 3}'
    assert validate(SearchRequest, text).limit == 3


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("question=x&question=y", "question: given 2 times."),
        ("q=x&q=y", "q: given 2 times."),
        ("question=x&limit=1&limit=2", "limit: given 2 times."),
        ("question=x&filter=%7B%22a%22:%22b%22,%22a%22:%22c%22%7D", "filter.a: given 2 times."),
    ],
)
def test_a_field_of_a_form_that_comes_twice_is_refused(
    client: Client, form: str, error: str
) -> None:
    response = client.post("/search", data=form, content_type=FORM)
    assert (response.status_code, response.json["error"]) == (400, error)
    assert response.json["fields"][0]["field"] == error.partition(":")[0]


def test_several_collections_may_come_in_a_form(client: Client) -> None:
    response = client.post("/search", data="q=x&collection=a&collection=b", content_type=FORM)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("PATCH", "/search", {}),
        ("GET", "/static/%00", {}),
        ("GET", "/search?\xff=1", {}),
        ("TRACE", "/", {}),
        ("GET", "/static/icon.svg", {"Range": "bytes=99999999-"}),
    ],
)
def test_what_flask_refuses_is_said_in_words_of_ours(
    client: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    said = [
        client.http.open(
            path, method=method, auth=("admin", "a test's password"), headers=headers | language
        )
        for language in ({}, PORTUGUESE)
    ]
    assert said[0].status_code >= 400
    assert all(one.json for one in said), said[0].text
    assert said[0].json["error"] != said[1].json["error"]  # type: ignore[index]
