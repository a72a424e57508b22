"""Opens a file of questions and answers in any format that the service takes.

| the file | is read by |
|---|---|
| is a text of fields and rows: CSV, TSV, … | csv_file.py |
| begins as JSON does: `[{"` or `{"` | json_file.py |
| begins as YAML does, or is Parquet | object_file.py |
| is a workbook: .xlsx, .xls, .xlsb, .ods | workbook.py |

The format is found in the file itself (formats.py), because names and media types of uploads are
often wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import BinaryIO, TypeAlias

from files.csv_file import CsvFile, open_csv
from files.encoding import detect_encoding, text_chunks
from files.errors import FileError
from files.formats import find_format
from files.formulas import RestoredTable
from files.json_file import find_json_kind, open_json
from files.object_file import open_objects
from files.options import ReadOptions
from files.row_table import RowTable
from files.workbook import WorkbookTable, open_workbook
from files.yaml_look import is_yaml

_START_BYTES = 1 << 16

Table: TypeAlias = "CsvFile | RowTable | WorkbookTable | RestoredTable"


@contextmanager
def open_table(file: BinaryIO, options: ReadOptions) -> Iterator[Table]:
    """Yield the rows of a seekable file of bytes. Raises FileError."""
    kind = find_format(file)
    if options.sheet is not None and kind in ("text", "parquet"):
        raise FileError("invalid_option", "sheet= is for workbooks; the file is none.")
    opened: AbstractContextManager[Table]
    if kind == "text":
        opened = _open_text(file, options)
    elif kind == "parquet":
        opened = open_objects(file, kind, options)
    else:
        opened = open_workbook(file, kind, options)
    with opened as table:
        yield RestoredTable(table, table.description) if options.spreadsheet_safe else table


def _open_text(file: BinaryIO, options: ReadOptions) -> AbstractContextManager[Table]:
    file.seek(0)
    start = file.read(_START_BYTES)
    kind = find_json_kind(_read_beginning(file, start, options.encoding))
    if kind is not None:
        return open_json(file, kind, options)
    if is_yaml(start):
        return open_objects(file, "yaml", options)
    return nullcontext(open_csv(file, options))


def _read_beginning(file: BinaryIO, start: bytes, encoding: str | None) -> str:
    """Return a file's first characters if they may be JSON's, else nothing."""
    if not start.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith((b"[", b"{")):
        return ""
    return next(text_chunks(file, detect_encoding(file, encoding)), "")[:_START_BYTES]
