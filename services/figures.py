"""The figures of an evaluation, from what became of each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.confidence import OFFERED, Decision

# The curve of reliability has so many parts of equal width.
BINS = 10
SHOWN_MISSES = 200
SHOWN_CHANGES = 50
SHOWN_ITEMS = 10


@dataclass(frozen=True)
class Outcome:
    """What became of a question.

    `place` is that of the first right item by relevance, counted from 1, and `near_place` by
    distance; None if none of the nearest is right, or nothing should be answered. `expected` is
    empty if nothing should be answered. `items` are the ids of the right ones. `held_back` says
    that the confidence was enough to answer, but something turns the meaning (conflicts.py).
    """

    line: int
    question: str
    expected: str
    decision: Decision
    confidence: float
    among_three: float
    place: int | None
    near_place: int | None
    got: dict[str, Any] | None
    items: tuple[int, ...] = ()
    held_back: bool = False

    @property
    def is_right(self) -> bool:
        """Return whether the first item by relevance is right."""
        return self.place == 1

    @property
    def is_offered(self) -> bool:
        """Return whether a right item is among the first, which are offered by asking back."""
        return self.place is not None and self.place <= OFFERED

    @property
    def kind(self) -> str:
        """Return `right`, `wrong`, `asked_back` or `passed`."""
        if self.decision == "answer":
            return "right" if self.is_right else "wrong"
        return "asked_back" if self.decision == "ambiguous" else "passed"


def sum_up(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return all figures of the outcomes: shares are 0 to 1, and null where there is nothing."""
    with_answer = [one for one in outcomes if one.expected]
    answered = [one for one in outcomes if one.decision == "answer"]
    return {
        "questions": len(outcomes),
        "with_answer": len(with_answer),
        "first": _share(one.place == 1 for one in with_answer),
        "first_by_distance": _share(one.near_place == 1 for one in with_answer),
        "among_three": _share(one.is_offered for one in with_answer),
        "mrr": _share(0 if one.place is None else 1 / one.place for one in with_answer),
        "right_among_answered": _share(one.is_right for one in answered),
        "wrong": _share(one.kind == "wrong" for one in outcomes),
        "decisions": count_decisions(outcomes),
        "offered_among_asked_back": _share(
            one.is_offered for one in with_answer if one.kind == "asked_back"
        ),
        "auc": measure_auc([one.confidence for one in outcomes], _right(outcomes)),
        "calibration_error": measure_calibration_error(
            [one.confidence for one in outcomes], _right(outcomes)
        ),
        "reliability": draw_reliability(outcomes),
    }


def count_decisions(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Return how many were right, wrong, asked back and passed, with an answer and without."""
    return {
        "with_answer": _count_kinds([one for one in outcomes if one.expected]),
        "without_answer": _count_kinds([one for one in outcomes if not one.expected]),
    }


def _right(outcomes: Sequence[Outcome]) -> list[bool]:
    return [one.is_right for one in outcomes]


def _count_kinds(outcomes: Sequence[Outcome]) -> dict[str, int]:
    kinds = [one.kind for one in outcomes]
    return {kind: kinds.count(kind) for kind in ("right", "wrong", "asked_back", "passed")}


def _share(values: Any) -> float | None:
    numbers = [float(value) for value in values]
    return round(sum(numbers) / len(numbers), 4) if numbers else None


def measure_auc(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Return the area under the ROC curve: how often a right one is surer than a wrong one."""
    # A service whose model is elsewhere starts without this library.
    from sklearn.metrics import roc_auc_score

    if len(set(right)) < 2:
        return None
    return round(float(roc_auc_score(right, confidences)), 4)


def measure_calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """Return the expected calibration error over BINS parts of equal width.

    Guo et al., "On Calibration of Modern Neural Networks" (2017), equation 3.
    """
    if not confidences:
        return None
    sure, hit = np.array(confidences), np.array(right, float)
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [
        (bins == n).mean() * abs(sure[bins == n].mean() - hit[bins == n].mean())
        for n in range(BINS)
        if (bins == n).any()
    ]
    return round(float(sum(gaps)), 4)


def draw_reliability(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return how often each part of the confidences was right."""
    parts = []
    for n in range(BINS):
        inside = [o for o in outcomes if min(int(o.confidence * BINS), BINS - 1) == n]
        parts.append(
            {
                "from": n / BINS,
                "to": (n + 1) / BINS,
                "questions": len(inside),
                "confidence": _share(one.confidence for one in inside),
                "right": _share(one.is_right for one in inside),
            }
        )
    return parts


def list_misses(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return the questions that were not answered rightly, the worst first.

    Those answered wrongly come first, and those whose right item is first, but was not sure enough,
    last. A question that nothing should answer is missed if it was answered.
    """
    missed = [
        one for one in outcomes if one.kind != "right" and (one.expected or one.kind == "wrong")
    ]
    missed.sort(key=lambda one: (one.kind != "wrong", one.is_right, one.line))
    return [
        {
            "line": one.line,
            "question": one.question,
            "expected": one.expected or None,
            "expected_ids": [*one.items[:SHOWN_ITEMS]],
            "place": one.place,
            "decision": one.decision,
            "confidence": round(one.confidence, 4),
            "got": one.got,
        }
        for one in missed[:SHOWN_MISSES]
    ]


def pack(outcomes: Sequence[Outcome]) -> list[list[Any]]:
    """Return what the next run is compared with: question, expected, place and kind of each."""
    return [[one.question, one.expected, one.place, one.kind] for one in outcomes]


_COMPARED = (
    "first", "among_three", "mrr", "right_among_answered", "wrong", "auc", "calibration_error"
)  # fmt: skip


def compare(
    now: dict[str, Any],
    outcomes: Sequence[Outcome],
    last: dict[str, Any],
    packed: Sequence[Sequence[Any]],
) -> dict[str, Any]:
    """Return how the figures moved, and which of the same questions got better or worse.

    Figures of other questions alone say nothing of these: None.
    """
    before = {(question, expected): kind for question, expected, _, kind in packed}
    both = [
        (one, before[one.question, one.expected])
        for one in outcomes
        if (one.question, one.expected) in before
    ]
    return {
        "figures": {
            name: None
            if not both or now[name] is None or last.get(name) is None
            else round(now[name] - last[name], 4)
            for name in _COMPARED
        },
        "same_questions": len(both),
        "better": _list_changes([(one, was) for one, was in both if _compare(one, was) > 0]),
        "worse": _list_changes([(one, was) for one, was in both if _compare(one, was) < 0]),
    }


# From the worst to the best.
_GRADES = {
    True: ("wrong", "passed", "asked_back", "right"),
    False: ("wrong", "asked_back", "passed"),
}


def grade(outcome: Outcome, kind: str) -> int:
    """Return how good it would be for a question to be of a kind; more is better."""
    return _GRADES[bool(outcome.expected)].index(kind)


def _compare(outcome: Outcome, was: str) -> int:
    """Return whether a question got better (more than 0) or worse than it was."""
    return grade(outcome, outcome.kind) - grade(outcome, was)


def _list_changes(changed: Sequence[tuple[Outcome, str]]) -> list[dict[str, str]]:
    return [
        {"question": one.question, "was": was, "is": one.kind}
        for one, was in changed[:SHOWN_CHANGES]
    ]
