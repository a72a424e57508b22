"""Reads the lines of JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from files.errors import FileError

# A line, in characters.
MAX_LINE_CHARS = 16_000_000


class LineTooLong(FileError):
    """A line is longer than one of JSON Lines may be."""


def parse_line(line: str) -> Any:
    """Return a line's value, None if it is not JSON. A comma at its end is left from an array."""
    try:
        line = line.strip(" \t\r\ufeff").removesuffix(",")
        return json.loads(line, parse_float=_Number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


class _Number(float):
    """A number that is written as it was read."""

    def __new__(cls, text: str) -> _Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def split_lines(chunks: Iterable[str], max_chars: int) -> Iterator[str]:
    """Yield the lines of a text. Raises LineTooLong."""
    number, rest = 0, ""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split("\n")
        yield from whole
        number += len(whole)
        if len(rest) > max_chars:
            raise LineTooLong(
                "malformed_csv",
                f"Line {number + 1} is longer than {max_chars} characters.",
                line=number + 1,
            )
    if rest:
        yield rest
