"""Knows the CSV that phpMyFAQ takes as an import, which has no header.

The columns and their order are those of its manual, "Imports" (phpMyFAQ 4): the number of a
category, the question, the answer, keywords, a language, the author, the author's address, and two
truth values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from files.columns import Columns

NAMES = (
    *("category_id", "question", "answer", "keywords", "language"),
    *("author", "email", "active", "sticky"),
)
_CELLS = (
    *("[0-9]+", ".+", ".+", ".*", "[A-Za-z]{2,3}(?:[_-][A-Za-z]{2,4})?"),
    *(".*", r"[^\s@]+@[^\s@]+", "(?i:true|false|0|1)", "(?i:true|false|0|1)"),
)
_PATTERNS = tuple(re.compile(rf"\s*(?:{cell})\s*", re.DOTALL) for cell in _CELLS)


def find_import(rows: Sequence[Sequence[str]]) -> tuple[list[str], Columns] | None:
    """Return the names and the columns if all rows are those of such an import, else None."""
    if not rows or not all(map(_is_row, rows)):
        return None
    return list(NAMES), Columns(NAMES.index("question"), NAMES.index("answer"), None)


def _is_row(row: Sequence[str]) -> bool:
    return len(row) == len(NAMES) and all(
        pattern.fullmatch(cell) for pattern, cell in zip(_PATTERNS, row, strict=True)
    )
