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
        *(
            "<p></p>",
            "How do I pay?",
            "how do i PAY",
            "<p>How do I pay?</p>",
            "None",
            "<p>None</p>",
        ),
        *("&nbsp;", "<p>&nbsp;</p>", "<p>&#160;</p>\n<p>&#8203;</p>", "<br/>", "<div></div>"),
        *("<o:p>&nbsp;</o:p>", "<p>N/A&nbsp;</p>", "<ul><li></li></ul>"),
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
        "Tire o filtro velho, depois coloque o",
        "<p>Tire o filtro velho, depois coloque o </p>",
        "Aperte os parafusos com a",
        "Aperte os parafusos com a chave e",
        "Aperte os parafusos, e a",
        "Custa R$ 10 (ou US$ 2) e",
        "Leve um documento (RG, CPF",
        "Custa R$ 10 (à vista), ou mais (no cartão",
        "Nossa loja abre das 9 h às",
        "Open the menu and choose a",
        "You get your money back if",
        "Ask us at https://loja.exemplo.com,",
        "Acesse https://",
        "Pix, boleto/",
        "Pergunte à Silva &",
    ],
)
def test_an_answer_that_ends_in_the_middle_is_cut_off(answer: str) -> None:
    assert judge(answer) == "cut_off_answer"


@pytest.mark.parametrize(
    "answer",
    [
        *("Escolha a opção a", "Vale só no plano e", "Contém vitamina c e vitamina e"),
        *("O sangue dele é do tipo o", "A alternativa correta é a", "Escolha as opções b ou a"),
        *("Fica no bloco A", "Escolha a opção A", "Aperte o botão com A", "SAIBA MAIS SOBRE O"),
        *("Choose option a", "Take more vitamin a", "It needs a visa of type e"),
        *("No teclado, aperte <kbd>e</kbd>", "No teclado, aperte **e**", "No teclado, aperte `a`"),
        *("Não temos isso com o.", "Some x = a", "Como diz o manual: a", "Oui, il y en a"),
    ],
)
def test_the_name_of_a_letter_ends_an_answer(answer: str) -> None:
    assert judge(answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        *("https://loja.exemplo.com/", "www.loja.com/", "loja.com.br/ajuda/", "ana@loja.com.br"),
        "Acesse: https://loja.exemplo.com/ajuda/",
        "Acesse https://loja.exemplo.com/busca/?a=b&c=d&",
        *("Veja em https://loja.exemplo.com/busca?a=b", "Veja em /conta/pedidos/"),
        *("Veja em http://localhost:5000/", "Escreva para ana@loja.com.br"),
        *("<p>Veja em <a href='https://a.com/'>https://a.com/</a></p>", "<https://a.com/>"),
        *("<ana@loja.com>", "<mailto:ana@loja.com>", "[Ajuda](https://a.com/)"),
    ],
)
def test_an_address_is_no_fault(answer: str) -> None:
    assert judge(answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        *("Sim", "No", "Não.", "👍", "42", "R$ 10", "https://example.com/a", "Vitamina A", "C++"),
        *("Fale conosco (das 9 às 18 h.", "a) Pix (b) boleto", "Ligue: (11) 4002"),
        *("Use o cupom (no carrinho)", "- Pix\n- Boleto", "Digite *senha*", "x y " * 63 + "xy."),
        *('<img src="data:image/png;base64,AAAA">', "1,5 <", "<p><img src='a.png'/>&nbsp;</p>"),
        *("<a href='https://a.com/'></a>", "<svg></svg>", "![](a.png)", "none"),
        *("None.", "Em breve", "Todos os dias", "Na loja", "Turn it on", "Where it comes from"),
    ],
)
def test_a_whole_answer_has_no_fault(answer: str) -> None:
    assert judge(answer) is None


def test_texts_are_the_same_without_case_accents_and_marks_around_them() -> None:
    assert simplify("  Você  paga?! ") == simplify("“VOCE paga”")
    assert simplify("C++") != simplify("C#")
    assert simplify("??") != simplify("!")
