"""What an Excel workbook may cost, and archives that are none."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from files.errors import FileError
from files.xlsx import Workbook, WorkbookLimits
from tests.support.client import Client
from tests.support.files import as_file, read, read_workbook, workbook


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/workbook.xml", "xl/_rels/x.rels"])
def test_each_part_of_a_workbook_that_is_held_has_a_limit(part: str) -> None:
    book = io.BytesIO(workbook(("A", [["question", "answer"], *([["x" * 99, "y"]] * 300)])))
    with zipfile.ZipFile(book) as archive:
        largest = max(e.file_size for e in archive.infolist() if "worksheets" not in e.filename)
        assert archive.getinfo("xl/worksheets/sheet1.xml").file_size > largest
    limits = replace(WorkbookLimits(), part=largest)
    assert len(read_workbook(book.getvalue(), limits)[1]) == 300
    large = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(large, "w") as new:
        for name in {*old.namelist(), part}:
            new.writestr(name, b" " * (largest + 1) if name == part else old.read(name))
    with pytest.raises(FileError, match="too large"):
        read_workbook(large.getvalue(), limits)


@pytest.mark.parametrize(
    ("offset", "value", "status"),
    # A version that is needed, encryption, a method of compression that nobody knows.
    [(6, 99, 415), (8, 1, 422), (10, 77, 422)],
)
def test_an_archive_that_can_not_be_read_is_refused(
    client: Client, offset: int, value: int, status: int
) -> None:
    data = bytearray(workbook(("A", [["question", "answer"], ["x", "y"]])))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + offset] = value
    response = client.post("/upload", data=bytes(data), content_type="text/csv")
    assert response.status_code == status, response.text


def test_a_stray_cell_at_the_end_of_a_row_costs_no_room() -> None:
    rows: list[list[Any]] = [["question", "answer"], *([["q", "a"]] * 20)]
    stray = [*[None] * 16_383, "stray"]
    book = workbook(("A", [*rows, stray, *([["r"]] * 200), ["s", "b"]]))
    (sheet,) = Workbook(as_file(book)).sheets
    assert sum(len(row.fields) for row in sheet.read_rows()) < 50_000
    _, found, rejected = read(book)
    assert [row.question for row in found] == [*["q"] * 20, "s"]
    assert [r.code for r in rejected] == ["too_many_fields"] + ["empty_answer"] * 200
