"""Thresholds that an evaluation proposes are none that would do harm."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.figures import Outcome, measure_calibration_error
from services.fitting import LEAST_QUESTIONS, does_harm, fit_thresholds, foresee
from store.thresholds import Thresholds


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


def test_a_line_that_gives_up_most_right_answers_is_not_proposed() -> None:
    outcomes = [outcome(0.7, True)] * 40 + [outcome(0.8, False)] * 9 + [outcome(0.9, True)] * 30
    fitted = fit_thresholds(outcomes)
    assert fitted is None or fitted[0].answer == 0.6


def test_what_would_be_offered_is_hardly_ever_passed() -> None:
    """The line is rounded down, so that it does not go over the lowest one."""
    outcomes = [outcome(0.9, True)] * 30 + [replace(outcome(0.3, True), among_three=0.37751)]
    fitted = fit_thresholds(outcomes + [outcome(0.7, False)] * 8)
    assert fitted is not None
    assert [one.kind for one in foresee(outcomes, fitted[0])].count("passed") == 0


def test_a_line_that_answers_more_rightly_is_proposed() -> None:
    outcomes = [outcome(0.5, True)] * 20 + [outcome(0.1, False)] * 20
    fitted = fit_thresholds(outcomes)
    assert fitted is not None
    assert count(foresee(outcomes, fitted[0])) == (20, 0)


def test_what_is_held_back_spoils_no_line() -> None:
    """However sure the estimate is of it, it is not answered."""
    outcomes = [outcome(0.97, False, held_back=True)] * 5 + [outcome(0.5, True)] * 20
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
        # Above 0.99 enough are right, but a line is at most 0.95, where some are wrong.
        [outcome(0.7, True)] * 30 + [outcome(0.98, False)] * 4 + [outcome(0.995, True)] * 30,
    ],
    ids=[
        "no line has enough right ones",
        "nothing is right",
        "too few questions",
        "the line would be too high",
    ],
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
        ((10, 2), (5, 1), True),
        ((10, 2), (4, 1), False),
        ((10, 2), (10, 2), True),
        ((10, 2), (12, 3), True),
    ],
)
def test_right_answers_are_given_up_for_fewer_wrong_ones_only(
    now: tuple[int, int], then: tuple[int, int], sensible: bool
) -> None:
    assert does_harm(answer(*now), answer(*then)) is not sensible


def answer(right: int, wrong: int) -> list[Outcome]:
    return [outcome(0.9, True)] * right + [outcome(0.9, False)] * wrong


def test_lines_that_decide_nothing_better_stay_as_they_are() -> None:
    """All are answered rightly already, and a lower line answers no more of them."""
    outcomes = [outcome(0.7 + n / 100, True) for n in range(LEAST_QUESTIONS)]
    fitted = fit_thresholds(outcomes)
    assert fitted is not None
    thresholds, error = fitted
    assert (thresholds.answer, thresholds.none) == (0.6, 0.2)
    assert thresholds.constant > 0
    before = measure_calibration_error([one.confidence for one in outcomes], [True] * len(outcomes))
    assert error is not None
    assert before is not None
    assert error < before


def test_what_was_applied_is_proposed_no_more() -> None:
    for outcomes in (
        [outcome(0.7 + n / 100, True) for n in range(LEAST_QUESTIONS)],
        [outcome(0.5, True)] * 20 + [outcome(0.1, False)] * 20,
        [outcome(0.9, True)] * 20 + [outcome(0.7, False)] * 8 + [outcome(0.65, True)],
    ):
        fitted = fit_thresholds(outcomes)
        assert fitted is not None
        applied = foresee(outcomes, fitted[0])
        assert fit_thresholds(applied, fitted[0]) is None


@pytest.mark.parametrize(("in_force", "nearest"), [(0.9, "above"), (0.05, "below")])
def test_of_lines_that_decide_alike_the_nearest_is_taken(in_force: float, nearest: str) -> None:
    """Lines between the wrong ones at 0.29 and the right ones at 0.5 do."""
    used = Thresholds(answer=in_force, none=0.02, constant=0.0)
    outcomes = [outcome(0.95, True)] * 19 + [outcome(0.5, True), outcome(0.05, False)] * 9
    outcomes += [outcome(0.05, False)] * 10 + [outcome(0.29, False)] * 8
    now = foresee(outcomes, used)
    fitted = fit_thresholds(now, used)
    assert fitted is not None
    answer = fitted[0].answer
    then = foresee(now, fitted[0], used.constant)
    wrong, right = (then[-1].confidence, then[19].confidence)
    assert wrong < answer <= right
    assert abs(answer - (right if nearest == "above" else wrong)) <= 0.001


def test_nothing_is_proposed_where_neither_lines_nor_constant_help() -> None:
    outcomes = [outcome(0.95, True)] * 19 + [outcome(0.05, False)] * 19
    outcomes += [outcome(0.95, False), outcome(0.05, True)]
    assert fit_thresholds(outcomes) is None
