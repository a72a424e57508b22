"""Files made for a test, and what the service reads of them."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest

from files.csv_file import CsvFile, open_csv
from files.errors import FileError
from files.rows import ReadOptions, Rejection, Row
from files.table import Table, open_table

PAIRS: list[dict[str, Any]] = [
    {"question": "Como troco a senha?", "answer": 'Em Conta,\n"Segurança".', "tag": "conta"},
    {"question": "How do I pay?", "answer": "By card.", "tag": None},
]


def read(
    data: bytes | str, sheet: str | None = None, **options: Any
) -> tuple[Table, list[Row], list[Rejection]]:
    raw = data.encode() if isinstance(data, str) else data
    with open_table(io.BytesIO(raw), ReadOptions(**options), sheet) as table:
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


def read_csv(data: bytes | str, **options: Any) -> tuple[CsvFile, list[Row], list[Rejection]]:
    raw = data.encode() if isinstance(data, str) else data
    file = open_csv(io.BytesIO(raw), ReadOptions(**options))
    found = list(file)
    rows = [row for row in found if isinstance(row, Row)]
    return file, rows, [row for row in found if isinstance(row, Rejection)]


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
