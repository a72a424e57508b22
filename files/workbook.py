"""Reads the rows that a child process finds in the sheets of a workbook (sheets.py)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import chain
from typing import BinaryIO, Literal, NamedTuple, TypeAlias

from files.description import FileDescription
from files.errors import FileError, explain_no_rows
from files.layout import Layout, find_layout
from files.options import ReadOptions, read_wanted
from files.row_stream import StreamedRow, read_rows, take_sample
from files.rows import Rejection, Row, RowRules
from files.sandbox import Sandbox, run_sandboxed
from messages import Message, join, say
from texts import MAX_METADATA_CHARS, make_storable

WorkbookKind: TypeAlias = Literal["xlsx", "xls", "xlsb", "ods"]

_SHOWN_SHEETS = 20


class Extras(NamedTuple):
    """What is known of a row beside its fields: see sheet_rows.py."""

    metadata: dict[str, str]
    note: Message | None
    sheet: str | None


class SheetLine(NamedTuple):
    """A row of a sheet; `rejection` says why it could not even be read."""

    line: int
    fields: list[str]
    extras: Extras
    rejection: Rejection | None = None


_NOTHING = Extras({}, None, None)


class WorkbookTable:
    """The rows of a workbook's sheets under the rules of rows.py. They can be read once."""

    def __init__(
        self,
        lines: Iterator[SheetLine],
        layout: Layout,
        overflow: Literal["reject", "join"],
        description: FileDescription,
    ) -> None:
        self._lines = lines
        self._rules = RowRules(layout, overflow)
        self.description = description

    def __iter__(self) -> Iterator[Row | Rejection]:
        """Yield the rows in their order. Raises FileError (no_rows) if no row has fields."""
        yield from self._rules.merge(self._take_rows())

    def _take_rows(self) -> Iterator[Row | Rejection]:
        found = False
        for line, fields, extras, rejection in self._lines:
            row = rejection or self._rules.take(line, fields)
            if isinstance(row, Rejection):
                row = _explain(row, extras)
            elif row is not None:
                row.metadata.update(extras.metadata)
            if row is not None:
                found = found or rejection is None
                yield row
        if not found:
            raise explain_no_rows()


@contextmanager
def open_workbook(
    file: BinaryIO, kind: WorkbookKind, options: ReadOptions
) -> Iterator[WorkbookTable]:
    """Yield the rows of a workbook's sheets, read as they are asked for. Raises FileError."""
    with run_sandboxed(kind, file, {"options": asdict(options)}) as sandbox:
        said = sandbox.hear()
        with _name_sheets(said["others"]):
            table = make_table(_follow(sandbox), options, kind, said["unread"])
        yield table


def make_table(
    rows: Iterator[StreamedRow],
    options: ReadOptions,
    kind: WorkbookKind = "xlsx",
    unread: list[str] | None = None,
) -> WorkbookTable:
    """Find the layout by the first rows; the table begins below the header. Raises FileError."""
    want = read_wanted(options)
    lines = _read_lines(rows)
    sample = list(take_sample(lines))
    named = [line for line in sample if line.rejection is None]
    if not named:
        raise FileError("empty_file", say("The file is empty: it has no header and no rows."))
    layout = find_layout([line.fields for line in named], want, options.header, named[0].line)
    header_line, below = None, sample
    if layout.header is not None:
        header = named[layout.header]
        header_line, below = header.line, sample[sample.index(header) + 1 :]
    description = layout.describe(kind, header_line=header_line)
    description = replace(description, sheets_not_read=unread or [])
    return WorkbookTable(chain(below, lines), layout, options.overflow, description)


def _follow(sandbox: Sandbox) -> Iterator[StreamedRow]:
    """Yield the rows that the child writes. Raises FileError if it does not reach the end."""
    try:
        yield from read_rows(sandbox.rows)
    except (ValueError, IndexError, csv.Error):
        # A row was cut off.
        sandbox.hear()
        raise
    sandbox.hear()


def _read_lines(rows: Iterator[StreamedRow]) -> Iterator[SheetLine]:
    """Yield each row with what stands before its fields."""
    packed, extras = "", _NOTHING
    for row in rows:
        first, *fields = row.fields if isinstance(row, Rejection) else row[1]
        if first != packed:
            # Rows below one heading have the same.
            packed, extras = first, _read_extras(first)
        if isinstance(row, Rejection):
            yield SheetLine(row.line, fields, extras, replace(row, fields=fields))
        else:
            yield SheetLine(row[0], fields, extras)


def _read_extras(packed: str) -> Extras:
    if not packed:
        return _NOTHING
    try:
        said = json.loads(packed)
    except ValueError:
        # The row was too long to be taken, and was cut.
        return _NOTHING
    metadata = {_clean(name): _clean(text) for name, text in said.get("metadata", {}).items()}
    note = said.get("note")
    return Extras(metadata, note and Message.from_json(note), said.get("sheet"))


def _clean(text: str) -> str:
    """Return a text that can be stored; Excel can write NUL and halves of surrogate pairs."""
    return make_storable(text[:MAX_METADATA_CHARS])


def _explain(row: Rejection, extras: Extras) -> Rejection:
    """Return a rejection that says why a cell shows nothing, and in which sheet the row is."""
    error = row.error
    if extras.note and row.code in ("empty_question", "empty_answer"):
        error = join(error, extras.note)
    if extras.sheet:
        error = say("Sheet {sheet!r}: {error}", sheet=extras.sheet, error=error)
    return row if error == row.error else replace(row, error=error)


@contextmanager
def _name_sheets(others: list[str]) -> Iterator[None]:
    """Say in the error of a sheet that can't be taken which others the workbook has."""
    try:
        yield
    except FileError as error:
        if not others:
            raise
        names = ", ".join(map(repr, others[:_SHOWN_SHEETS]))
        raise FileError(
            error.code,
            say(
                "{message} The workbook has other sheets: {names} (sheet=).",
                message=error.message,
                names=names,
            ),
            **error.details,
        ) from error
