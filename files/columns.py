"""Finds the columns of a header that hold the question, the answer and the id.

It first looks for whole names that belong together (column_names.py). If a header has none, it
takes the only column with a longer name that means a question (`question_en`, `Name (Question)`),
and the only such answer (compound_names.py). At last it looks for a column named `correct` beside a
question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from files.column_names import (
    ANSWERS,
    GROUPS,
    PAIRED_ANSWERS,
    PAIRED_QUESTIONS,
    QUESTIONS,
    QUIZ_ANSWERS,
    QUIZ_QUESTIONS,
    NameTable,
    means_itself,
    normalise,
)
from files.compound_names import Role, find_role
from files.errors import FileError, Json
from files.note_columns import is_note
from files.options import Column, Wanted
from messages import say
from texts import make_storable, visible_text

MAX_COLUMNS = 1_000
SHOWN_NAMES = 20
SHOWN_ROWS = 5
SHOWN_CHARS = 60
_OPTIONS = ("question_column", "answer_column")
_AROUND = " \t\r\n\ufeff"


@dataclass(frozen=True)
class Columns:
    """Where a row has its question, its answer and its id, counted from 0.

    If a row's question is empty, the column `instead` has it. `alternatives` are the columns with
    other wordings of the question, in their order.
    """

    question: int
    answer: int
    id: int | None
    instead: int | None = None
    alternatives: tuple[int, ...] = ()


def find_columns(header: Sequence[str], want: Wanted) -> Columns | None:
    """Return where a row has the columns, or None if it lacks one.

    Raises FileError (missing_column) if two columns have the name.
    """
    if len(header) > MAX_COLUMNS:
        return None
    names = [normalise(name) for name in header]
    question = find_given(header, want.question, "question_column")
    answer = find_given(header, want.answer, want.answer_option)
    id_index = find_given(header, want.id, "id_column")
    if -1 in (question, answer, id_index):
        return None
    pair = _complete_pair(header, names, question, answer)
    if pair is None or pair[0] == pair[1]:
        return None
    if want.id is None:
        id_index = find_id(header, pair)
    return Columns(*pair, id_index)


def _complete_pair(
    header: Sequence[str], names: Sequence[str], question: int | None, answer: int | None
) -> tuple[int, int] | None:
    """Return the question and the answer. What is not given is found by its name.

    Raises FileError (missing_column) if two columns have that name.
    """
    if question is not None and answer is not None:
        return question, answer
    pair = (
        _find_best_pair(names, question, answer)
        or _find_compound_pair(header, question, answer, plain=True)
        or _find_compound_pair(header, question, answer, plain=False)
        or _find_pair(names, (QUIZ_QUESTIONS, QUIZ_ANSWERS), question, answer)
    )
    if pair is None:
        return None
    for option, index, given in zip(_OPTIONS, pair, (question, answer), strict=True):
        if given is None and names.count(names[index]) > 1:
            raise _explain_ambiguity(header, names, names[index], header[index], option)
    return pair


def find_id(header: Sequence[str], pair: tuple[int, int]) -> int | None:
    """Return the only column named `id`; None if that is the question or the answer."""
    ids = [i for i, name in enumerate(header) if _is_id(name)]
    return ids[0] if len(ids) == 1 and ids[0] not in pair else None


def _is_id(name: str) -> bool:
    return visible_text(name).casefold() == "id"


def can_name_metadata(name: str) -> bool:
    """Return whether any file can have a column of metadata with exactly this name."""
    return name == show_name(name.strip()) != "" and not (_is_id(name) or is_note(name))


def name_metadata(names: Sequence[str], columns: Columns) -> dict[int, str]:
    """Return the names of the columns that become metadata, by their index.

    A name that is repeated gets a number (`tag`, `tag_2`), so that no value is lost. The notes in a
    file of rejected rows (note_columns.py) are none.
    """
    own = {columns.question, columns.answer, columns.id, *columns.alternatives}
    taken = {show_name(name) for name in names}
    found: dict[int, str] = {}
    used: set[str] = set()
    for index, name in enumerate(map(show_name, names)):
        if index in own or not name or is_note(name):
            continue
        unique, number = name, 1
        while unique in used or (number > 1 and unique in taken):
            number += 1
            unique = f"{name}_{number}"
        used.add(unique)
        found[index] = unique
    return found


def show_name(name: str) -> str:
    """Return a column's name without spaces and BOM around it; empty if nothing is visible.

    What can't be stored is shown in it as in the fields of a rejected row.
    """
    return make_storable(name.strip(_AROUND)) if visible_text(name) else ""


def show_names(header: Sequence[str], unnamed: int = 0) -> list[str]:
    """Return the names of a header as a person sees them.

    A name of which nothing can be seen, but which is not empty, becomes `column_3`; so do the last
    `unnamed` columns if their names are empty.
    """
    named = len(header) - unnamed
    shown = [show_name(name) for name in header]
    for index, name in enumerate(header):
        if not shown[index] and (index >= named or name.strip(_AROUND)):
            number, unique = 1, f"column_{index + 1}"
            while unique in shown:
                number += 1
                unique = f"column_{index + 1}_{number}"
            shown[index] = unique
    return shown


def find_given(header: Sequence[str], column: Column | None, option: str) -> int | None:
    """Return the index of the column that the caller asked for, -1 if there is none.

    Raises FileError (missing_column) if two columns have that name.
    """
    if column is None:
        return None
    if isinstance(column, int):
        return column - 1 if column <= len(header) else -1
    exact = [show_name(name) for name in header]
    names = [normalise(name) for name in header]
    for spelled, name in ((exact, show_name(column)), (names, normalise(column))):
        if spelled.count(name) > 1:
            raise _explain_ambiguity(header, spelled, name, column, option)
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


def _find_compound_pair(
    header: Sequence[str], question: int | None, answer: int | None, *, plain: bool
) -> tuple[int, int] | None:
    """Return the only column that is some kind of question, and the only such answer."""
    roles = [find_role(name, plain=plain) for name in header]
    questions = _list_columns(roles, "question") if question is None else [question]
    answers = _list_columns(roles, "answer") if answer is None else [answer]
    if len(questions) != 1 or len(answers) != 1 or questions == answers:
        return None
    return questions[0], answers[0]


def _list_columns(roles: Sequence[Role | None], role: Role) -> list[int]:
    return [index for index, found in enumerate(roles) if found == role]


def _find_known(
    names: Sequence[str], table: NameTable, given: int | None
) -> list[tuple[int, int, int]]:
    """Return (index, group, place) for each known name, but only for its first column."""
    if given is not None:
        return [(given, group, 0) for group in range(GROUPS)]
    return [
        (index, group, place)
        for index, name in enumerate(names)
        if name in table and index == names.index(name) and means_itself(name, names)
        for group, place in table[name]
    ]


def _explain_ambiguity(
    header: Sequence[str], spelled: Sequence[str], name: str, shown: str, option: str
) -> FileError:
    places = [i for i, other in enumerate(spelled, 1) if other == name]
    listed = ", ".join(map(str, places[:SHOWN_NAMES]))
    return FileError(
        "missing_column",
        say(
            "{count} columns are named {name!r} (columns {listed}): "
            "say which one by its position, {option}={first}.",
            count=len(places),
            name=shown.strip()[:SHOWN_CHARS],
            listed=listed,
            option=option,
            first=places[0],
        ),
        header=clip_names(header),
    )


def clip_names(names: Sequence[str]) -> list[Json]:
    """Return the names as an error shows them: the first SHOWN_NAMES, each cut to SHOWN_CHARS."""
    shown: list[Json] = [make_storable(name.strip()[:SHOWN_CHARS]) for name in names]
    return shown[:SHOWN_NAMES]


def clip_rows(rows: Sequence[Sequence[str]]) -> list[Json]:
    """Return the first rows as an error shows them."""
    return [clip_names(row) for row in rows[:SHOWN_ROWS]]


@contextmanager
def showing_rows(rows: Sequence[Sequence[str]]) -> Iterator[None]:
    """Let an error about the columns show the first rows of the table, if it shows none yet."""
    try:
        yield
    except FileError as error:
        if error.code == "missing_column":
            error.details.setdefault("rows", clip_rows(rows))
        raise
