"""What pydantic says of a field or of JSON, as messages, so that it can be translated.

What it says in no message of these stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from messages import Message, cite, explain, name_choices, say

_REASONS: dict[str, Message] = {
    reason: reason
    for reason in (
        say("Field required"),
        say("Extra inputs are not permitted"),
        say("Keys should be strings"),
        say("input should be null"),
        say("input should be an object"),
        say("input should be a valid array"),
        say("input should be a valid boolean"),
        say("input should be a valid boolean, unable to interpret input"),
        say("input should be a valid dictionary"),
        say("input should be a valid integer"),
        say("input should be a valid integer, got a number with a fractional part"),
        say("input should be a valid integer, unable to parse string as an integer"),
        say("input should be a valid list"),
        say("input should be a valid number"),
        say("input should be a valid number, unable to parse string as a number"),
        say("input should be a finite number"),
        say("input should be a valid string"),
        say("input should be a valid string, unable to parse raw data as a unicode string"),
        say("Unable to parse input string as an integer, exceeded maximum size"),
    )
}
Context = Mapping[str, Any]
_SIZES: dict[str, Callable[[Context], Message]] = {
    "greater_than_equal": lambda c: say(
        "input should be greater than or equal to {least}", least=_shorten(c["ge"])
    ),
    "less_than_equal": lambda c: say(
        "input should be less than or equal to {most}", most=_shorten(c["le"])
    ),
    "greater_than": lambda c: say("input should be greater than {least}", least=_shorten(c["gt"])),
    "less_than": lambda c: say("input should be less than {most}", most=_shorten(c["lt"])),
    "literal_error": lambda c: say(
        "input should be {choices}", choices=name_choices(c["expected"])
    ),
    "string_too_long": lambda c: say(
        "String should have at most {most} characters", most=c["max_length"]
    ),
    "string_too_short": lambda c: say(
        "String should have at least {least} characters", least=c["min_length"]
    ),
}
# Of one, pydantic says it in the singular.
_SINGLE: dict[str, Callable[[Context], Message]] = {
    "string_too_long": lambda c: say(
        "String should have at most {most} character", most=c["max_length"]
    ),
    "string_too_short": lambda c: say(
        "String should have at least {least} character", least=c["min_length"]
    ),
}
# Their values are in the text alone: a list's is another word than a dictionary's. A value is a
# text that a validator of ours has seen before.
_COUNTED = re.compile(
    r"(List|Dictionary|Value) should have at (least|most) (\d+) items? after validation, not (\w+)"
)


def phrase_reason(error: ErrorDetails) -> Message:
    """Return what is wrong with a field; an error of our own validators says it itself."""
    own = error.get("ctx", {}).get("error")
    if isinstance(own, Exception):
        return explain(own)
    if error["type"].startswith(("datetime_", "timezone_")):
        return say(
            "must be a time with its date and its distance from UTC, such as {example}",
            example="2031-12-31T23:59:59Z",
        )
    text = error["msg"]
    if text.startswith("Input"):
        text = text[:1].lower() + text[1:]
    if text in _REASONS:
        return _REASONS[text]
    for phrases in (_SIZES, _SINGLE):
        if error["type"] in phrases:
            message = phrases[error["type"]](error.get("ctx", {}))
            if message == text:
                return message
    return _phrase_count(text) or cite(text)


def _shorten(limit: float) -> float:
    """Return a limit as pydantic writes it: 2.0 as 2."""
    return int(limit) if limit == int(limit) else limit


def _phrase_length(bound: str, limit: int) -> Message:
    phrases = _SINGLE if limit == 1 else _SIZES
    if bound == "most":
        return phrases["string_too_long"]({"max_length": limit})
    return phrases["string_too_short"]({"min_length": limit})


def _phrase_count(text: str) -> Message | None:
    found = _COUNTED.fullmatch(text)
    if found is None:
        return None
    kind, bound, limit, count = found.groups()
    if kind == "Value":
        return _phrase_length(bound, int(limit))
    number: str | int = int(count) if count.isdecimal() else count
    values = {"limit": int(limit), "count": number}
    messages = {
        ("List", "least"): say(
            "List should have at least {limit} item after validation, not {count}", **values
        ),
        ("List", "most"): say(
            "List should have at most {limit} items after validation, not {count}", **values
        ),
        ("Dictionary", "most"): say(
            "Dictionary should have at most {limit} items after validation, not {count}", **values
        ),
    }
    message = messages.get((kind, bound))
    return message if message == text else None


_JSON_ERROR = re.compile(r"(.+) at line (\d+) column (\d+)", re.DOTALL)
_JSON_REASONS: dict[str, Message] = {
    reason: reason
    for reason in (
        say("EOF while parsing a list"),
        say("EOF while parsing an object"),
        say("EOF while parsing a string"),
        say("EOF while parsing a value"),
        say("expected `:`"),
        say("expected `,` or `]`"),
        say("expected `,` or `}}`"),
        say("expected ident"),
        say("expected value"),
        say("invalid escape"),
        say("invalid number"),
        say("number out of range"),
        say("invalid unicode code point"),
        say("control character (\\u0000-\\u001F) found while parsing a string"),
        say("key must be a string"),
        say("lone leading surrogate in hex escape"),
        say("unexpected end of hex escape"),
        say("recursion limit exceeded"),
        say("trailing comma"),
        say("trailing characters"),
    )
}


def phrase_json_error(error: ValueError) -> Message:
    """Return what is wrong with JSON."""
    found = _JSON_ERROR.fullmatch(str(error))
    if found is None or found[1] not in _JSON_REASONS:
        return cite(str(error))
    return say(
        "{reason} at line {line} column {column}",
        reason=_JSON_REASONS[found[1]],
        line=int(found[2]),
        column=int(found[3]),
    )
