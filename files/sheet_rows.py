"""Writes the rows of sheets as one table, in the columns of the first sheet.

Before the fields of a row stands what else is known of it, as JSON: `metadata` beside that of the
columns, `note` if a cell shows nothing though something is in it, and the name of the `sheet` if
there are several.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from openpyxl.utils import get_column_letter

from files.columns import Columns, show_name
from files.merges import Merges
from files.row_stream import RowWriter
from files.sections import Sections, find_lone
from files.sheet_table import SheetRow, SheetTable
from messages import Message, say

# A row that ends before others is filled with empty cells up to here. A table has its question and
# its answer before this, so a missing answer is an empty cell like any other.
_MOST_FILLED = 100


class SheetWriter:
    """Writes the tables of sheets one after another."""

    def __init__(self, tables: Sequence[SheetTable], writer: RowWriter) -> None:
        self._first = tables[0]
        self._several = len(tables) > 1
        self._writer = writer
        taken = {show_name(name) for table in tables for name in table.names}
        self._sheet_name = _choose_name("sheet", taken)
        self._section_name = _choose_name("section", taken)
        self._link_name = _choose_name("link", taken)
        # The ids of the sheets that are done.
        self._ids: set[str] = set()

    def write_header(self) -> None:
        """Write the names of the columns, if there are any."""
        header = self._first.header_row
        if header is not None:
            self._writer.write(header.line, ["", *self._first.names])

    def write(self, table: SheetTable) -> None:
        """Write the rows of a sheet. Raises FileError."""
        width = len(table.names)
        mapping = _Mapping(self._first, table)
        ids: set[str] = set()
        for row, section in _read_rows(table):
            fields = row.fields
            width = min(max(width, len(fields)), _MOST_FILLED)
            fields.extend([""] * (width - len(fields)))
            metadata = mapping.read_others(fields)
            extras = self._describe(table, row, section, metadata)
            if not mapping.same:
                fields = mapping.move(fields)
            if self._several:
                self._separate_id(table, fields, ids)
            packed = json.dumps(extras, ensure_ascii=False) if extras else ""
            self._writer.write(row.line, [packed, *fields])
        self._ids |= ids

    def _describe(
        self, table: SheetTable, row: SheetRow, section: str | None, metadata: dict[str, str]
    ) -> dict[str, Any]:
        """Return what is known of a row beside its fields."""
        extras: dict[str, Any] = {}
        if self._several:
            extras["sheet"] = metadata[self._sheet_name] = table.sheet.name
        if section is not None:
            metadata[self._section_name] = section
        links = find_links(row, table.marks.links.get(row.line, ()))
        if links:
            metadata[self._link_name] = " ".join(links)
        if metadata:
            extras["metadata"] = metadata
        note = row.missing and _explain_missing(row, table.columns)
        if note:
            extras["note"] = note.as_json()
        return extras

    def _separate_id(self, table: SheetTable, fields: list[str], ids: set[str]) -> None:
        """Add the sheet's name to an id that an earlier sheet has."""
        at = None if self._first.columns is None else self._first.columns.id
        if at is None or at >= len(fields) or not fields[at].strip():
            return
        own = fields[at].strip()
        ids.add(own)
        if own in self._ids:
            fields[at] = f"{own}#{table.sheet.name}"


class _Mapping:
    """Where the columns of a sheet are in the first sheet; `same` if they are in the same place."""

    def __init__(self, first: SheetTable, table: SheetTable) -> None:
        places = _place_columns(first, table)
        self.same = places == list(range(len(table.names)))
        self._width = len(first.names)
        self._own = len(table.names)
        self._moved = [(at, place) for at, place in enumerate(places) if place is not None]
        self._others = [
            (at, show_name(table.names[at]))
            for at, place in enumerate(places)
            if place is None and show_name(table.names[at])
        ]

    def move(self, fields: list[str]) -> list[str]:
        """Return the fields of a row in the columns of the first sheet."""
        moved = [""] * self._width
        for at, place in self._moved:
            moved[place] = fields[at]
        # What stands beside the columns of its own sheet is too much here as well.
        return moved + [text for text in fields[self._own :] if text]

    def read_others(self, fields: list[str]) -> dict[str, str]:
        """Return what a row has in columns that the first sheet does not have."""
        return {name: fields[at] for at, name in self._others if fields[at]}


def _place_columns(first: SheetTable, table: SheetTable) -> list[int | None]:
    """Return for each column of a sheet its place in the first sheet, by their names."""
    if table is first or table.columns is None or first.columns is None:
        return list(range(len(table.names)))
    free: dict[str, list[int]] = {}
    for place, name in enumerate(first.names):
        free.setdefault(show_name(name).casefold(), []).append(place)
    places: list[int | None] = []
    for name in table.names:
        same = free.get(show_name(name).casefold())
        places.append(same.pop(0) if same else None)
    # Their names may be spelled differently.
    for at, place in (
        (table.columns.question, first.columns.question),
        (table.columns.answer, first.columns.answer),
    ):
        places = [None if other == place else other for other in places]
        places[at] = place
    return places


def _read_rows(table: SheetTable) -> Iterator[tuple[SheetRow, str | None]]:
    """Yield the rows below the header, with the heading above each; merged cells are filled."""
    merges = Merges(table.marks.merges)
    sections = None if table.columns is None else _find_sections(table, table.columns)
    body = table.read_body()
    row = next(body, None)
    while row is not None:
        following = next(body, None)
        filled = merges.fill(row.line, row.fields)
        if filled and filled == len(row.fields) - row.fields.count(""):
            # A person sees nothing in it that is not above it.
            row = following
            continue
        lone = None if filled or sections is None else find_lone(row.fields)
        if sections is None:
            yield row, None
        elif lone is None or not sections.take(row, lone, following):
            yield row, sections.current
        row = following


def _find_sections(table: SheetTable, columns: Columns) -> Sections:
    header = table.header_row
    line = 0 if header is None else header.line
    above = [row for row in table.sample if row.line < line]
    below = [row for row in table.sample if row.line > line]
    sections = Sections(table.names, columns, below, table.marks.merges)
    sections.begin(above, below)
    return sections


def find_links(row: SheetRow, marks: Sequence[tuple[int, str]]) -> list[str]:
    """Return the addresses that a row links to, and that its texts do not show."""
    found: dict[str, None] = {}
    for column, address in (*marks, *row.links.items()):
        text = row.fields[column] if column < len(row.fields) else ""
        shown = address.removeprefix("mailto:").removeprefix("tel:").rstrip("/")
        if text and shown not in text:
            found[address] = None
    return list(found)


def _explain_missing(row: SheetRow, columns: Columns | None) -> Message | None:
    """Return why the question of a row, or its answer, shows nothing."""
    if columns is None:
        return None
    for column in (columns.question, columns.answer):
        if column in row.missing:
            cell = f"{get_column_letter(column + 1)}{row.line}"
            return say("Cell {cell} {reason}.", cell=cell, reason=row.missing[column])
        if column >= len(row.fields) or not row.fields[column].strip():
            return None
    return None


def _choose_name(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
