"""Which columns hold the question, the answer and the id.

A question and an answer by whole names that belong together (files/column_names.py) are meant
first. Only where a header has none, the one column that is a question with a word beside it that
says which (`question_en`, `Pergunta principal`), and the one such answer, are meant. Last, beside a
question, a column named `correct`. Letters of a quiz's choices are no answers, whatever the column
is named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from files.column_names import (
    ANSWERS,
    GROUPS,
    OF_ANSWERS,
    OF_QUESTIONS,
    PAIRED_ANSWERS,
    PAIRED_QUESTIONS,
    QUESTIONS,
    QUIZ_ANSWERS,
    QUIZ_QUESTIONS,
    NameTable,
    find_choices,
    is_qualified,
    means_itself,
    normalise,
)
from files.errors import FileError, Json
from texts import visible_text

Column: TypeAlias = "str | int"  # a name, or a position counted from 1

MAX_COLUMNS = 1_000
# How many rows may stand above the header.
MAX_PREAMBLE_ROWS = 10
_SHOWN_NAMES = 20
_SHOWN_CHARS = 60
_OPTIONS = ("question_column", "answer_column")
# What a quiz's column `correct` says of a choice, rather than what is correct.
_VERDICTS = {
    *("true", "false", "yes", "no", "verdadeiro", "verdadero", "falso", "sim", "não", "si", "sí"),
    *("wahr", "falsch", "ja", "nein", "richtig"),
}


@dataclass(frozen=True)
class Wanted:
    """The columns as the caller named them; None where they are to be found."""

    question: Column | None = None
    answer: Column | None = None
    id: Column | None = None

    @property
    def positions(self) -> list[int]:
        return [c for c in (self.question, self.answer, self.id) if isinstance(c, int)]

    @property
    def names(self) -> list[str]:
        return [c for c in (self.question, self.answer, self.id) if isinstance(c, str)]


@dataclass(frozen=True)
class Columns:
    """Where a row has its question, its answer and its id, counted from 0."""

    question: int
    answer: int
    id: int | None


@dataclass(frozen=True)
class Header:
    """The row that names the columns, as an index into the rows looked at, or None."""

    row: int | None
    columns: Columns


def read_wanted(question: str | None, answer: str | None, id: str | None) -> Wanted:
    """Return the columns that the caller asked for. Raises FileError (invalid_option)."""
    options = (("question_column", question), ("answer_column", answer), ("id_column", id))
    columns = [_read_column(option, value) for option, value in options]
    given = [c for c in columns if c is not None]
    if len(set(given)) < len(given):
        raise FileError(
            "invalid_option", "question_column, answer_column and id_column must be different."
        )
    return Wanted(*columns)


def _read_column(option: str, value: str | None) -> Column | None:
    if value is None:
        return None
    text = value.strip()
    if not text:
        raise FileError("invalid_option", f"{option} is empty: give a name or a position.")
    if re.fullmatch(r"[0-9]{1,9}", text):
        if int(text) == 0:
            raise FileError("invalid_option", f"{option}=0: positions are counted from 1.")
        return int(text)
    return value


def find_header(rows: Sequence[list[str]], want: Wanted, header: bool | None) -> Header | None:
    """Return the header among a file's first rows, or what stands for it; None without either.

    Raises FileError (missing_column) where two columns could be meant.
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


def find_columns(header: Sequence[str], want: Wanted) -> Columns | None:
    """Return where a row has the columns, or None where it lacks one.

    Raises FileError (missing_column) where two columns have the name.
    """
    if len(header) > MAX_COLUMNS:
        return None
    names = [normalise(name) for name in header]
    question = _find_given(header, names, want.question, "question_column")
    answer = _find_given(header, names, want.answer, "answer_column")
    id_index = _find_given(header, names, want.id, "id_column")
    if -1 in (question, answer, id_index):
        return None
    pair = _complete_pair(header, names, question, answer)
    if pair is None or pair[0] == pair[1]:
        return None
    if want.id is None:
        id_index = _find_id(header, pair)
    return Columns(*pair, id_index)


