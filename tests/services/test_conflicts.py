"""What must not be answered without asking."""

from __future__ import annotations

import random
import time

import pytest

from services.conflicts import find_difference


def conflict(query: str, question: str, answer: str = "") -> bool:
    """Return whether they conflict where every code is rare."""
    found = find_difference(query, question, answer)
    rare = frozenset([*found.codes.asked, *found.codes.stored])
    return found.opposite or found.codes.conflict(rare)


@pytest.mark.parametrize(
    ("query", "question"),
    [
        ("O que é o erro E-1043?", "O que significa o erro E-1042?"),
        ("garantia do X2", "Qual a garantia do modelo X1?"),
        ("entrega em 24 horas", "Entregam em 48 horas?"),
        ("como ativar o cartão", "Como desativar o cartão?"),
        ("how do I enable it", "How do I disable it?"),
        ("quero vender", "Como compro?"),
        ("plano mensal", "Qual o preço do plano anual?"),
        ("fazer o pedido", "Como desfazer o pedido?"),
        ("is it possible", "Is it impossible?"),
        ("desbloqueio do celular", "Como bloquear o celular?"),
        ("quanto custa o plano de setecentos mega", "Quanto custa o plano de 500 mega?"),
        ("quanto custa o plano de 700mega", "Quanto custa o plano de 500 mega?"),
        ("3ª via do boleto da loja", "2ª via do boleto da loja"),
    ],
)
def test_a_changed_code_and_an_opposite_are_conflicts(query: str, question: str) -> None:
    assert conflict(query, question)
    assert conflict(question, query)


@pytest.mark.parametrize(
    ("query", "question", "answer"),
    [
        ("erro E1042", "O que significa o erro E-1042?", ""),
        ("o que é E-1042", "Erros comuns", "O código E-1042 quer dizer que falta papel."),
        ("como rastreio meu pedido", "Como rastrear pedidos?", ""),
        ("entrega em 2 dias", "Qual o prazo de entrega?", ""),
        ("refazer a compra", "Como fazer a compra?", ""),
        ("recebimento", "Qual o prazo de recebimnto?", ""),
        ("2ª via do boleto", "Como pego a segunda via do boleto?", ""),
        ("2a via do boleto", "2 via do boleto", ""),
        ("quero a 2via", "Como pego a segunda via?", ""),
        ("quanto custa 300mega", "Quanto custa o plano de 300 mega?", ""),
        ("plano de 300 mega", "Plano 300mega", ""),
        ("tem 1giga?", "Qual o preço?", "O plano de 1 giga custa 99."),
        ("", "", ""),
    ],
)
def test_other_differences_are_none(query: str, question: str, answer: str) -> None:
    assert not conflict(query, question, answer)


def test_a_code_that_is_common_in_the_collection_is_no_reason_to_ask() -> None:
    codes = find_difference("What is covid-19?", "What is this coronavirus?", "").codes
    assert codes.asked == ["covid19"]
    assert codes.conflict(frozenset(codes.asked))
    assert not codes.conflict(frozenset())


def test_two_long_texts_that_are_nearly_alike_take_no_time() -> None:
    chance = random.Random(1)
    one, other = (
        " ".join("".join(chance.choices("abcd", k=9)) for _ in range(1_000)) for _ in range(2)
    )
    started = time.process_time()
    find_difference(one, other, one * 10)
    assert time.process_time() - started < 1
