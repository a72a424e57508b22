"""The order of relevance, and how sure one may be that the first item is the right one.

A distance means little by itself: how far apart a model puts texts that have nothing to do with
each other is its own. So distances are measured in units of the model's spread. The weights and
coefficients were fitted on 13 sets of questions from 9 sources (7,793 questions with an answer,
Portuguese and English), with each set left out in turn; docs/decision.md has the figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.wording import Wording, Wordings
from store.models import Constants
from store.search import Hit
from store.thresholds import Thresholds

Decision = Literal["answer", "ambiguous", "none"]

# So many of the nearest items are put in order of relevance.
CANDIDATES = 20
DEFAULT_THRESHOLDS = Thresholds(answer=0.6, none=0.2, constant=0.0)

# Weights of the nearer and the farther of an item's two vectors, and of the wording.
NEARER, FARTHER = 0.7, 0.3
_DICE, _OVERLAP = 0.75, 0.25
# The first is compared with the mean of those up to this place.
_RIVALS = 10
# What the decision `ambiguous` offers.
OFFERED = 3
# A confidence is shown with so many digits after the point.
SHOWN_DIGITS = 4


class Candidate(NamedTuple):
    """One of the nearest items, with the cosines between the query and its two vectors.

    An item with several vectors of a kind has the cosine of the nearest.
    """

    hit: Hit
    question_cosine: float
    pair_cosine: float

    @property
    def nearer(self) -> float:
        return max(self.question_cosine, self.pair_cosine)


class Relevant(NamedTuple):
    """A candidate with its relevance `u`, in units of the model's spread."""

    candidate: Candidate
    u: float


@dataclass(frozen=True)
class Confidence:
    """How likely it is that the first is right, and that one of the first three is: 0 to 1."""

    first: float
    among_three: float

    @property
    def shown(self) -> float:
        """The first of them as callers see it, and as it is compared with their own line."""
        return round(self.first, SHOWN_DIGITS)


def rank_candidates(
    query: Wording, candidates: Sequence[Candidate], constants: Constants, wordings: Wordings
) -> list[Relevant]:
    """Return the candidates with the most relevant first; equal ones stay in their order.

    u = (0.7 max(q, p) + 0.3 min(q, p)) / spread + 0.75 dice + 0.25 overlap, with the cosines q and
    p of the question's and the pair's vector.
    """
    ranked = [
        Relevant(one, _measure_relevance(query, one, constants, wordings)) for one in candidates
    ]
    return sorted(ranked, key=lambda one: -one.u)


def _measure_relevance(
    query: Wording, candidate: Candidate, constants: Constants, wordings: Wordings
) -> float:
    farther = min(candidate.question_cosine, candidate.pair_cosine)
    cosine = NEARER * candidate.nearer + FARTHER * farther
    hit = candidate.hit
    # Of an item's wordings, the nearest one is compared.
    question = wordings.read_question(hit.matched_text or hit.question)
    answer = wordings.read_answer(candidate.hit.answer)
    wording = _DICE * query.measure_dice(question)
    wording += _OVERLAP * query.measure_overlap(question, answer)
    return cosine / constants.spread + wording


def estimate_confidence(
    ranked: Sequence[Relevant], constants: Constants, constant: float = 0.0
) -> Confidence:
    """Return the estimate for one or more candidates, which assumes that half of the questions have
    an answer.

    z says how much nearer the nearest is than background questions are; gap and third, how far the
    first stands before its rivals and before the fourth. `constant` moves the estimate of a
    collection by so many log-odds.
    """
    u = [one.u for one in ranked]
    background = constants.top / constants.spread
    z = max(one.candidate.nearer for one in ranked) / constants.spread - background
    rivals = u[1:_RIVALS] or [background]
    gap = u[0] - sum(rivals) / len(rivals)
    third = u[0] - (u[OFFERED] if len(u) > OFFERED else background)
    first = _sigmoid(0.631 * z + 1.789 * gap - 3.249 + constant)
    among_three = _sigmoid(0.704 * z + 2.429 * gap - 0.905 * third - 2.981 + constant)
    return Confidence(first, max(first, among_three))


def _sigmoid(log_odds: float) -> float:
    if log_odds < 0:
        odds = math.exp(max(log_odds, -700.0))
        return odds / (1 + odds)
    return 1 / (1 + math.exp(-log_odds))


def decide(confidence: Confidence, thresholds: Thresholds) -> Decision:
    """Return the decision by figures alone; `first` is the figure that is shown.

    | first | among three | decision |
    |---|---|---|
    | ≥ answer | any | answer |
    | < answer | < none | none |
    | < answer | ≥ none | ambiguous |
    """
    if confidence.shown >= thresholds.answer:
        return "answer"
    return "none" if confidence.among_three < thresholds.none else "ambiguous"
