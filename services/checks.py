"""A check of a collection's content: what of it will give wrong answers, or none.

| kind | severity | what was found |
|---|---|---|
| same_question | high | the same question has different answers |
| empty_answer | high | an answer says nothing (services/answer_faults.py) |
| near_duplicate | medium | two near questions have the same words, the answers differ |
| near_duplicate | low | two very near questions differ in a word, the answers differ |
| not_first | medium | a search for an item's own question gives another item with another answer |
| mergeable | low | the same question with the same answer twice; near questions with one answer |
| cut_off_answer | low | an answer seems to end in the middle of a sentence |

A pair that another finding has, alone or among others, is no `not_first`.

Texts are the same without regard to case, accents and marks around them. Questions that differ in a
code or in an opposite (services/conflicts.py) are not near. How near counts as near is a share of
the distance at which the model puts texts that have nothing to do with each other (1 - `top`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from messages import Message, say
from services.answer_faults import find_fault, simplify
from services.conflicts import find_difference
from services.wording import Wording
from store.contents import TEXT_CHARS

Kind = Literal[
    "same_question", "near_duplicate", "not_first", "mergeable", "empty_answer", "cut_off_answer"
]
Severity = Literal["high", "medium", "low"]
SEVERITIES: Sequence[Severity] = ("high", "medium", "low")

# Of longer texts, the beginning is looked at, and of an answer the end as well.
QUESTION_CHARS = ANSWER_CHARS = TEXT_CHARS
# So many entries of one finding are named.
MOST_NAMED = 10
# Shares of the distance 1 - top. With the bundled model they are cosines of 0.927 and 0.972. On the
# shop's FAQ of the tests (124 items) and the sample (40) they find 20 of 24 planted contradictions,
# and one pair that is none: two products whose names differ in a word.
SAME_WORDS_SHARE = 0.45
NEAR_SHARE = 0.175
# An answer of so many words that two items share is one answer; "Yes." is not.
TELLING_WORDS = 8
SAME_ANSWER_SHARE = 0.6

_SAME_QUESTION = say(
    "The same question has different answers: keep one of them, or say in each question what sets "
    "it apart."
)
_NEAR = say(
    "Two questions look like one, and their answers differ: keep one of them, or say in each "
    "question what sets it apart."
)
_NOT_FIRST = say(
    "A search for the first item's own question finds the second item before it: say in the first "
    "question what it is about, or merge the two."
)
_MERGEABLE = say(
    "These questions have one answer: make one item of them, with the others as its alternatives."
)
_EMPTY = say("The answer says nothing: write it, or take the item out.")
_CUT_OFF = say("The answer seems to end in the middle of a sentence.")


@dataclass(frozen=True)
class Entry:
    """A pair to check: `number` is the id of an item, or the line of a row.

    `wordings` are the question and its alternatives. `answer` is the beginning, `ending` the end of
    an answer of `length` characters, and `answer_key` is the same for all that are the same.
    """

    number: int
    external_id: str | None
    wordings: Sequence[str]
    answer: str
    ending: str
    length: int
    answer_key: str

    @property
    def question(self) -> str:
        return self.wordings[0]

    @cached_property
    def fault(self) -> Literal["empty_answer", "cut_off_answer"] | None:
        return find_fault(self.question, self.answer, self.ending, self.length)


@dataclass(frozen=True)
class Finding:
    """What was found, with the entries that it is about; the first of them are `named`."""

    kind: Kind
    severity: Severity
    entries: Sequence[Entry]
    message: Message

    @property
    def named(self) -> Sequence[Entry]:
        return self.entries[:MOST_NAMED]

    @cached_property
    def numbers(self) -> frozenset[int]:
        return frozenset(entry.number for entry in self.entries)


def make_answer_key(answer: str, length: int, answer_hash: str) -> str:
    """Return what is the same for all answers that are the same; `answer` may be a beginning."""
    return simplify(answer) if length <= ANSWER_CHARS else answer_hash


def check_texts(entries: Sequence[Entry]) -> list[Finding]:
    """Return what the texts alone tell."""
    return [*_find_faults(entries), *_find_same_questions(entries)]


def _find_faults(entries: Iterable[Entry]) -> Iterator[Finding]:
    for entry in entries:
        if entry.fault == "empty_answer":
            yield Finding("empty_answer", "high", [entry], _EMPTY)
        elif entry.fault == "cut_off_answer":
            yield Finding("cut_off_answer", "low", [entry], _CUT_OFF)


def _find_same_questions(entries: Iterable[Entry]) -> Iterator[Finding]:
    by_wording: dict[str, dict[int, Entry]] = defaultdict(dict)
    for place, entry in enumerate(entries):
        for wording in entry.wordings:
            # Of a longer one, this is the beginning alone.
            if len(wording) < QUESTION_CHARS:
                by_wording[simplify(wording)][place] = entry
    told = set()
    for same in by_wording.values():
        places = frozenset(same)
        if len(same) > 1 and places not in told:
            told.add(places)
            yield _judge_same([*same.values()])


def _judge_same(same: Sequence[Entry]) -> Finding:
    """Return the finding on entries of one question; those with different answers come first."""
    first_of: dict[str, Entry] = {}
    for entry in same:
        first_of.setdefault(entry.answer_key, entry)
    if len(first_of) == 1:
        return Finding("mergeable", "low", same, _MERGEABLE)
    different = [*first_of.values()]
    first = {entry.number for entry in different}
    others = [entry for entry in same if entry.number not in first]
    return Finding("same_question", "high", [*different, *others], _SAME_QUESTION)


def judge_near(one: Entry, other: Entry, texts: tuple[str, str], share: float) -> Finding | None:
    """Return the finding on two entries with such wordings at such a share of the distance."""
    if one.answer_key == other.answer_key or share > SAME_WORDS_SHARE:
        return None
    if simplify(texts[0]) == simplify(texts[1]):
        return None  # the same question
    alone = _count_alone(*texts)
    if alone > 1 or (alone == 1 and share > NEAR_SHARE) or differ(*texts):
        return None
    return Finding("near_duplicate", "low" if alone else "medium", [one, other], _NEAR)


def _count_alone(one: str, other: str) -> int:
    """Return how many words that say something one of two texts has alone, by their stems."""
    left, right = Wording(one).stems, Wording(other).stems
    if not left or not right:
        return 1
    return max(len(left - right), len(right - left))


def differ(one: str, other: str) -> bool:
    """Return whether two questions differ in a code or in an opposite."""
    difference = find_difference(one, other, "")
    codes = difference.codes
    return difference.opposite or bool(codes.asked or codes.stored)


def choose_share(entry: Entry) -> float:
    """Return how far from each other the questions of two items with this answer may be."""
    telling = len(entry.answer.split()) >= TELLING_WORDS
    return SAME_ANSWER_SHARE if telling else NEAR_SHARE


def find_not_first(entry: Entry, best: Entry) -> Finding:
    """Return the finding on an entry whose own question finds `best` before it."""
    return Finding("not_first", "medium", [entry, best], _NOT_FIRST)


def find_mergeable(entries: Sequence[Entry]) -> Finding:
    """Return the finding on entries with near questions and one answer."""
    return Finding("mergeable", "low", entries, _MERGEABLE)


def order_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with the most severe first, each set of entries once for its kind."""
    kept: dict[tuple[str, frozenset[int]], Finding] = {}
    for finding in sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)):
        kept.setdefault((finding.kind, finding.numbers), finding)
    return [*kept.values()]
