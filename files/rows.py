"""The rows of a file of questions and answers: each taken, or rejected by line and reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RejectionCode = Literal[
    "empty_question",
    "empty_answer",
    "too_few_fields",
    "too_many_fields",
    "malformed_quotes",
    "field_too_long",
    "invalid_character",
    "malformed_json",
]


@dataclass(frozen=True)
class ReadOptions:
    """What the caller says of the file; None where it is to be found.

    Columns are header names, or positions counted from 1.
    """

    question_column: str | None = None
    answer_column: str | None = None
    id_column: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    overflow: Literal["reject", "join"] = "reject"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is taken; `line` is the physical line where it begins, counted from 1."""

    line: int
    id: str | None
    question: str
    answer: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that can't be taken: why, for a program and for a person, and what it holds.

    `fields` are its fields, or its whole text as one where they can't be told apart; cut to
    MAX_SHOWN_FIELDS and MAX_SHOWN_CHARS, with NUL shown as U+FFFD.
    """

    line: int
    code: RejectionCode
    error: str
    fields: list[str]
