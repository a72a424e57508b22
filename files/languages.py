"""Tells how likely a text is in the languages of the old encodings, by its pairs of letters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from files.letter_pairs import GROUPS

# Natural logarithms for what the tables below do not hold. Pairs: letters that the language has; a
# letter that it does not have; letters of two scripts. Characters: of Chinese, Japanese or Korean;
# of another script.
_RARE_PAIR, _FOREIGN_PAIR, _MIXED_PAIR = -8.5, -12.0, -14.0
_RARE_CHARACTER, _FOREIGN_CHARACTER = -10.0, -14.0

# A letter counts in two pairs, so what counts only once gets more weight.
_ONCE = 1.7

# For a capital after a small letter; for a sign between two letters.
_ODD_CASE, _INSIDE_WORD = -4.0, -8.0

_MARKS = {
    **dict.fromkeys("‘’“”–—…\u00a0", -3.5),
    **dict.fromkeys("°ºª«»¿¡•€£§©®™·", -5.0),
    **dict.fromkeys("´¨½¼¾²³±×÷¢‚„‹›¹", -8.0),
    **dict.fromkeys("、。「」『』・！？（）：；，．～【】《》〈〉\u3000　％／〜", -3.5),
}
_OTHER_MARK, _CONTROL = -11.0, -15.0
_SIGN_IN_WORD = re.compile(r"(?<=[^\W\d_])[^\w\x00-\x7f’·](?=[^\W\d_])")
_PLAIN = re.compile(r"[\x00-\x7f]+")


_BY_CHARACTER = ("zh", "tw", "ja", "ko")


def _table(groups: str, size: int) -> dict[str, float]:
    return {
        group[at : at + size].replace("_", " "): -float(level)
        for level, group in enumerate(groups.split("/"), 1)
        for at in range(0, len(group), size)
    }


_TABLES = {
    language: _table(groups, 1 if language in _BY_CHARACTER else 2)
    for language, groups in GROUPS.items()
}
_LETTERS = {
    language: {c for pair in table for c in pair if not c.isascii()}
    for language, table in _TABLES.items()
}


def likelihood(text: str, languages: Iterable[str]) -> float:
    """Return the logarithm of how likely a text is in the best of the languages.

    Only characters outside ASCII and their neighbours count, so the likelihoods of two readings
    of the same bytes can be compared.
    """
    signs = Counter(c for c in _PLAIN.sub("", text) if not _is_letter(c))
    letters = "".join(c if _is_letter(c) or c.isascii() else " " for c in text)
    pairs = Counter(pair for pair in map("".join, pairwise(letters)) if not pair.isascii())
    folded: Counter[str] = Counter()
    for pair, n in pairs.items():
        folded["".join(c.lower()[:1] if _is_letter(c) else " " for c in pair)] += n
    odd_case = sum(n for pair, n in pairs.items() if pair[0].islower() and pair[1].isupper())
    return (
        max(_in_language(language, folded, letters) for language in languages)
        + sum(_sign(c) * n for c, n in signs.items()) * _ONCE
        + len(_SIGN_IN_WORD.findall(text)) * _INSIDE_WORD
        + odd_case * _ODD_CASE
    )


def _in_language(language: str, pairs: Counter[str], text: str) -> float:
    table, letters = _TABLES[language], _LETTERS[language]
    if language in _BY_CHARACTER:
        characters = Counter(_PLAIN.sub("", text))
        beside = sum(n for pair, n in pairs.items() if _is_mixed(pair))
        alone = sum(n * _character(c, table) for c, n in characters.items())
        return alone * _ONCE + beside * _RARE_PAIR
    return sum(n * (table.get(pair) or _pair(pair, letters)) for pair, n in pairs.items())


def _pair(pair: str, letters: set[str]) -> float:
    if _is_mixed(pair):
        return _MIXED_PAIR
    return _RARE_PAIR if all(c.isascii() or c in letters for c in pair) else _FOREIGN_PAIR


def _is_mixed(pair: str) -> bool:
    """Return whether a Latin letter of ASCII stands beside a letter of another script."""
    return min(pair).isalpha() and min(pair).isascii() and max(pair) > "\u036f"


def _character(character: str, table: dict[str, float]) -> float:
    known = table.get(character)
    if known is not None:
        return known
    # No FAQ has half-width forms or characters of rare planes.
    return _RARE_CHARACTER if "\u3040" <= character <= "\ud7ff" else _FOREIGN_CHARACTER


def _is_letter(character: str) -> bool:
    return (character.isalpha() or "\u0300" <= character <= "\u0e4f") and character not in "ºªµ"


def _sign(character: str) -> float:
    if character in _MARKS:
        return _MARKS[character]
    return _CONTROL if "\x7f" <= character <= "\x9f" else _OTHER_MARK
