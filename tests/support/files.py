"""Files made for a test, and what the service reads of them."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest

import files.json_file
import files.workbook
import files.xlsx
from files.csv_file import open_csv
from files.errors import FileError
from files.json_lines import MAX_LINE_CHARS
from files.options import ReadOptions, read_wanted
from files.row_stream import MAX_REJECTED, RowWriter, read_rows
from files.rows import Rejection, Row
from files.table import Table, open_table
from files.xlsx import LIMITS, WorkbookLimits
from tests.support.here import no_child

PAIRS: list[dict[str, Any]] = [
    {"question": "Como troco a senha?", "answer": 'Em Conta,\n"Segurança".', "tag": "conta"},
    {"question": "How do I pay?", "answer": "By card.", "tag": None},
]


Taken = tuple[Table, list[Row], list[Rejection]]


def read(data: bytes | str, sheet: str | None = None, **options: Any) -> Taken:
    """Return a file's table, its rows and its rejected rows, without a child process."""
    with no_child():
        return read_in_child(data, sheet, **options)


def read_in_child(data: bytes | str, sheet: str | None = None, **options: Any) -> Taken:
    """Return what `read` does, as the service reads a file."""
    with open_table(as_file(data), ReadOptions(sheet=sheet, **options)) as table:
        return _part(table)


def read_json(
    text: str,
    *,
    max_rejected: int = MAX_REJECTED,
    max_line_chars: int = MAX_LINE_CHARS,
    **options: Any,
) -> Taken:
    """Return what `read` would of a text, without a child process."""
    kind = files.json_file.find_json_kind(text)
    if kind is None:
        return read_csv(text, **options)
    spool = io.BytesIO()
    writer = RowWriter(spool, max_rejected)
    want = read_wanted(ReadOptions(**options))
    said = files.json_file.write_json(
        as_file(text),
        writer,
        kind=kind,
        encoding="utf-8",
        question=want.question,
        answer=want.answer,
        max_line_chars=max_line_chars,
    )
    writer.close()
    objects = files.json_file.Objects(**said)
    return _part(files.json_file.make_table(objects, spool, ReadOptions(**options)))


def read_workbook(data: bytes, limits: WorkbookLimits = LIMITS) -> Taken:
    """Return what `read` would, without a child process."""
    rows = io.BytesIO()
    writer = RowWriter(rows)
    files.xlsx.write_xlsx(as_file(data), writer, lambda _: None, options={}, limits=limits)
    writer.close()
    rows.seek(0)
    return _part(files.workbook.make_table(read_rows(rows), ReadOptions()))


def as_file(data: bytes | str) -> io.BytesIO:
    return io.BytesIO(data.encode() if isinstance(data, str) else data)


def _part(table: Table) -> Taken:
    found = list(table)
    rows = [row for row in found if isinstance(row, Row)]
    return table, rows, [row for row in found if isinstance(row, Rejection)]


def jsonl(objects: list[Any]) -> str:
    return "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects)


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read_csv(data: bytes | str, **options: Any) -> Taken:
    return _part(open_csv(as_file(data), ReadOptions(**options)))


def pairs(data: bytes | str, **options: Any) -> list[tuple[str, str]]:
    _, rows, rejected = read_csv(data, **options)
    assert rejected == []
    return [(row.question, row.answer) for row in rows]


def rejected(data: bytes | str, **options: Any) -> list[tuple[int, str]]:
    return [(row.line, row.code) for row in read_csv(data, **options)[2]]


def error(data: bytes | str, **options: Any) -> FileError:
    with pytest.raises(FileError) as raised:
        read_csv(data, **options)
    return raised.value
