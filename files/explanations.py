"""Knows a row that explains the columns of a template: `(required)`, `string`, `Write it here`.

Such a row stands right below the header. It is no item, so it is left out like the header itself.
Little is taken for one:

| the row | explains |
|---|---|
| has only strokes in its cells, as a table of Markdown has: `---`, `:--:` | the columns |
| has all its cells in brackets, unlike the questions below it | the columns |
| has in all its cells words for types of values, or for what is required, unlike the questions below it | the columns |
| names a question where the questions are and an answer where the answers are, by a word and not by a letter, has a cell below each name, and asks nothing, though the rows below it do | the columns |

All but the strokes is a guess, which takes two rows below it. It is not made where the caller says
that there is a header, or which columns are meant: then each row is one.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Sequence

from files.column_names import ANSWERS, QUESTIONS, NameTable
from files.columns import Columns
from files.compound_names import list_words
from files.likeness import is_question, look_at
from texts import visible_text

_LONGEST = 200
_STROKES = re.compile(r":?[-=─]{2,}:?")
_BRACKETS = re.compile(r"[(\[<{（【].*[)\]>}）】][.:]?")
_TYPES = re.compile(
    r"(?:string|str|text|texto|texte|varchar|char|number|int|integer|bool|boolean|date|list|array"
    r"|enum|tags?|required|optional|mandatory|obrigat[oó]ri[oa]|opcional|obligatori[oa]|requerid[oa]"
    r"|pflichtfeld|optionnel|facultatif|obligatoire|необязательно|обязательно|文本|必填|选填|必須|任意"
    r"|max|maximum|up to|até|characters|caracteres|chars|[\d,;/()*.\s]+|\s)+",
    re.IGNORECASE,
)
# Of the rows below, so many ask something.
_MOST = 0.8
_FEWEST_BELOW = 2
_LOOKED_ROWS = 50


def explains(
    row: Sequence[str],
    names: Sequence[str],
    columns: Columns,
    below: Sequence[Sequence[str]],
    *,
    guess: bool,
) -> bool:
    """Return whether the first row below a header of these names explains its columns."""
    cells = [cell for cell in (visible_text(cell[:_LONGEST]) for cell in row) if cell]
    if len(row) <= max(columns.question, columns.answer) or len(cells) < 2 or not below:
        return False
    if all(map(_STROKES.fullmatch, cells)):
        return True
    at = columns.question
    asked = [r[at] for r in below[:_LOOKED_ROWS] if len(r) > at and r[at] != names[at]]
    if not guess or len(asked) < _FEWEST_BELOW:
        return False
    for fits in (_is_bracketed, _is_type):
        if all(map(fits, cells)):
            return not any(fits(cell[:_LONGEST].strip()) for cell in asked)
    return _has_names(row, names, columns) and look_at(asked).questions >= _MOST


def _has_names(row: Sequence[str], names: Sequence[str], columns: Columns) -> bool:
    """Return whether a row says of each column what it holds, as a header does."""
    filled = [bool(visible_text(cell[:_LONGEST])) for cell in row] + [False] * len(names)
    if any(visible_text(name) and not filled[at] for at, name in enumerate(names)):
        return False
    question, answer = row[columns.question][:_LONGEST], row[columns.answer][:_LONGEST]
    named = _mentions(question, QUESTIONS) and _mentions(answer, ANSWERS)
    return named and not is_question(question)


def _mentions(cell: str, known: NameTable) -> bool:
    """Return whether a cell has a known name, but no letter: `a` may be an article."""
    return any(word in known for word in list_words(cell) if len(word) > 1 or not word.isascii())


def _is_bracketed(cell: str) -> bool:
    return _BRACKETS.fullmatch(cell) is not None


def _is_type(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and _TYPES.fullmatch(cell) is not None
