"""Questions that repeat a stored question but for one part, or with two words exchanged.

Vectors and wording are then as near as they can be, and yet the part that differs may turn the
meaning. No dictionary says whether two words mean the same; the collection tells a little: if the
new word stands in the question of another item nearby, the two words mean different things there.

| the question is the stored one but for | it means something else |
|---|---|
| a part whose new word stands in another question nearby | yes |
| a name, which another word replaces | yes |
| a number, in digits or words, which another one replaces | yes |
| a word of negation, which only one side has | yes |
| two words that changed places, with others between them | yes |
| anything else | unknown: a synonym is as likely |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.function_words import NEGATIONS, NUMBERS, STOP_WORDS
from services.quantities import split_quantities
from services.wording import is_code, split_words, stem

# So many words, and so large a share of the longer text, must be the same for the rest to be a part
# that was exchanged.
LEAST_SHARED = 3
_SHARE = 0.6
# In a title, most words have a capital letter, so none of them says that it is a name.
_MOST_CAPITALS = 0.5


@dataclass(frozen=True)
class Part:
    """What stands on each side between the words that both begin and end with."""

    asked: Sequence[str]
    stored: Sequence[str]


def is_other_copy(
    query: str, question: str, new: Sequence[str], nearby: Sequence[frozenset[str]]
) -> bool:
    """Return whether the query is the stored question in another meaning, by the table above.

    `new` are the words of the query that the stored question lacks, and `nearby` the stems of the
    questions of the other items nearby.
    """
    asked, stored = split_quantities(query), split_quantities(question)
    if _is_exchanged(asked, stored):
        return True
    part = _find_part(asked, stored)
    if part is None:
        return False
    if _exchanges_number(part) or _negates(part):
        return True
    told = [word for word in part.asked if word in new]
    lost = [word for word in part.stored if _says_something(word)]
    if not told or not lost:
        return False
    return any(stem(word) in stems for word in told for stems in nearby) or _exchanges_name(
        question, lost
    )


def _find_part(asked: Sequence[str], stored: Sequence[str]) -> Part | None:
    """Return the only part in which two texts differ, which may be empty; None if they hardly share
    a word.
    """
    shortest = min(len(asked), len(stored))
    start = _count_same(asked, stored, shortest)
    end = _count_same(asked[::-1], stored[::-1], shortest - start)
    if start + end < max(LEAST_SHARED, _SHARE * max(len(asked), len(stored))):
        return None
    return Part(asked[start : len(asked) - end], stored[start : len(stored) - end])


def _count_same(one: Sequence[str], other: Sequence[str], most: int) -> int:
    """Return how many words both begin with, but for their endings; at most `most`."""
    for n in range(most):
        if one[n] != other[n] and stem(one[n]) != stem(other[n]):
            return n
    return most


def _says_something(word: str) -> bool:
    return word not in STOP_WORDS


def _exchanges_number(part: Part) -> bool:
    asked, stored = _read_numbers(part.asked), _read_numbers(part.stored)
    return bool(asked) and bool(stored) and not asked & stored


def _read_numbers(words: Sequence[str]) -> set[str]:
    return {NUMBERS.get(word, word) for word in words if word in NUMBERS or is_code(word)}


def _negates(part: Part) -> bool:
    return any(map(NEGATIONS.__contains__, part.asked)) != any(
        map(NEGATIONS.__contains__, part.stored)
    )


def _exchanges_name(question: str, lost: Sequence[str]) -> bool:
    """Return whether one of the words that were replaced stands with a capital in the question."""
    words = question.split()[1:]
    capital = [word for word in words if word[:1].isupper()]
    if len(capital) > _MOST_CAPITALS * len(words):
        return False
    names = {name for word in capital for name in split_words(word)}
    return any(word in names for word in lost)


def _is_exchanged(asked: Sequence[str], stored: Sequence[str]) -> bool:
    """Return whether two words have changed places, and other words stand between them.

    Neighbours that change places, and whole parts of a sentence, hardly change what it asks.
    """
    if len(asked) != len(stored):
        return False
    places = [n for n, (one, other) in enumerate(zip(asked, stored, strict=True)) if one != other]
    if len(places) != 2 or places[1] - places[0] < 2:
        return False
    left, right = places
    return asked[left] == stored[right] and asked[right] == stored[left]
