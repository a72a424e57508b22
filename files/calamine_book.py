"""Reads the sheets of .xls, .xlsb and .ods workbooks through pandas and calamine.

calamine gives the values of cells without their number formats: 15% is 0.15.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pandas as pd
import python_calamine

from files.errors import FileError
from files.merges import Area, Marks
from files.number_formats import write_general
from files.row_stream import RowWriter
from files.sheet_table import SheetRow
from files.sheets import write_sheets
from files.time_formats import write_value

_VISIBLE = python_calamine.SheetVisibleEnum.Visible


def write_workbook(
    file: BinaryIO,
    writer: RowWriter,
    say: Callable[[dict[str, Any]], None],
    *,
    options: dict[str, Any],
    merges: bool = False,
) -> dict[str, Any]:
    """Write the rows of a workbook's sheets (sheets.py). Raises FileError.

    `merges` says that calamine knows the merged cells of this format, as it does for .xls.
    """
    try:
        book = pd.ExcelFile(file, engine="calamine")
        sheets = [
            CalamineSheet(book, about.name, hidden=about.visible != _VISIBLE, merges=merges)
            for about in book.book.sheets_metadata
            if about.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        write_sheets(sheets, writer, say, options)
    except python_calamine.CalamineError as error:
        raise _explain(error) from error
    return {}


class CalamineSheet:
    """A sheet of a workbook that pandas has open."""

    def __init__(self, book: pd.ExcelFile, name: str, *, hidden: bool, merges: bool) -> None:
        self.name = name
        self.hidden = hidden
        self._book = book
        self._merges = merges

    def read_rows(self) -> Iterator[SheetRow]:
        """Yield the rows that have something in them, from the top."""
        cells = pd.read_excel(
            self._book, sheet_name=self.name, header=None, dtype=object, na_filter=False
        )
        for line, row in enumerate(cells.itertuples(index=False, name=None), 1):
            fields = [_write_cell(value) for value in row]
            while fields and not fields[-1]:
                fields.pop()
            if fields:
                yield SheetRow(line, fields, {}, {}, set())

    def read_marks(self) -> Marks:
        """Return the merged cells; links are not known."""
        if not self._merges:
            return Marks()
        ranges = self._book.book.get_sheet_by_name(self.name).merged_cell_ranges or ()
        return Marks(
            [Area(top + 1, bottom + 1, left, right) for (top, left), (bottom, right) in ranges]
        )


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
        message = "The workbook has a password: save it without, and upload that."
    else:
        message = (
            "The workbook is broken or of a kind that can't be read: open it in a spreadsheet and "
            "save it as .xlsx or as CSV."
        )
    return FileError("malformed_csv", message, line=1)
