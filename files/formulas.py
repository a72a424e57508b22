"""Puts an apostrophe before what a spreadsheet would take for a formula, and takes it off again.

| the value | is written | and read back |
|---|---|---|
| `=1+1`, `+5`, `-5`, `@x` | `'=1+1`, … | `=1+1`, … |
| `'=1+1`, which has an apostrophe of its own | `''=1+1` | `'=1+1` |
| any other | as it is | as it is |

So every value comes back as it was, if the file is uploaded with `spreadsheet_safe=true`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from files.description import FileDescription
from files.rows import Rejection, Row

# What a spreadsheet may take for the beginning of a formula: OWASP, "CSV Injection". The last four
# are the wide forms that Chinese and Japanese keyboards write.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def neutralise(value: str) -> str:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if value.lstrip("'").startswith(FORMULA_STARTS) else value


def restore(value: str) -> str:
    """Return the value that `neutralise` was given."""
    marked = value.startswith("'") and value.lstrip("'").startswith(FORMULA_STARTS)
    return value[1:] if marked else value


class RestoredTable:
    """The rows of a table whose values were neutralised, as they were before."""

    def __init__(self, rows: Iterable[Row | Rejection], description: FileDescription) -> None:
        self._rows = rows
        self.description = replace(
            description,
            columns=[restore(name) for name in description.columns],
            question_column=restore(description.question_column),
            answer_column=restore(description.answer_column),
            id_column=description.id_column and restore(description.id_column),
            alternatives_columns=[restore(name) for name in description.alternatives_columns],
        )

    def __iter__(self) -> Iterator[Row | Rejection]:
        """Yield the rows in their order. Raises as the table."""
        for row in self._rows:
            yield restore_row(row) if isinstance(row, Row) else _restore_rejection(row)


def restore_row(row: Row) -> Row:
    """Return a row whose values were neutralised as it was before."""
    return Row(
        row.line,
        row.id and restore(row.id),
        restore(row.question),
        restore(row.answer),
        {restore(name): restore(value) for name, value in row.metadata.items()},
        row.alternatives and _restore_wordings(row.alternatives),
    )


def _restore_wordings(alternatives: Sequence[str]) -> list[str]:
    """Return what a cell lists: only the first of them has the mark of the cell."""
    return [restore(alternatives[0]), *alternatives[1:]]


def _restore_rejection(row: Rejection) -> Rejection:
    return replace(row, fields=[restore(field) for field in row.fields])
