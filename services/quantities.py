"""Numbers with what is written close to them, taken apart: 300mega is 300 and mega, 2ª is 2.

For what turns the meaning alone: `split_words` keeps them as codes, and so does the relevance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.wording import split_words

# A unit or a thing of three letters or more; "300m" may be a model. Ordinals end with a or o, for
# the accents are gone by then: 2ª, 2a, 3os.
_UNIT = re.compile(r"(\d+)([a-z]{3,})")
_ORDINAL = re.compile(r"(\d{1,2})(?:a|o|as|os)")


def split_quantities(text: str) -> list[str]:
    """Return the words and codes of a text, and its numbers as words of their own."""
    return [part for word in split_words(text) for part in _take_apart(word)]


def _take_apart(word: str) -> Sequence[str]:
    if not word[:1].isdigit():
        return (word,)
    if unit := _UNIT.fullmatch(word):
        return unit[1], unit[2]
    ordinal = _ORDINAL.fullmatch(word)
    return (word,) if ordinal is None else (ordinal[1],)
