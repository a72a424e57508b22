"""Rows with text after a closing quote: each is rejected by its line, and the others are taken."""

from __future__ import annotations

import pytest

from tests.support.files import error, read_csv, rejected

HEADER = "question,answer\n"
LIST = 'Which fruit?,"Pear", "Plum" and "Fig".\n'
WORD = 'Which one?,"Pear" is the one.\n'
LONG = 'How so?,"Two\nlines"\n'


def clean(count: int, first: int = 0) -> str:
    return "".join(f"q{n},a{n}\n" for n in range(first, first + count))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("text", "lines", "kept"),
    [
        (clean(2) + LIST * 2 + clean(6, 2), [4, 5], 8),
        (clean(2) + WORD * 2 + clean(6, 2), [4, 5], 8),
        (LIST * 2 + clean(1), [2, 3], 1), (LIST * 2, [2, 3], 0), (WORD * 3, [2, 3, 4], 0),
        (clean(1) + LIST * 4 + clean(3, 1), [3, 4, 5, 6], 4), (clean(3) + LIST * 2, [5, 6], 3),
        (clean(1) + WORD + LIST + WORD + clean(2, 1), [3, 4, 5], 3),
        ((clean(2) + LIST * 2) * 3, [4, 5, 8, 9, 12, 13], 6),
        # A row with quotes that are right, behind them.
        (clean(1) + WORD * 2 + LONG + clean(2, 1), [3, 4], 4),
        (clean(1) + LONG + WORD * 2 + LONG + clean(2, 1), [5, 6], 5),
        (clean(1) + WORD * 2 + clean(3, 1) + 'Why?,"So, there."\n' + clean(3, 4), [3, 4], 8),
    ],
)  # fmt: skip
def test_rows_side_by_side_are_rejected_by_line(
    text: str, lines: list[int], kept: int, delimiter: str
) -> None:
    text = (HEADER + text).replace(",", delimiter)
    _, rows, gone = read_csv(text)
    assert [(row.line, row.code) for row in gone] == [(n, "malformed_quotes") for n in lines]
    assert len(rows) == kept


KINDS = (
    'b,"a1" x,t\n', 'b,"a "b" c",t\n', '"b" z,a,t\n', 'b,a,"t" u\n', 'b,"say "hi", ok",t\n',
    'b,"A", "B" e "C".\n',
)  # fmt: skip


@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("first", KINDS)
def test_rows_between_two_of_different_kinds_are_taken(first: str, second: str) -> None:
    for count in (1, 3):
        between = "".join(f"q{n},a{n},t\n" for n in range(count))
        text = f"question,answer,topic\nr,a,t\n{first}{between}{second}s,a,t\n"
        _, rows, gone = read_csv(text)
        assert [row.question for row in rows] == ["r", *(f"q{n}" for n in range(count)), "s"]
        assert [row.line for row in gone] == [3, 4 + count]


@pytest.mark.parametrize(
    "lines", ['then, so,\n"b" c', "well, he went,\nand so", '"Al" said\nok, "yes", he said']
)
def test_a_line_of_an_answer_between_quotes_is_no_row(lines: str) -> None:
    text = f'question,answer,topic\nq,a,t\nb,"a "x" y\n{lines}",t\nr,a,t\ns,a,t\n'
    assert [row.question for row in read_csv(text)[1]] == ["q", "r", "s"]


def test_each_of_many_rows_is_rejected_by_its_line() -> None:
    text = HEADER + LIST * 400 + clean(5)
    assert rejected(text) == [(n, "malformed_quotes") for n in range(2, 402)]


def test_a_quote_that_is_never_closed_still_refuses_the_file() -> None:
    for text in (
        clean(1) + 'c,"never closed\n' + clean(2, 1),
        LIST + 'c,"never closed\n' + clean(9),
    ):
        assert error(HEADER + text).code == "malformed_csv"
    # Prose may go on over several lines.
    assert error(HEADER + WORD + "and so, he said\nwent, too\n").code == "malformed_csv"
