"""Checks a collection: reads its newest items and their vectors, and judges each pair that is near.

10,000 items take some seconds. One check runs at a time in a process, and the last ones are kept
until their collections change.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

import store.collections
import store.contents
from embeddings import FloatArray
from messages import Explained, Message, say, say_count
from services.abbreviations import expand_abbreviations
from services.checks import (
    SAME_WORDS_SHARE,
    Entry,
    Finding,
    Kind,
    check_texts,
    choose_share,
    differ,
    find_mergeable,
    find_not_first,
    judge_near,
    make_answer_key,
    order_findings,
)
from services.neighbours import find_near, measure_margins
from services.search import Asked, Query, Searcher, inspect
from store.collections import Collection
from store.contents import PAIR, StoredItem, StoredVectors
from store.models import Constants
from store.search import Hit
from texts import answer_hash
from turns import EmbedderBusy

logger = logging.getLogger(__name__)

# So many of the newest items are checked.
MOST_ITEMS = 20_000
# So many findings of a kind are kept; all are counted.
MOST_FINDINGS = 2_000
# Of each wording, so many near ones are judged; of each answer, so many items.
MOST_NEAR = 10
# So many near pairs are judged in all, which takes some ten seconds.
MOST_JUDGED = 50_000
MOST_OF_ANSWER = 200
# A search is made for the own questions of so many items: those that are least apart from another,
# by less than so many of the model's spreads.
MOST_ASKED = 300
SUSPECT_SPREADS = 3.0
KEPT_REPORTS = 4
WAIT_SECONDS = 5.0
RETRY_SECONDS = 10

_NOT_MEASURED = say(
    "The model is new and its distances are being measured, so only the texts were compared: check "
    "again in a moment."
)
_LEFT_OUT = say(
    "So many questions are near each other that only a part of the pairs was compared: mend what "
    "was found, and check again."
)
_NOT_ASKED = say("The model fails on some questions, so no item was asked its own question.")


class CheckBusy(Explained):
    """Another check runs; `retry_after` is in seconds."""

    retry_after = RETRY_SECONDS


@dataclass(frozen=True)
class Report:
    """What a check found: `checked` of `items` items were looked at, the newest.

    `counts` are all findings by kind, of which `findings` has the first of each.
    """

    items: int
    checked: int
    findings: Sequence[Finding]
    counts: Mapping[Kind, int]
    warnings: Sequence[Message]


class Checker:
    """Checks collections, one at a time, and keeps the last reports. Thread-safe."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._running = threading.Lock()
        self._kept: LRUCache[str, tuple[Collection, bool, Report]] = LRUCache(KEPT_REPORTS)

    def check(self, name: str) -> Report | None:
        """Return the report on a collection; None if it holds no items.

        Raises CheckBusy where another check takes longer than WAIT_SECONDS, and EmbedderBusy.
        """
        found = store.collections.get_collection(self._searcher.pool, name)
        if found is None:
            return None
        if not self._running.acquire(timeout=WAIT_SECONDS):
            raise CheckBusy(say("Another check of a collection runs."))
        try:
            return self._check(found)
        finally:
            self._running.release()

    def _check(self, found: Collection) -> Report:
        constants = self._searcher.calibration.get_constants()
        kept = self._kept.get(found.name)
        if kept is not None and kept[:2] == (found, constants is not None):
            return kept[2]
        report = _make_report(self._searcher, found, constants)
        # What the model failed on may be found the next time.
        if _NOT_ASKED not in report.warnings:
            self._kept[found.name] = (found, constants is not None, report)
        return report


def _make_report(searcher: Searcher, found: Collection, constants: Constants | None) -> Report:
    items = store.contents.read_items(searcher.pool, found.name, MOST_ITEMS)
    entries = {item.id: _make_entry(item) for item in items}
    findings = check_texts([*entries.values()])
    warnings: list[Message] = []
    if constants is None:
        warnings.append(_NOT_MEASURED)
    else:
        stored = store.contents.read_vectors(searcher.pool, searcher.model, [*entries])
        comparison = _Comparison(entries, stored, constants)
        findings += comparison.find_near()
        findings += comparison.find_mergeable()
        warnings += [_LEFT_OUT] * comparison.left_out
        findings += _ask(searcher, found.name, comparison, findings, warnings)
        warnings += _name_missing(len(entries) - len(comparison.questions))
    ordered = order_findings(findings)
    counts = Counter[Kind](finding.kind for finding in ordered)
    return Report(found.items, len(entries), _cut(ordered), counts, warnings)


def _make_entry(item: StoredItem) -> Entry:
    return Entry(
        number=item.id,
        external_id=item.external_id,
        wordings=[item.question, *item.alternatives],
        answer=item.answer,
        ending=item.ending,
        length=item.length,
        answer_key=make_answer_key(item.answer, item.length, item.answer_hash),
    )


def _name_missing(missing: int) -> list[Message]:
    if not missing:
        return []
    return [
        say_count(
            "{items} items have no vectors of the model that runs, so only their texts were "
            "compared: upload their files again.",
            "items",
            items=missing,
        )
    ]


def _cut(findings: Iterable[Finding]) -> list[Finding]:
    """Return the first MOST_FINDINGS of each kind."""
    seen: Counter[str] = Counter()
    kept = []
    for finding in findings:
        seen[finding.kind] += 1
        if seen[finding.kind] <= MOST_FINDINGS:
            kept.append(finding)
    return kept


