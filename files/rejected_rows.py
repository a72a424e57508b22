"""Writes the rejected rows of a job as a CSV to be mended and uploaded again.

| the row | is written as |
|---|---|
| has fields | its fields in the file's order, then its line and the reason |
| is shorter than the header | the same, with empty fields, so that line and reason stand below their names |
| is wider than the header | the same: line and reason are its last two fields, and so beyond their names |
| has fields that could not be told apart | its whole text in the first field |
| was taken first and rejected later (duplicate_id, embedding_failed) | what was taken, in the file's columns |

The header is that of the file. A file without one gets one, in which only the question, the answer
and the id have names, because nothing else of such a file is kept.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from files.csv_form import CsvForm, write_table
from files.description import FileDescription
from files.note_columns import NOTE_NAMES, is_note
from files.phrasings import write_cell
from files.reading_back import Places
from files.roles import find_roles, has_header, name_kept


class Rejected(NamedTuple):
    """A rejected row: its line, the reason, and its fields.

    If it was taken first, `fields` are a mapping of id, question, answer and metadata.
    """

    line: int
    error: str
    fields: Sequence[str] | Mapping[str, Any]


class RejectedColumns:
    """The columns of the file that the rows are from."""

    def __init__(self, file: FileDescription | None) -> None:
        self._file = file
        columns = [] if file is None else file.columns
        self._roles = {} if file is None else find_roles(file)
        self._metadata = {} if file is None else name_kept(file, self._roles)
        # A file may have notes of its own, not at its end.
        named = enumerate(columns)
        self._kept = [at for at, name in named if at in self._roles or not is_note(name)]
        self._width = len(columns)

    @property
    def header(self) -> list[str]:
        """The names of all columns; the notes come last."""
        if self._file is None:
            return [*NOTE_NAMES]
        if has_header(self._file):
            return [*(self._file.columns[at] for at in self._kept), *NOTE_NAMES]
        return [*(self._roles.get(at, "") for at in self._kept), *NOTE_NAMES]

    @property
    def places(self) -> Places | None:
        """Where a row has its question, its answer and more, if that is known."""
        at = {role: self._kept.index(index) for index, role in self._roles.items()}
        if "question" not in at or "answer" not in at:
            return None
        others = (
            at for at, role in enumerate(map(self._roles.get, self._kept)) if role == "alternatives"
        )
        return Places(at["question"], at["answer"], at.get("id"), tuple(others))

    def list_fields(self, row: Rejected) -> list[str]:
        """Return the fields of a row, with its notes at the end."""
        fields = self._restore(row.fields) if isinstance(row.fields, Mapping) else row.fields
        own = [*fields, *[""] * (self._width - len(fields))]
        kept = [own[at] for at in self._kept] + own[self._width :]
        return [*kept, str(row.line), row.error]

    def _restore(self, row: Mapping[str, Any]) -> list[str]:
        """Return a row that was taken in all columns of the file it came from."""
        own = {role: row.get(role) or "" for role in ("id", "question", "answer")}
        if self._file is None:
            return list(own.values())
        own["alternatives"] = write_cell(row.get("alternatives") or [])
        fields = []
        for at in range(self._width):
            role = self._roles.get(at)
            fields.append(
                own[role] if role else row["metadata"].get(self._metadata.get(at, ""), "")
            )
            if role == "alternatives":
                # Of several columns, the first one has all.
                own[role] = ""
        return fields


def write_rejected(
    columns: RejectedColumns, rows: Iterable[Rejected], form: CsvForm
) -> Iterator[bytes]:
    """Yield rejected rows as a CSV in pieces; the first of them has the header."""
    return write_table(columns.header, map(columns.list_fields, rows), form)
