"""What a JSON document says around its pairs: sections, categories, languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.files import jsonl, read_json

Row = tuple[str, str, dict[str, str]]


def taken(text: str) -> list[Row]:
    _, rows, gone = read_json(text)
    assert gone == []
    return [
        (row.question, row.answer, {k: v for k, v in row.metadata.items() if v}) for row in rows
    ]


def pair(name: str, **more: Any) -> dict[str, Any]:
    return {"question": name, "answer": f"{name}."} | more


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"Zahlung": [pair("a")], "Versand": [pair("b"), pair("c")]},
         ["Zahlung", "Versand", "Versand"]),
        ({"v": "1", "faq": {"Zahlung": [pair("a")], "Versand": [pair("b"), pair("c")]}},
         ["Zahlung", "Versand", "Versand"]),
        ({"Shop": {"Geld": [pair("a")], "Post": [pair("b")]}, "App": {"Konto": [pair("c")]}},
         ["Shop / Geld", "Shop / Post", "App / Konto"]),
        ({"x": {"faqs": [pair("a")]}, "y": {"faqs": [pair("b"), pair("c")]}}, ["x", "y", "y"]),
        # One list is no section.
        ({"faq": [pair("a"), pair("b"), pair("c")]}, ["", "", ""]),
        ({"data": {"faq": [pair("a"), pair("b"), pair("c")]}}, ["", "", ""]),
    ],
)  # fmt: skip
def test_the_name_of_a_section_is_metadata(document: Any, names: list[str]) -> None:
    expected = [
        (name, f"{name}.", {"section": section} if section else {})
        for name, section in zip("abc", names, strict=True)
    ]
    assert taken(json.dumps(document)) == expected
    assert taken(json.dumps(document, indent=2)) == expected


def test_sections_of_languages_are_languages() -> None:
    document = {"pt-BR": [pair("a")], "en": [pair("b")]}
    assert taken(json.dumps(document)) == [
        ("a", "a.", {"language": "pt-BR"}),
        ("b", "b.", {"language": "en"}),
    ]
    own = {"pt": [pair("a", language="own")], "en": [pair("b", language="own")]}
    assert [row[2] for row in taken(json.dumps(own))] == [
        {"language": "own", "language_2": "pt"},
        {"language": "own", "language_2": "en"},
    ]


def test_sections_of_texts_and_of_objects() -> None:
    texts = {"Pay": {"How?": "So.", "When?": "Now."}, "Ship": {"Where?": "Here.", "Who?": "We."}}
    assert taken(json.dumps(texts)) == [
        ("How?", "So.", {"section": "Pay"}), ("When?", "Now.", {"section": "Pay"}),
        ("Where?", "Here.", {"section": "Ship"}), ("Who?", "We.", {"section": "Ship"}),
    ]  # fmt: skip
    objects = {"Pay": {"k1": pair("a"), "k2": pair("b")}, "Ship": {"k1": pair("c")}}
    assert [row[2] for row in taken(json.dumps(objects))] == [
        {"key": "k1", "section": "Pay"},
        {"key": "k2", "section": "Pay"},
        {"key": "k1", "section": "Ship"},
    ]


CATEGORIES = [
    {"category": "Pago", "questions": [pair("a"), pair("b")]},
    {"questions": [pair("c")], "category": "Envío", "id": "s2", "long": "x" * 300, "@type": "C"},
]


@pytest.mark.parametrize(
    "text",
    [json.dumps(CATEGORIES), json.dumps({"name": "FAQ", "all": CATEGORIES}), jsonl(CATEGORIES)],
)
def test_short_texts_around_pairs_are_metadata_before_and_after_them(text: str) -> None:
    assert taken(text) == [
        ("a", "a.", {"category": "Pago"}),
        ("b", "b.", {"category": "Pago"}),
        ("c", "c.", {"category": "Envío", "section_id": "s2"}),
    ]
    assert {row.id for row in read_json(text)[1]} == {None}


def test_a_pairs_own_metadata_stays_beside_what_is_around_it() -> None:
    document = [{"title": "Top", "faq": [pair("a", title="own")]}]
    assert taken(json.dumps(document))[0][2] == {"title": "own", "title_2": "Top"}
    deep = [{"area": "A", "parts": [{"part": "P", "faq": [pair("a")]}]}]
    assert taken(json.dumps(deep))[0][2] == {"area": "A", "part": "P"}
    asked = [{"question": "Which?", "more": [pair("a")]}]
    assert taken(json.dumps(asked))[0][2] == {"section_question": "Which?"}


def test_objects_by_language_inside_an_array() -> None:
    document = [{"slug": "x", "it": pair("a"), "fr": pair("b")}] * 2
    assert (
        taken(json.dumps(document))
        == [
            ("a", "a.", {"key": "it", "slug": "x"}),
            ("b", "b.", {"key": "fr", "slug": "x"}),
        ]
        * 2
    )


def test_names_that_mean_a_pair_only_beside_each_other() -> None:
    document = {
        "groups": [
            {"title": "Cuenta", "items": [{"titulo": "Clave", "respuesta": "Así."}]},
            {"title": "Pago", "items": [{"titulo": "Tarjeta", "respuesta": "Sí."}]},
        ]
    }
    assert taken(json.dumps(document)) == [
        ("Clave", "Así.", {"title": "Cuenta"}),
        ("Tarjeta", "Sí.", {"title": "Pago"}),
    ]
    beside = {"notes": [{"title": "x", "answer": "y"}], "faq": [pair("a")]}
    assert taken(json.dumps(beside)) == [("a", "a.", {})]


def test_pairs_inside_a_line() -> None:
    lines = [{"context": "c" * 500, "qas": [{"qid": "1", "question": "q", "answers": ["a", "b"]}]}]
    expected = [("q", "a", {"qid": "1", "other_answers": '["b"]'})]
    assert taken(jsonl(lines * 2)) == expected * 2
    assert [row.line for row in read_json(jsonl(lines * 2))[1]] == [1, 2]
