"""The decision, the order of relevance and the pages cut from it; with the real model, on a shop's
questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import store.thresholds
from app import create_app
from config import Settings
from embedders.sentence import SentenceModel
from services.runtime import Runtime
from services.search import NOT_MEASURED, Query, Reply, answer_query
from store.thresholds import Thresholds
from tests.support.client import Client, eventually

WORDS = ["red", "green", "blue", "grey", "pink", "teal"]
COLOURS = [f"How do I wash a {one} {other} shirt?" for one in WORDS for other in WORDS]
MANY = "question,answer\n" + "".join(
    f"{question},Wash {n}.\n" for n, question in enumerate(COLOURS)
)
SHOP = """question,answer
Como rastrear meu pedido?,Abra Minhas compras e toque em Acompanhar.
Qual é o prazo de entrega?,De 3 a 7 dias úteis.
Como calcular o frete?,Informe o CEP no carrinho.
Quais são as formas de pagamento?,"Cartão, pix e boleto."
O que significa o erro E-1042?,O cartão foi recusado pelo banco.
Como ativar as notificações?,"Em Configurações, toque em Ativar."
Como trocar um produto?,Peça a troca em até 30 dias.
Vocês emitem nota fiscal?,"Sim, ela vai por e-mail."
"""


@pytest.fixture
def many(client: Client) -> Runtime:
    client.load(MANY)
    runtime: Runtime = client.http.application.extensions["conector"]
    return runtime


def ask(runtime: Runtime, question: str, **fields: object) -> Reply:
    return answer_query(runtime.searcher, replace(Query(question, limit=5), **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["distance", "relevance"])
@pytest.mark.parametrize("size", [1, 3, 7, 19, 20, 36])
def test_pages_hold_each_item_once_in_any_order(many: Runtime, order: str, size: int) -> None:
    question = "How do I wash a blue pink shirt?"
    whole = ask(many, question, limit=100, order=order).hits
    pages = [
        hit
        for offset in range(0, 40, size)
        for hit in ask(many, question, limit=size, offset=offset, order=order).hits
    ]
    assert [hit.id for hit in pages] == [hit.id for hit in whole]
    assert len({hit.id for hit in whole}) == len(COLOURS)


def test_relevance_orders_the_nearest_alone(many: Runtime) -> None:
    question = "How do I wash a pink shirt that is red?"
    near = ask(many, question, limit=36).hits
    relevant = ask(many, question, limit=36, order="relevance").hits
    assert [hit.distance for hit in near] == sorted(hit.distance for hit in near)
    assert {hit.id for hit in relevant[:20]} == {hit.id for hit in near[:20]}
    assert relevant[:20] != near[:20]
    assert relevant[20:] == near[20:]
    assert ask(many, question).judgement.best == relevant[0]


def test_a_largest_distance_and_a_smallest_score_hold_in_any_order(many: Runtime) -> None:
    question = "How do I wash a blue pink shirt?"
    near = ask(many, question, limit=36).hits
    # Within the nearest that are judged, and beyond them.
    for last in (near[9], near[29]):
        kept = [hit.id for hit in near if hit.distance <= last.distance]
        for order in ("distance", "relevance"):
            # The score of a result is a line that takes it in.
            for line in ({"max_distance": last.distance}, {"min_score": last.score}):
                fields = {"order": order, **line}
                found = ask(many, question, limit=36, **fields).hits
                assert sorted(hit.id for hit in found) == sorted(kept)
                assert found[5:8] == ask(many, question, limit=3, offset=5, **fields).hits
    both = {"max_distance": near[29].distance, "min_score": near[9].score}
    assert [hit.id for hit in ask(many, question, limit=36, **both).hits][-1] == near[9].id


def test_no_score_is_below_the_one_asked_for(many: Runtime) -> None:
    for score in (hit.score for hit in ask(many, "How do I wash it?", limit=36).hits):
        hits = ask(many, "How do I wash it?", limit=36, min_score=score).hits
        assert min(hit.score for hit in hits) == score


def test_the_judgement_does_not_depend_on_the_page(many: Runtime) -> None:
    question = "How do I wash a blue pink shirt?"
    judgement = ask(many, question).judgement
    for fields in (
        {"limit": 1},
        {"limit": 100},
        {"offset": 30},
        {"offset": 1_000},
        {"order": "relevance"},
        {"max_distance": 0.0},
        {"min_score": 1.0},
    ):
        assert ask(many, question, **fields).judgement == judgement


def test_nothing_found_is_none_without_a_best(many: Runtime) -> None:
    judgement = ask(many, "What?", collections=["nil"]).judgement
    assert (judgement.decision, judgement.confidence.first, judgement.best) == ("none", 0, None)


def test_a_caller_s_own_line_stands_for_the_threshold(many: Runtime) -> None:
    question = "How do I wash it?"
    sure = ask(many, question).judgement.confidence.shown
    for line, answers in ((0.0, True), (sure, True), (min(sure + 1e-9, 1.0), sure == 1.0)):
        judgement = ask(many, question, min_confidence=line).judgement
        assert (judgement.decision == "answer") is answers
        assert judgement.thresholds.answer == line
        assert judgement.confidence.shown == sure


def test_a_collection_s_own_thresholds_count_where_it_alone_is_searched(many: Runtime) -> None:
    store.thresholds.set_thresholds(many.pool, "default", Thresholds(0.9, 0.3, 1.0))
    alone, among, all_ = (
        ask(many, "How do I wash it?", collections=names).judgement
        for names in (["default"], ["default", "other"], None)
    )
    assert alone.thresholds == Thresholds(0.9, 0.3, 1.0)
    assert among.thresholds == all_.thresholds == Thresholds(0.6, 0.2, 0.0)
    assert alone.confidence.first > among.confidence.first


def test_while_the_constants_are_not_known_it_asks_back_and_says_why(
    many: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many.searcher.calibration, "_constants", None)
    monkeypatch.setattr(many.searcher.calibration, "_patience", 0.0)
    judgement = ask(many, COLOURS[0]).judgement
    assert (judgement.decision, judgement.confidence.first) == ("ambiguous", 0)
    assert judgement.best is not None
    assert "being measured" in judgement.warnings[0]


@pytest.fixture
def shop(settings: Settings, openvino_model: SentenceModel) -> Iterator[Runtime]:
    app = create_app(settings, openvino_model)
    runtime: Runtime = app.extensions["conector"]
    Client(app.test_client()).load(SHOP)
    yield runtime
    runtime.close()


def test_the_real_model_answers_asks_back_and_passes(shop: Runtime) -> None:
    for question, decision, best in (
        ("cadê minha encomenda, quero rastrear o pedido", "answer", "Como rastrear meu pedido?"),
        ("qual o prazo de entrega?", "answer", "Qual é o prazo de entrega?"),
        ("vcs emitem nf?", "answer", "Vocês emitem nota fiscal?"),
        ("o que é o erro E-1042", "answer", "O que significa o erro E-1042?"),
        ("o que significa o erro E-1043?", "ambiguous", "O que significa o erro E-1042?"),
        ("como desativar as notificações?", "ambiguous", "Como ativar as notificações?"),
    ):
        judgement = ask(shop, question).judgement
        assert judgement.best is not None
        assert (judgement.decision, judgement.best.question) == (decision, best), question
    for question in ("quem ganhou a copa de 1970?", "how deep is the Pacific ocean"):
        assert ask(shop, question).judgement.decision == "none"


ACRONYMS = [
    "Como emito a NF do meu pedido?",
    "Qual é o SLA do suporte?",
    "Preciso assinar um NDA?",
    "Quantos TB tem o plano Pro?",
    "Onde baixo a FDS do produto?",
    "Como acesso o CEL?",
    "Como pago a mta rodoviária?",
]


def test_an_acronym_that_is_stored_is_no_abbreviation(
    settings: Settings, openvino_model: SentenceModel
) -> None:
    app = create_app(settings, openvino_model)
    runtime: Runtime = app.extensions["conector"]
    rows = [f"{question},Veja a página {n}.\n" for n, question in enumerate(ACRONYMS)]
    rows += ["Não recebi nada. O que faço?,Fale conosco.\n", "Sei lá o que houve?,Reinicie.\n"]
    Client(app.test_client()).load(SHOP + "".join(rows))
    for stored in ACRONYMS:
        for asked in (stored, stored.lower(), stored.rstrip("?")):
            judgement = ask(runtime, asked).judgement
            assert judgement.best is not None
            assert (judgement.decision, judgement.best.question) == ("answer", stored), asked
    assert ask(runtime, "Como emito a nota fiscal do meu pedido?").judgement.decision == "answer"
    for asked in ("SLA", "qual o sla?", "NDA"):
        best = ask(runtime, asked).judgement.best
        assert best is not None
        assert best.question in ACRONYMS, asked
    runtime.close()


def test_constants_that_come_during_a_search_count_from_the_next_one_on(
    many: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventually(lambda: many.searcher.calibration.get_constants() is not None)
    known = [None, many.searcher.calibration.get_constants()]
    calibration = many.searcher.calibration
    monkeypatch.setattr(
        calibration, "get_constants", lambda: known.pop(0) if len(known) > 1 else known[0]
    )
    first, second = ask(many, COLOURS[0]).judgement, ask(many, COLOURS[0]).judgement
    assert (first.decision, first.confidence.first) == ("ambiguous", 0)
    assert [*first.warnings] == [NOT_MEASURED]
    assert second.confidence.first > 0
    assert not second.warnings
