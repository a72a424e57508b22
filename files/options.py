"""Holds what a caller says about a file, and checks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from files.errors import FileError
from messages import say

Column: TypeAlias = "str | int"  # a name, or a position counted from 1
AnswerOption: TypeAlias = Literal["answer_column", "expected_column"]


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file. None means that it is to be found out.

    Columns are header names, or positions counted from 1; `alternatives_column` may be several of
    them, with commas between. `sheet` is the name of a workbook's sheet, or its position counted
    from 1. `spreadsheet_safe` says that apostrophes stand before what a spreadsheet would take for
    a formula (formulas.py). `answer_option` is what the caller's option for the column of answers
    is called, for what is said of it.
    """

    question_column: str | None = None
    answer_column: str | None = None
    id_column: str | None = None
    alternatives_column: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    overflow: Literal["reject", "join"] = "reject"
    sheet: str | None = None
    spreadsheet_safe: bool = False
    answer_option: AnswerOption = "answer_column"


@dataclass(frozen=True)
class Wanted:
    """The columns as the caller named them. None, or nothing, means that it is to be found out.

    `joins` says that the extra fields of a row belong to its answer. `answer_option` is the option
    that names the answer.
    """

    question: Column | None = None
    answer: Column | None = None
    id: Column | None = None
    alternatives: tuple[Column, ...] = ()
    joins: bool = False
    answer_option: AnswerOption = "answer_column"

    @property
    def positions(self) -> list[int]:
        return [c for c in (self.question, self.answer, self.id) if isinstance(c, int)]

    @property
    def names(self) -> list[str]:
        return [c for c in (self.question, self.answer, self.id) if isinstance(c, str)]


def read_wanted(options: ReadOptions) -> Wanted:
    """Return the columns that the caller asked for. Raises FileError (invalid_option)."""
    question = _read_column("question_column", options.question_column)
    answer = _read_column(options.answer_option, options.answer_column)
    id_column = _read_column("id_column", options.id_column)
    others = _read_columns("alternatives_column", options.alternatives_column)
    given = [*(c for c in (question, answer, id_column) if c is not None), *others]
    if len(set(given)) < len(given):
        raise refuse_same_columns(options.answer_option)
    joins = options.overflow == "join"
    return Wanted(question, answer, id_column, others, joins, options.answer_option)


def refuse_same_columns(answer_option: AnswerOption) -> FileError:
    """Return the error for two options that mean one column."""
    if answer_option == "expected_column":
        different = say("question_column and expected_column must be different columns.")
    else:
        different = say(
            "question_column, answer_column, id_column and alternatives_column must be different "
            "columns."
        )
    return FileError("invalid_option", different)


def _read_columns(option: str, value: str | None) -> tuple[Column, ...]:
    """Return the columns of a list with commas; a name with a comma is told by its position."""
    parts = [] if value is None else value.split(",")
    columns = (_read_column(option, part) for part in parts)
    return tuple(column for column in columns if column is not None)


def _read_column(option: str, value: str | None) -> Column | None:
    if value is None:
        return None
    text = value.strip()
    if not text:
        raise FileError(
            "invalid_option", say("{option} is empty: give a name or a position.", option=option)
        )
    if re.fullmatch(r"[0-9]{1,9}", text):
        if int(text) == 0:
            raise FileError(
                "invalid_option", say("{option}=0: positions are counted from 1.", option=option)
            )
        return int(text)
    return value
