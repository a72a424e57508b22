"""Knows the two columns that a file of rejected rows has beside those of its own file.

They say in which line a row was, and why it was rejected. They are for the person who mends the
rows: when the file comes back, a reader ignores them, wherever they stand, and no item gets them as
metadata.
"""

from __future__ import annotations

from collections.abc import Sequence

from texts import visible_text

NOTE_NAMES = ("_line", "_error")


def is_note(name: str) -> bool:
    """Return whether a column's name is one of NOTE_NAMES, in any case, spaces ignored."""
    return visible_text(name).casefold() in NOTE_NAMES


def count_notes(names: Sequence[str]) -> int:
    """Return how many columns at the end of a header are notes: both of them, or none."""
    last = [visible_text(name).casefold() for name in names[-len(NOTE_NAMES) :]]
    return len(NOTE_NAMES) if tuple(last) == NOTE_NAMES else 0


def cut_notes(fields: Sequence[str], width: int) -> list[str]:
    """Return the own fields of a row whose header has `width` columns and then the notes.

    A row that is too wide has its notes after its last field. A spreadsheet makes all rows as wide
    as the widest one, by empty fields.
    """
    end = len(fields)
    while end > width + len(NOTE_NAMES) and not visible_text(fields[end - 1]):
        end -= 1
    return list(fields[: max(width, end - len(NOTE_NAMES))])
