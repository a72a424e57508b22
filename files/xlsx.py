"""Reads the sheets of an .xlsx workbook row by row, as a person sees their cells.

| the cell has | becomes |
|---|---|
| a text | itself |
| a number | what its number format shows (number_formats.py) |
| true or false | TRUE, FALSE |
| a formula | the result that was saved; nothing if none was |
| an error such as #REF! | nothing |
| a link | its text; the address is kept beside it |

Why a cell shows nothing is kept too, for the reason that a row without an answer gets. The sizes of
a workbook's parts are checked before anything is inflated.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import from_ISO8601
from openpyxl.xml.constants import SHARED_STRINGS

from files.errors import FileError
from files.merges import Marks
from files.number_formats import write_general
from files.row_stream import RowWriter
from files.sheet_table import SheetRow
from files.sheets import write_sheets
from files.time_formats import write_value
from files.xlsx_parts import (
    LOCAL_NAMES,
    Styles,
    read_children,
    read_marks,
    read_strings,
    read_styles,
    read_text,
    restore_text,
)
from messages import say

_WORKBOOK = "xl/workbook.xml"
# The namespace of another variant of the format, which openpyxl does not know.
_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_STRINGS = "xl/sharedStrings.xml"
_STYLES = "xl/styles.xml"
# These parts are read piece by piece, or not at all.
_NOT_HELD = re.compile("xl/(?:worksheets|media|pivotCache)/[^/]+")
# zipfile raises NotImplementedError for a version of the format that it does not know.
BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, OSError, ValueError)

_RECALCULATES = re.compile(rb"""<(?:\w+:)?calcPr\b[^>]*\bfullCalcOnLoad\s*=\s*["'](?:1|true)""")
_LINK = re.compile(r'\s*HYPERLINK\(\s*"((?:[^"]|"")+)"', re.IGNORECASE)
_UNSAVED = say(
    "has a formula whose result was not saved: open the workbook in a spreadsheet program, "
    "save it, and upload it again"
)


@dataclass(frozen=True)
class WorkbookLimits:
    """What a workbook may hold.

    In bytes, when it is inflated: all parts together; the table of strings, which is held in
    memory; each other part that is not read piece by piece. Cells and rows: an empty row costs the
    sender one packed byte, and us a microsecond, so a sheet has at most as many rows as Excel
    itself can hold.
    """

    inflated: int = 2_000_000_000
    strings: int = 256_000_000
    part: int = 64_000_000
    cells: int = 100_000_000
    rows: int = 1_048_576


LIMITS = WorkbookLimits()


def write_xlsx(
    file: BinaryIO,
    writer: RowWriter,
    say: Callable[[dict[str, Any]], None],
    *,
    options: dict[str, Any],
    limits: WorkbookLimits = LIMITS,
) -> dict[str, Any]:
    """Write the rows of a workbook's sheets (sheets.py). Raises FileError."""
    _check_sizes(file, limits)
    with refuse_broken():
        book = Workbook(file, limits)
    try:
        write_sheets(book.sheets, writer, say, options)
    finally:
        book.close()
    return {}


class Workbook:
    """An open workbook: its sheets, and what their cells point to."""

    def __init__(self, file: BinaryIO, limits: WorkbookLimits = LIMITS) -> None:
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_workbook()
        self.archive: zipfile.ZipFile = reader.archive
        self.limits = limits
        self.epoch = reader.wb.epoch
        # Programs that do not calculate write 0 for a formula, and ask whoever opens the workbook.
        # openpyxl says so of any workbook that does not say otherwise.
        workbook = self.archive.read(_WORKBOOK)
        self.unsaved = _RECALCULATES.search(workbook) is not None
        self.strings: list[str] = []
        part = reader.package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as strings:
                self.strings = read_strings(strings)
        self.styles: Styles = {}, frozenset()
        if _STYLES in reader.valid_files:
            with self.archive.open(_STYLES) as styles:
                self.styles = read_styles(styles, self.epoch)
        self.sheets = [
            Sheet(self, sheet.name, sheet.state != "visible", rel.target)
            for sheet, rel in reader.parser.find_sheets()
            if rel.target in reader.valid_files and rel.Type.endswith("/worksheet")
        ]
        if not self.sheets and _STRICT in workbook:
            raise FileError(
                "unsupported_media_type",
                say(
                    "The file is a workbook in Strict Open XML, which is not read: save it as the "
                    "usual Excel workbook (.xlsx), or as CSV."
                ),
            )

    def close(self) -> None:
        self.archive.close()


