"""Reads the lines that Anki writes above the notes of a text export: `#separator:tab`.

| the line | says |
|---|---|
| `#separator:tab` | the delimiter, by a name or as the character itself |
| `#columns:Front\tBack` | the names of the columns, with that delimiter between them |
| `#tags column:5` (`deck`, `notetype`, `guid`, …) | which column holds the note's tags |
| any other line that begins with `#` | nothing about the columns |

A file is such an export if the first line that is not empty is one of those with a colon. If no
names are given, the first two columns that no line names are the front and the back: the question
and the answer. See Anki's manual, "Text files": https://docs.ankiweb.net/importing/text-files.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from files.columns import MAX_COLUMNS, Columns, clip_rows, find_columns
from files.errors import FileError
from files.options import Wanted
from messages import say

# No more lines are read as such.
MAX_LINES = 100
_FIRST = re.compile(
    r'\ufeff?"?#(?:separator|html|columns|(?:tags|deck|notetype|guid)(?: column)?|if matches):.*',
    re.IGNORECASE | re.DOTALL,
)
_LINE = re.compile(r'"?#([A-Za-z ]{1,40}):(.*)', re.DOTALL)
_SEPARATORS = {
    "tab": "\t", "comma": ",", "semicolon": ";", "colon": ":", "space": " ", "pipe": "|",
}  # fmt: skip


@dataclass
class AnkiLines:
    """What the lines say: the delimiter, the columns' names, and the positions of some, from 1."""

    separator: str | None = None
    columns: str | None = None
    places: dict[int, str] = field(default_factory=dict)

    def read(self, line: str) -> None:
        """Take what one line says."""
        found = _LINE.fullmatch(line.strip("\ufeff\r\n").rstrip('"'))
        if found is None:
            return
        key, value = found[1].strip().lower(), found[2]
        if key == "separator":
            named = value.strip().lower()
            self.separator = _SEPARATORS.get(named) or (named if len(named) == 1 else None)
        elif key == "columns":
            self.columns = value
        elif key.endswith(" column") and value.strip().isdecimal():
            position = int(value.strip()[:6])
            if 0 < position <= MAX_COLUMNS:
                self.places[position] = key.removesuffix(" column")

    def name_columns(self, width: int, delimiter: str) -> list[str]:
        """Return the names of the columns of rows that have `width` fields."""
        given = self.columns.split(delimiter) if self.columns else []
        count = max(width, len(given), *self.places) if self.places else max(width, len(given))
        names = [*given, *[""] * (count - len(given))][:MAX_COLUMNS]
        for position, name in self.places.items():
            if not names[position - 1].strip():
                names[position - 1] = name
        free = [at for at, name in enumerate(names) if not name.strip()]
        if not given:
            for at, name in zip(free, ("Front", "Back"), strict=False):
                names[at] = name
        return [name.strip() or f"column_{at}" for at, name in enumerate(names, 1)]

    def find_columns(self, names: Sequence[str], want: Wanted) -> Columns | None:
        """Return the question and the answer: by their names, or the first that no line names.

        Raises FileError (missing_column) if two columns could be meant.
        """
        found = find_columns(names, want)
        if found is not None or want.question is not None or want.answer is not None:
            return found
        free = [at for at in range(len(names)) if at + 1 not in self.places]
        return Columns(free[0], free[1], None) if len(free) > 1 else None


def is_anki_line(line: str) -> bool:
    """Return whether a line is the first one of such an export."""
    return _FIRST.fullmatch(line) is not None


def explain_narrow(rows: Sequence[Sequence[str]]) -> FileError:
    """Return the error of an export that has no front and back in its rows."""
    return FileError(
        "missing_column",
        say(
            "The notes of this Anki export have no front and back: fewer than two fields are left "
            "when those that the lines with # name are taken away."
        ),
        header=[],
        rows=clip_rows(rows),
    )
