"""Opens a file of questions and answers in any format that the service takes.

| the file | is read by |
|---|---|
| is a text of fields and rows: CSV, TSV, … | csv_file.py |
| begins as JSON does: `[{"` or `{"` | json_file.py |
| is an Excel workbook (.xlsx) | excel.py |

The format is found in the file itself, because names and media types of uploads are often wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

from files.csv_file import CsvFile, open_csv
from files.encoding import detect_encoding, text_chunks
from files.errors import FileError
from files.excel import is_workbook, open_workbook
from files.json_file import find_json_kind, open_json
from files.options import ReadOptions
from files.row_table import RowTable

_ZIP = b"PK\x03\x04"
_START_BYTES = 1 << 16

Table: TypeAlias = "CsvFile | RowTable"


@contextmanager
def open_table(file: BinaryIO, options: ReadOptions) -> Iterator[Table]:
    """Yield the rows of a seekable file of bytes. Raises FileError."""
    file.seek(0)
    start = file.read(_START_BYTES)
    workbook = start.startswith(_ZIP) and is_workbook(file)
    if options.sheet is not None and not workbook:
        raise FileError("invalid_option", "sheet= is for Excel workbooks; the file is none.")
    if workbook:
        with open_workbook(file, options) as table:
            yield table
        return
    kind = find_json_kind(_read_beginning(file, start, options.encoding))
    if kind is None:
        yield open_csv(file, options)
        return
    with open_json(file, kind, options) as table:
        yield table


def _read_beginning(file: BinaryIO, start: bytes, encoding: str | None) -> str:
    """Return a file's first characters if they may be JSON's, else nothing."""
    if not start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith((b"[", b"{")):
        return ""
    return next(text_chunks(file, detect_encoding(file, encoding)), "")[:_START_BYTES]
