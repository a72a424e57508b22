"""Knows fields that are pieces of a sentence: in prose, a space follows a comma."""

from __future__ import annotations

from itertools import pairwise


def is_prose(fields: list[str]) -> bool:
    """Return whether a field after the first begins with a space."""
    return any(field.startswith(" ") for field in fields[1:])


def glue_prose(fields: list[str], delimiter: str, width: int) -> list[str] | None:
    """Join each field that begins with a space to the one before it, and return the fields.

    Return None if there are not `width` fields then. Empty fields at the end do not count.
    """
    starts = [at for at, field in enumerate(fields) if at == 0 or not field.startswith(" ")]
    end = len(fields)
    while len(starts) > width and not fields[starts[-1]] and starts[-1] == end - 1:
        end = starts.pop()
    if len(starts) != width:
        return None
    return [delimiter.join(fields[a:b]) for a, b in pairwise([*starts, end])]
