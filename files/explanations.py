"""Knows a row that explains the columns of a template: `(required)`, `string`, `Write it here`.

Such a row stands right below the header. It is no item, so it is skipped like the header itself.
Little is taken for one, because a row that is skipped is seen by nobody:

| the row | explains |
|---|---|
| has all its cells in brackets, unlike the questions below it | the columns |
| has only strokes in its cells, as a table of Markdown has: `---`, `:--:` | the columns |
| has in all its cells words for types of values, or for what is required | the columns |
| names a question where the questions are and an answer where the answers are, and asks nothing, though the rows below it do | the columns |
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Sequence

from files.columns import Columns
from files.compound_names import mentions_known
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
_LOOKED_ROWS = 50


def explains(row: Sequence[str], columns: Columns, below: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row below a header explains its columns."""
    cells = [cell for cell in (visible_text(cell[:_LONGEST]) for cell in row) if cell]
    if len(row) <= max(columns.question, columns.answer) or len(cells) < 2 or not below:
        return False
    asked = [r[columns.question] for r in below[:_LOOKED_ROWS] if len(r) > columns.question]
    if all(map(_BRACKETS.fullmatch, cells)):
        return not any(_BRACKETS.fullmatch(cell[:_LONGEST].strip()) for cell in asked)
    if all(map(_STROKES.fullmatch, cells)) or all(map(_is_type, cells)):
        return True
    question, answer = row[columns.question][:_LONGEST], row[columns.answer][:_LONGEST]
    if is_question(question) or not (mentions_known(question) and mentions_known(answer)):
        return False
    return look_at(asked).questions >= _MOST


def _is_type(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and _TYPES.fullmatch(cell) is not None
