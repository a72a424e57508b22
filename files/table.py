"""A file of questions and answers in any of the formats we take.

| the file | is read by |
|---|---|
| text of fields and rows: CSV, TSV, … | files/csv_file.py |
| begins as JSON does: `[{"` or `{"` | files/json_file.py |
| an Excel workbook (.xlsx) | files/excel.py |

What it is says the file itself: names and media types of uploads are often wrong.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

from files.csv_file import CsvFile, open_csv
from files.encoding import detect_encoding, text_chunks
from files.errors import FileError
from files.excel import is_workbook, spool_sheet
from files.json_file import json_kind, spool_json
from files.rows import ReadOptions
from files.spool import SpooledCsv, SpooledTable

_ZIP = b"PK\x03\x04"
_START_BYTES = 1 << 16
_SHOWN_SHEETS = 20


Table: TypeAlias = "CsvFile | SpooledTable"


@contextmanager
def open_table(file: BinaryIO, options: ReadOptions, sheet: str | None) -> Iterator[Table]:
    """Yield the rows of a seekable file of bytes. Raises FileError."""
    file.seek(0)
    start = file.read(_START_BYTES)
    workbook = start.startswith(_ZIP) and is_workbook(file)
    if sheet is not None and not workbook:
        raise FileError("invalid_option", "sheet= is for Excel workbooks; the file is none.")
    kind = None if workbook else json_kind(_beginning(file, start, options.encoding))
    if not workbook and kind is None:
        yield open_csv(file, options)
        return
    with tempfile.TemporaryFile() as rows, tempfile.TemporaryFile() as whole:
        spool = SpooledCsv(rows)
        if kind is None:
            others = spool_sheet(file, sheet, spool)
            with _naming(others):
                table = spool.open(whole, options, "xlsx")
        else:
            spool_json(file, kind, options.encoding, spool)
            table = spool.open(whole, options, "json")
        yield table


@contextmanager
def _naming(others: list[str]) -> Iterator[None]:
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


def _beginning(file: BinaryIO, start: bytes, encoding: str | None) -> str:
    """Return a file's first characters where they may be JSON's, else nothing."""
    if not start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith((b"[", b"{")):
        return ""
    return next(text_chunks(file, detect_encoding(file, encoding)), "")[:_START_BYTES]
