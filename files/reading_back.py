"""Knows what an upload would read in a CSV of ours.

The reader of uploads itself says so: it lays out the beginning of the CSV, and its rules take each
row as it is written. What they take is compared with what is meant.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from files.columns import show_name
from files.csv_file import CsvFile
from files.csv_form import CsvForm
from files.errors import FileError
from files.formulas import neutralise, restore_row
from files.layout import Layout
from files.note_columns import is_note
from files.options import ReadOptions
from files.rows import Rejection, Row, RowRules
from files.table import open_table
from texts import trim

# An item: its id in a file, its question, its answer, its metadata, its other wordings.
Meant: TypeAlias = tuple[str | None, str, str, dict[str, str], list[str]]
_OPTIONS = ("question_column", "answer_column", "id_column", "alternatives_column", "delimiter")


class NotReadBack(Exception):
    """An upload would not take a row as it is meant."""


@dataclass(frozen=True)
class Places:
    """Where a row has its question, its answer, its id and its wordings, counted from 0."""

    question: int
    answer: int
    id: int | None = None
    alternatives: tuple[int, ...] = ()

    def as_options(self) -> dict[str, str]:
        """Return the upload options that say so. They count from 1."""
        given = {"question": self.question, "answer": self.answer, "id": self.id}
        options = {f"{role}_column": str(at + 1) for role, at in given.items() if at is not None}
        if self.alternatives:
            options["alternatives_column"] = ",".join(str(at + 1) for at in self.alternatives)
        return options | {"header": "true"}


def name_delimiter(form: CsvForm) -> dict[str, str]:
    """Return the upload option that names the delimiter."""
    return {"delimiter": {"\t": "tab"}.get(form.delimiter, form.delimiter)}


def name_safe(form: CsvForm) -> dict[str, str]:
    """Return the upload option that a CSV for a spreadsheet needs; none for another one."""
    return {"spreadsheet_safe": "true"} if form.spreadsheet_safe else {}


def find_options(start: bytes, form: CsvForm, places: Places) -> dict[str, str]:
    """Return the upload options of a CSV that begins with `start`; none if it needs none."""
    delimiter, placed = name_delimiter(form), places.as_options()
    for options in ({}, delimiter, placed):
        layout = read_layout(start, options, form)
        if layout is not None and _has_places(layout, places):
            return options | name_safe(form)
    return placed | delimiter | name_safe(form)


def _has_places(layout: Layout, places: Places) -> bool:
    """Return whether a layout has the places. Without wordings, an option can't say so."""
    columns = layout.columns
    others = columns.alternatives if places.alternatives else ()
    return Places(columns.question, columns.answer, columns.id, others) == places


def read_layout(start: bytes, options: Mapping[str, str], form: CsvForm) -> Layout | None:
    """Return how an upload would lay out a CSV that begins so, with its header in the first line.

    None if it would not take it as a CSV of this form.
    """
    given = {name: options[name] for name in _OPTIONS if name in options}
    reading = ReadOptions(**given, header=True if "header" in options else None)  # type: ignore[arg-type]
    try:
        with open_table(io.BytesIO(start), reading) as table:
            if not isinstance(table, CsvFile):
                return None
            found = table.description
    except FileError:
        return None
    own = (found.header_line, found.delimiter, found.encoding) == (1, form.delimiter, "utf-8")
    return table.layout if own else None


def confirm_rows(
    layout: Layout, form: CsvForm, rows: Iterable[tuple[Meant, list[str]]]
) -> Iterator[list[str]]:
    """Yield the fields of rows, which are given with the items that they mean.

    Raises NotReadBack at a row that an upload with this layout would take as anything else.
    """
    rules = RowRules(layout, "reject", form.delimiter)
    waiting: deque[tuple[Meant, list[str]]] = deque()

    def take() -> Iterator[Row | Rejection]:
        for line, (meant, fields) in enumerate(rows, 2):
            waiting.append((meant, fields))
            written = list(map(neutralise, fields)) if form.spreadsheet_safe else fields
            taken = rules.take(line, written)
            if taken is not None:
                yield taken

    for taken in rules.merge(take()):
        meant, fields = waiting.popleft()
        if not isinstance(taken, Row):
            raise NotReadBack
        if not _is_meant(restore_row(taken) if form.spreadsheet_safe else taken, meant):
            raise NotReadBack
        yield fields
    if waiting:
        raise NotReadBack


def _is_meant(row: Row, meant: Meant) -> bool:
    """Return whether a row is the item. A missing value is the same as an empty one."""
    external_id, question, answer, metadata, alternatives = meant
    return (
        (row.id, row.question, row.answer) == (external_id, trim(question), trim(answer))
        and (row.alternatives or []) == alternatives
        and {name: value for name, value in row.metadata.items() if value} == _fit_names(metadata)
    )


def _fit_names(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a file can carry, under the names that they have there.

    Items of earlier versions may have names that no column can have.
    """
    fitted = {show_name(name): value for name, value in metadata.items() if value}
    return {name: value for name, value in fitted.items() if name and not is_note(name)}
