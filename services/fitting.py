"""Thresholds and a constant for one collection, fitted on its evaluated questions.

The coefficients stay: twenty questions are too few for them. The constant moves the estimate, and
the thresholds are lines on the moved estimate. They are fitted on the same questions that they are
judged by, so expect a little less of new ones. What would do harm is not proposed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.confidence import DEFAULT_THRESHOLDS, SHOWN_DIGITS, Confidence, decide
from services.figures import Outcome, grade, measure_calibration_error
from store.thresholds import Thresholds

# With fewer questions nothing is fitted.
LEAST_QUESTIONS = 20
# A constant alone must make the calibration error smaller by so much.
LEAST_GAIN = 0.005
# The constant is pulled towards 0 as if by a normal distribution of this deviation, so that twenty
# questions that all went well do not make it infinite.
DEVIATION = 1.5
# So many of the answered shall be right, and so few of the questions with an answer be passed.
RIGHT_AMONG_ANSWERED = 0.95
PASSED_AMONG_OFFERED = 0.02
LOWEST_ANSWER, HIGHEST_ANSWER = 0.3, 0.95
LOWEST_NONE = 0.02


def fit_thresholds(
    outcomes: Sequence[Outcome], used: Thresholds = DEFAULT_THRESHOLDS
) -> tuple[Thresholds, float | None] | None:
    """Return thresholds with a constant, and the calibration error that the constant leaves.

    `used` are those that the questions were asked with. Of lines that decide all questions alike,
    the nearest to `used` is taken. If they decide nothing better, `used` stay, with the constant
    alone, if that makes the calibration error smaller by LEAST_GAIN. None with fewer than
    LEAST_QUESTIONS, where no line leaves enough right ones among the answered, where nothing gets
    better, and where

    | right answers | wrong answers |
    |---|---|
    | there would be none, or fewer than half as many | any |
    | there would be fewer | there would be as many or more |
    | there would be as many | there would be more |
    """
    if len(outcomes) < LEAST_QUESTIONS:
        return None
    right = [one.is_right for one in outcomes]
    before = [one.confidence for one in outcomes]
    odds = _log_odds(before) - used.constant
    constant = round(_fit_constant(odds, np.array(right)), 3)
    sure = _sigmoid(odds + constant)
    answer = _fit_answer(sure, outcomes)
    if answer is None:
        return None
    error = measure_calibration_error(sure.tolist(), right)
    none = min(_fit_none(outcomes, constant - used.constant), answer)
    fitted = Thresholds(round(answer, 3), math.floor(1000 * none) / 1000, constant)
    fitted = _move_near(outcomes, fitted, used)
    if is_better(outcomes, foresee(outcomes, fitted, used.constant)):
        return fitted, error
    alone = replace(used, constant=constant)
    gain = (measure_calibration_error(before, right) or 0.0) - (error or 0.0)
    then = foresee(outcomes, alone, used.constant)
    if gain < LEAST_GAIN or does_harm(outcomes, then) or _sum_grades(then) < _sum_grades(outcomes):
        return None
    return alone, error


def _move_near(outcomes: Sequence[Outcome], fitted: Thresholds, used: Thresholds) -> Thresholds:
    """Return the thresholds nearest to `used` that decide all questions as those fitted do."""
    moved = foresee(outcomes, fitted, used.constant)
    # An answer's line is compared with what is shown (confidence.py).
    lines = [round(one.confidence, SHOWN_DIGITS) for one in moved]
    answer = _move_line(fitted.answer, used.answer, lines)
    none = _move_line(fitted.none, used.none, [one.among_three for one in moved])
    near = replace(fitted, answer=answer, none=min(none, answer))
    decided = foresee(outcomes, near, used.constant)
    return near if [one.kind for one in decided] == [one.kind for one in moved] else fitted


def _move_line(line: float, wanted: float, values: Sequence[float]) -> float:
    """Return the line nearest to the wanted one that has the same values below it.

    It has three digits after the point, as `line` has.
    """
    low = max((one for one in values if one < line), default=0.0)
    high = min((one for one in values if one >= line), default=1.0)
    least, most = math.floor(1000 * low) + 1, math.floor(1000 * high)
    wanted = round(wanted, 3)
    if wanted > line:
        return max(min(wanted, most / 1000), line)
    return min(max(wanted, least / 1000), line)


def is_better(now: Sequence[Outcome], then: Sequence[Outcome]) -> bool:
    """Return whether other thresholds decide something better, and do no harm."""
    if does_harm(now, then):
        return False
    if any(_count(now, kind) != _count(then, kind) for kind in ("right", "wrong")):
        return True
    return _sum_grades(then) > _sum_grades(now)


def does_harm(now: Sequence[Outcome], then: Sequence[Outcome]) -> bool:
    """Return whether other thresholds give up right answers for nothing, or most or all of them."""
    right, wrong = (_count(then, kind) - _count(now, kind) for kind in ("right", "wrong"))
    if not _count(then, "right") or 2 * _count(then, "right") < _count(now, "right"):
        return True
    return wrong >= 0 if right < 0 else right == 0 and wrong > 0


def _sum_grades(outcomes: Sequence[Outcome]) -> int:
    return sum(grade(one, one.kind) for one in outcomes)


def _count(outcomes: Sequence[Outcome], kind: str) -> int:
    return sum(one.kind == kind for one in outcomes)


def foresee(
    outcomes: Sequence[Outcome], thresholds: Thresholds, used: float = 0.0
) -> list[Outcome]:
    """Return the outcomes as other thresholds would decide them.

    `used` is the constant with which they were estimated. Whether something turns the meaning is
    known only of those that were sure enough before, so a few more may be asked back.
    """
    moved = thresholds.constant - used
    first = _sigmoid(_log_odds([one.confidence for one in outcomes]) + moved)
    three = _sigmoid(_log_odds([one.among_three for one in outcomes]) + moved)
    return [
        _decide_again(one, Confidence(float(a), float(b)), thresholds)
        for one, a, b in zip(outcomes, first, three, strict=True)
    ]


def _decide_again(outcome: Outcome, sure: Confidence, thresholds: Thresholds) -> Outcome:
    decision = "none" if outcome.got is None else decide(sure, thresholds)
    if decision == "answer" and outcome.held_back:
        decision = "ambiguous"
    return replace(outcome, decision=decision, confidence=sure.first, among_three=sure.among_three)


def _log_odds(probabilities: Sequence[float]) -> NDArray[np.float64]:
    clipped = np.clip(np.array(probabilities, np.float64), 1e-9, 1 - 1e-9)
    result: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return result


def _sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = 1 / (1 + np.exp(-odds))
    return result


def _fit_constant(odds: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the most likely constant, by bisection: the slope of the likelihood only falls."""
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        slope = float(np.sum(right - _sigmoid(odds + middle))) - middle / DEVIATION**2
        low, high = (middle, high) if slope > 0 else (low, middle)
    return low


