"""Gives the fields of a text back the spaces that they were read without.

Where a space stands between delimiters and quotes (`a, "b"`), csv passes over the spaces before
each field. They belong to a field that has no quotes.
"""

from __future__ import annotations

from collections.abc import Sequence


def restore_spaces(fields: list[str], lines: Sequence[str], delimiter: str) -> list[str]:
    """Return the fields of a record, those without quotes with the spaces before them.

    `fields` are what csv reads in the record's `lines` with skipinitialspace.
    """
    text = lines[0] if len(lines) == 1 else "".join(lines)
    space = delimiter + " "
    # Most records have spaces before quotes only, and counting them is faster than the walk.
    if text.count(space) == text.count(space + '"') and not text.startswith(" "):
        return fields
    restored = []
    begin = 0
    for field in fields:
        at = _pass_spaces(text, begin)
        if text.startswith('"', at):
            restored.append(field)
            begin = _end_quoted(field, at) + 1
        else:
            end = at + len(field)
            restored.append(text[begin:end])
            begin = end + 1
    return restored


def read_source(fields: list[str], lines: Sequence[str], delimiter: str, first: int) -> list[str]:
    """Return the fields of a record, from `first` on as they stand in its lines, with their quotes.

    In prose, quotes after a delimiter are a part of the text: `see a, b, "c"`. If the field `first`
    is quoted itself, all fields are returned as they are.
    """
    text = "".join(lines).rstrip("\r\n")
    begin = 0
    for field in fields[:first]:
        at = _pass_spaces(text, begin)
        end = _end_quoted(field, at) if text.startswith('"', at) else begin + len(field)
        begin = end + 1
    if text.startswith('"', _pass_spaces(text, begin)):
        return fields
    return [*fields[:first], *text[begin:].split(delimiter)]


def _pass_spaces(text: str, at: int) -> int:
    while text.startswith(" ", at):
        at += 1
    return at


def _end_quoted(field: str, at: int) -> int:
    """Return where a field ends whose quotes begin at a place; inner quotes are doubled there."""
    return at + len(field) + field.count('"') + 2
