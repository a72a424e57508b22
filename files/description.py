"""Describes what was found in a file: how it was read, and what its columns are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

# Of the rows that are left out, so many are named by their lines.
_SHOWN_LINES = 20


@dataclass
class LeftOut:
    """How many rows below a header are no items, as far as they were read, and the first lines.

    They repeat the header, or explain its columns.
    """

    rows: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Count a row."""
        self.rows += 1
        if self.rows <= _SHOWN_LINES:
            self.lines.append(line)

    def clear(self) -> None:
        """Count from the beginning, because the file is read once more."""
        self.rows = 0
        self.lines.clear()


@dataclass(frozen=True)
class FileDescription:
    """How a file was read. `header_line` counts from 1; it is None if the file has no header.

    Columns have the names of the header. If a name is missing or not unique, the column has its
    position instead, counted from 1. `columns` are all of them, in the file's order.
    `alternatives_columns` hold other wordings of the question. `sheets_not_read` are the sheets of
    a workbook that were passed over. `bom` says that a text began with a BOM. `left_out` is known
    when the rows have been read.
    """

    format: str
    encoding: str | None
    delimiter: str | None
    header_line: int | None
    columns: list[str]
    question_column: str
    answer_column: str
    id_column: str | None
    sheets_not_read: list[str] = field(default_factory=list)
    alternatives_columns: list[str] = field(default_factory=list)
    bom: bool = False
    left_out: LeftOut = field(default_factory=LeftOut)

    def as_json(self) -> dict[str, Any]:
        """Return the members by their names, as a job keeps them."""
        members = asdict(self)
        for name in ("sheets_not_read", "alternatives_columns", "bom"):
            if not members[name]:
                del members[name]
        if not self.left_out.rows:
            del members["left_out"]
        return members

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> FileDescription | None:
        """Return what `as_json` gave, from a job or a collection; None if no file was read.

        Members that a later version added are ignored. Members that an earlier version did not
        have are filled in. What was left out is not returned: it is about the rows, not the form.
        """
        if not stored.keys() >= {"columns", "question_column", "answer_column"}:
            return None
        empty = {"format": "csv", "encoding": None, "delimiter": None, "header_line": None}
        known = {member.name for member in fields(cls)} - {"left_out"}
        members = {name: value for name, value in stored.items() if name in known}
        return cls(**({**empty, "id_column": None} | members))