def _complete_pair(
    header: Sequence[str], names: Sequence[str], question: int | None, answer: int | None
) -> tuple[int, int] | None:
    """Return the question and the answer, each by its name where it is not given.

    Raises FileError (missing_column) where two columns have that name.
    """
    if question is not None and answer is not None:
        return question, answer
    pair = (
        _find_best_pair(names, question, answer)
        or _find_qualified_pair(header, question, answer)
        or _find_pair(names, (QUIZ_QUESTIONS, QUIZ_ANSWERS), question, answer)
    )
    if pair is None:
        return None
    for option, index, given in zip(_OPTIONS, pair, (question, answer), strict=True):
        if given is None and names.count(names[index]) > 1:
            raise _explain_ambiguity(names, names[index], header[index], option)
    return pair


def _find_id(header: Sequence[str], pair: tuple[int, int]) -> int | None:
    """Return the only column that is named `id`; None where the question or the answer is it."""
    ids = [i for i, name in enumerate(header) if visible_text(name).casefold() == "id"]
    return ids[0] if len(ids) == 1 and ids[0] not in pair else None


def check_answers(
    header: Sequence[str], columns: Columns, rows: Sequence[list[str]], want: Wanted
) -> None:
    """Look whether the answers below a header are texts, unless the caller named their column.

    Raises FileError (missing_column) where nearly all are letters of the choices that the header
    has, or where a column that is only named `correct` has nothing but letters, or yes and no.
    """
    names = [normalise(name) for name in header]
    listed = [header[i] for i in find_choices(names) if i not in (columns.question, columns.answer)]
    quiz = names[columns.answer] in QUIZ_ANSWERS
    if want.answer is not None or not (listed or quiz):
        return
    cells = [row[columns.answer][:_SHOWN_CHARS] for row in rows if len(row) > columns.answer]
    answers = [cell for cell in map(visible_text, cells) if cell]
    marks = sum(_is_letter(a) or (quiz and a.casefold() in _VERDICTS) for a in answers)
    if not answers or marks * 10 < len(answers) * 9:
        return
    beside = ", ".join(repr(name.strip()[:_SHOWN_CHARS]) for name in listed[:_SHOWN_NAMES])
    raise FileError(
        "missing_column",
        f"The answers in column {header[columns.answer].strip()[:_SHOWN_CHARS]!r} seem to be "
        f"letters of choices{f' ({beside})' if beside else ', or yes and no'}, not texts: write "
        "out the right choice in a column of its own. With both named, question_column="
        f"{columns.question + 1}&answer_column={columns.answer + 1}, they are taken as they are.",
        header=_clip(header),
    )


def _is_letter(text: str) -> bool:
    """Return whether a text is a single letter or digit, as in `B`, `b)` or `(2)`."""
    bare = text.strip(" ().:")
    # A single letter without case may be a word.
    return len(bare) == 1 and unicodedata.category(bare) in ("Lu", "Ll", "Nd")


def name_metadata(header: Sequence[str], columns: Columns) -> dict[int, str]:
    """Return the names of the columns that become metadata, by their index.

    A name that comes again is numbered (`tag`, `tag_2`), so that no value is lost.
    """
    own = {columns.question, columns.answer, columns.id}
    taken = {show_name(name) for name in header}
    names: dict[int, str] = {}
    used: set[str] = set()
    for index, name in enumerate(map(show_name, header)):
        if index in own or not name:
            continue
        unique, number = name, 1
        while unique in used or (number > 1 and unique in taken):
            number += 1
            unique = f"{name}_{number}"
        used.add(unique)
        names[index] = unique
    return names


def show_name(name: str) -> str:
    """Return a column's name without spaces and BOM around it; empty where nothing is visible."""
    return name.strip(" \t\r\n\ufeff").replace("\0", "\ufffd") if visible_text(name) else ""


