"""Finds which members of a JSON object are its question and its answer, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from files.column_names import is_answer_name, is_question_name
from files.columns import find_columns, find_given
from files.compound_names import Role
from files.errors import FileError
from files.likely_columns import find_known, find_likely_names
from files.options import Wanted


class Members(NamedTuple):
    """The names of the members that are an object's question and answer, if it has them.

    `sure` says that the names alone tell it, or that the caller named them.
    """

    question: str | None
    answer: str | None
    sure: bool = False


def find_members(names: Sequence[str], want: Wanted, positions: Mapping[str, int]) -> Members:
    """Return which of an object's names are its question and its answer.

    A position that the caller gave counts the columns of all objects, not of this one.
    """
    question = _find_wanted(names, want.question, positions)
    answer = _find_wanted(names, want.answer, positions)
    if question is not None and answer is not None:
        return Members(question, answer if answer != question else None, sure=True)
    return _find_pair(names, question, answer)


def _find_wanted(
    names: Sequence[str], column: str | int | None, positions: Mapping[str, int]
) -> str | None:
    if column is None:
        return None
    if isinstance(column, int):
        return next((name for name in names if positions[name] == column - 1), None)
    try:
        index = find_given(names, column, "")
    except FileError:
        return None
    return None if index in (None, -1) else names[index or 0]


def _find_pair(names: Sequence[str], question: str | None, answer: str | None) -> Members:
    """Return the question and the answer by their names; what is given is kept."""
    try:
        columns = find_columns(names, Wanted(question, answer))
    except FileError:
        columns = None
    if columns is not None:
        return Members(names[columns.question], names[columns.answer], sure=True)
    likely = find_likely_names(names) if question is None and answer is None else None
    if likely is not None:
        return Members(names[likely[0]], names[likely[1]])
    return Members(question or _find_one(names, "question"), answer or _find_one(names, "answer"))


def _find_one(names: Sequence[str], role: Role) -> str | None:
    """Return the first name that is known to have a role, or the only one that may have it."""
    is_known = is_question_name if role == "question" else is_answer_name
    found = find_known(names, role)
    return next((name for name in names if is_known(name)), None if found is None else names[found])
