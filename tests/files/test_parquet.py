"""Parquet, which pyarrow reads."""

from __future__ import annotations

import datetime
import decimal
import io
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from files.errors import FileError
from tests.support.files import read_in_child


def make(**columns: list[Any]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


def test_rows_and_their_values() -> None:
    table, rows, rejected = read_in_child(
        make(
            pergunta=["Onde fica?", "Abre hoje?"],
            resposta=["Na praça.", "Sim,\nàs dez."],
            n=[7, None],
            price=[decimal.Decimal("1.50"), None],
            day=[datetime.date(2026, 3, 1), None],
            raw=[b"abc", None],
            ok=[True, None],
        )
    )
    assert rejected == []
    assert (table.description.format, table.description.encoding) == ("parquet", None)
    assert [(r.line, r.question, r.answer) for r in rows] == [
        (1, "Onde fica?", "Na praça."),
        (2, "Abre hoje?", "Sim,\nàs dez."),
    ]
    assert rows[0].metadata == {
        "n": "7", "price": "1.50", "day": "2026-03-01", "raw": "abc", "ok": "true",
    }  # fmt: skip
    assert set(rows[1].metadata.values()) == {""}


def test_nested_columns_are_read_as_in_json() -> None:
    chat = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    assert [(r.question, r.answer) for r in read_in_child(make(messages=[chat, chat]))[1]] == [
        ("q", "a"),
        ("q", "a"),
    ]


def test_a_row_that_lacks_its_answer_is_rejected() -> None:
    _, rows, rejected = read_in_child(make(question=["a", "b", "c"], answer=["x", None, "z"]))
    assert [row.question for row in rows] == ["a", "c"]
    assert [(r.line, r.code) for r in rejected] == [(2, "empty_answer")]


def test_columns_by_name_and_by_position() -> None:
    data = make(title=["t"], body=["b"], x=["1"])
    for options in (
        {"question_column": "title", "answer_column": "body"},
        {"question_column": "1", "answer_column": "2"},
    ):
        (row,) = read_in_child(data, **options)[1]
        assert (row.question, row.answer, row.metadata) == ("t", "b", {"x": "1"})


@pytest.mark.parametrize("data", [make(question=["a"], answer=["b"])[:-40], b"PAR1\x15\x04" * 50])
def test_a_broken_file_is_refused(data: bytes) -> None:
    with pytest.raises(FileError) as error:
        read_in_child(data)
    assert error.value.code == "malformed_csv"


def test_a_small_file_of_many_rows_does_not_fill_the_memory() -> None:
    n = 2_000_000
    data = make(question=["q"] * n, answer=["a" * 300] * n)
    assert len(data) < 1_000_000
    with pytest.raises(FileError, match=r"too long|too much memory|breaks"):
        read_in_child(data)
