"""Finds the header among a table's first rows, and checks that the answers below it are texts.

The letters of a quiz's choices are not answers, whatever their column is called.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from files.column_names import ANSWERS, QUESTIONS, QUIZ_ANSWERS, find_choices, normalise
from files.columns import SHOWN_CHARS, SHOWN_NAMES, Columns, clip_names, find_columns
from files.errors import FileError
from files.options import Wanted
from texts import visible_text

# How many rows may stand above the header.
MAX_PREAMBLE_ROWS = 10
# In a quiz's column `correct`, these words say whether a choice is right, not what is right.
_VERDICTS = {
    *("true", "false", "yes", "no", "verdadeiro", "verdadero", "falso", "sim", "não", "si", "sí"),
    *("wahr", "falsch", "ja", "nein", "richtig"),
}


@dataclass(frozen=True)
class Header:
    """The row that names the columns, as an index into the rows looked at, or None."""

    row: int | None
    columns: Columns


def find_header(rows: Sequence[list[str]], want: Wanted, header: bool | None) -> Header | None:
    """Return the header among a file's first rows, or the columns by their positions, or None.

    Raises FileError (missing_column) if two columns could be meant.
    """
    if header is not False:
        by_position = isinstance(want.question, int) and isinstance(want.answer, int)
        for index, row in enumerate(rows[: MAX_PREAMBLE_ROWS + 1]):
            columns = find_columns(row, want)
            named = header or not by_position or isinstance(want.id, str)
            if columns and (named or _is_header(row, columns, index)):
                return Header(index, columns)
    for index, row in enumerate(rows[: MAX_PREAMBLE_ROWS + 1]):
        placed = _place_by_positions(want, len(row))
        if placed:
            return Header(index if header else None, placed)
    return None


def check_answers(
    header: Sequence[str], columns: Columns, rows: Sequence[list[str]], want: Wanted
) -> None:
    """Check that the answers below a header are texts, unless the caller named their column.

    Raises FileError (missing_column) if nearly all are letters of the choices that the header has,
    or, in a column that is only named `correct`, letters, or yes and no.
    """
    names = [normalise(name) for name in header]
    listed = [header[i] for i in find_choices(names) if i not in (columns.question, columns.answer)]
    quiz = names[columns.answer] in QUIZ_ANSWERS
    if want.answer is not None or not (listed or quiz):
        return
    cells = [row[columns.answer][:SHOWN_CHARS] for row in rows if len(row) > columns.answer]
    answers = [cell for cell in map(visible_text, cells) if cell]
    marks = sum(_is_letter(a) or (quiz and a.casefold() in _VERDICTS) for a in answers)
    if not answers or marks * 10 < len(answers) * 9:
        return
    beside = ", ".join(repr(name.strip()[:SHOWN_CHARS]) for name in listed[:SHOWN_NAMES])
    raise FileError(
        "missing_column",
        f"The answers in column {header[columns.answer].strip()[:SHOWN_CHARS]!r} seem to be "
        f"letters of choices{f' ({beside})' if beside else ', or yes and no'}, not texts: write "
        "out the right choice in a column of its own. With both named, question_column="
        f"{columns.question + 1}&answer_column={columns.answer + 1}, they are taken as they are.",
        header=clip_names(header),
    )


def _is_letter(text: str) -> bool:
    """Return whether a text is a single letter or digit, as in `B`, `b)` or `(2)`."""
    bare = text.strip(" ().:")
    # A single letter without case may be a word.
    return len(bare) == 1 and unicodedata.category(bare) in ("Lu", "Ll", "Nd")


def explain_missing_columns(rows: Sequence[list[str]], line: int, want: Wanted) -> FileError:
    """Return the error that says what was found instead of question and answer."""
    row = max(rows[: MAX_PREAMBLE_ROWS + 1], key=len)
    widest = max(map(len, rows))
    too_far = [p for p in want.positions if p > widest]
    if too_far:
        return FileError(
            "missing_column",
            f"Column {too_far[0]} was asked for, but the rows have {widest} columns.",
            header=clip_names(row),
        )
    found = ", ".join(repr(name) for name in clip_names(row))
    return FileError(
        "missing_column",
        f"No {_name_missing(rows, want)} found. Row found: {found}. Say which columns they are, by "
        "name or by position counted from 1: question_column=1&answer_column=2 (and header=true "
        "where the first row has names, delimiter=; where the columns were told apart wrongly).",
        header=clip_names(row),
        line=line,
    )


def _name_missing(rows: Sequence[list[str]], want: Wanted) -> str:
    found = {normalise(name) for row in rows[: MAX_PREAMBLE_ROWS + 1] for name in row}
    absent = [name for name in want.names if normalise(name) not in found]
    if absent:
        return "columns named " + " and ".join(map(repr, absent))
    if (want.question is None) != (want.answer is None):
        return "column with " + ("an answer" if want.answer is None else "a question")
    return "columns with a question and an answer"


def _place_by_positions(want: Wanted, width: int) -> Columns | None:
    if not (isinstance(want.question, int) and isinstance(want.answer, int)):
        return None
    if isinstance(want.id, str) or max(want.positions) > width:
        return None
    return Columns(want.question - 1, want.answer - 1, None if want.id is None else want.id - 1)


def _is_header(row: Sequence[str], columns: Columns, index: int) -> bool:
    """Return whether row `index`, whose columns are known by position, is a header and not data.

    In the first row, one known name is enough. Further down, a known name may be a word of the
    data, so both columns must have one.
    """
    names = {normalise(name) for name in row}
    question, answer = normalise(row[columns.question]), normalise(row[columns.answer])
    if index == 0:
        known = not names.isdisjoint({*QUESTIONS, *ANSWERS, "id"} - {"q", "a"})
        return known or (question, answer) == ("q", "a")
    return question in QUESTIONS and answer in ANSWERS and {question, answer}.isdisjoint("qa")
