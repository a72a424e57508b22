"""Reads from an .xls workbook, by xlrd, what calamine leaves out of it.

These are number formats, merged cells, links, errors and bold letters.
"""

from __future__ import annotations

import datetime
import io
import struct
from typing import Any, BinaryIO, NamedTuple

import xlrd
from openpyxl.utils.datetime import CALENDAR_MAC_1904, WINDOWS_EPOCH

from files.cell_marks import CellMarks
from files.merges import Area, Marks
from files.number_formats import NumberWriter, make_writer

# What xlrd raises about a file that it can't read, though calamine may.
_UNREAD = (
    *(xlrd.XLRDError, xlrd.compdoc.CompDocError, AssertionError, AttributeError, struct.error),
    *(LookupError, TypeError, ValueError),
)
_BOLD_WEIGHT = 700
_ADDRESSES = ("http://", "https://", "ftp://", "mailto:", "tel:")


class _Style(NamedTuple):
    """How a cell is shown; `writer` is None if it has no number format."""

    writer: NumberWriter | None
    bold: bool


def read_xls_marks(file: BinaryIO) -> dict[str, CellMarks]:
    """Return what is known of the sheets of a file, by their names; {} if xlrd can't read it."""
    content = file.read()
    file.seek(0)
    try:
        # It would write its warnings among the rows.
        book = xlrd.open_workbook(
            file_contents=content, logfile=io.StringIO(), formatting_info=True
        )
        styles = _Styles(book)
        return {sheet.name: _read_sheet(sheet, styles) for sheet in book.sheets()}
    except _UNREAD:
        return {}


class _Styles(dict[int, _Style]):
    """The styles of a workbook by their numbers."""

    def __init__(self, book: Any) -> None:
        super().__init__()
        self._book = book
        self._epoch: datetime.datetime = CALENDAR_MAC_1904 if book.datemode else WINDOWS_EPOCH

    def __missing__(self, index: int) -> _Style:
        style = self._book.xf_list[index]
        code = self._book.format_map[style.format_key].format_str
        writer = None if code == "General" else make_writer(code, self._epoch)
        bold = self._book.font_list[style.font_index].weight >= _BOLD_WEIGHT
        self[index] = _Style(writer, bold)
        return self[index]


def _read_sheet(sheet: Any, styles: _Styles) -> CellMarks:
    found = CellMarks(_read_marks(sheet))
    for row in range(sheet.nrows):
        for column, kind in enumerate(sheet.row_types(row)):
            if kind not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                style = styles[sheet.cell_xf_index(row, column)]
                _read_cell(sheet.cell_value(row, column), kind, style, (row + 1, column), found)
    return found


def _read_cell(
    value: Any, kind: int, style: _Style, place: tuple[int, int], found: CellMarks
) -> None:
    line, column = place
    if style.bold:
        found.bold.setdefault(line, set()).add(column)
    if kind == xlrd.XL_CELL_ERROR:
        found.errors.setdefault(line, {})[column] = xlrd.error_text_from_code.get(value, "#ERROR")
    elif style.writer is not None and kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        found.shown.setdefault(line, {})[column] = style.writer(repr(value))


def _read_marks(sheet: Any) -> Marks:
    # In xlrd, rows count from 0, and an area ends before its last row and column.
    merges = [Area(top + 1, end, left, right - 1) for top, end, left, right in sheet.merged_cells]
    links: dict[int, list[tuple[int, str]]] = {}
    for link in sheet.hyperlink_list:
        address = link.url_or_path
        if isinstance(address, str) and address.startswith(_ADDRESSES):
            place = f"#{link.textmark}" if link.textmark else ""
            links.setdefault(link.frowx + 1, []).append((link.fcolx, address + place))
    return Marks(merges, links)
