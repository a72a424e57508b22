"""Splits an object of JSON that holds whole columns, as programs for tables write them.

| the object | is |
|---|---|
| `{"question": {"0": …, "1": …}, "answer": {"0": …, "1": …}}`, with the same numbers in both | a row for each number |
| three lists or more, nothing else, and all as long as one another: `{"id": […], "question": […], "answer": […]}` | a row for each place |
| a list of questions and a list of answers of the same length, and their names do not say that they are phrasings and responses | neither: each question may have its own answer, or all of them any |
"""  # noqa: E501

from __future__ import annotations

from typing import Any

from files.column_names import is_answer_name, is_question_name

# A text beside the columns is metadata of all rows if it is not longer.
_REPEATED_CHARS = 200


def split_columns(value: dict[str, Any], question: Any, answer: Any) -> list[dict[str, Any]] | None:
    """Return the rows of an object that holds columns; None for another object.

    `question` and `answer` are its members of these kinds.
    """
    if isinstance(question, dict) and isinstance(answer, dict):
        if question.keys() != answer.keys() or not _is_numbered(question):
            return None
        return [
            {name: _pick(column, number) for name, column in value.items()} for number in question
        ]
    if not _are_lists(value) or not any(map(is_question_name, value)):
        return None
    count = len(next(iter(value.values())))
    return [{name: column[at] for name, column in value.items()} for at in range(count)]


def are_doubtful(question_name: str, question: Any, answer_name: str, answer: Any) -> bool:
    """Return whether lists of questions and answers could belong together one by one."""
    return (
        isinstance(question, list)
        and isinstance(answer, list)
        and len(question) == len(answer) > 1
        and is_question_name(question_name)
        and is_answer_name(answer_name)
    )


def _pick(column: Any, number: str) -> Any:
    """Return a column's value in a row; what is no column is repeated, if it is short."""
    if isinstance(column, dict):
        return column.get(number)
    return column if isinstance(column, str) and len(column) <= _REPEATED_CHARS else None


def _is_numbered(column: dict[str, Any]) -> bool:
    return bool(column) and all(map(str.isdecimal, column))


def _are_lists(value: dict[str, Any]) -> bool:
    """Return whether an object has three lists or more, of the same length, and nothing else."""
    columns = list(value.values())
    if len(columns) < 3 or not all(isinstance(column, list) for column in columns):
        return False
    return len(set(map(len, columns))) == 1 and len(columns[0]) > 1
