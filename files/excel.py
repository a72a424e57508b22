"""Reads a sheet of an Excel workbook (.xlsx) as a table, row by row.

A cell becomes what a person reads in it: a whole number has no point, and a date is written in ISO
8601. For a formula, the service uses the result that Excel saved. The sizes of a workbook's parts
are checked before anything is inflated.
"""

from __future__ import annotations

import csv
import datetime
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.escape import unescape

from files.errors import FileError
from files.layout import find_layout
from files.options import ReadOptions, read_wanted
from files.row_stream import RowWriter, StreamedRow, read_rows, take_sample
from files.row_table import RowTable
from files.rows import Rejection
from files.sandbox import Sandbox, run_sandboxed

# The warnings are about styles and extensions, which are not read.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")

# A row that ends before others is filled with empty cells up to here. A table has its question and
# its answer before this, so a missing answer is an empty cell like any other.
_MOST_FILLED = 100
_SHOWN_SHEETS = 20

_WORKBOOK = "xl/workbook.xml"
_STRINGS = "xl/sharedStrings.xml"
# These parts are read piece by piece, or not at all.
_NOT_HELD = re.compile("xl/(?:worksheets|media|pivotCache)/[^/]+")
# zipfile raises NotImplementedError for a version of the format that it does not know.
_BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, OSError, ValueError)


@dataclass(frozen=True)
class WorkbookLimits:
    """What a workbook may hold.

    In bytes, when it is inflated: all parts together; the table of strings, which is held in
    memory; each other part that is not read piece by piece, which is held as a tree. Cells and
    rows: an empty row costs the sender one packed byte, and us a microsecond, so a sheet has at
    most as many rows as Excel itself can hold.
    """

    inflated: int = 2_000_000_000
    strings: int = 256_000_000
    part: int = 64_000_000
    cells: int = 100_000_000
    rows: int = 1_048_576


LIMITS = WorkbookLimits()


def is_workbook(file: BinaryIO) -> bool:
    """Return whether a zip archive is an Excel workbook; nothing is inflated."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _WORKBOOK in archive.namelist()
    except _BROKEN_ZIP:
        return False
    finally:
        file.seek(0)


@contextmanager
def open_workbook(file: BinaryIO, options: ReadOptions) -> Iterator[RowTable]:
    """Yield the rows of one sheet of a workbook, read as they are asked for. Raises FileError."""
    with run_sandboxed("xlsx", file, {"asked": options.sheet}) as sandbox:
        others = sandbox.hear()["others"]
        with _name_sheets(others):
            table = make_table(_follow(sandbox), options)
        yield table


def _follow(sandbox: Sandbox) -> Iterator[StreamedRow]:
    """Yield the rows that the child writes. Raises FileError if it does not reach the end."""
    try:
        yield from read_rows(sandbox.rows)
    except (ValueError, IndexError, csv.Error):
        # A row was cut off.
        sandbox.hear()
        raise
    sandbox.hear()


def make_table(rows: Iterator[StreamedRow], options: ReadOptions) -> RowTable:
    """Find the layout by the sheet's first rows; the table begins below the header."""
    want = read_wanted(options)
    sample = list(take_sample(rows))
    named = [row for row in sample if not isinstance(row, Rejection)]
    if not named:
        raise FileError("empty_file", "The file is empty: it has no header and no rows.")
    layout = find_layout([fields for _, fields in named], want, options.header, named[0][0])
    header_line, below = None, sample
    if layout.header is not None:
        header = named[layout.header]
        header_line, below = header[0], sample[sample.index(header) + 1 :]
    description = layout.describe("xlsx", header_line=header_line)
    return RowTable(chain(below, rows), layout, options.overflow, description)


def write_sheet(
    file: BinaryIO,
    writer: RowWriter,
    say: Callable[[dict[str, Any]], None],
    *,
    asked: str | None,
    limits: WorkbookLimits = LIMITS,
) -> dict[str, Any]:
    """Say which other sheets there are, and write the rows of the one asked for, or the first.

    Raises FileError.
    """
    _check_sizes(file, limits)
    with _refuse_broken():
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    try:
        with _refuse_broken():
            sheet = _find_sheet(book, asked)
            say({"others": [one.title for one in book.worksheets if one.title != sheet.title]})
        for line, fields in read_sheet(sheet, limits):
            writer.write(line, fields)
    finally:
        book.close()
    return {}


def read_sheet(sheet: Any, limits: WorkbookLimits = LIMITS) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet as texts, numbered from 1. Raises FileError."""
    cells = width = 0
    with _refuse_broken():
        # Some programs write a wrong size of the sheet. With it, rows would be lost.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            cells += len(row)
            if cells > limits.cells or number > limits.rows:
                raise FileError(
                    "malformed_csv",
                    f"The sheet has more than {limits.cells} cells or {limits.rows} rows.",
                    line=number,
                )
            fields = _read_fields(row)
            if not fields:
                continue
            # The file leaves out empty cells at a row's end, but they are cells of the row.
            width = min(max(width, len(fields)), _MOST_FILLED)
            yield number, fields + [""] * (width - len(fields))


@contextmanager
def _refuse_broken() -> Iterator[None]:
    """Turn whatever openpyxl raises about a broken workbook into a FileError."""
    try:
        yield
    except (FileError, MemoryError):
        raise
    except Exception as error:
        raise FileError(
            "malformed_csv",
            "The Excel workbook is broken or of a kind that can't be read: open it in a "
            "spreadsheet and save it as .xlsx or as CSV.",
            line=1,
        ) from error


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
            f"{error.message} The workbook has other sheets: {names} (sheet=).",
            **error.details,
        ) from error


def _check_sizes(file: BinaryIO, limits: WorkbookLimits) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {part.filename: part.file_size for part in archive.infolist()}
    except _BROKEN_ZIP as error:
        raise FileError("malformed_csv", "The Excel workbook is broken.", line=1) from error
    file.seek(0)
    too_large = (size > _limit(name, limits) for name, size in sizes.items())
    if sum(sizes.values()) > limits.inflated or any(too_large):
        raise FileError(
            "malformed_csv",
            "The Excel workbook is too large when it is unpacked: save the sheet as CSV.",
            line=1,
        )


def _limit(part: str, limits: WorkbookLimits) -> int:
    if _NOT_HELD.fullmatch(part):
        return limits.inflated
    return limits.strings if part == _STRINGS else limits.part


def _find_sheet(book: Any, asked: str | None) -> Any:
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


def _read_fields(row: Sequence[Any]) -> list[str]:
    width = len(row)
    while width and row[width - 1] is None:
        width -= 1
    return [_write_value(value) for value in row[:width]]


def _write_value(value: Any) -> str:
    if isinstance(value, str):
        # Excel writes control characters like this: _x000D_ is a carriage return.
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