def explain_missing_columns(rows: Sequence[list[str]], line: int, want: Wanted) -> FileError:
    """Return the error that says what was found instead of question and answer."""
    row = max(rows[: MAX_PREAMBLE_ROWS + 1], key=len)
    widest = max(map(len, rows))
    too_far = [p for p in want.positions if p > widest]
    if too_far:
        return FileError(
            "missing_column",
            f"Column {too_far[0]} was asked for, but the rows have {widest} columns.",
            header=_clip(row),
        )
    found = ", ".join(repr(name) for name in _clip(row))
    return FileError(
        "missing_column",
        f"No {_name_missing(rows, want)} found. Row found: {found}. Say which columns they are, by "
        "name or by position counted from 1: question_column=1&answer_column=2 (and header=true "
        "where the first row has names, delimiter=; where the columns were told apart wrongly).",
        header=_clip(row),
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
    """Return whether row `index`, of which the columns are known by position, is no data.

    The first row is none with one known name; below, a known name may be a word of the data.
    """
    names = {normalise(name) for name in row}
    question, answer = normalise(row[columns.question]), normalise(row[columns.answer])
    if index == 0:
        known = not names.isdisjoint({*QUESTIONS, *ANSWERS, "id"} - {"q", "a"})
        return known or (question, answer) == ("q", "a")
    return question in QUESTIONS and answer in ANSWERS and {question, answer}.isdisjoint("qa")


def _find_given(
    header: Sequence[str], names: list[str], column: Column | None, option: str
) -> int | None:
    """Return the index of the column that the caller asked for, -1 where there is none."""
    if column is None:
        return None
    if isinstance(column, int):
        return column - 1 if column <= len(header) else -1
    exact = [show_name(name) for name in header]
    for spelled, name in ((exact, show_name(column)), (names, normalise(column))):
        if spelled.count(name) > 1:
            raise _explain_ambiguity(spelled, name, column, option)
        if name in spelled:
            return spelled.index(name)
    return -1


def _find_best_pair(
    names: Sequence[str], question: int | None, answer: int | None
) -> tuple[int, int] | None:
    """Return the question and the answer that belong together best."""
    return _find_pair(names, (QUESTIONS, ANSWERS), question, answer) or _find_pair(
        names, (PAIRED_QUESTIONS, PAIRED_ANSWERS), question, answer
    )


def _find_pair(
    names: Sequence[str],
    tables: tuple[NameTable, NameTable],
    question: int | None,
    answer: int | None,
) -> tuple[int, int] | None:
    pairs = [
        ((q_group != a_group, q_group + a_group, q_place + a_place), q, a)
        for q, q_group, q_place in _find_known(names, tables[0], question)
        for a, a_group, a_place in _find_known(names, tables[1], answer)
        if q != a and (tables[0] is QUESTIONS or q_group == a_group)
    ]
    return min(pairs)[1:] if pairs else None


def _find_qualified_pair(
    header: Sequence[str], question: int | None, answer: int | None
) -> tuple[int, int] | None:
    """Return the only column that is some kind of question, and the only such answer."""
    questions = _find_qualified(header, question, QUESTIONS, OF_QUESTIONS)
    answers = _find_qualified(header, answer, ANSWERS, OF_ANSWERS)
    if len(questions) != 1 or len(answers) != 1 or questions == answers:
        return None
    return questions[0], answers[0]


def _find_qualified(
    header: Sequence[str],
    given: int | None,
    table: NameTable,
    qualifiers: frozenset[str],
) -> list[int]:
    if given is not None:
        return [given]
    whole = {name for name in table if len(name) > 1 or not name.isascii()}
    return [
        index
        for index, name in enumerate(header)
        # A letter such as `a` says nothing but beside `q`.
        if normalise(name) in whole or is_qualified(name, table, qualifiers)
    ]


def _find_known(
    names: Sequence[str], table: NameTable, given: int | None
) -> list[tuple[int, int, int]]:
    """Return (index, group, place) for each known name, the first column of each name only."""
    if given is not None:
        return [(given, group, 0) for group in range(GROUPS)]
    return [
        (index, group, place)
        for index, name in enumerate(names)
        if name in table and index == names.index(name) and means_itself(name, names)
        for group, place in table[name]
    ]


def _explain_ambiguity(spelled: Sequence[str], name: str, shown: str, option: str) -> FileError:
    places = [i for i, other in enumerate(spelled, 1) if other == name]
    listed = ", ".join(map(str, places[:_SHOWN_NAMES]))
    return FileError(
        "missing_column",
        f"{len(places)} columns are named {shown.strip()[:_SHOWN_CHARS]!r} (columns {listed}): "
        f"say which one by its position, {option}={places[0]}.",
        header=_clip(spelled),
    )


def _clip(names: Sequence[str]) -> list[Json]:
    shown: list[Json] = [name.strip().replace("\0", "\ufffd")[:_SHOWN_CHARS] for name in names]
    return shown[:_SHOWN_NAMES]
