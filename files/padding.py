"""Bounds the empty cells of a table, which are stored although nobody sent them."""

from __future__ import annotations

from files.errors import FileError
from messages import say

# A table may have so many, and so many more for each row and for each character of its rows.
_FREE_CELLS = 1_000_000
_CELLS_A_ROW = 16
_CELLS_A_CHARACTER = 4


class PaddingBudget:
    """Counts the empty cells of rows that have fewer fields than the table has columns.

    A header of 1,000 columns, or objects with 1,000 different keys, would make a kilobyte of each
    byte that was sent.
    """

    def __init__(self, free: int = _FREE_CELLS) -> None:
        self._left = free

    def spend(self, line: int, fields: list[str], missing: int = 0) -> None:
        """Take off a row's empty fields, and those that it lacks. Raises FileError."""
        empty = missing + fields.count("")
        if empty <= _CELLS_A_ROW:
            return
        self._left += _CELLS_A_ROW + _CELLS_A_CHARACTER * sum(map(len, fields)) - empty
        if self._left < 0:
            raise FileError(
                "malformed_csv",
                say(
                    "Up to line {line} far more cells of the table are empty than filled: remove "
                    "the columns that nobody needs.",
                    line=line,
                ),
                line=line,
            )
