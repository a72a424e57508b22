"""Sentences in the database: the English text, and beside it in JSON what it is made of.

Of the latter each reader gets the sentence in their own language. The text is enough for who does
not know of it, such as an older version of the service beside this one.
"""

from __future__ import annotations

import json
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from psycopg2.sql import SQL, Composable, Literal

from messages import Message

# json.dumps would make one for each of a million rows.
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Sentence(NamedTuple):
    """SQL expressions of a sentence: its text, and what it is made of."""

    text: Composable
    parts: Composable


def say_in_sql(template: str, /, **values: Composable) -> Sentence:
    """Return a sentence with values that SQL computes. The template is a literal, as in `say`."""
    pieces: list[Composable] = []
    for literal, name, _, _ in Formatter().parse(template):
        pieces.append(Literal(literal))
        if name is not None:
            pieces.append(values[name])
    named = [part for name, value in values.items() for part in (Literal(name), value)]
    parts = SQL("jsonb_build_object('template', {}, 'values', jsonb_build_object({}))")
    return Sentence(
        SQL(" || ").join(pieces), parts.format(Literal(template), SQL(", ").join(named))
    )


def dump_parts(message: Message | None) -> str | None:
    """Return what a message is made of as JSON; None where jsonb can't hold it."""
    if message is None:
        return None
    if not message.values:
        return _dump_plain(message.template)
    made = _encode(message.as_json())
    if "\\u0000" in made:
        return None
    try:
        made.encode()
    except UnicodeEncodeError:
        return None
    return made


@lru_cache(1_000)
def _dump_plain(template: str) -> str:
    return _encode(Message(template).as_json())
