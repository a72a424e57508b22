"""What is wrong with a field or with JSON, as messages: none of the library's words reach a caller.

pydantic and jiter name each kind of error; the sentence for each is here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from messages import Message, explain, name_choices, say

Context = Mapping[str, Any]

_OBJECT = say("input should be an object")
_INTEGER = say("input should be an integer")
_NUMBER = say("input should be a number")
_TEXT = say("input should be a text")
_TRUTH = say("input should be true or false")
# What an error of a kind that is not here says; a test holds that no request raises one.
UNKNOWN = say("input is not of the form that is taken here: /docs shows it")
_REASONS: dict[str, Message] = {
    "missing": say("this field is required"),
    "extra_forbidden": say("there is no such field here"),
    "invalid_key": say("the name of each member should be a text"),
    "none_required": say("input should be null"),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": say("input should be a list"),
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "int_type": _INTEGER,
    "int_parsing": say("input should be an integer, in digits alone"),
    "int_from_float": say("input should be an integer, without a fraction"),
    "int_parsing_size": say("the integer is too large"),
    "float_type": _NUMBER,
    "float_parsing": say("input should be a number such as 0.5"),
    "finite_number": say("input should be a finite number"),
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "string_unicode": say("input should be a text in valid Unicode"),
}
_BOUNDS: dict[str, Callable[[Context], Message]] = {
    "greater_than_equal": lambda c: say(
        "input should be greater than or equal to {least}", least=_shorten(c["ge"])
    ),
    "less_than_equal": lambda c: say(
        "input should be less than or equal to {most}", most=_shorten(c["le"])
    ),
    "literal_error": lambda c: say(
        "input should be {choices}", choices=name_choices(c["expected"])
    ),
    "string_too_long": lambda c: _bound_text(c["max_length"]),
    "string_too_short": lambda c: _require_text(c["min_length"]),
    "too_long": lambda c: _bound_members(c["field_type"], c["max_length"]),
    "too_short": lambda c: _require_members(c["field_type"], c["min_length"]),
}


def phrase_reason(error: ErrorDetails) -> Message:
    """Return what is wrong with a field; an error of our own validators says it itself."""
    context = error.get("ctx", {})
    own = context.get("error")
    if isinstance(own, Exception):
        return explain(own)
    kind = error["type"]
    if kind.startswith(("datetime_", "timezone_")):
        return say(
            "must be a time with its date and its distance from UTC, such as {example}",
            example="2031-12-31T23:59:59Z",
        )
    if kind in _BOUNDS:
        return _BOUNDS[kind](context)
    return _REASONS.get(kind, UNKNOWN)


def _shorten(limit: float) -> float:
    """Return a limit as it is said: 2.0 as 2."""
    return int(limit) if limit == int(limit) else limit


def _bound_text(most: int) -> Message:
    return say("the text may have at most {most:,} characters", most=most)


def _require_text(least: int) -> Message:
    if least == 1:
        return say("the text must not be empty")
    return say("the text must have at least {least:,} characters", least=least)


def _bound_members(kind: str, most: int) -> Message:
    """Return that there are too many. A validated text's kind is neither a list nor an object."""
    if kind == "List":
        return say("the list may have at most {most:,} elements", most=most)
    if kind == "Dictionary":
        return say("the object may have at most {most:,} members", most=most)
    return _bound_text(most)


def _require_members(kind: str, least: int) -> Message:
    if kind == "List" and least == 1:
        return say("the list must have at least one element")
    if kind == "Value":
        return _require_text(least)
    return say("there must be at least {least:,} members", least=least)


_JSON_ERROR = re.compile(r"(.+) at line (\d+) column (\d+)", re.DOTALL)
# By the words of jiter, which reads the JSON.
_JSON_REASONS: dict[str, Message] = {
    "EOF while parsing a list": say("the text ends inside a list"),
    "EOF while parsing an object": say("the text ends inside an object"),
    "EOF while parsing a string": say("the text ends inside a quoted text"),
    "EOF while parsing a value": say("the text ends where a value is missing"),
    "expected `:`": say("a colon (`:`) is missing"),
    "expected `,` or `]`": say("`,` or `]` is missing"),
    "expected `,` or `}`": say("`,` or `}}` is missing"),
    "expected ident": say("true, false or null is missing"),
    "expected value": say("a value is missing"),
    "invalid escape": say("an escape after a backslash is not valid"),
    "invalid number": say("a number is not valid"),
    "number out of range": say("a number is too large"),
    "invalid unicode code point": say("a character is not valid Unicode"),
    "control character (\\u0000-\\u001F) found while parsing a string": say(
        "a control character stands in a text without an escape"
    ),
    "key must be a string": say("the name of a member is not in double quotes"),
    "lone leading surrogate in hex escape": say("there is only one half of a surrogate pair"),
    "unexpected end of hex escape": say("an escape of the form \\uXXXX ends too soon"),
    "recursion limit exceeded": say("there are too many levels inside each other"),
    "trailing comma": say("there is a comma too many"),
    "trailing characters": say("something follows after the end"),
}
# What an error that is not among them says.
_NOT_JSON = say("there is something that JSON does not have")


def phrase_json_error(error: ValueError) -> Message:
    """Return what is wrong with JSON, and where."""
    found = _JSON_ERROR.fullmatch(str(error))
    if found is None:
        return _NOT_JSON
    return say(
        "{reason} at line {line} column {column}",
        reason=_JSON_REASONS.get(found[1], _NOT_JSON),
        line=int(found[2]),
        column=int(found[3]),
    )
