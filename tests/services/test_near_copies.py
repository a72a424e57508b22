"""What repeats a stored question but for a part: whether that part is known to turn the meaning."""

import pytest

from services.conflicts import find_difference
from services.wording import Wording

STORED = "Quanto tempo dura a garantia da furadeira?"


def is_asked_back(query: str, question: str, *nearby: str) -> bool:
    stems = [Wording(other).stems for other in nearby]
    return find_difference(query, question, "Um ano.", stems).opposite


def test_a_part_that_another_question_nearby_has_means_something_else() -> None:
    other = "Onde fica a assistência técnica da lixadeira?"
    assert is_asked_back("quanto tempo dura a garantia da lixadeira", STORED, other)
    assert not is_asked_back("quanto tempo dura a garantia da lixadeira", STORED)
    assert not is_asked_back("quanto tempo dura a garantia da furadeiras", STORED, other)


def test_another_wording_is_no_copy() -> None:
    other = "Onde fica a assistência técnica da lixadeira?"
    assert not is_asked_back("garantia lixadeira, quanto é?", STORED, other)


@pytest.mark.parametrize(
    ("query", "question"),
    [
        ("how do I pair the tablet with my phone?", "How do I pair the Boreal with my phone?"),
        ("Como chego de ônibus ao Recife hoje?", "Como chego de ônibus a Natal hoje?"),
        ("Posso dividir a conta com três pessoas?", "Posso dividir a conta com duas pessoas?"),
        ("Can I split the bill in 4 parts?", "Can I split the bill in three parts?"),
        ("Por que não recebo a fatura por e-mail?", "Por que recebo a fatura por e-mail?"),
        ("Can I travel without a visa today?", "Can I travel with a visa today?"),
        ("Why can't I change my address?", "Why can I change my address?"),
        ("Qual ônibus vai de Recife para Natal?", "Qual ônibus vai de Natal para Recife?"),
        ("Do I change from Plus to Basic today?", "Do I change from Basic to Plus today?"),
    ],
)
def test_names_numbers_negations_and_exchanged_words_need_no_other_question(
    query: str, question: str
) -> None:
    assert is_asked_back(query, question)


@pytest.mark.parametrize(
    ("query", "question"),
    [
        (STORED, STORED),
        ("What is a new kind of warranty?", "What is a novel kind of warranty?"),
        ("Can I split the bill in 3 parts?", "Can I split the bill in three parts?"),
        ("Posso dividir a conta com 2 pessoas?", "Posso dividir a conta com duas pessoas?"),
        ("a garantia da furadeira dura quanto tempo?", STORED),
        ("Dura quanto tempo a garantia da furadeira?", STORED),
        ("O frete da troca, quem paga?", "Quem paga o frete da troca?"),
        ("How Do I Open My Account Today?", "How Do I Start My Account Today?"),
        ("não consigo entrar", "esqueci minha senha"),
        ("", STORED),
        ("?", "!"),
    ],
)
def test_what_may_be_a_synonym_is_answered(query: str, question: str) -> None:
    assert not is_asked_back(query, question)
    assert not is_asked_back(question, query)
