"""The abbreviations of Portuguese chats, which a question may hold: "vc", "qto", "nf", "hj".

They are written out in what is searched, never in what is shown. The list has no word of English,
no name and no unit, and a question in English is left as it is.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from services.function_words import ENGLISH, PORTUGUESE
from services.wording import QUESTION_CHARS, split_words
from texts import visible_text

_LIST = Path(__file__).with_name("data") / "abbreviations.tsv"


def expand_abbreviations(question: str) -> str:
    """Return the question with its abbreviations written out, unless it is in English.

    A word with a mark and a letter or digit beside it is part of something longer (an address, a
    code, a file's name), and one after a number may be a unit: both stay.
    """
    pattern, meanings = _read_list()
    text = visible_text(question)
    if not pattern.search(text) or is_english(text):
        return question
    return pattern.sub(lambda found: meanings[found[0].lower()], text)


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
    return re.compile(apart, re.IGNORECASE), meanings
