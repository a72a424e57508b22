"""What was found in a file: how it was read, and which of its columns are which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class FileDescription:
    """How a file was read. `header_line` counts from 1; None where the file has no header.

    Columns are named as in the header, or by their position, counted from 1, where a name is
    missing or not unique. `columns` are all of them, in the file's order.
    """

    format: str
    encoding: str | None
    delimiter: str | None
    header_line: int | None
    columns: list[str]
    question_column: str
    answer_column: str
    id_column: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the members by their names, as a job keeps them."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> FileDescription | None:
        """Return what `as_json` gave, from a job or a collection; None where no file was read.

        Members that a later version added are passed over; those that an earlier one had not, too.
        """
        if not stored.keys() >= {"columns", "question_column", "answer_column"}:
            return None
        empty = {"format": "csv", "encoding": None, "delimiter": None, "header_line": None}
        known = {field.name for field in fields(cls)}
        members = {name: value for name, value in stored.items() if name in known}
        return cls(**({**empty, "id_column": None} | members))
