"""Finds columns that have values but no name: rows that are wider than their header.

| the rows | then |
|---|---|
| begin with numbers that count them, and are one field wider than a header that names no such column | the first column has no name |
| are three at least, nearly all equally wide, and wider than the header; and most have a value there | the last columns have no names, and keep their values |
| are as the line above says, but the value there begins with a space, or continues a number (`10,50`) | the last fields belong to no column: a delimiter stands in a field without quotes |
"""  # noqa: E501

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from files.columns import MAX_COLUMNS, Columns
from files.likely_names import is_plain_name
from texts import visible_text

# So many rows have the same width, and so many of these a value in a column without a name.
_MOST_ROWS, _MOST_FILLED = 0.9, 0.5
_FEWEST_ROWS = 3


def count_unnamed(
    names: Sequence[str], rows: Sequence[Sequence[str]], header: Sequence[str]
) -> int:
    """Return how many columns follow those that have names, and hold values.

    `header` is the row of the names as it stands in the file.
    """
    if not rows:
        return 0
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if not len(names) < width <= MAX_COLUMNS or count < _MOST_ROWS * len(rows):
        return 0
    if len(header) < width and len(rows) < _FEWEST_ROWS:
        # So few may each have a delimiter too many.
        return 0
    wide = [row for row in rows if len(row) == width]
    filled = [row for row in wide if any(map(visible_text, row[len(names) :]))]
    if len(filled) < _MOST_FILLED * len(wide):
        return 0
    torn = sum(_is_torn(row, len(names)) for row in filled)
    return width - len(names) if 2 * torn < len(filled) else 0


def has_row_numbers(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the rows begin with a column of their numbers that the header leaves out."""
    if len(rows) < 2 or not names or is_plain_name(names[0]) or not visible_text(names[0]):
        return False
    if any(len(row) != len(names) + 1 or not row[0].strip().isdecimal() for row in rows):
        return False
    numbers = [int(row[0].strip()[:9]) for row in rows]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def shift_columns(columns: Columns) -> Columns:
    """Return the columns of rows that begin with one field more."""
    id_index = None if columns.id is None else columns.id + 1
    return replace(columns, question=columns.question + 1, answer=columns.answer + 1, id=id_index)


def _is_torn(row: Sequence[str], width: int) -> bool:
    """Return whether the fields after the first `width` go on with the field before them."""
    before, after = row[width - 1], row[width]
    return any(field.startswith(" ") for field in row[width:]) or (
        before[-1:].isdigit() and after[:1].isdigit()
    )
