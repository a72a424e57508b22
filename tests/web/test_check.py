"""The check of a collection's content, and of a file's rows in a dry run."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from config import Settings
from embedders.sentence import SentenceModel
from services import checker
from services.runtime import Runtime
from tests.support.client import Client, eventually

SHOP = Path(__file__).parent.parent / "data" / "loja_faq.csv"
FAQ = """question,answer
How do I pay?,By card.
how do I PAY,In cash.
Where is my order?,TODO
When does it come?,Within three days and
"""
# Each contradicts a row of the shop's FAQ, in other words.
PLANTED = [
    ("Como faço para rastrear o meu pedido?", "O rastreio só existe para entregas expressas."),
    ("Qual o prazo de entrega nas capitais?", "Até 10 dias úteis."),
    ("Como se calcula o frete?", "O frete é fixo: R$ 20 para todo o Brasil."),
    ("Vocês fazem entrega em Portugal?", "Sim, em até 20 dias."),
    ("Como cancelo o meu pedido?", "Escreva para o atendimento, que cancela em 3 dias."),
    ("Como mudar a minha senha?", "Só o atendimento muda a senha."),
    ("Como cancelar minha assinatura do Clube Aurora?", "Só depois de 12 meses."),
    ("Por que recusaram meu cartão?", "O limite é baixo, fale com a loja."),
    ("Quem paga o frete para devolver?", "O cliente paga o frete."),
    ("Como atualizo o aplicativo?", "Baixe o arquivo em nosso site."),
]


def check(client: Client, name: str = "default", query: str = "") -> dict[str, Any]:
    response = client.get(f"/collections/{name}/check{query}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def write(rows: list[tuple[str, str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([("question", "answer"), *rows])
    return file.getvalue()


def read_shop() -> list[tuple[str, str]]:
    with SHOP.open(encoding="utf-8", newline="") as file:
        return [(row["pergunta"], row["resposta"]) for row in csv.DictReader(file)]


@pytest.fixture
def shop(settings: Settings, openvino_model: SentenceModel) -> Iterator[Client]:
    app = create_app(settings, openvino_model)
    yield Client(app.test_client())
    app.extensions["conector"].close()


def wait_for_constants(client: Client) -> None:
    runtime: Runtime = client.http.application.extensions["conector"]
    eventually(lambda: runtime.searcher.calibration.get_constants() is not None)


def test_each_finding_names_its_items(client: Client) -> None:
    wait_for_constants(client)
    client.load(FAQ)
    body = check(client)
    assert (body["items"], body["checked"], body["limit"], body["offset"]) == (4, 4, 100, 0)
    found = {one["kind"]: one for one in body["results"]}
    assert found.keys() >= {"same_question", "empty_answer", "cut_off_answer"}
    same = found["same_question"]
    assert same["severity"] == "high"
    assert [(one["question"], one["answer"]) for one in same["items"]] == [
        ("How do I pay?", "By card."),
        ("how do I PAY", "In cash."),
    ]
    assert all(client.get(f"/items/{one['id']}").status_code == 200 for one in same["items"])
    assert [one["answer"] for one in found["empty_answer"]["items"]] == ["TODO"]
    assert found["cut_off_answer"]["severity"] == "low"
    assert "different answers" in same["message"]
    assert body["counts"] == Counter(one["kind"] for one in body["results"])


def test_pages_hold_each_finding_once(client: Client) -> None:
    wait_for_constants(client)
    client.load(write([(f"What is {n}{n}?", "-") for n in range(5)]))
    whole = check(client)
    assert whole["total"] == 5
    pages = [check(client, query=f"?limit=2&offset={n}")["results"] for n in (0, 2, 4)]
    assert [one for page in pages for one in page] == whole["results"]
    assert client.get("/collections/default/check?limit=x").status_code == 400


def test_a_check_is_made_anew_when_the_collection_has_changed(client: Client) -> None:
    wait_for_constants(client)
    client.load("question,answer\nHow do I pay?,-\n")
    (found,) = check(client)["results"]
    item = found["items"][0]["id"]
    assert check(client)["results"] == [found]
    response = client.http.patch(
        f"/items/{item}", json={"answer": "By card."}, auth=("admin", "a test's password")
    )
    assert response.status_code == 200
    assert check(client)["results"] == []


@pytest.mark.parametrize("name", ["none", "%00", "a%20b"])
def test_an_unknown_collection_is_404(client: Client, name: str) -> None:
    response = client.get(f"/collections/{name}/check")
    assert (response.status_code, response.json["code"]) == (404, "not_found")


def test_a_check_needs_credentials(client: Client) -> None:
    assert client.http.get("/collections/default/check").status_code == 401


def test_while_another_check_runs_it_is_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "WAIT_SECONDS", 0.01)
    client.load(FAQ)
    runtime: Runtime = client.http.application.extensions["conector"]
    with runtime.checker._running:
        response = client.get("/collections/default/check")
    assert (response.status_code, response.json["code"]) == (503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert check(client)["items"] == 4


def test_what_the_model_failed_on_is_checked_the_next_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load(FAQ)
    runtime: Runtime = client.http.application.extensions["conector"]

    def fail(texts: object) -> object:
        raise ValueError("sick")

    with monkeypatch.context() as sick:
        sick.setattr(checker._Comparison, "list_suspects", lambda self: [*self.entries.values()])
        sick.setattr(runtime.embeddings, "embed_queries_aside", fail)
        assert len(check(client)["warnings"]) == 1
    assert check(client).get("warnings", []) == []


def test_messages_are_in_the_reader_s_language(client: Client) -> None:
    client.load(FAQ)
    response = client.get("/collections/default/check", headers={"Accept-Language": "pt-BR"})
    assert response.json["results"][0]["message"].startswith(("A mesma", "A resposta"))


def test_a_dry_run_checks_the_rows(client: Client) -> None:
    response = client.upload(FAQ, "/upload?dry_run=true")
    found = response.json["check"]
    assert (found["total"], found["checked"]) == (3, 4)
    lines = {one["kind"]: [row["line"] for row in one["items"]] for one in found["results"]}
    assert lines == {"same_question": [2, 3], "empty_answer": [4], "cut_off_answer": [5]}


def test_a_dry_run_checks_no_row_that_is_rejected(client: Client) -> None:
    csv = "id,question,answer\n1,Q?,A is this.\n2,R?,-\n1,Q?,B is that.\n2,R?,Fine answer.\n"
    answer = client.upload(csv, "/upload?dry_run=true").json
    assert [row["line"] for row in answer["preview"]["errors"]] == [2, 3]
    assert (answer["check"]["results"], answer["check"]["checked"]) == ([], 2)
    assert [row["line"] for row in answer["preview"]["rows"]] == [4, 5]


def test_a_dry_run_shows_a_hundred_findings(client: Client) -> None:
    rows = [(f"What is {n}?", "-") for n in range(150)]
    found = client.upload(write(rows), "/upload?dry_run=true").json["check"]
    assert (len(found["results"]), found["total"], found["checked"]) == (100, 150, 150)


def test_a_dry_run_of_good_rows_finds_nothing(client: Client) -> None:
    response = client.upload(SHOP.read_bytes(), "/upload?dry_run=true")
    assert response.json["check"] == {"results": [], "total": 0, "checked": 124}


def test_a_clean_faq_has_few_findings_and_planted_contradictions_are_found(shop: Client) -> None:
    rows = read_shop()
    shop.load(write(rows))
    clean = check(shop)
    assert "warnings" not in clean
    assert clean["total"] <= 4
    shop.load(write([*PLANTED, (rows[1][0] + "!", "Nunca.")]))
    told = [
        {item["question"] for item in one["items"]}
        for one in check(shop)["results"]
        if one["kind"] in ("near_duplicate", "same_question", "not_first")
    ]
    missed = [question for question, _ in PLANTED if not any(question in pair for pair in told)]
    assert missed == []
    assert all(len(pair) == 2 for pair in told)
    assert {rows[1][0], rows[1][0] + "!"} in told
