"""Takes each row of a table of questions and answers, or rejects it with its line and the reason.

| the row | becomes |
|---|---|
| is as wide as the header | question, answer and id without the spaces around them; all else as it is |
| has the notes of a rejected row at its end, below their names | the row without them (note_columns.py) |
| is wider, and its extra fields are empty | the row without them |
| is wider, with overflow=join, and the answer is the last column | as wide as the header: fields that begin with a space are joined to the field before them if that gives the right width; otherwise the extra fields belong to the answer |
| is wider otherwise | too_many_fields |
| is shorter, but has question and answer | the row with empty metadata at its end |
| is shorter otherwise | too_few_fields |
| has nothing to see in any field | skipped, and not counted |
| is the header once more, cell by cell (files that were put together), or the row below it that explains the columns (explanations.py) | left out, and counted in the file's description |
| has nothing to see in the question, but another column has it instead (instructions.py) | the row with that question |
| has nothing to see in the question, or in the answer | empty_question, empty_answer |
| has a field longer than MAX_…_CHARS (texts.py), or another wording longer than a question | field_too_long |
| has more than MAX_ALTERNATIVES other wordings of its question (phrasings.py) | too_many_alternatives |
| has NUL, or half of a surrogate pair, in a field | invalid_character |

A format may have more rules of its own: csv_file.py and json_objects.py list theirs.
"""  # noqa: E501

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from files.layout import Layout
from files.note_columns import cut_notes
from files.padding import PaddingBudget
from files.phrasings import read_cells, split_cell, takes_all
from files.prose import glue_prose
from files.qna_maker import are_phrasings, break_lines, labels, labels_column
from messages import Message, say
from texts import (
    MAX_ALTERNATIVES,
    MAX_ANSWER_CHARS,
    MAX_ID_CHARS,
    MAX_METADATA_CHARS,
    MAX_QUESTION_CHARS,
    SPACES,
    is_storable,
    list_alternatives,
    make_storable,
    visible_text,
)

# A rejection shows no more of its row than this, so that a million rejections stay small.
MAX_SHOWN_FIELDS = 2_000
MAX_SHOWN_CHARS = 1_000_000
# Of a million rows, each may be one of these.
_EMPTY_QUESTION = say("The question is empty.")
_EMPTY_ANSWER = say("The answer is empty.")

RejectionCode = Literal[
    "empty_question",
    "empty_answer",
    "too_few_fields",
    "too_many_fields",
    "malformed_quotes",
    "field_too_long",
    "invalid_character",
    "malformed_json",
    "too_many_alternatives",
]


