"""Tells whether the first row of a table is a header of unknown names, by the rows below it.

All cells of a header could be names, and they differ. If so, each of these makes it one:

| in the rows below | the first row |
|---|---|
| another column has only values, such as numbers or dates | has a word there |
| another column has labels that come again and again | has none of these labels |
| anything | has a name there that no question or answer has: `category` |
| texts stand in a column | has a name like `user_text` there |
| most questions ask something, or most answers are sentences | does not |
| questions and answers are long | has one word for each of them, or is shorter than all |
| all questions and answers begin with a small letter | has capital letters there |
"""

from __future__ import annotations

from collections.abc import Sequence

from files.column_names import normalise
from files.columns import Columns
from files.likely_names import could_be_name, is_plain_name
from files.likeness import Look, look_at_columns
from texts import visible_text

_SHOWN_CHARS = 120
# So many of both the questions and the answers must differ from a name, or so many of one of them.
_MOST, _NEARLY_ALL = 0.8, 0.9
# Texts that are so long on average are no names, in characters.
_TEXT_CHARS = 20
# Labels come again if no more of the cells differ; so many rows show it, and that a row is short.
_LABELS, _LABELLED_ROWS, _SHORT_ROWS = 0.5, 4, 3


def stands_apart(row: Sequence[str], below: Sequence[Sequence[str]], columns: Columns) -> bool:
    """Return whether a row is so unlike the rows below it that it must be their header."""
    cells = [cell[:_SHOWN_CHARS] for cell in row if visible_text(cell[:_SHOWN_CHARS])]
    if not below or len(cells) < 2 or not all(map(could_be_name, cells)):
        return False
    if len(set(map(normalise, cells))) < len(cells):
        return False
    looks = look_at_columns(below, len(row))
    pair = (columns.question, columns.answer)
    if max(pair) >= len(looks):
        return False
    for index, look in enumerate(looks):
        if not visible_text(row[index]):
            continue
        if index not in pair and _is_unlike(row[index], look, index, below):
            return True
        if _is_technical(row[index]) and look.chars >= _TEXT_CHARS:
            return True
    return _asks_nothing(looks[pair[0]], looks[pair[1]], len(below)) or _is_short(row, below, pair)


def _is_unlike(name: str, look: Look, index: int, below: Sequence[Sequence[str]]) -> bool:
    """Return whether a cell is unlike those below it, in a column beside question and answer."""
    if look.values == 1 or is_plain_name(name):
        return True
    if look.distinct > _LABELS or len(below) < _LABELLED_ROWS:
        return False
    labels = {normalise(one[index]) for one in below if len(one) > index}
    return normalise(name) not in labels


def _is_technical(name: str) -> bool:
    return "_" in name.strip("_ ") and " " not in name.strip()


def _asks_nothing(question: Look, answer: Look, rows: int) -> bool:
    if question.questions >= _MOST and answer.sentences >= _MOST:
        return True
    surest = max(question.questions, answer.sentences)
    return surest >= _NEARLY_ALL if rows >= _SHORT_ROWS else rows > 1 and question.questions == 1


def _is_short(row: Sequence[str], below: Sequence[Sequence[str]], pair: tuple[int, int]) -> bool:
    """Return whether a row's question and answer are names, to judge by how others are written."""
    texts = [
        [text for one in below if len(one) > at and (text := visible_text(one[at][:_SHOWN_CHARS]))]
        for at in pair
    ]
    if min(map(len, texts)) < 2:
        return False
    names = [visible_text(row[at]) for at in pair]
    long = all(sum(map(len, column)) >= _TEXT_CHARS * len(column) for column in texts)
    if long and all(len(name.split()) == 1 for name in names):
        return True
    if min(map(len, texts)) < _SHORT_ROWS:
        return False
    shorter = all(
        len(name) < min(map(len, column)) for name, column in zip(names, texts, strict=True)
    )
    small = all(text[0].islower() for column in texts for text in column)
    return (long and shorter) or (small and all(name[:1].isupper() for name in names))
