"""How alike the wordings of a question and of a stored pair are: words, stems and trigrams.

No model and no dictionary: the words that the model sees, without accents, cut to stems. Only the
beginning of a long text counts, so the time is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

from services.function_words import STOP_WORDS
from texts import find_words, strip_accents

T = TypeVar("T")

# So much of a text is looked at. Real questions and nearly all answers are shorter.
QUESTION_CHARS = 1_000
ANSWER_CHARS = 5_000
# So much of an answer is read for that: markup and pictures may come before its words.
RAW_CHARS = 200_000
MOST_GROWTH = 4
# What is kept of stored questions takes so many bytes at most, and what is kept of answers as many.
KEPT_BYTES = 50_000_000
# What an entry takes, and each character of its text; measured with texts of 5 to 5,000 characters.
QUESTION_BYTES, BYTES_A_QUESTION_CHAR = 1_000, 110
ANSWER_BYTES, BYTES_AN_ANSWER_CHAR = 400, 16

# A word, or a code: letters with digits (E-1042 is one), or a number (1.000,50 is one).
_WORD = re.compile(r"[a-z]+(?:[-./]?\d+)+[a-z0-9]*|\d+(?:[.,]\d+)*[a-z]*|[^\W\d_]+")
_JOINTS = str.maketrans("", "", "-./,")


def split_words(text: str) -> list[str]:
    """Return the words and codes of a text in their order, in lower case and without accents.

    A code loses its inner marks: E-1042 and E1042 are one.
    """
    # A few letters, such as U+FDFA, are 18 letters without their marks.
    plain = strip_accents(text.lower())[: MOST_GROWTH * len(text)]
    return [word if word.isalpha() else word.translate(_JOINTS) for word in _WORD.findall(plain)]


def is_code(word: str) -> bool:
    """Return whether a word holds a digit."""
    return not word.isalpha() and any(letter.isdigit() for letter in word)


def stem(word: str) -> str:
    """Return a word's stem: its first five letters, or four, or less; a code is its own.

    So short a stem joins the forms of Portuguese and English words about as well as a stemmer, and
    needs no language.
    """
    if len(word) < 4 or is_code(word):
        return word
    if len(word) > 6:
        return word[:5]
    if len(word) > 4:
        return word[:4]
    return word[:-1] if word[-1] in "sao" else word


def find_stems(words: list[str]) -> frozenset[str]:
    """Return the stems of the words that say something."""
    return frozenset(map(stem, set(words) - STOP_WORDS))


def find_trigrams(words: list[str]) -> frozenset[str]:
    """Return the trigrams of the words, with two spaces before them and one after."""
    line = f"  {' '.join(words)} "
    return frozenset(map("".join, zip(line, line[1:], line[2:], strict=False)))


class Wording:
    """The stems and trigrams of a question."""

    __slots__ = ("stems", "trigrams")

    def __init__(self, question: str) -> None:
        words = split_words(question[:QUESTION_CHARS])
        self.stems = find_stems(words)
        self.trigrams = find_trigrams(words)

    def measure_dice(self, other: Wording) -> float:
        """Return the Dice coefficient of both sets of trigrams, 0 to 1."""
        shared = len(self.trigrams & other.trigrams)
        return 2 * shared / (len(self.trigrams) + len(other.trigrams))

    def measure_overlap(self, question: Wording, answer: frozenset[str]) -> float:
        """Return the share of this question's stems that stand in a stored question or answer."""
        if not self.stems:
            return 0.0
        unknown = self.stems - question.stems - answer
        return (len(self.stems) - len(unknown)) / len(self.stems)


class Wordings:
    """The wordings of stored texts; those that were asked for last are kept. Thread-safe.

    Reading an answer of 500 characters takes some 50 µs, and a search looks at twenty.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        """Keep what takes `most` bytes for questions, and as many for answers."""
        strip_accents("é")  # the first one takes 20 ms
        self._questions = _Kept(most, Wording, QUESTION_BYTES, BYTES_A_QUESTION_CHAR)
        self._answers = _Kept(most, _read_answer, ANSWER_BYTES, BYTES_AN_ANSWER_CHAR)

    def read_question(self, question: str) -> Wording:
        """Return the wording of a stored question."""
        return self._questions.read(question[:QUESTION_CHARS])

    def read_answer(self, answer: str) -> frozenset[str]:
        """Return the stems of a stored answer."""
        return self._answers.read(answer[:RAW_CHARS])


def _read_answer(answer: str) -> frozenset[str]:
    return find_stems(split_words(find_words(answer)[:ANSWER_CHARS]))


class _Kept(Generic[T]):
    """What was read of the texts that were asked for last: `most` bytes of it."""

    def __init__(self, most: int, read: Callable[[str], T], entry: int, char: int) -> None:
        self._read = read
        self._entry, self._char = entry, char
        self._lock = Lock()
        self._kept: LRUCache[str, tuple[int, T]] = LRUCache(most, itemgetter(0))

    def read(self, text: str) -> T:
        try:
            with self._lock:
                return self._kept[text][1]
        except KeyError:
            pass
        fresh = self._read(text)
        size = self._entry + self._char * len(text)
        if size <= self._kept.maxsize:
            with self._lock:
                self._kept[text] = (size, fresh)
        return fresh
