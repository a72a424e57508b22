"""Chats in JSON: a pair where one asks and one answers, whatever the two are called."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.files import jsonl, read_json
from tests.support.json_files import Row, pairs, reasons, taken


def turns(*said: tuple[str, str], who: str = "from", what: str = "value") -> list[dict[str, str]]:
    return [{who: speaker, what: text} for speaker, text in said]


@pytest.mark.parametrize(
    ("name", "chat"),
    [
        ("conversations", turns(("human", "Kur?"), ("gpt", "Taip."))),
        ("conversation",
         turns(("user", "Kur?"), ("assistant", "Taip."), who="role", what="content")),
        ("messages", turns(("human", "Kur?"), ("gpt", "Taip."))),
        ("dialogue", turns(("Customer", "Kur?"), ("Agent", "Taip."), who="speaker", what="text")),
        ("conversas",
         turns(("cliente", "Kur?"), ("atendente", "Taip."), who="autor", what="texto")),
        ("messages", [{"role": "user", "content": [{"type": "text", "text": "Kur?"}]},
                      {"role": "assistant", "content": "Taip."}]),
    ],
)  # fmt: skip
def test_a_chat_under_any_of_its_names(name: str, chat: list[Any]) -> None:
    value = {"topic": "shop", name: chat}
    expected: list[Row] = [("Kur?", "Taip.", {"topic": "shop"})]
    assert taken([value]) == taken({"version": "1", "data": [value]}) == expected
    by_position: dict[str, Any] = {"question_column": "2", "answer_column": "3"}
    for options in ({}, by_position):
        _, rows, gone = read_json(jsonl([value] * 2), **options)
        assert [(r.question, r.answer, r.metadata) for r in rows] == expected * 2
        assert gone == []


def test_a_chat_of_more_turns_is_rejected_and_its_name_given() -> None:
    once = turns(("system", "Be kind."), ("human", "a"), ("gpt", "b"))
    twice = turns(("human", "a"), ("gpt", "b"), ("human", "c"), ("gpt", "d"))
    assert taken([{"conversations": once}]) == [("a", "b", {"system": "Be kind."})]
    assert "Its 'conversations' are not one" in reasons([{"conversations": twice}])
    _, rows, gone = read_json(jsonl([{"conversations": twice}, {"conversations": once}]))
    assert [row.question for row in rows] == ["a"]
    assert [(row.line, row.code) for row in gone] == [(1, "malformed_json")]


def test_a_pair_that_also_has_a_chat_is_that_pair() -> None:
    value = {"question": "a", "answer": "b", "conversations": turns(("human", "c"), ("gpt", "d"))}
    assert pairs([value]) == [("a", "b")]
    assert pairs({"conversations": [{"question": "a", "answer": "b"}]}) == [("a", "b")]
