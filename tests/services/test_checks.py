"""What a check finds in texts, and in pairs that are near."""

from __future__ import annotations

import pytest

from services.checks import (
    MOST_NAMED,
    NEAR_SHARE,
    SAME_WORDS_SHARE,
    Entry,
    check_texts,
    choose_share,
    find_mergeable,
    judge_near,
    make_answer_key,
    order_findings,
)

BARELY = 1e-6


def make(number: int, question: str, answer: str, *alternatives: str) -> Entry:
    key = make_answer_key(answer, len(answer), answer)
    return Entry(number, None, [question, *alternatives], answer, answer, len(answer), key)


def describe(entries: list[Entry]) -> list[tuple[str, str, list[int]]]:
    return [
        (one.kind, one.severity, [entry.number for entry in one.entries])
        for one in order_findings(check_texts(entries))
    ]


def test_the_same_question_with_different_answers_comes_first() -> None:
    entries = [
        make(1, "Where is it?", "It lies there and"),
        make(2, "How do I pay?", "By card."),
        make(3, "Como pago", "-"),
        make(4, "how do I PAY", "In cash."),
    ]
    assert describe(entries) == [
        ("empty_answer", "high", [3]),
        ("same_question", "high", [2, 4]),
        ("cut_off_answer", "low", [1]),
    ]


def test_another_wording_is_a_question_as_well() -> None:
    entries = [make(1, "Payment", "By card.", "How do I pay?"), make(2, "How do I pay?", "Cash.")]
    assert describe(entries) == [("same_question", "high", [1, 2])]


def test_the_same_pair_twice_is_mergeable() -> None:
    entries = [make(1, "How do I pay?", "By card."), make(2, "How do I pay", "by card")]
    assert describe(entries) == [("mergeable", "low", [1, 2])]


def test_of_many_the_different_answers_are_named_first() -> None:
    entries = [make(n, "How?", "By card.") for n in range(20)] + [make(20, "How?", "Cash.")]
    (found,) = order_findings(check_texts(entries))
    assert found.kind == "same_question"
    assert [entry.number for entry in found.named][:3] == [0, 20, 1]
    assert (len(found.named), len(found.numbers)) == (MOST_NAMED, 21)


def test_beginnings_of_long_questions_are_not_the_same_question() -> None:
    assert describe([make(1, "x" * 1_000, "a"), make(2, "x" * 1_000, "b")]) == []


def test_long_answers_are_compared_whole() -> None:
    assert make_answer_key("x" * 1_000, 1_001, "one") != make_answer_key("x" * 1_000, 1_001, "two")


@pytest.mark.parametrize(
    ("one", "other", "share", "severity"),
    [
        ("Como cancelar um pedido?", "Como cancelo o meu pedido?", SAME_WORDS_SHARE, "medium"),
        ("Como cancelar um pedido?", "Como cancelo o meu pedido?", SAME_WORDS_SHARE + BARELY, None),
        ("Como alterar a senha?", "Como mudar a senha?", NEAR_SHARE, "low"),
        ("Como alterar a senha?", "Como mudar a senha?", NEAR_SHARE + BARELY, None),
        ("Como ativar o aviso?", "Como desativar o aviso?", 0.0, None),
        ("O que é o erro E-1042?", "O que é o erro E-1043?", 0.0, None),
        # The same question is found by its text.
        ("Como pago?", "como PAGO", 0.0, None),
        ("Como pago com dois cartões?", "Como troco o filtro velho?", 0.0, None),
        # No word of them says anything, so they must be very near.
        ("Quanto é?", "Quando é?", NEAR_SHARE + BARELY, None),
    ],
)
def test_near_questions_are_judged_by_their_words(
    one: str, other: str, share: float, severity: str | None
) -> None:
    first, second = make(1, one, "Sim."), make(2, other, "Não.")
    found = judge_near(first, second, (one, other), share)
    assert (found.severity if found else None) == severity
    if found:
        assert [entry.number for entry in found.entries] == [1, 2]


def test_near_questions_with_one_answer_do_not_contradict_each_other() -> None:
    one, other = make(1, "Como pago?", "Sim."), make(2, "Como pagar?", "sim")
    assert judge_near(one, other, (one.question, other.question), 0.0) is None


def test_an_answer_of_one_word_is_no_reason_to_merge() -> None:
    short, long = make(1, "a", "Sim."), make(2, "b", "Abra o menu e escolha o pedido na lista.")
    assert choose_share(short) < choose_share(long)


def test_a_finding_on_the_same_entries_comes_once() -> None:
    one, other = make(1, "a", "x"), make(2, "b", "x")
    found = order_findings([find_mergeable([one, other]), find_mergeable([other, one])])
    assert len(found) == 1
