"""What is taken of a JSON document, and why it is refused."""

from __future__ import annotations

import json
from typing import Any

from files.errors import FileError
from tests.support.files import read_json

Row = tuple[str, str, dict[str, str]]


def taken(value: Any, **options: Any) -> list[Row]:
    """Return the rows of a document, once for each wording; none of them may be rejected."""
    _, rows, gone = read_json(json.dumps(value, ensure_ascii=False), **options)
    assert gone == []
    return [
        (asked, row.answer, {k: v for k, v in row.metadata.items() if v})
        for row in rows
        for asked in (row.question, *(row.alternatives or ()))
    ]


def pairs(value: Any, **options: Any) -> list[tuple[str, str]]:
    return [row[:2] for row in taken(value, **options)]


def reasons(value: Any, **options: Any) -> str:
    """Return why a document is refused, or the only reason for which rows of it are rejected."""
    try:
        _, rows, gone = read_json(json.dumps(value), **options)
    except FileError as error:
        return error.message
    assert rows == []
    return gone[0].error
