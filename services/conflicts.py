"""What must not be answered without asking: another code than was asked for, or the opposite.

Vectors hardly tell E-1042 from E-1043, or to buy from to sell. The same holds for a stored question
that is asked with one part exchanged (near_copies.py). In a question in other words, an exchanged
name, another order and an open slot can't be told in this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.function_words import STOP_WORDS
from services.near_copies import is_other_copy
from services.quantities import split_quantities
from services.wording import (
    ANSWER_CHARS,
    QUESTION_CHARS,
    is_code,
    split_words,
    stem,
)

# So many different words of each question are compared with each other.
MOST_WORDS = 60
# Longer words are compared by their stems alone.
MOST_LETTERS = 40
# Word and word with such a prefix are opposites ("fazer" and "desfazer").
_PREFIXES = ("des", "dis", "un", "in", "im", "ir")
# What stands after one of these may have another ending ("ativar" and "desativação").
_FREE_PREFIXES = ("des", "dis", "un")
# Words that differ by such a prefix are different words, not slips of the pen.
_TELLING_PREFIXES = (*_PREFIXES, "i", "non", "anti", "de", "re")
# The beginnings of opposites, or of things of one kind that are easily exchanged.
_OPPOSITES = tuple(
    tuple(pair.split())
    for pair in """
    compr vend, vende compr, ativ desat, ligar deslig, aumen dimin, subir baixa, subiu baixo
    entra sair, abrir fecha, antes depoi, credi debit, fisic jurid, mensa anual, trime anual
    trime mensa, pix bolet, ganh perd, envia receb, inclu exclu, adici remov, prime ultim
    minim maxim, mais menos, usado novo, atac varej, andro iphon, andro windo, iphon windo
    whats teleg, chat telef, login logou, site loja, email sms, cidad capit, inter capit
    buy sell, open close, incre decre, enabl disab, activ deact, befor after, month yearl
    month annua, with witho, first last, add remov, send recei, more less, new used
    """.replace("\n", ",").split(",")
    if pair.strip()
)


@dataclass(frozen=True)
class Codes:
    """The codes in which a question and a stored pair differ: what each has alone."""

    asked: Sequence[str]
    stored: Sequence[str]

    def conflict(self, rare: frozenset[str]) -> bool:
        """Return whether those that are rare in the collection are a reason to ask back.

        A code with letters that the pair lacks is one, and so are two numbers that differ.
        """
        asked = [code for code in self.asked if code in rare]
        stored = [code for code in self.stored if code in rare]
        has_letters = any("a" <= letter <= "z" for code in asked for letter in code)
        return has_letters or bool(asked and stored)


@dataclass(frozen=True)
class Difference:
    """How a question differs from a stored pair, as far as it matters."""

    opposite: bool
    codes: Codes


def find_difference(
    query: str, question: str, answer: str, nearby: Sequence[frozenset[str]] = ()
) -> Difference:
    """Compare a query with a stored question and its answer.

    `nearby` are the stems of the questions of the other items nearby.
    """
    asked = _list_words(query[:QUESTION_CHARS])
    stored = _list_words(question[:QUESTION_CHARS])
    only_asked, only_stored = _take_away(asked, stored), _take_away(stored, asked)
    codes = Codes(
        asked=_without(_list_codes(only_asked), answer),
        stored=_list_codes(only_stored),
    )
    opposite = _hold_opposites(only_asked, only_stored) or is_other_copy(
        query[:QUESTION_CHARS], question[:QUESTION_CHARS], only_asked, nearby
    )
    return Difference(opposite, codes)


def _list_words(text: str) -> list[str]:
    """Return the different words that say something, the codes among them first."""
    words = dict.fromkeys(word for word in split_quantities(text) if word not in STOP_WORDS)
    return sorted(words, key=lambda word: not is_code(word))[:MOST_WORDS]


def _list_codes(words: Sequence[str]) -> list[str]:
    return [word for word in words if is_code(word) and len(word) > 1]


def _without(codes: list[str], answer: str) -> list[str]:
    """Return the codes that the answer does not hold."""
    if not codes:
        return []
    held = {*split_words(answer[:ANSWER_CHARS]), *split_quantities(answer[:ANSWER_CHARS])}
    return [code for code in codes if code not in held]


def _take_away(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the words that none of the others is, but for an ending or a slip of the pen."""
    stems = {stem(other) for other in others}
    return [
        word
        for word in words
        if stem(word) not in stems and not any(_is_slip(word, other) for other in others)
    ]


def _is_slip(one: str, other: str) -> bool:
    """Return whether two words with different stems differ by one edit, or two if both are long."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < 4 or len(longer) - len(shorter) > 2 or len(longer) > MOST_LETTERS:
        return False
    most = 2 if len(shorter) >= 7 else 1
    # An edit exchanges one letter at most: a quick look that spares nearly all pairs the rest.
    if len(set(one) ^ set(other)) > 2 * most or is_code(one) or is_code(other):
        return False
    if any(longer == prefix + shorter for prefix in _TELLING_PREFIXES):
        return False
    return _is_within(one, other, most)


def _is_within(one: str, other: str, edits: int) -> bool:
    """Return whether the Levenshtein distance is at most `edits`, by trying at each difference."""
    pairs = enumerate(zip(one, other, strict=False))
    same = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
    one, other = one[same:], other[same:]
    if not one or not other or not edits:
        return len(one) + len(other) <= edits
    left = edits - 1
    return (
        _is_within(one[1:], other[1:], left)
        or _is_within(one[1:], other, left)
        or _is_within(one, other[1:], left)
    )


def _hold_opposites(asked: Sequence[str], stored: Sequence[str]) -> bool:
    """Return whether a word of one side is the opposite of a word of the other."""
    if _hold_negations(asked, stored) or _hold_negations(stored, asked):
        return True
    return any(
        (_begin(asked, left) and _begin(stored, right))
        or (_begin(asked, right) and _begin(stored, left))
        for left, right in _OPPOSITES
    )


def _begin(words: Sequence[str], beginning: str) -> bool:
    return any(word.startswith(beginning) for word in words)


def _hold_negations(words: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether a word is one of the others with a prefix that turns its meaning."""
    known, stems = set(others), {stem(other) for other in others}
    for word in words:
        for prefix in _PREFIXES:
            rest = word.removeprefix(prefix)
            if rest == word:
                continue
            if rest in known:
                return True
            if prefix in _FREE_PREFIXES and len(rest) > 3 and stem(rest) in stems:
                return True
    return False
