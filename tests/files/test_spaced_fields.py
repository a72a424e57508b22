"""Texts with spaces between delimiters and quotes: only a field in quotes loses those before it."""

from __future__ import annotations

import random

import pytest

from tests.support.files import pairs, read_csv, rejected


@pytest.mark.parametrize("line", ['q2,a2, "y"\n', 'q2,a2,  "y" \n', ' "q2", "a2", "y"\n'])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_field_without_quotes_keeps_its_spaces(line: str, delimiter: str) -> None:
    text = f'question,answer,m\nq1,a1, x\n{line} "q3", a3,  z \n'.replace(",", delimiter)
    _, rows, gone = read_csv(text)
    assert [(row.question, row.answer, row.metadata["m"]) for row in rows] == [
        ("q1", "a1", " x"), ("q2", "a2", "y"), ("q3", "a3", "  z "),
    ]  # fmt: skip
    assert gone == []


def test_it_is_so_in_a_record_that_is_read_slowly() -> None:
    clean = "".join(f"q{n},a{n},m\n" for n in range(300))
    for last in ('q,"a" , x\n', 'q, "say \\"hi\\"", x\n', 'q, "a\nb", x\n'):
        _, rows, gone = read_csv(f"question,answer,m\n{clean}{last}")
        assert (rows[-1].metadata["m"], gone) == (" x", [])


def test_all_values_are_as_they_were_written() -> None:
    dice = random.Random(7)
    values = ["", "x", " x", "  a b ", 'say "hi"', "a, b", ' "', "l\nm", ", ", "é\r\n"]
    rows = [[f"q{n}", f"a{n}", *dice.choices(values, k=3)] for n in range(400)]
    text = "question,answer,m,n,o\n" + "".join(
        ",".join(_write(value, dice) for value in row) + "\n" for row in rows
    )
    _, found, gone = read_csv(text)
    assert gone == []
    assert [[row.question, row.answer, *row.metadata.values()] for row in found] == rows


def _write(value: str, dice: random.Random) -> str:
    if value.replace(" ", "").isalnum() and dice.random() < 0.7:
        return value
    return " " * dice.randrange(3) + '"' + value.replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('q2,see a, b, "c"', ("q2", 'see a, b, "c"')),
        ('"q2",see a, "b, c", d', ("q2", 'see a, "b, c", d')),
        ('q2, see a, "b ""c"""', ("q2", 'see a, "b ""c"""')),
        ('When, how?,So, "x"', ("When, how?", 'So, "x"')),
        # A quoted answer has come to its end.
        ('q2, "a", "b"', ("q2", "a,b")), ('"q2","a","b"', ("q2", "a,b")),
        ('"q, 2", "a"', ("q, 2", "a")),
    ],
)  # fmt: skip
def test_a_joined_answer_keeps_its_quotes(row: str, expected: tuple[str, str]) -> None:
    text = f"question,answer\nq1,a1\n{row}\n"
    assert pairs(text, overflow="join") == [("q1", "a1"), expected]
    wide = row.count(",") > 1 and not row.startswith('"q, 2"')
    assert rejected(text) == [(3, "too_many_fields")] * wide
