"""Finds the header among a table's first rows, and checks that the answers below it are texts.

| the table | is read |
|---|---|
| has a row of known names among its first ones (columns.py) | below that row |
| begins with a row of likely names, below titles of one cell, and cells below fit (likely_columns.py) | below that row |
| is what phpMyFAQ takes as an import, without a header (phpmyfaq.py) | by the places of its columns |
| has no such row, and the caller gives positions | below the first row if that stands apart from the others, else from the first row on (first_row.py) |

The letters of a quiz's choices are not answers, whatever their column is called.
"""  # noqa: E501

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from files.column_names import (
    ANSWERS,
    QUESTIONS,
    QUIZ_ANSWERS,
    find_choices,
    is_pattern_pair,
    normalise,
)
from files.columns import SHOWN_CHARS, SHOWN_NAMES, Columns, clip_names, find_columns, showing_rows
from files.compound_names import find_role
from files.errors import FileError
from files.first_row import stands_apart
from files.likely_columns import find_likely_columns
from files.likely_names import could_be_name
from files.options import Wanted
from files.phpmyfaq import find_import
from files.phrasings import find_alternatives
from messages import say
from texts import visible_text

_LIST = re.compile(r"\s*[\[(]\s*['\"]")

# How many rows may stand above the header.
MAX_PREAMBLE_ROWS = 10
# In a quiz's column `correct`, these words say whether a choice is right, not what is right.
_VERDICTS = {
    *("true", "false", "yes", "no", "verdadeiro", "verdadero", "falso", "sim", "não", "si", "sí"),
    *("wahr", "falsch", "ja", "nein", "richtig"),
}


@dataclass(frozen=True)
class Header:
    """The row that names the columns, as an index into the rows looked at, or None.

    `names` are those of the columns if they stand in no row.
    """

    row: int | None
    columns: Columns
    names: list[str] = field(default_factory=list)


def find_header(rows: Sequence[list[str]], want: Wanted, header: bool | None) -> Header | None:
    """Return the header among a file's first rows, or the columns by their positions, or None.

    Raises FileError (missing_column) if two columns could be meant.
    """
    if header is not False:
        with showing_rows(rows):
            found = _find_named(rows, want) or _find_likely(rows, want)
        if found is not None:
            return found
    if header is not True and want == Wanted(joins=want.joins):
        template = find_import(rows)
        if template is not None:
            names, columns = template
            return Header(None, columns, names)
    return _find_placed(rows, want, header)


def name_columns(
    names: Sequence[str], rows: Sequence[Sequence[str]], want: Wanted
) -> Columns | None:
    """Return the columns of a table whose names are known, by the names and the rows.

    Raises FileError (missing_column) if two columns could be meant.
    """
    return find_columns(names, want) or find_likely_columns(names, want, rows)


def _find_named(rows: Sequence[list[str]], want: Wanted) -> Header | None:
    by_position = isinstance(want.question, int) and isinstance(want.answer, int)
    for index, row in enumerate(rows[: MAX_PREAMBLE_ROWS + 1]):
        columns = find_columns(row, want)
        named = not by_position or isinstance(want.id, str)
        if columns and (named or _is_header(row, columns, index)):
            return Header(index, columns)
    return None


def _find_likely(rows: Sequence[list[str]], want: Wanted) -> Header | None:
    """Return the first row of more than one cell, if its names are likely."""
    for index, row in enumerate(rows[: MAX_PREAMBLE_ROWS + 1]):
        cells = [cell for cell in row if visible_text(cell[:SHOWN_CHARS])]
        if len(cells) > 1:
            if not all(could_be_name(cell, asking=True) or find_role(cell) for cell in cells):
                return None
            columns = find_likely_columns(row, want, rows[index + 1 :])
            return None if columns is None else Header(index, columns)
    return None


def _find_placed(rows: Sequence[list[str]], want: Wanted, header: bool | None) -> Header | None:
    """Return the columns by their positions, in a header of unknown names if there is one."""
    placed = [
        (index, columns)
        for index, row in enumerate(rows[: MAX_PREAMBLE_ROWS + 1])
        if (columns := _place_by_positions(want, len(row))) is not None
    ]
    if not placed:
        return None
    # A title of one cell may stand above the header.
    full = (one for one in placed if sum(map(bool, map(visible_text, rows[one[0]]))) > 1)
    index, columns = next(full, placed[0])
    if header or (header is None and stands_apart(rows[index], rows[index + 1 :], columns)):
        return Header(index, columns)
    return Header(None, columns)


def check_answers(
    header: Sequence[str], columns: Columns, rows: Sequence[list[str]], want: Wanted
) -> None:
    """Check that the answers below a header are texts, unless the caller named their column.

    Raises FileError (missing_column) if nearly all are letters of the choices that the header has,
    or, in a column that is only named `correct`, letters, or yes and no.
    """
    names = [normalise(name) for name in header]
    others = find_alternatives(header, columns.question, columns.answer, rows)
    own = (columns.question, columns.answer, *others)
    listed = [header[at] for at in find_choices(names) if at not in own]
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
        say(
            "The answers in column {column!r} seem to be letters of choices{beside}, not texts: "
            "write out the right choice in a column of its own. With both named, question_column="
            "{question}&answer_column={answer}, they are taken as they are.",
            column=header[columns.answer].strip()[:SHOWN_CHARS],
            beside=f" ({beside})" if beside else say(", or yes and no"),
            question=columns.question + 1,
            answer=columns.answer + 1,
        ),
        header=clip_names(header),
    )


def check_lists(
    header: Sequence[str], columns: Columns, rows: Sequence[list[str]], want: Wanted
) -> None:
    """Check that patterns and responses of a chatbot are texts, unless the caller named a column.

    Raises FileError (missing_column) if most are lists, as programs write them into one cell.
    """
    pair = (columns.question, columns.answer)
    if want.names or want.positions or not is_pattern_pair({header[at] for at in pair}):
        return
    for at in pair:
        cells = [row[at][:SHOWN_CHARS] for row in rows if len(row) > at]
        if cells and 2 * sum(bool(_LIST.match(cell)) for cell in cells) > len(cells):
            raise FileError(
                "missing_column",
                say(
                    "The cells in column {column!r} are lists, not texts: "
                    "upload the JSON that they come from, or give each text a row of its own.",
                    column=header[at].strip()[:SHOWN_CHARS],
                ),
                header=clip_names(header),
            )


def _is_letter(text: str) -> bool:
    """Return whether a text is a single letter or digit, as in `B`, `b)` or `(2)`."""
    bare = text.strip(" ().:")
    # A single letter without case may be a word.
    return len(bare) == 1 and unicodedata.category(bare) in ("Lu", "Ll", "Nd")


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
    roles = find_role(row[columns.question]), find_role(row[columns.answer])
    return roles == ("question", "answer")
