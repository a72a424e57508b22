"""Says by the cells of a table which columns look like its questions and its answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from files.likely_columns import SOME_QUESTIONS, find_known
from files.likely_names import is_keyword_name, is_plain_name
from files.likeness import Look, look_at_columns

# A column right of the questions is as likely as one whose cells are so many times as long.
_NEXT_TO_IT = 1.6
# An answer is filled nearly always.
_FILLED = 0.8


class Pair(NamedTuple):
    """Two columns, counted from 0. `keywords` says that the first has keywords, not questions."""

    question: int
    answer: int
    keywords: bool = False


def suggest_columns(
    names: Sequence[str] | None,
    rows: Sequence[Sequence[str]],
    question: int | None = None,
    answer: int | None = None,
) -> Pair | None:
    """Return which columns look like the questions and the answers; None if it can't be told.

    `names` are those of the columns, if the table has a header. A column that is given is taken.
    """
    looks = look_at_columns(rows, max(map(len, rows), default=0))
    if names is not None:
        question = find_known(names, "question") if question is None else question
        answer = find_known(names, "answer") if answer is None else answer
    likely = [
        at
        for at, look in enumerate(looks)
        if look.is_text and (names is None or at >= len(names) or not is_plain_name(names[at]))
    ]
    keywords = [at for at in likely if at != answer and _has_keywords(names, looks, at)]
    likely = [at for at in likely if at not in keywords]
    asked = _find_question(looks, likely, answer) if question is None else question
    told = answer
    if told is None:
        first = keywords[0] if asked is None and keywords else asked
        told = _find_answer(looks, likely, first, bare=names is None)
    if told is None or asked == told:
        return None
    if asked is None:
        return Pair(keywords[0], told, keywords=True) if keywords else None
    return Pair(asked, told)


def _has_keywords(names: Sequence[str] | None, looks: Sequence[Look], at: int) -> bool:
    if looks[at].keywords >= 0.5:
        return True
    return names is not None and at < len(names) and is_keyword_name(names[at])


def _find_question(looks: Sequence[Look], likely: list[int], answer: int | None) -> int | None:
    """Return the column that asks most; of two columns that tell nothing, the first."""
    others = [at for at in likely if at != answer]
    asking = [at for at in others if looks[at].questions >= SOME_QUESTIONS]
    if asking:
        return max(asking, key=lambda at: (looks[at].questions, -at))
    if answer is not None:
        return others[0] if len(others) == 1 else None
    if len(others) != 2:
        return None
    first, second = others
    return first if looks[first].chars <= 2 * looks[second].chars else None


def _find_answer(
    looks: Sequence[Look], likely: list[int], question: int | None, *, bare: bool
) -> int | None:
    """Return the column of the longest texts that are no questions.

    In a table without names, which is `bare`, answers may be numbers, or come again and again, if
    there is no other column.
    """
    if question is None:
        return None
    others = [
        at
        for at in likely
        if at != question and looks[at].filled >= _FILLED and looks[at].questions < 0.5
    ]
    if not others:
        rest = [at for at in range(len(looks)) if at != question and looks[at].filled >= _FILLED]
        return rest[0] if bare and len(rest) == 1 else None

    def rank(at: int) -> float:
        return looks[at].chars * (_NEXT_TO_IT if at == question + 1 else 1)

    return max(others, key=rank)
