"""The abbreviations of Portuguese chats, which a question may hold: "vc", "qto", "nf", "hj".

They are written out in what is searched, never in what is shown. The list has no word of English,
no name and no unit, and a question in English is left as it is. Still, some are also the acronyms
of a trade (SLA, NDA): so capitals count, and so do the words of what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from services.function_words import ENGLISH, PORTUGUESE, STOP_WORDS
from services.wording import QUESTION_CHARS, split_words
from texts import visible_text

_LIST = Path(__file__).with_name("data") / "abbreviations.tsv"
# A text of no more words may be an acronym alone; a longer one in capitals is how somebody writes.
_ACRONYM_WORDS = 2


def expand_abbreviations(question: str, kept: frozenset[str] = frozenset()) -> str:
    """Return the question with its abbreviations written out, unless it is in English.

    A word with a mark and a letter or digit beside it is part of something longer (an address, a
    code, a file's name), and one after a number may be a unit: both stay. So does a word in
    capitals among others, but for the initials of what it stands for (NF, FDS). `kept` are
    abbreviations that stay as well.
    """
    pattern, meanings = _read_list()
    text = visible_text(question)
    if not pattern.search(text) or is_english(text):
        return question
    in_capitals = text.isupper() and len(text.split()) > _ACRONYM_WORDS

    def write_out(found: re.Match[str]) -> str:
        word = found[0]
        meaning = meanings.get(word.lower())
        if meaning is None:
            return word
        is_acronym = len(word) > 1 and word.isupper() and not in_capitals
        if word.lower() in kept or (is_acronym and word.lower() != _initials(meaning)):
            return word
        return meaning

    return pattern.sub(write_out, text)


def find_abbreviations(question: str, stored: Iterable[str]) -> frozenset[str]:
    """Return the abbreviations of a question that are words of what is stored, too.

    There they mean what they mean to its authors. Those for words that say nothing (vc, pra) and
    those that only miss an accent (nao) mean the same to all.
    """
    pattern, meanings = _read_list()
    found = {word.lower() for word in pattern.findall(visible_text(question))} & meanings.keys()
    telling = frozenset(word for word in found if _may_mean_more(word, meanings[word]))
    return telling.intersection(split_words(" ".join(stored))) if telling else telling


def _may_mean_more(word: str, meaning: str) -> bool:
    words = split_words(meaning)
    return words != split_words(word) and not STOP_WORDS.issuperset(words)


def _initials(meaning: str) -> str:
    return "".join(word[0] for word in meaning.split())


def is_english(text: str) -> bool:
    """Return whether a text holds more function words of English than of Portuguese."""
    words = split_words(text[:QUESTION_CHARS])
    english = sum(word in ENGLISH for word in words)
    return english > sum(word in PORTUGUESE for word in words)


@cache
def _read_list() -> tuple[re.Pattern[str], dict[str, str]]:
    _, *lines = _LIST.read_text("utf-8").splitlines()
    meanings = dict(line.split("\t") for line in lines)
    words = "|".join(sorted(map(re.escape, meanings), key=len, reverse=True))
    apart = rf"(?<![\w@#])(?<!\w[-./_:&?'’])(?<!\d )(?:{words})(?![\w@]|[-./_:&=?'’]\w)"
    # It also takes letters that look like those of the list (ſ, ı); such words have no meaning.
    return re.compile(apart, re.IGNORECASE), meanings