# It is not frozen, because a frozen one takes three times as long to make, and there are millions.
@dataclass(slots=True)
class Row:
    """A row that is taken.

    `line` says where it begins, counted from 1: the line of a text, the row of a sheet, or the
    number of an object in a JSON document. `alternatives` are other wordings of the question; they
    are None if the file has no place for them, or if the row is an object without their key.
    """

    line: int
    id: str | None
    question: str
    answer: str
    metadata: dict[str, str]
    alternatives: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that can't be taken, with the reason for a program and for a person, and its content.

    `fields` are its fields. If they can't be told apart, its whole text is one field.
    """

    line: int
    code: RejectionCode
    error: Message
    fields: list[str]


class RowRules:
    """The table above, for the rows of one layout."""

    def __init__(
        self, layout: Layout, overflow: Literal["reject", "join"], delimiter: str = ","
    ) -> None:
        """With overflow=join, `delimiter` stands between fields that are joined."""
        columns = layout.columns
        self._layout = layout
        self._width = layout.width
        self._has_notes = layout.notes > 0
        self._question = columns.question
        self._answer = columns.answer
        self._id = columns.id
        self._instead = columns.instead
        # The rows that are no items, and what they have where the question is.
        self._no_items = layout.no_items
        self._left_out = layout.left_out
        self._asked = tuple(row[columns.question] for row in self._no_items)
        self._metadata = list(layout.metadata_names.items())
        self._labels = labels_column(layout.names)
        self._others = columns.alternatives
        self._keyed = layout.keyed
        self._takes_all = takes_all(layout.names)
        self.joins = overflow == "join" and columns.answer == layout.width - 1
        self._delimiter = delimiter
        self._padding = PaddingBudget()

    def take(self, line: int, fields: list[str], *, odd: bool = True) -> Row | Rejection | None:
        """Return what becomes of a row, or None if it is skipped.

        `odd` says that a field may be too long, or hold a character that can't be stored. A reader
        that knows that no field does saves the look at each.
        """
        if len(fields) != self._width:
            fitted = self._fit(line, fields)
            if not isinstance(fitted, list):
                return fitted
            fields = fitted
        question = fields[self._question].strip(SPACES)
        answer = fields[self._answer].strip(SPACES)
        # Most texts begin with a letter of ASCII and need no second look.
        if not ("!" <= question[:1] <= "~" or is_visible(question)) or not (
            "!" <= answer[:1] <= "~" or is_visible(answer)
        ):
            if self._instead is None or is_visible(question) or not is_visible(answer):
                return _reject_empty(line, question, fields)
            question = fields[self._instead].strip(SPACES)
            if not is_visible(question):
                return _reject_empty(line, question, fields)
        if question in self._asked and _strip(fields) in self._no_items:
            self._left_out.add(line)
            return None
        id = None if self._id is None else fields[self._id].strip(SPACES) or None
        # Even if a row is not odd, its question or id may be too long: their limits are small.
        if odd or len(question) > MAX_QUESTION_CHARS or (id and len(id) > MAX_ID_CHARS):
            rejection = self._reject_unfit(line, fields)
            if rejection is not None:
                return rejection
        metadata = {name: fields[index] for index, name in self._metadata}
        if self._labels is not None:
            # The column stays beside its labels: a filter finds them, and an export has both.
            metadata = labels(fields[self._labels]) | metadata
            answer = break_lines(answer)
        if not self._others:
            return Row(line, id, question, answer, metadata)
        cells = [fields[index] for index in self._others]
        if self._keyed and not any(cells):
            return Row(line, id, question, answer, metadata)
        others = read_cells(question, cells)
        rejection = _reject_alternatives(line, others, fields)
        return rejection or Row(line, id, question, answer, metadata, others)

    def merge(self, rows: Iterable[Row | Rejection]) -> Iterable[Row | Rejection]:
        """Begin to read; return the rows.

        Those of one answer that are its phrasings become one (qna_maker.py).
        """
        self._left_out.clear()
        return merge_phrasings(rows) if self._labels is not None and not self._others else rows

    def _fit(self, line: int, fields: list[str]) -> list[str] | Rejection | None:
        """Return a row of another width as wide as the others, or None if nothing is in it."""
        width = self._width
        if self._has_notes:
            fields = cut_notes(fields, width)
        if len(fields) > width:
            if not any(map(is_visible, fields[width:])):
                return fields[:width]
            if self._takes_all:
                listed = [text for cell in fields[width - 1 :] for text in split_cell(cell)]
                return [*fields[: width - 1], json.dumps(listed)]
            return self._join(fields) if self.joins else reject_wide(line, fields, width)
        if not any(map(is_visible, fields)):
            return None
        if len(fields) <= max(self._question, self._answer):
            return reject(
                line,
                "too_few_fields",
                say(
                    "The row has {fields} of {width} fields and lacks its question or its "
                    "answer; an answer of several lines needs quotes around it.",
                    fields=len(fields),
                    width=width,
                ),
                fields,
            )
        self._padding.spend(line, fields, width - len(fields))
        return fields + [""] * (width - len(fields))

    def _join(self, fields: list[str]) -> list[str]:
        whole = None
        if not self._layout.spaced:
            whole = glue_prose(fields, self._delimiter, self._width)
        last = self._width - 1
        return whole or [*fields[:last], self._delimiter.join(fields[last:])]

    def _reject_unfit(self, line: int, fields: list[str]) -> Rejection | None:
        """Return why a row with something unusual in it can't be taken, or None."""
        asked = self._question
        if self._instead is not None and not is_visible(fields[asked].strip(SPACES)):
            asked = self._instead
        for index, field in enumerate(fields):
            limit = self._limit(index, asked)
            trimmed = index in (asked, self._id)
            length = len(field.strip(SPACES) if trimmed else field)
            if length > limit:
                return reject(
                    line,
                    "field_too_long",
                    say(
                        "Column {column} has {length} characters; at most {limit} can be taken.",
                        column=self._layout.column_name(index),
                        length=length,
                        limit=limit,
                    ),
                    fields,
                )
            if _is_unfit(field):
                return reject(
                    line,
                    "invalid_character",
                    say(
                        "Column {column} holds the character U+0000 (NUL) or half of a surrogate "
                        "pair, which can't be stored.",
                        column=self._layout.column_name(index),
                    ),
                    fields,
                )
        return None

    def _limit(self, index: int, asked: int) -> int:
        if index == asked:
            return MAX_QUESTION_CHARS
        if index == self._id:
            return MAX_ID_CHARS
        return MAX_ANSWER_CHARS if index == self._answer else MAX_METADATA_CHARS


