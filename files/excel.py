"""A sheet of an Excel workbook (.xlsx) as a CSV.

Cells become what a person reads in them: whole numbers without a point, dates as ISO 8601, a
formula's last result. Nothing of a workbook is inflated before its sizes are checked.
"""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from collections.abc import Sequence
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.escape import unescape

from files.errors import FileError
from files.spool import SpooledCsv

# A workbook's parts, inflated, in bytes: all of them; the table of its strings, which is held in
# memory; each other one that is not read piece by piece, which is held as a tree.
MAX_INFLATED = 2_000_000_000
MAX_STRINGS = 256_000_000
MAX_PART = 64_000_000
MAX_CELLS = 100_000_000
# Excel's own limit. A row of nothing costs the sender a byte, packed, and us a microsecond.
MAX_ROWS = 1_048_576
# A row that ends before others is filled up to here, which is further than where a table has its
# question and its answer: an answer that is missing is an empty cell like any other.
_MOST_FILLED = 100

_WORKBOOK = "xl/workbook.xml"
_STRINGS = "xl/sharedStrings.xml"
# Parts that are read piece by piece, or not at all.
_NOT_HELD = re.compile("xl/(?:worksheets|media|pivotCache)/[^/]+")
# zipfile raises NotImplementedError for a version of the format that it does not know.
_BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, OSError, ValueError)


def is_workbook(file: BinaryIO) -> bool:
    """Return whether a zip archive is an Excel workbook; nothing is inflated."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _WORKBOOK in archive.namelist()
    except _BROKEN_ZIP:
        return False
    finally:
        file.seek(0)


def spool_sheet(file: BinaryIO, sheet: str | None, spool: SpooledCsv) -> list[str]:
    """Write a sheet, by its name or its position counted from 1, as a CSV.

    Return the names of the other sheets. Raises FileError.
    """
    _check_sizes(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                chosen = _sheet(book, sheet)
                # Some programs write a wrong size of the sheet, by which rows would be lost.
                chosen.reset_dimensions()
                cells = width = 0
                for number, row in enumerate(chosen.iter_rows(values_only=True), 1):
                    cells += len(row)
                    if cells > MAX_CELLS or number > MAX_ROWS:
                        raise FileError(
                            "malformed_csv",
                            f"The sheet has more than {MAX_CELLS} cells or {MAX_ROWS} rows.",
                            line=number,
                        )
                    fields = _fields(row)
                    # An empty cell at a row's end is there, though the file leaves it out.
                    width = min(max(width, len(fields)), _MOST_FILLED)
                    spool.write(fields + [""] * (width - len(fields)), number)
                return [one.title for one in book.worksheets if one.title != chosen.title]
            finally:
                book.close()
    except (FileError, MemoryError):
        raise
    except Exception as error:
        raise FileError(
            "malformed_csv",
            "The Excel workbook is broken or of a kind that can't be read: open it in a "
            "spreadsheet and save it as .xlsx or as CSV.",
            line=1,
        ) from error


def _check_sizes(file: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {part.filename: part.file_size for part in archive.infolist()}
    except _BROKEN_ZIP as error:
        raise FileError("malformed_csv", "The Excel workbook is broken.", line=1) from error
    file.seek(0)
    too_large = (size > _limit(name) for name, size in sizes.items())
    if sum(sizes.values()) > MAX_INFLATED or any(too_large):
        raise FileError(
            "malformed_csv",
            "The Excel workbook is too large when it is unpacked: save the sheet as CSV.",
            line=1,
        )


def _limit(part: str) -> int:
    if _NOT_HELD.fullmatch(part):
        return MAX_INFLATED
    return MAX_STRINGS if part == _STRINGS else MAX_PART


def _sheet(book: Any, asked: str | None) -> Any:
    sheets = book.worksheets
    if not sheets:
        raise FileError("empty_file", "The Excel workbook has no sheet with cells.")
    if asked is None:
        return sheets[0]
    for sheet in sheets:
        if sheet.title.casefold() == asked.strip().casefold():
            return sheet
    if re.fullmatch(r"[0-9]{1,4}", asked.strip()) and 0 < int(asked) <= len(sheets):
        return sheets[int(asked) - 1]
    names = ", ".join(repr(sheet.title) for sheet in sheets[:20])
    raise FileError("invalid_option", f"sheet={asked[:100]!r} is not there. The sheets: {names}.")


def _fields(row: Sequence[Any]) -> list[str]:
    width = len(row)
    while width and row[width - 1] is None:
        width -= 1
    return [_text(value) for value in row[:width]]


def _text(value: Any) -> str:
    if isinstance(value, str):
        # As Excel writes control characters: _x000D_ is a carriage return.
        return unescape(value) if "_x" in value else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