def _fit_answer(sure: NDArray[np.float64], outcomes: Sequence[Outcome]) -> float | None:
    """Return the lowest line above which enough are right; None if no line up to HIGHEST_ANSWER is
    such.

    What is held back is not answered above any line, so it counts neither as right nor as wrong.
    scikit-learn's precision_recall_curve gives the share of right ones above each confidence.
    """
    # A service whose model is elsewhere starts without this library.
    from sklearn.metrics import precision_recall_curve

    answerable = np.array([one.got is not None and not one.held_back for one in outcomes])
    right = np.array([one.is_right for one in outcomes])[answerable]
    if not right.any():
        return None
    precisions, _, lines = precision_recall_curve(right, sure[answerable])
    fitting = [
        float(line)
        for line, precision in zip(lines, precisions[:-1], strict=True)
        if precision >= RIGHT_AMONG_ANSWERED
    ]
    lowest = math.floor(1000 * min(fitting, default=1.0)) / 1000
    above = right[sure[answerable] >= HIGHEST_ANSWER]
    if lowest > HIGHEST_ANSWER and above.sum() < RIGHT_AMONG_ANSWERED * len(above):
        return None
    return min(max(lowest, LOWEST_ANSWER), HIGHEST_ANSWER)


def _fit_none(outcomes: Sequence[Outcome], moved: float) -> float:
    """Return the highest line below which nearly no question is whose answer would be offered."""
    offered = [one.among_three for one in outcomes if one.is_offered]
    if not offered:
        return DEFAULT_THRESHOLDS.none
    sure = np.sort(_sigmoid(_log_odds(offered) + moved))
    line = float(sure[int(PASSED_AMONG_OFFERED * len(sure))])
    return max(min(line, DEFAULT_THRESHOLDS.answer), LOWEST_NONE)
