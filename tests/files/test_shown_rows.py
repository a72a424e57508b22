"""A file whose columns can't be told is refused with its header and its first rows."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest

from files.errors import FileError
from files.options import ReadOptions
from files.table import open_table

QUIZ = "question,options,alternatives,answer\n" + "".join(
    f"What is {n}?,A) one B) two,x,{'ABCD'[n % 4]}\n" for n in range(8)
)
TWICE = "question,question,answer\na,b,c\n"
PLAIN = "question,answer,more\na,b,c\nd,e,f\n"


def _refuse(data: bytes, **options: Any) -> dict[str, Any]:
    with pytest.raises(FileError) as raised, open_table(io.BytesIO(data), ReadOptions(**options)):
        pass
    assert raised.value.code == "missing_column", raised.value
    return raised.value.details


def _workbook(text: str) -> bytes:
    book = openpyxl.Workbook()
    for row in csv.reader(text.splitlines()):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _json(text: str) -> bytes:
    names, *rows = [line.split(",") for line in text.splitlines()]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows]).encode()


@pytest.mark.parametrize("write", [str.encode, _workbook])
@pytest.mark.parametrize(
    ("text", "options"),
    [
        (TWICE, {}),
        (TWICE, {"question_column": "question"}),
        ("Question,question,answer\na,b,c\n", {}),
        (PLAIN, {"alternatives_column": "nada"}),
        (PLAIN, {"alternatives_column": "9"}),
        (QUIZ, {}),
        ("a,b,c\nd,e,f\n", {}),
        ("patterns,responses\n" + "\"['a', 'b']\",['c']\n" * 4, {}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_refused_table_shows_its_first_rows(
    write: Any, text: str, options: dict[str, str]
) -> None:
    details = _refuse(write(text), **options)
    first = [*csv.reader(text.splitlines())]
    assert details["header"] == first[0]
    assert details["rows"][0] == first[0]
    assert 1 < len(details["rows"]) <= 5


@pytest.mark.parametrize("column", ["nada", "9"])
def test_so_do_objects_of_json(column: str) -> None:
    details = _refuse(_json(PLAIN), alternatives_column=column)
    assert details["header"] == ["question", "answer", "more"]
    assert details["rows"] == [["question", "answer", "more"], ["a", "b", "c"], ["d", "e", "f"]]


def test_notes_without_front_and_back_show_their_rows() -> None:
    details = _refuse(b"#separator:tab\n#tags column:2\na\tb\nc\td\n")
    assert (details["header"], details["rows"]) == ([], [["a", "b"], ["c", "d"]])