class Sheet:
    """A sheet of a workbook."""

    def __init__(self, book: Workbook, name: str, hidden: bool, part: str) -> None:
        self.name = name
        self.hidden = hidden
        self._book = book
        self._part = part

    def read_marks(self) -> Marks:
        """Return what lies over the cells."""
        with refuse_broken():
            return read_marks(self._book.archive, self._part)

    def read_rows(self) -> Iterator[SheetRow]:
        """Yield the rows that have a cell with something in it. Raises FileError."""
        limits, number, cells = self._book.limits, 0, 0
        reader = _RowReader(self._book)
        with refuse_broken(), self._book.archive.open(self._part) as file:
            for element in read_children(file, "sheetData"):
                if LOCAL_NAMES[element.tag] != "row":
                    continue
                number = int(element.get("r") or number + 1)
                row = reader.read(number, element)
                cells += len(row.fields)
                if cells > limits.cells or number > limits.rows:
                    raise FileError(
                        "malformed_csv",
                        say(
                            "The sheet has more than {cells} cells or {rows} rows.",
                            cells=limits.cells,
                            rows=limits.rows,
                        ),
                        line=number,
                    )
                if row.fields:
                    yield row


class _Columns(dict[str, int]):
    """The numbers of columns, counted from 0, by their letters."""

    def __missing__(self, letters: str) -> int:
        self[letters] = column_index_from_string(letters) - 1
        return self[letters]


class _RowReader:
    """Turns the XML of rows into texts."""

    def __init__(self, book: Workbook) -> None:
        self._strings = book.strings
        self._writers, self._bold = book.styles
        self._unsaved = book.unsaved
        self._columns = _Columns()

    def read(self, number: int, element: Element) -> SheetRow:
        """Return a row up to its last cell that has something in it."""
        row = SheetRow(number, [], {}, {}, set())
        fields, column, width = row.fields, -1, 0
        for cell in element:
            place = cell.get("r")
            column = self._columns[place.rstrip("0123456789")] if place else column + 1
            text = self._read_cell(cell, row, column)
            if not text:
                continue
            width = column + 1
            if width > len(fields):
                fields.extend([""] * (width - len(fields)))
            fields[column] = text
            if self._bold and cell.get("s") in self._bold:
                row.bold.add(column)
        return row

    def _read_cell(self, cell: Element, row: SheetRow, column: int) -> str:
        value, formula, kind = "", None, cell.get("t")
        for child in cell:
            name = LOCAL_NAMES[child.tag]
            if name == "v":
                value = child.text or ""
            elif name == "f":
                formula = child.text or ""
            elif name == "is" and kind == "inlineStr":
                return read_text(child)
        if formula is not None:
            found = _LINK.match(formula)
            if found:
                row.links[column] = found[1].replace('""', '"')
            if kind != "str" and (not value or (self._unsaved and value == "0")):
                row.missing[column] = _UNSAVED
                return ""
        if kind == "e" and value:
            row.missing[column] = say("shows the error {error}", error=value)
            return ""
        return self._write_value(value, kind, cell.get("s")) if value else ""

    def _write_value(self, value: str, kind: str | None, style: str | None) -> str:
        if kind == "s":
            return self._strings[int(value)]
        if kind == "str":
            return restore_text(value)
        if kind == "b":
            return "TRUE" if int(value) else "FALSE"
        if kind == "d":
            return write_value(from_ISO8601(value))
        return self._writers.get(style or "0", write_general)(value)


@contextmanager
def refuse_broken() -> Iterator[None]:
    """Turn whatever a library raises about a broken workbook into a FileError."""
    try:
        yield
    except (FileError, MemoryError):
        raise
    except Exception as error:
        raise FileError(
            "malformed_csv",
            say(
                "The Excel workbook is broken or of a kind that can't be read: open it in a "
                "spreadsheet and save it as .xlsx or as CSV."
            ),
            line=1,
        ) from error


def _check_sizes(file: BinaryIO, limits: WorkbookLimits) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {part.filename: part.file_size for part in archive.infolist()}
    except BROKEN_ZIP as error:
        raise FileError("malformed_csv", say("The Excel workbook is broken."), line=1) from error
    file.seek(0)
    too_large = (size > _limit(name, limits) for name, size in sizes.items())
    if sum(sizes.values()) > limits.inflated or any(too_large):
        raise FileError(
            "malformed_csv",
            say("The Excel workbook is too large when it is unpacked: save the sheet as CSV."),
            line=1,
        )


def _limit(part: str, limits: WorkbookLimits) -> int:
    if _NOT_HELD.fullmatch(part):
        return limits.inflated
    return limits.strings if part == _STRINGS else limits.part
