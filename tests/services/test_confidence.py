"""The order of relevance and the estimate, against figures of the method's reference."""

from __future__ import annotations

import pytest

from services.confidence import (
    DEFAULT_THRESHOLDS,
    Candidate,
    Confidence,
    Decision,
    decide,
    estimate_confidence,
    rank_candidates,
)
from services.wording import Wording, Wordings
from store.models import Constants
from store.search import Hit
from store.thresholds import Thresholds

E5 = Constants(spread=0.03421, top=0.83848)
QUERY = Wording("quanto tempo demora a entrega")
PAIRS = [
    ("Qual o prazo de entrega?", "De 3 a 7 dias.", 0.93, 0.92),
    ("Como rastreio meu pedido?", "No menu Pedidos.", 0.84, 0.85),
    ("Quanto custa o frete?", "Informe o CEP.", 0.88, 0.86),
    ("Vocês entregam aos sábados?", "Sim, nas capitais.", 0.87, 0.89),
    ("Como cancelo?", "No menu.", 0.80, 0.82),
]


def make(n: int, question: str, answer: str, one: float, other: float) -> Candidate:
    return Candidate(Hit(n, question, answer, "c", {}, 1 - one, "question", question), one, other)


def candidates(count: int) -> list[Candidate]:
    return [make(n, *pair) for n, pair in enumerate(PAIRS[:count])]


def test_relevance_is_the_reference_s() -> None:
    ranked = rank_candidates(QUERY, candidates(5), E5, Wordings())
    assert [one.candidate.hit.id for one in ranked] == [0, 3, 2, 1, 4]
    assert [one.u for one in ranked] == pytest.approx(
        [27.514006625743, 26.084445163625, 25.753967708101, 24.786115171003, 23.794212218650],
        abs=1e-9,
    )


@pytest.mark.parametrize(
    ("count", "first"), [(1, 0.9784082626057545), (3, 0.9208192747397121), (5, 0.9398768242688906)]
)
def test_the_estimate_is_the_reference_s(count: int, first: float) -> None:
    ranked = rank_candidates(QUERY, candidates(count), E5, Wordings())
    confidence = estimate_confidence(ranked, E5)
    assert confidence.first == pytest.approx(first, abs=1e-9)
    assert confidence.among_three == confidence.first


def test_what_stands_among_rivals_is_surer_among_three() -> None:
    pairs = [
        ("Qual o prazo de entrega?", "De 3 a 7 dias.", 0.885, 0.88),
        ("Quanto tempo leva?", "Depende.", 0.883, 0.879),
        ("Quanto custa o frete?", "Informe o CEP.", 0.88, 0.88),
        ("Vocês entregam aos sábados?", "Sim, nas capitais.", 0.87, 0.86),
        ("Como cancelo?", "No menu.", 0.80, 0.82),
    ]
    ranked = rank_candidates(
        QUERY, [make(n, *pair) for n, pair in enumerate(pairs)], E5, Wordings()
    )
    confidence = estimate_confidence(ranked, E5)
    assert confidence.first == pytest.approx(0.30545125231603026, abs=1e-9)
    assert confidence.among_three == pytest.approx(0.37602104969532163, abs=1e-9)


def test_a_constant_moves_the_estimate() -> None:
    ranked = rank_candidates(QUERY, candidates(5), E5, Wordings())
    less, same, more = (estimate_confidence(ranked, E5, c).first for c in (-2.0, 0.0, 2.0))
    assert less < same < more


def test_an_estimate_stays_a_probability_whatever_the_model_gives() -> None:
    for cosine in (-1.0, 0.0, 1.0):
        ranked = rank_candidates(
            QUERY,
            [Candidate(one.hit, cosine, cosine) for one in candidates(5)],
            Constants(spread=1e-6, top=0.0),
            Wordings(),
        )
        confidence = estimate_confidence(ranked, Constants(spread=1e-6, top=0.0))
        assert 0 <= confidence.first <= confidence.among_three <= 1


@pytest.mark.parametrize(
    ("first", "three", "decision"),
    [
        (0.6, 0.9, "answer"),
        (0.599, 0.9, "ambiguous"),
        # It is shown as 0.6.
        (0.59996, 0.9, "answer"),
        (0.59994, 0.9, "ambiguous"),
        (0.1, 0.2, "ambiguous"),
        (0.1, 0.199, "none"),
    ],
)
def test_the_thresholds_decide(first: float, three: float, decision: Decision) -> None:
    assert decide(Confidence(first, three), DEFAULT_THRESHOLDS) == decision


def test_the_threshold_of_an_answer_goes_before_that_of_none() -> None:
    assert decide(Confidence(0.1, 0.1), Thresholds(answer=0.0, none=0.2)) == "answer"
