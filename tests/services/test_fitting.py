"""Thresholds that an evaluation proposes are none that would do harm."""

from __future__ import annotations

import pytest

from services.figures import Outcome
from services.fitting import LEAST_QUESTIONS, fit_thresholds, foresee, is_sensible


def outcome(confidence: float, right: bool, *, held_back: bool = False) -> Outcome:
    """Return what became of a question with the default thresholds."""
    decision = "answer" if confidence >= 0.6 and not held_back else "ambiguous"
    return Outcome(
        line=2,
        question="q",
        expected="a" if right else "",
        decision=decision,  # type: ignore[arg-type]
        confidence=confidence,
        among_three=max(confidence, 0.5),
        place=1 if right else None,
        near_place=1 if right else None,
        got={"id": 1, "question": "q"},
        held_back=held_back,
    )


def count(outcomes: list[Outcome]) -> tuple[int, int]:
    kinds = [one.kind for one in outcomes]
    return kinds.count("right"), kinds.count("wrong")


def test_a_line_that_spares_wrong_answers_is_proposed() -> None:
    outcomes = [outcome(0.9, True)] * 20 + [outcome(0.7, False)] * 8 + [outcome(0.65, True)]
    fitted = fit_thresholds(outcomes)
    assert fitted is not None
    assert count(foresee(outcomes, fitted[0])) == (20, 0)


def test_a_line_that_answers_more_rightly_is_proposed() -> None:
    outcomes = [outcome(0.5, True)] * 20 + [outcome(0.1, False)] * 20
    fitted = fit_thresholds(outcomes)
    assert fitted is not None
    assert count(foresee(outcomes, fitted[0])) == (20, 0)


def test_what_is_held_back_spoils_no_line() -> None:
    """However sure the estimate is of it, it is not answered."""
    outcomes = [outcome(0.97, False, held_back=True)] * 5 + [outcome(0.8, True)] * 20
    fitted = fit_thresholds(outcomes)
    assert fitted is not None
    assert count(foresee(outcomes, fitted[0])) == (20, 0)


@pytest.mark.parametrize(
    "outcomes",
    [
        # As in a sample of 71 questions: the surest one has no answer, and then they take turns.
        [outcome(0.96 - n / 100, n % 2 == 1) for n in range(LEAST_QUESTIONS)],
        [outcome(0.9, False)] * LEAST_QUESTIONS,
        [outcome(0.9, True)] * (LEAST_QUESTIONS - 1),
    ],
    ids=["no line has enough right ones", "nothing is right", "too few questions"],
)
def test_nothing_is_proposed_where_no_line_is_good(outcomes: list[Outcome]) -> None:
    assert fit_thresholds(outcomes) is None


@pytest.mark.parametrize(
    ("now", "then", "sensible"),
    [
        ((10, 7), (0, 0), False),
        ((10, 2), (9, 2), False),
        ((10, 2), (9, 3), False),
        ((10, 2), (10, 3), False),
        ((10, 2), (9, 1), True),
        ((10, 2), (10, 2), True),
        ((10, 2), (12, 3), True),
    ],
)
def test_right_answers_are_given_up_for_fewer_wrong_ones_only(
    now: tuple[int, int], then: tuple[int, int], sensible: bool
) -> None:
    assert is_sensible(answer(*now), answer(*then)) is sensible


def answer(right: int, wrong: int) -> list[Outcome]:
    return [outcome(0.9, True)] * right + [outcome(0.9, False)] * wrong