def merge_phrasings(rows: Iterable[Row | Rejection]) -> Iterator[Row | Rejection]:
    """Yield rows, and make one of those in a row that are phrasings of one question."""
    held: Row | None = None
    for row in rows:
        if isinstance(row, Rejection):
            yield row
        elif held is not None and _is_same(held, row):
            others = list_alternatives(held.question, [*(held.alternatives or ()), row.question])
            held = replace(held, alternatives=others)
        else:
            if held is not None:
                yield held
            held = replace(row, alternatives=[])
    if held is not None:
        yield held


def _is_same(first: Row, row: Row) -> bool:
    same = (first.id, first.answer) == (row.id, row.answer)
    room = len(first.alternatives or ()) < MAX_ALTERNATIVES
    return same and room and are_phrasings(first.metadata, row.metadata)


def _strip(fields: Sequence[str]) -> list[str]:
    return [field.strip() for field in fields]


def is_visible(text: str) -> bool:
    """Return whether a reader sees anything in a text."""
    if text.isascii():
        return bool(text) and not text.isspace()
    return text[0].isalnum() or bool(visible_text(text))


def _is_unfit(text: str) -> bool:
    """Return whether a text holds a character that can't be stored; most texts are ASCII."""
    return "\0" in text if text.isascii() else not is_storable(text)


def reject(line: int, code: RejectionCode, error: Message, fields: Sequence[str]) -> Rejection:
    """Return the rejection of a row. It shows the fields as far as they can be shown.

    The fields are cut to MAX_SHOWN_FIELDS and MAX_SHOWN_CHARS. NUL is shown as U+FFFD, and half of
    a surrogate pair as `?`.
    """
    shown = [make_storable(field[:MAX_SHOWN_CHARS]) for field in fields[:MAX_SHOWN_FIELDS]]
    return Rejection(line, code, error, shown)


def reject_wide(line: int, fields: list[str], usual: int) -> Rejection:
    """Return the rejection of a row that has more fields than the `usual` number."""
    return reject(
        line,
        "too_many_fields",
        say(
            "The row has {fields} fields, the others {usual}: a delimiter or a quote in a field "
            "needs quotes around the field.",
            fields=len(fields),
            usual=usual,
        ),
        fields,
    )


def _reject_empty(line: int, question: str, fields: list[str]) -> Rejection | None:
    if not any(map(is_visible, fields)):
        return None
    if not is_visible(question):
        return reject(line, "empty_question", _EMPTY_QUESTION, fields)
    return reject(line, "empty_answer", _EMPTY_ANSWER, fields)


def _reject_alternatives(line: int, others: list[str], fields: list[str]) -> Rejection | None:
    """Return why the other wordings of a question can't be taken, or None."""
    if len(others) > MAX_ALTERNATIVES:
        return reject(
            line,
            "too_many_alternatives",
            say(
                "The question has {others} other wordings; at most {most} can be "
                "taken: give the others to a second row with the same answer.",
                others=len(others),
                most=MAX_ALTERNATIVES,
            ),
            fields,
        )
    if any(map(_is_unfit, others)):
        # A cell of JSON hides it from the look at the fields: "\u0000".
        return reject(
            line,
            "invalid_character",
            say(
                "Another wording of the question holds the character U+0000 (NUL) or half of a "
                "surrogate pair, which can't be stored."
            ),
            fields,
        )
    longest = max(map(len, others), default=0)
    if longest > MAX_QUESTION_CHARS:
        return reject(
            line,
            "field_too_long",
            say(
                "Another wording of the question has {longest} characters; at most "
                "{most} can be taken.",
                longest=longest,
                most=MAX_QUESTION_CHARS,
            ),
            fields,
        )
    return None
