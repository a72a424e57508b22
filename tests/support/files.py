"""Files made for a test, and what the service reads of them."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest

from files.csv_file import open_csv
from files.errors import FileError
from files.excel import WorkbookLimits, open_workbook
from files.json_file import JsonLimits, find_json_kind, open_json
from files.options import ReadOptions
from files.rows import Rejection, Row
from files.table import Table, open_table

PAIRS: list[dict[str, Any]] = [
    {"question": "Como troco a senha?", "answer": 'Em Conta,\n"Segurança".', "tag": "conta"},
    {"question": "How do I pay?", "answer": "By card.", "tag": None},
]


Taken = tuple[Table, list[Row], list[Rejection]]


def read(data: bytes | str, sheet: str | None = None, **options: Any) -> Taken:
    """Return a file's table, its rows and its rejected rows."""
    with open_table(as_file(data), ReadOptions(sheet=sheet, **options)) as table:
        return _part(table)


def read_json(text: str, limits: JsonLimits) -> Taken:
    kind = find_json_kind(text)
    assert kind is not None
    with open_json(as_file(text), kind, ReadOptions(), limits) as table:
        return _part(table)


def read_workbook(data: bytes, limits: WorkbookLimits) -> Taken:
    with open_workbook(as_file(data), ReadOptions(), limits) as table:
        return _part(table)


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
