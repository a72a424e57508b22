"""Turns one JSON object into rows of fields, and finds its question, answer and metadata.

| the object's member | becomes |
|---|---|
| a key | a column; columns have the order in which their keys first appear |
| a string | itself |
| null | nothing |
| a number, true or false | what JSON writes for it |
| a list or an object, as metadata | its JSON |
| a list of strings, as the question | a row for each, because they are phrasings of one question; if the `id` is 7, they get 7, 7#2, 7#3 |
| anything else nested, as question or answer | rejected (malformed_json) |
| `messages` of a chat with one of `user` and one of `assistant` | question and answer; with more of them the object is rejected (malformed_json) |
| `name` and `acceptedAnswer` with a `text`: a question of schema.org | question and answer |
"""  # noqa: E501

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from files.column_names import is_answer_name, is_question_name
from files.json_places import is_schema_org


class UnfitObject(Exception):
    """An object that gives no row; the text says why."""


def make_rows(value: dict[str, Any], positions: dict[str, int]) -> list[list[str]]:
    """Return an object's rows; each has a field for every column.

    `positions` are the places of the columns by their keys. A new key gets the next place. Raises
    UnfitObject.
    """
    value = _flatten(value)
    fields: dict[int, str] = {}
    phrasings: tuple[int, list[str]] | None = None
    for name, content in value.items():
        at = positions.setdefault(name, len(positions))
        if isinstance(content, str):
            fields[at] = content
            continue
        texts = _as_texts(content)
        if texts and is_question_name(name) and phrasings is None:
            phrasings = at, texts
        elif texts and len(texts) == 1 and is_answer_name(name):
            fields[at] = texts[0]
        elif isinstance(content, list | dict) and (is_question_name(name) or is_answer_name(name)):
            raise UnfitObject(f"Its {name!r} is no text.")
        else:
            fields[at] = _write_value(content)
    if phrasings is None:
        return [_order(fields, len(positions))]
    return list(_spread(fields, *phrasings, positions))


def _spread(
    fields: dict[int, str], at: int, texts: list[str], positions: dict[str, int]
) -> Iterator[list[str]]:
    """Yield a row for each phrasing of a question, whose column is at a position."""
    id_at = next((n for name, n in positions.items() if name.strip().casefold() == "id"), None)
    for number, text in enumerate(texts, 1):
        row = fields | {at: text}
        if number > 1 and id_at is not None and fields.get(id_at):
            # Each phrasing is an item, so each needs an id of its own.
            row[id_at] = f"{fields[id_at]}#{number}"
        yield _order(row, len(positions))


def _flatten(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object whose question and answer are its own members, even if they lay deeper."""
    if isinstance(value.get("messages"), list):
        chat = _read_chat(value["messages"])
        if chat is None:
            raise UnfitObject("Its 'messages' are not one question and one answer.")
        return {name: content for name, content in value.items() if name != "messages"} | chat
    if is_schema_org(value.keys()):
        pair = _read_schema_org(value)
        if pair is None:
            raise UnfitObject(
                "Its 'name' and 'acceptedAnswer' are not one question and the text of one answer."
            )
        return pair
    return value


def _as_texts(content: Any) -> list[str] | None:
    """Return a list of strings as it is; None if it is empty, or anything else."""
    if isinstance(content, list) and content and all(isinstance(text, str) for text in content):
        return content
    return None


def _read_chat(messages: list[Any]) -> dict[str, str] | None:
    """Return a chat's texts, with roles as columns; None if it has not one text of each role."""
    texts: dict[str, str] = {}
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if not (isinstance(role, str) and isinstance(content, str)) or role in texts:
            return None
        texts[role] = content
    if not {"user", "assistant"} <= texts.keys():
        return None
    question, answer = texts.pop("user"), texts.pop("assistant")
    return {"question": question, "answer": answer} | texts


def _read_schema_org(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return https://schema.org/Question as an object like the others; None if it lacks a text."""
    accepted = value["acceptedAnswer"]
    if isinstance(accepted, list) and len(accepted) == 1:
        accepted = accepted[0]
    answer = accepted.get("text") if isinstance(accepted, dict) else None
    if not (isinstance(value["name"], str) and isinstance(answer, str)):
        return None
    more = {name: content for name, content in accepted.items() if name not in ("@type", "text")}
    pair = {"question": value["name"], "answer": answer}
    own = {"name", "acceptedAnswer", *pair}
    others = {name: content for name, content in value.items() if name not in own}
    return pair | others | ({"acceptedAnswer": more} if more else {})


def _order(fields: dict[int, str], width: int) -> list[str]:
    return [fields.get(n, "") for n in range(width)]


def _write_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, default=float)
    return str(value)
