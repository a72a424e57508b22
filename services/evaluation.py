"""Evaluations: a collection is asked a file of questions whose right answers are known.

| expected | the question is right if the first item by relevance |
|---|---|
| an item's id in its file | is that item |
| else a stored question | is an item with this question |
| else a stored answer | is an item with this answer |
| else another wording of a stored question | is an item with this wording |
| else like one of these, but for case and spaces | is that item, if it is like only one |
| empty, or `none` | does not matter: nothing should be answered |
| anything else | the row is rejected: unknown_expected |

A question that the model fails on is rejected alone: embedding_failed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import store.evaluations
from messages import say
from services.abbreviations import expand_abbreviations
from services.confidence import DEFAULT_THRESHOLDS
from services.figures import Outcome, compare, count_decisions, list_misses, sum_up
from services.fitting import fit_thresholds, foresee
from services.search import Asked, Inspection, Query, Searcher, inspect
from store.evaluations import Target
from store.rejections import RejectedRow
from store.thresholds import Thresholds
from texts import answer_hash, question_hash

# So many questions are embedded, then asked. It takes a slow machine some seconds.
STEP = 32


@dataclass(frozen=True)
class Case:
    """A question and what is expected of it; empty if nothing should be answered."""

    line: int
    question: str
    expected: str


@dataclass(frozen=True)
class Run:
    """What an evaluation found.

    `rejected` are the cases that no item fits, and those that the model fails on.
    """

    result: dict[str, Any]
    outcomes: list[Outcome]
    rejected: list[RejectedRow]


def run_evaluation(
    searcher: Searcher,
    job_id: uuid.UUID,
    collection: str,
    cases: Sequence[Case],
    progress: Callable[[int], None],
) -> Run:
    """Ask the collection all questions and return the figures.

    Before each question, `progress` is told how many are done. Raises EmbedderBusy,
    DatabaseUnavailable, and what `progress` raises.
    """
    known, rejected = resolve_cases(searcher, collection, cases)
    outcomes: list[Outcome] = []
    used = DEFAULT_THRESHOLDS
    for start in range(0, len(known), STEP):
        part = known[start : start + STEP]
        for (case, items), found in zip(part, ask_cases(searcher, collection, part), strict=True):
            progress(len(outcomes))
            if found is None:
                rejected.append(_reject_failed(case))
                continue
            outcomes.append(judge_case(case, items, found))
            used = found.judgement.thresholds
    if not outcomes:
        return Run({}, [], rejected)
    result = _describe(outcomes, used)
    last = store.evaluations.find_last(searcher.pool, collection, job_id)
    result["since_last"] = None if last is None else compare(result, outcomes, *last)
    return Run(result, outcomes, rejected)


def _describe(outcomes: Sequence[Outcome], used: Thresholds) -> dict[str, Any]:
    fitted = fit_thresholds(outcomes, used)
    result = sum_up(outcomes) | {"misses": list_misses(outcomes), "thresholds": asdict(used)}
    result |= {"fitted": None, "fitted_decisions": None}
    if fitted is not None:
        thresholds, error = fitted
        result["fitted"] = asdict(thresholds) | {"calibration_error": error}
        foreseen = foresee(outcomes, thresholds, used.constant)
        result["fitted_decisions"] = count_decisions(foreseen)
    return result


def ask_cases(
    searcher: Searcher, collection: str, cases: Sequence[tuple[Case, set[int]]]
) -> Iterator[Inspection | None]:
    """Ask the questions of cases, and yield what was found for one after the other.

    None stands for a question that the model fails on.
    """
    texts = [expand_abbreviations(case.question) for case, _ in cases]
    vectors = searcher.embeddings.embed_each_aside(texts)
    for (case, _), text, vector in zip(cases, texts, vectors, strict=True):
        query = Query(case.question, limit=1, collections=[collection])
        yield None if vector is None else inspect(searcher, Asked(query, text, vector))


def judge_case(case: Case, items: set[int], found: Inspection) -> Outcome:
    """Return what became of a case of which `items` are right."""
    judgement, best = found.judgement, found.judgement.best
    sure = judgement.confidence.shown >= judgement.thresholds.answer
    return Outcome(
        line=case.line,
        question=case.question,
        expected=case.expected,
        decision=judgement.decision,
        confidence=judgement.confidence.first,
        among_three=judgement.confidence.among_three,
        place=_find_place(items, [one.candidate.hit.id for one in found.ranked]),
        near_place=_find_place(items, [hit.id for hit in found.nearest]),
        got=None if best is None else {"id": best.id, "question": best.question},
        items=tuple(sorted(items)),
        held_back=sure and judgement.decision == "ambiguous",
    )


def _find_place(items: set[int], order: Sequence[int]) -> int | None:
    return next((n for n, item in enumerate(order, 1) if item in items), None)


def resolve_cases(
    searcher: Searcher, collection: str, cases: Sequence[Case]
) -> tuple[list[tuple[Case, set[int]]], list[RejectedRow]]:
    """Return each case with the items that are right, and the cases that no item fits."""
    wanted = {case.expected for case in cases if case.expected}
    targets = store.evaluations.find_targets(
        searcher.pool,
        collection,
        external_ids=sorted(wanted),
        question_hashes=[question_hash(text) for text in sorted(wanted)],
        answer_hashes=[answer_hash(text) for text in sorted(wanted)],
    )
    meanings = _Meanings(targets)
    missing = sorted(text for text in wanted if not meanings.find(text))
    alike = store.evaluations.find_alike(searcher.pool, collection, missing)
    known, rejected = [], []
    for case in cases:
        items = meanings.find(case.expected) or alike.get(case.expected, set())
        if items or not case.expected:
            known.append((case, items))
        else:
            rejected.append(_reject_unknown(case))
    return known, rejected


class _Meanings:
    """The items by what may stand for them."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._ids: dict[str, set[int]] = {}
        self._questions: dict[str, set[int]] = {}
        self._answers: dict[str, set[int]] = {}
        for one in targets:
            if one.external_id is not None:
                self._ids.setdefault(one.external_id, set()).add(one.id)
            self._questions.setdefault(one.question_hash, set()).add(one.id)
            self._answers.setdefault(one.answer_hash, set()).add(one.id)

    def find(self, expected: str) -> set[int]:
        if not expected:
            return set()
        return (
            self._ids.get(expected)
            or self._questions.get(question_hash(expected))
            or self._answers.get(answer_hash(expected))
            or set()
        )


def _reject_unknown(case: Case) -> RejectedRow:
    error = say(
        "The collection has no item with this question or answer, and none whose file gave it this "
        "id."
    )
    return RejectedRow(case.line, "unknown_expected", error, [case.question, case.expected])


def _reject_failed(case: Case) -> RejectedRow:
    error = say("The model failed on the question.")
    return RejectedRow(case.line, "embedding_failed", error, [case.question, case.expected])
