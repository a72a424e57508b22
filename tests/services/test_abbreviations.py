"""Abbreviations are written out where they are words of their own, in Portuguese."""

from __future__ import annotations

import pytest

from services.abbreviations import expand_abbreviations, find_abbreviations, is_english


@pytest.mark.parametrize(
    ("question", "expanded"),
    [
        ("qto custa p/ vc?", "quanto custa p/ você?"),
        ("Vc aceita pix hj", "você aceita pix hoje"),
        ("cade a nf?", "cadê a nota fiscal?"),
        ("(qdo chega)", "(quando chega)"),
        ("vc, tb quero", "você, também quero"),
        ("na\u0303o ta\u0301 funcionando", "não está funcionando"),
        ("QTO CUSTA PRA VC?", "quanto CUSTA para você?"),
        ("cadê a NF?", "cadê a nota fiscal?"),
    ],
)
def test_abbreviations_are_written_out(question: str, expanded: str) -> None:
    assert expand_abbreviations(question) == expanded


@pytest.mark.parametrize(
    "question",
    [
        "Como rastreio meu pedido?",
        "where is my order pls",
        "I ate it, can you help pls",
        "erro NF-1042",
        "abrir nf.pdf",
        "maria.vc@loja.com.br",
        "https://loja.com/vc?qto=1",
        "#hj",
        "disco de 2 TB",
        "vcx",
        "Qual é o SLA?",
        "SLA",
        "MTA setup",
        # These letters are those of the list to a pattern that takes capitals, too.
        "como fica no fd\u017f",
        "ak\u0131",
        "ak\u0130",
        "",
    ],
)
def test_other_questions_stay_as_they_are(question: str) -> None:
    assert expand_abbreviations(question) == question


def test_abbreviations_that_are_stored_are_kept() -> None:
    question = "vc sabe o sla da NF?"
    kept = find_abbreviations(question, ["Vc tem NF?", "Qual é o SLA?"])
    assert kept == {"sla", "nf"}
    assert expand_abbreviations(question, kept) == "você sabe o sla da NF?"
    assert find_abbreviations(question, ["Qual o prazo?"]) == set()
    assert find_abbreviations("Qual o prazo?", ["Qual é o SLA?"]) == set()
    assert find_abbreviations("o \u017fla, hj", ["\u017fla"]) == set()
    # These mean the same, whoever writes them.
    assert find_abbreviations("nao vc", ["Nao vc"]) == set()


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("how long does it take", True),
        ("quanto tempo demora", False),
        ("pgto pix", False),
        ("o que is the", False),
        ("", False),
    ],
)
def test_english_is_told_by_its_function_words(text: str, english: bool) -> None:
    assert is_english(text) is english