class _Comparison:
    """The entries with their vectors. `questions` are the rows of their own questions, by id.

    `left_out` says whether a bound left out pairs.
    """

    def __init__(
        self, entries: Mapping[int, Entry], stored: StoredVectors, constants: Constants
    ) -> None:
        self.entries = entries
        self.left_out = False
        self._places = {number: place for place, number in enumerate(entries)}
        self.constants = constants
        self._background = max(1 - constants.top, 1e-3)
        is_wording = (stored.numbers != PAIR) & np.array(
            [
                number < len(entries[item].wordings)
                for item, number in zip(stored.items.tolist(), stored.numbers.tolist(), strict=True)
            ],
            bool,
        )
        self._wordings = stored.vectors[is_wording]
        self._owners: NDArray[np.int64] = stored.items[is_wording]
        self._numbers = stored.numbers[is_wording]
        own = np.flatnonzero(self._numbers == 0)
        self.questions = dict(zip(self._owners[own].tolist(), own.tolist(), strict=True))
        is_pair = stored.numbers == PAIR
        self._pairs = dict(
            zip(stored.items[is_pair].tolist(), np.flatnonzero(is_pair).tolist(), strict=True)
        )
        self._vectors = stored.vectors

    def find_near(self) -> Iterator[Finding]:
        """Yield the near questions with different answers, of the first MOST_JUDGED pairs."""
        least = 1 - SAME_WORDS_SHARE * self._background
        pairs = find_near(self._wordings, self._owners, least, MOST_NEAR)
        for row, other, cosine in islice(pairs, MOST_JUDGED):
            share = (1 - cosine) / self._background
            texts = (self._read(row), self._read(other))
            one, second = (self.entries[int(self._owners[each])] for each in (row, other))
            if self._places[one.number] > self._places[second.number]:
                one, second = second, one
            finding = judge_near(one, second, texts, share)
            if finding is not None:
                yield finding
        self.left_out |= next(pairs, None) is not None

    def find_mergeable(self) -> Iterator[Finding]:
        """Yield the near questions with one answer that says something."""
        by_answer: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries.values():
            if entry.number in self.questions and entry.fault != "empty_answer":
                by_answer[entry.answer_key].append(entry)
        for same in by_answer.values():
            self.left_out |= len(same) > MOST_OF_ANSWER
            yield from self._group(same[:MOST_OF_ANSWER])

    def _group(self, same: list[Entry]) -> Iterator[Finding]:
        """Yield each first entry with those that are near it, and go on with the others."""
        while len(same) > 1:
            first, *others = same
            least = 1 - choose_share(first) * self._background
            own = self._wordings[self.questions[first.number]]
            rows = self._wordings[[self.questions[one.number] for one in others]]
            cosines = (rows @ own).tolist()
            near = [
                one
                for one, cosine in zip(others, cosines, strict=True)
                if cosine >= least and not differ(first.question, one.question)
            ]
            if near:
                yield find_mergeable([first, *near])
            same = [one for one in others if one not in near]

    def list_suspects(self) -> list[Entry]:
        """Return the entries that are least apart from another one, at most MOST_ASKED."""
        both = [item for item in self.questions if item in self._pairs]
        if len(both) < 2:
            return []
        questions: FloatArray = self._wordings[[self.questions[item] for item in both]]
        pairs: FloatArray = self._vectors[[self._pairs[item] for item in both]]
        margins = measure_margins(questions, pairs) / self.constants.spread
        nearest = np.argsort(margins, kind="stable")[:MOST_ASKED]
        return [
            self.entries[both[place]]
            for place in nearest.tolist()
            if margins[place] < SUSPECT_SPREADS
        ]

    def _read(self, row: int) -> str:
        return self.entries[int(self._owners[row])].wordings[int(self._numbers[row])]


def _ask(
    searcher: Searcher,
    name: str,
    comparison: _Comparison,
    findings: Sequence[Finding],
    warnings: list[Message],
) -> list[Finding]:
    """Search for the suspects' own questions, and return those that find another item."""
    suspects = comparison.list_suspects()
    if not suspects:
        return []
    texts = [expand_abbreviations(entry.question) for entry in suspects]
    try:
        vectors = searcher.embeddings.embed_queries_aside(texts)
    except EmbedderBusy:
        raise
    except Exception:
        logger.exception("A check can't embed the questions of %s", name)
        warnings.append(_NOT_ASKED)
        return []
    told = {finding.numbers for finding in findings}
    found = []
    for entry, text, vector in zip(suspects, texts, vectors, strict=True):
        query = Query(entry.question, limit=1, collections=[name])
        hit = inspect(searcher, Asked(query, text, vector)).judgement.best
        if hit is None or hit.id == entry.number:
            continue
        best = comparison.entries.get(hit.id) or _describe_hit(hit)
        pair = {entry.number, hit.id}
        if best.answer_key != entry.answer_key and not any(map(pair.issubset, told)):
            found.append(find_not_first(entry, best))
    return found


def _describe_hit(hit: Hit) -> Entry:
    """Return an item that is older than those that are checked."""
    answer, length = hit.answer[: store.contents.TEXT_CHARS], len(hit.answer)
    ending = hit.answer[-store.contents.ENDING_CHARS :]
    key = make_answer_key(answer, length, str(uuid.UUID(answer_hash(hit.answer))))
    return Entry(hit.id, None, [hit.question], answer, ending, length, key)
