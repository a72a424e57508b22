"""Finds the rows of a sheet that head the rows below them.

| a row with one filled cell is such a heading if | |
|---|---|
| the cell is merged with cells beside it | |
| the header of the columns follows once more | |
| it is no number, and stands in a column that is empty in other rows, or has numbers there | |
| it stands where questions do, they end in a question mark, and it does not | |
| it stands where questions do, in bold letters that they do not have | |

A question without an answer is none, even if it stands alone: it ends in a question mark, or looks
like the other questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from files.columns import Columns
from files.merges import Area
from files.sheet_table import SheetRow
from texts import visible_text

_QUESTION_MARKS = ("?", "？", "؟")
_NUMBER = re.compile(r"[\W\d_]+")
# A heading has at most so many characters, unless it is merged.
_LONGEST = 80
# Of the rows looked at, at least so many are of one kind before a row that differs says something.
_FEWEST = 2
_MOST, _FEW = 0.8, 0.2
# In a row with more cells than this, some are not blank.
_MOST_BLANK = 3


def find_lone(fields: Sequence[str]) -> int | None:
    """Return the only column in which something is to be seen, or None."""
    if len(fields) - fields.count("") > _MOST_BLANK:
        return None
    filled = [index for index, text in enumerate(fields) if text and visible_text(text)]
    return filled[0] if len(filled) == 1 else None


class Sections:
    """The headings of one sheet. `current` is the one above the rows that are read, if any."""

    def __init__(
        self,
        names: Sequence[str],
        columns: Columns,
        sample: Sequence[SheetRow],
        merges: Sequence[Area],
    ) -> None:
        self.current: str | None = None
        self._names = [name.strip() for name in names]
        self._columns = columns
        self._width = len(names) or max((len(row.fields) for row in sample), default=0)
        self._wide = {(area.top, area.left) for area in merges if area.right > area.left}
        pairs = [row for row in sample if self._is_pair(row)]
        questions = [visible_text(row.fields[columns.question]) for row in pairs]
        enough = len(pairs) >= _FEWEST
        asked = sum(text.endswith(_QUESTION_MARKS) for text in questions)
        bold = sum(columns.question in row.bold for row in pairs)
        self._all_asked = enough and asked >= _MOST * len(pairs)
        self._bold_differs = enough and bold <= _FEW * len(pairs)
        # The columns that have texts beside questions and answers, so that one more is no heading.
        self._used = {
            column
            for column in range(max((len(row.fields) for row in pairs), default=0))
            if sum(_has_words(row, column) for row in pairs) > _FEW * len(pairs)
        }

    def begin(self, above: Sequence[SheetRow], below: Sequence[SheetRow]) -> None:
        """Take the row above the header, if the header comes again below other such rows."""
        if not above or not any(self._is_header(row) for row in below):
            return
        lone = find_lone(above[-1].fields)
        if lone is not None:
            self.current = above[-1].fields[lone].strip()

    def take(self, row: SheetRow, lone: int, following: SheetRow | None) -> bool:
        """Return whether a row with one filled cell is a heading; it is the current one then."""
        text = row.fields[lone].strip()
        if not self._is_heading(row, lone, text, following):
            return False
        self.current = text
        return True

    def _is_heading(self, row: SheetRow, lone: int, text: str, following: SheetRow | None) -> bool:
        if (row.line, lone) in self._wide:
            return True
        if following is not None and self._is_header(following):
            return True
        shown = visible_text(text)
        if shown.endswith(_QUESTION_MARKS) or len(shown) > _LONGEST or lone in row.missing:
            return False
        if lone == self._columns.question:
            return self._all_asked or (self._bold_differs and lone in row.bold)
        if lone == self._columns.answer:
            return False
        beside = lone >= self._width
        return not beside and lone not in self._used and not _NUMBER.fullmatch(shown)

    def _is_pair(self, row: SheetRow) -> bool:
        columns = self._columns
        if len(row.fields) <= max(columns.question, columns.answer) or self._is_header(row):
            return False
        return bool(row.fields[columns.question]) and bool(row.fields[columns.answer])

    def _is_header(self, row: SheetRow) -> bool:
        return bool(self._names) and [text.strip() for text in row.fields] == self._names


def _has_words(row: SheetRow, column: int) -> bool:
    """Return whether a cell has more than a number."""
    return len(row.fields) > column and not _NUMBER.fullmatch(row.fields[column] or "0")
