"""Reads the sheets of .xls, .xlsb and .ods workbooks through pandas and calamine.

calamine gives the values of cells without their number formats. Other modules read these from .xls
(xls_marks.py) and .ods (ods_marks.py); in .xlsb, 15% is 0.15.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeAlias

import pandas as pd
import python_calamine

from files.cell_marks import CellMarks
from files.errors import FileError
from files.merges import Marks
from files.number_formats import write_general
from files.ods_marks import read_ods_marks
from files.row_stream import RowWriter
from files.sheet_table import SheetRow
from files.sheets import write_sheets
from files.time_formats import write_value
from files.xls_marks import read_xls_marks
from messages import say

Say: TypeAlias = Callable[[dict[str, Any]], None]

_VISIBLE = python_calamine.SheetVisibleEnum.Visible
_WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet
# What the libraries raise about a broken file; pandas raises ValueError about one that it does not
# know.
_BROKEN = (python_calamine.CalamineError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError)


def write_xls(
    file: BinaryIO, writer: RowWriter, say: Say, *, options: dict[str, Any]
) -> dict[str, Any]:
    """Write the rows of the sheets of an .xls workbook (sheets.py). Raises FileError."""
    return _write(file, writer, say, options, read_xls_marks(file))


def write_xlsb(
    file: BinaryIO, writer: RowWriter, say: Say, *, options: dict[str, Any]
) -> dict[str, Any]:
    """Write the rows of the sheets of an .xlsb workbook. Raises FileError."""
    return _write(file, writer, say, options, {})


def write_ods(
    file: BinaryIO, writer: RowWriter, say: Say, *, options: dict[str, Any]
) -> dict[str, Any]:
    """Write the rows of the sheets of an .ods workbook. Raises FileError."""
    try:
        marks = read_ods_marks(file)
    except _BROKEN as error:
        raise _explain(error) from error
    return _write(file, writer, say, options, marks)


class CalamineSheet:
    """A sheet of a workbook that pandas has open, with what is known of its cells."""

    def __init__(self, book: pd.ExcelFile, name: str, *, hidden: bool, cells: CellMarks) -> None:
        self.name = name
        self.hidden = hidden
        self._book = book
        self._cells = cells

    def read_rows(self) -> Iterator[SheetRow]:
        """Yield the rows that have something in them, from the top. Raises FileError."""
        try:
            cells = pd.read_excel(
                self._book, sheet_name=self.name, header=None, dtype=object, na_filter=False
            )
        except _BROKEN as error:
            raise _explain(error) from error
        for line, row in enumerate(cells.itertuples(index=False, name=None), 1):
            fields = [_write_cell(value) for value in row]
            errors = self._cells.errors.get(line, {})
            shown = self._cells.shown.get(line, {}) | dict.fromkeys(errors, "")
            for column, text in shown.items():
                if column < len(fields) and fields[column]:
                    fields[column] = text
            while fields and not fields[-1]:
                fields.pop()
            if fields:
                missing = {n: say("shows the error {error}", error=e) for n, e in errors.items()}
                yield SheetRow(line, fields, missing, {}, self._cells.bold.get(line, set()))

    def read_marks(self) -> Marks:
        """Return what lies over the cells, as far as it is known."""
        return self._cells.marks


def _write(
    file: BinaryIO,
    writer: RowWriter,
    say: Say,
    options: dict[str, Any],
    marks: dict[str, CellMarks],
) -> dict[str, Any]:
    try:
        book = pd.ExcelFile(file, engine="calamine")
    except _BROKEN as error:
        raise _explain(error) from error
    sheets = [
        CalamineSheet(
            book,
            about.name,
            hidden=about.visible != _VISIBLE,
            cells=marks.get(about.name, CellMarks()),
        )
        for about in book.book.sheets_metadata
        if about.typ == _WORKSHEET
    ]
    write_sheets(sheets, writer, say, options)
    return {}


def _write_cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return write_general(str(value))
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return write_value(value)
    return "" if value is None else str(value)


def _explain(error: Exception) -> FileError:
    if isinstance(error, python_calamine.PasswordError):
        message = say("The workbook has a password: save it without, and upload that.")
    else:
        message = say(
            "The workbook is broken or of a kind that can't be read: open it in a spreadsheet and "
            "save it as .xlsx or as CSV."
        )
    return FileError("malformed_csv", message, line=1)
