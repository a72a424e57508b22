"""What is too long, and what comes after it."""

from __future__ import annotations

import pytest

from tests.support.files import read_csv


@pytest.mark.parametrize("bad", ["q2,a\0b,", "q2,a,\0"])
def test_nul_after_a_line_that_is_too_long_is_rejected(bad: str) -> None:
    text = f"question,answer,tag\nq1,{'x' * 5_000_000},\n{bad}\nq3,a,\n"
    _, rows, gone = read_csv(text)
    assert [(r.line, r.code) for r in gone] == [(2, "field_too_long"), (3, "invalid_character")]
    assert [r.question for r in rows] == ["q3"]
    assert not any("\0" in value for r in rows for value in (r.answer, *r.metadata.values()))


def test_an_id_that_is_too_long_is_rejected_in_any_row() -> None:
    text = f"id,question,answer\n{'i' * 1_001},a,b\n {'j' * 1_000} ,c,d\n{'k' * 1_001},\0,e\n"
    _, rows, gone = read_csv(text)
    assert [(r.line, r.code) for r in gone] == [(2, "field_too_long"), (4, "field_too_long")]
    assert [r.question for r in rows] == ["c"]
    _, rows, gone = read_csv(text.replace("\0", "f"))
    assert [(r.line, r.code) for r in gone] == [(2, "field_too_long"), (4, "field_too_long")]
