"""Finds the question and the answer of a header of which names say only one, or neither.

| the header has | the question and the answer are |
|---|---|
| one name with a known word of a question among others, and one with a known word of an answer; neither says that it is a property or another kind of text; the cells are texts | these two |
| a known question, and one other column with a likely name of answers whose cells are texts | these two |
| a known answer, and one other column with a likely name of questions whose cells are texts | these two |
| a known answer, and one other column whose cells are mostly questions | these two |
| two columns, and one of them is known | these two, if the other one's cells are texts, its name does not say that it holds something else, and it holds no lists of keywords |
| a title and a body, no other name with a known word, and the titles are mostly questions | the title and the body |

A column that the caller named counts as known, except in the line of two columns: there the caller
has not said what the other one is.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Sequence

from files.column_names import ANSWERS, QUESTIONS, means_itself, normalise
from files.columns import MAX_COLUMNS, Columns, find_given, find_id
from files.compound_names import find_role, mentions_known
from files.likely_names import (
    BODIES,
    LIKELY_ANSWERS,
    LIKELY_QUESTIONS,
    TITLES,
    find_mention,
    is_free_name,
)
from files.likeness import Look, look_at_columns
from files.options import Wanted
from texts import visible_text

# Of a column of questions, so many cells look like questions.
MOST_QUESTIONS = 0.6
SOME_QUESTIONS = 0.3
# Shorter cells say too little to be answers, if their column's name says nothing.
_ANSWER_CHARS = 10


def find_likely_columns(
    header: Sequence[str], want: Wanted, rows: Sequence[Sequence[str]]
) -> Columns | None:
    """Return where a row has the columns, by the names of a header and the rows below it."""
    if len(header) > MAX_COLUMNS or not rows:
        return None
    question = find_given(header, want.question, "question_column")
    answer = find_given(header, want.answer, want.answer_option)
    id_index = find_given(header, want.id, "id_column")
    if -1 in (question, answer, id_index) or (question is not None and answer is not None):
        return None
    pair = _find_pair(header, question, answer, rows)
    if pair is None or pair[0] == pair[1]:
        return None
    return Columns(*pair, find_id(header, pair) if want.id is None else id_index)


def find_likely_names(names: Sequence[str]) -> tuple[int, int] | None:
    """Return which columns could be a question and an answer, whatever their cells are."""
    normal = [normalise(name) for name in names]
    question, answer = find_known(names, "question"), find_known(names, "answer")
    if question is None and answer is None:
        return _find_article(normal)
    if question is not None and answer is not None:
        return question, answer
    known = answer if question is None else question
    likely = LIKELY_QUESTIONS if question is None else LIKELY_ANSWERS
    others = [at for at, name in enumerate(normal) if at != known and name in likely]
    if len(others) != 1:
        others = [at for at, name in enumerate(names) if at != known and is_free_name(name)]
    if known is None or len(others) != 1:
        return None
    return (others[0], known) if question is None else (known, others[0])


def _find_pair(
    header: Sequence[str],
    question: int | None,
    answer: int | None,
    rows: Sequence[Sequence[str]],
) -> tuple[int, int] | None:
    given = question is not None or answer is not None
    if not given:
        question, answer = find_known(header, "question"), find_known(header, "answer")
    names = [normalise(name) for name in header]
    looks = look_at_columns(rows, len(header))
    if question is None and answer is None:
        article = None if any(map(mentions_known, header)) else _find_article(names)
        return article if article and _is_article(looks, *article) else None
    if question is not None and answer is not None:
        fits = max(question, answer) < len(looks) and looks[question].is_text
        return (question, answer) if fits and _may_answer(looks[answer]) else None
    if question is not None:
        found = _find_other(names, looks, question, LIKELY_ANSWERS, _may_answer)
        if found is None and not given:
            found = _find_second(header, looks, question, _is_answer)
        return None if found is None else (question, found)
    assert answer is not None  # noqa: S101, for the type checker: one of both is known
    found = _find_other(names, looks, answer, LIKELY_QUESTIONS, _may_ask)
    if found is None:
        found = _find_asking(header, looks, answer)
    if found is None and not given:
        found = _find_second(header, looks, answer, _may_ask)
    return None if found is None else (found, answer)


def find_known(header: Sequence[str], role: str) -> int | None:
    """Return the only column whose name has that role, or at least has a word that says so."""
    names = [normalise(name) for name in header]
    found = [
        index
        for index, name in enumerate(header)
        if find_role(name) == role and means_itself(names[index], names)
    ]
    whole = [index for index in found if names[index] in QUESTIONS or names[index] in ANSWERS]
    found = whole or found or [at for at, name in enumerate(header) if find_mention(name) == role]
    return found[0] if len(found) == 1 else None


def _find_other(
    names: Sequence[str],
    looks: Sequence[Look],
    known: int,
    likely: frozenset[str],
    fits: Callable[[Look], bool],
) -> int | None:
    """Return the only other column that has a likely name and cells that fit."""
    found = [at for at, look in enumerate(looks) if at != known and names[at] in likely]
    found = [at for at in found if means_itself(names[at], names) and fits(looks[at])]
    return found[0] if len(found) == 1 else None


def _find_second(
    header: Sequence[str], looks: Sequence[Look], known: int, fits: Callable[[Look], bool]
) -> int | None:
    """Return the other one of two columns if its name and its cells do not speak against it."""
    named = [at for at, name in enumerate(header) if visible_text(name)]
    if len(named) != 2 or known not in named:
        return None
    (other,) = (at for at in named if at != known)
    if other >= len(looks) or not is_free_name(header[other]):
        return None
    return other if looks[other].keywords < 0.5 and fits(looks[other]) else None


def _find_asking(header: Sequence[str], looks: Sequence[Look], answer: int) -> int | None:
    """Return the only column whose cells are mostly questions."""
    found = [
        at
        for at, look in enumerate(looks)
        if at != answer and look.is_text and look.questions >= MOST_QUESTIONS
    ]
    return found[0] if len(found) == 1 and is_free_name(header[found[0]]) else None


def _find_article(names: Sequence[str]) -> tuple[int, int] | None:
    """Return where a title and a body are; the best name of each counts."""
    titles = [names.index(name) for name in TITLES if name in names]
    bodies = [names.index(name) for name in BODIES if name in names]
    return (titles[0], bodies[0]) if titles and bodies else None


def _is_article(looks: Sequence[Look], title: int, body: int) -> bool:
    if max(title, body) >= len(looks):
        return False
    asked = looks[title].is_text and looks[title].questions >= MOST_QUESTIONS
    return asked and looks[body].is_text and looks[body].questions < SOME_QUESTIONS


def _may_answer(look: Look) -> bool:
    return look.is_text and look.questions < 0.5


def _is_answer(look: Look) -> bool:
    return _may_answer(look) and (look.sentences >= SOME_QUESTIONS or look.chars >= _ANSWER_CHARS)


def _may_ask(look: Look) -> bool:
    return look.is_text
