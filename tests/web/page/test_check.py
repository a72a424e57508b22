"""The view Check: a test file shows how well a collection answers, and its content is put right."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.client import eventually
from tests.support.page import find_violations, press_until
from tests.support.service import ServiceProcess
from web.pages import VIEWS

pytestmark = needs_chromium

TRACK = "Como rastreio meu pedido?"
SHOP = "Tem loja física?"
STRANGE = "onde anda minha encomenda agora"
FAQ = (
    "question,answer\n"
    f"{TRACK},Abra Meus pedidos.\n"
    "Como faço uma troca de produto?,Peça a troca em Ajuda.\n"
    "Qual é o prazo?,Cinco dias.\n"
    f"{SHOP},Sim.\n"
)
# Two right answers, two questions that miss, one answered wrongly, one that is rightly passed.
ASKED = (
    "question,expected\n"
    f"{TRACK},{TRACK}\n"
    f"{SHOP},Sim.\n"
    f"{STRANGE},{TRACK}\n"
    f"Qual é o prazo?,{SHOP}\n"
    "zebras voam baixo,none\n"
)
TWINS = f"question,answer\nPosso pagar no boleto?,Sim.\nPosso pagar no boleto?,Não.\n{TRACK},-\n"
numbers = count(1)


@pytest.fixture
def name(service: ServiceProcess) -> Iterator[str]:
    """A collection of which no test was made, with four items in which nothing is to mend."""
    one = f"teste-{next(numbers)}"
    load(service, one, FAQ)
    yield one
    service.call("DELETE", f"/collections/{one}")


def load(service: ServiceProcess, name: str, faq: str) -> None:
    job = service.load(faq, f"?collection={name}")
    assert service.ended(job["id"])["status"] == "succeeded"


def evaluate(service: ServiceProcess, name: str, asked: str = ASKED) -> str:
    """Test a collection; return the job's id."""
    path = f"/evaluate?collection={name}"
    status, body = service.ask("POST", path, asked.encode(), Content_Type="text/csv")
    assert status == 202
    service.ended(body["job"]["id"])
    return str(body["job"]["id"])


def give_file(page: Page, asked: str = ASKED, name: str = "perguntas.csv") -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": asked.encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]


def at(name: str, more: str = "") -> str:
    return f"/?view=check&collection={name}{more}"


def count_of(page: Page, kind: str) -> Any:
    return page.locator(".legend").first.get_by_role("listitem").filter(has_text=kind)


def write_many() -> str:
    """A file from which a line can be fitted: the less sure ones are mostly wrong."""
    rows = [f"{TRACK[:-1]} {n}?,{TRACK}\n" for n in range(16)]
    rows += [f"rastreio do pedido,{SHOP if n % 3 else TRACK}\n" for n in range(8)]
    return "question,expected\n" + "".join(rows)


def test_a_test_file_shows_figures_pictures_and_misses(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    with open_page(browser, service, at(name)) as page:
        expect(page.get_by_role("heading", name="Teste com perguntas de verdade")).to_be_visible()
        give_file(page)
        expect(page.get_by_role("heading", name=f"{name} · 5 perguntas")).to_be_visible()
        assert "job=" in page.url
        expect(count_of(page, "resposta certa")).to_contain_text("resposta certa 2 · 40%")
        expect(count_of(page, "resposta errada")).to_contain_text("1 · 20%")
        expect(page.locator(".report")).to_contain_text("com razão")
        expect(page.locator(".strip .label")).to_have_text("linha de decisão 60%")
        page.get_by_text("Ver como tabela").first.click()
        table = page.get_by_role("table", name="O que aconteceu com as perguntas")
        expect(table.get_by_role("row").nth(1)).to_contain_text("resposta certa")
        expect(page.get_by_role("heading", name="Não saiu como esperado (2)")).to_be_visible()
        expect(page.locator(".proposal")).to_contain_text("20 perguntas ou mais")
        # A report of its own, in another window.
        page.goto(service.url + at(name))
        expect(page.get_by_role("heading", name=f"{name} · 5 perguntas")).to_be_visible()


def test_a_miss_is_mended_in_place_and_the_repeated_test_shows_the_difference(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    with open_page(browser, service, at(name)) as page:
        give_file(page)
        page.get_by_role("link", name=STRANGE).click()
        panel = page.get_by_role("group", name="Erro 2 de 2")
        expect(panel).to_contain_text(TRACK)
        panel.get_by_role("button", name="Adicionar à resposta esperada").click()
        expect(panel.locator(".notice")).to_contain_text("Agora: Seria respondida")
        expect(page.locator(".misses .done")).to_have_count(1)
        page.get_by_role("button", name="Repetir o teste (perguntas.csv)").click()
        expect(page.locator(".report")).to_contain_text("1 melhorou")
        expect(count_of(page, "resposta certa")).to_contain_text("3 · 60% (+1)")
        expect(page.get_by_role("heading", name="Não saiu como esperado (1)")).to_be_visible()


def test_a_miss_leads_to_ask(browser: Browser, service: ServiceProcess, name: str) -> None:
    job = evaluate(service, name)
    with open_page(browser, service, at(name, f"&job={job}&miss=4")) as page:
        page.get_by_role("link", name="Mostrar na pergunta").click()
        expect(page.locator(".found")).to_have_attribute("data-asked", STRANGE)
        assert f"collection={name}" in page.url


def test_next_keeps_the_focus(browser: Browser, service: ServiceProcess, name: str) -> None:
    """By keyboard alone: to the first miss, on to the next, and to its editor."""
    job = evaluate(service, name)
    with open_page(browser, service, at(name, f"&job={job}")) as page:
        page.get_by_role("link", name="Qual é o prazo?").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Erro 1 de 2")).to_be_focused()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        following = page.get_by_role("button", name="Próximo erro")
        expect(following).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Erro 2 de 2")).to_be_visible()
        expect(following).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Erro 1 de 2")).to_be_visible()
        edit = page.get_by_role("button", name="Corrigir a resposta esperada")
        expect(edit).to_be_visible()
        press_until(page, edit)
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="Resposta")).to_be_focused()
        page.keyboard.type("Pelo teclado. ")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".miss > .notice")).to_be_focused()


def test_a_proposed_line_is_applied_by_a_button_and_undone(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    path = f"/collections/{name}/thresholds"
    job = evaluate(service, name, write_many())
    fitted = service.get(f"/jobs/{job}")[1]["result"]["fitted"]
    with open_page(browser, service, at(name, f"&job={job}")) as page:
        proposal = page.locator(".proposal")
        expect(proposal.get_by_role("table", name="O que mudaria")).to_be_visible()
        expect(proposal).to_contain_text("menos perguntas teriam a resposta certa")
        assert service.get(path)[1]["own"] is False
        proposal.get_by_role("button", name="Usar a linha proposta").click()
        expect(proposal).to_contain_text("está em uso")
        assert service.get(path)[1]["answer"] == fitted["answer"]
        page.get_by_role("button", name="Desfazer").click()
        expect(proposal.get_by_role("button", name="Usar a linha proposta")).to_be_visible()
        assert service.get(path)[1]["own"] is False
        proposal.get_by_role("button", name="Usar a linha proposta").click()
        proposal.get_by_role("button", name="Voltar à linha padrão").click()
        expect(proposal.get_by_role("button", name="Usar a linha proposta")).to_be_visible()
        page.get_by_role("button", name="Desfazer").click()
        expect(proposal).to_contain_text("está em uso")
        assert service.get(path)[1]["constant"] == fitted["constant"]


def test_columns_of_another_name_are_chosen(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    asked = f"tipo;consulta;alvo\na;{TRACK};{TRACK}\n"
    with open_page(browser, service, at(name), said=[]) as page:
        give_file(page, asked)
        page.get_by_label("Pergunta").select_option("consulta")
        page.get_by_label("Esperava").select_option("alvo")
        page.get_by_role("button", name="Testar com estas colunas").click()
        expect(page.get_by_role("heading", name=f"{name} · 1 pergunta")).to_be_visible()
        expect(page.locator("main")).to_contain_text("Nenhum erro")


def test_a_failed_test_says_which_rows_and_why(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    with open_page(browser, service, at(name)) as page:
        give_file(page, "question,expected\nComo?,o que ninguém guardou\n")
        expect(page.get_by_role("alert")).to_contain_text("O teste falhou.")
        expect(page.get_by_role("table", name="Uma linha não pôde")).to_contain_text("nenhum item")


def test_a_running_test_shows_how_far_it_is_and_is_stopped(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    job = evaluate(service, name)
    canceled: list[str] = []

    def pretend(route: Route) -> None:
        answer = route.fetch()
        body = answer.json() | {"status": "processing", "progress": 0.4, "result": None}
        body["rows"] |= {"total": 5, "done": 2}
        if canceled:
            body["status"] = "canceled"
        route.fulfill(response=answer, json=body)

    def cancel(route: Route) -> None:
        canceled.append(route.request.url)
        route.continue_()

    with open_page(browser, service) as page:
        page.route(f"**/jobs/{job}", pretend)
        page.route(f"**/jobs/{job}/cancel", cancel)
        page.goto(service.url + at(name, f"&job={job}"))
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "0.4")
        expect(page.locator(".progress")).to_contain_text("2 de 5 perguntas feitas")
        page.get_by_role("button", name="Parar o teste").click()
        expect(page.locator("main")).to_contain_text("Este teste foi parado antes do fim.")
        page.get_by_role("link", name="Ver o último teste completo").click()
        assert "job=" not in page.url
    assert len(canceled) == 1


def test_a_template_has_two_columns_and_three_rows(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    with open_page(browser, service, at(name)) as page:
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Baixar modelo").click()
        assert waiting.value.suggested_filename == "modelo-de-teste.csv"
        text = waiting.value.path().read_text("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text), delimiter=";"))
        assert rows[0] == ["question", "expected"]
        assert [len(row) for row in rows] == [2] * 4
        # It can be sent as it is.
        give_file(page, text)
        expect(page.locator("main")).to_contain_text("Nenhum erro")


def test_what_is_wrong_in_the_content_is_shown_worst_first_and_put_right(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    load(service, name, TWINS)
    with open_page(browser, service, at(name)) as page:
        first = page.locator(".finding").first
        expect(first).to_contain_text("importante")
        twins = page.locator(".finding").filter(has_text="mesma pergunta, respostas diferentes")
        twins = twins.filter(has_text="boleto")
        before = page.locator(".finding").count()
        twins.get_by_role("button", name="Comparar").click()
        a, b = (twins.get_by_role("region", name=f"{letter}: Posso") for letter in "AB")
        expect(a).to_contain_text("Sim.")
        expect(b).to_contain_text("Não.")
        twins.get_by_role("button", name="Apagar B").click()
        expect(twins).to_have_count(0)
        page.get_by_role("button", name="Desfazer").click()
        expect(twins).to_have_count(1)
        twins.get_by_role("button", name="Comparar").click()
        twins.get_by_role("button", name="Editar B").click()
        page.get_by_role("textbox", name="Pergunta", exact=True).fill("Aceitam cheque?")
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".finding")).to_have_count(before - 1)
        expect(twins).to_have_count(0)
    questions = [one["question"] for one in service.get(f"/items?collection={name}")[1]["results"]]
    assert "Aceitam cheque?" in questions


def test_a_deleted_item_is_gone_when_the_page_is_left(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    load(service, name, TWINS)
    total = service.get(f"/items?collection={name}")[1]["total"]
    with open_page(browser, service, at(name)) as page:
        twins = page.locator(".finding").filter(has_text="boleto").first
        twins.get_by_role("button", name="Comparar").click()
        twins.get_by_role("button", name="Apagar B").click()
        expect(page.get_by_role("button", name="Desfazer")).to_be_visible()
        page.goto("about:blank")
        eventually(lambda: service.get(f"/items?collection={name}")[1]["total"] == total - 1)


def test_two_questions_with_one_answer_are_joined(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    rows = [f"Como faço para pagar no cartão{when}?,Em Pagamento.\n" for when in ("", " hoje")]
    load(service, name, "question,answer\n" + "".join(rows))
    with open_page(browser, service, at(name)) as page:
        found = page.locator(".finding").filter(has_text="cartão hoje")
        found.get_by_role("button", name="Comparar").click()
        found.get_by_role("button", name="como outra forma de perguntar").click()
        page.get_by_role("button", name="Fechar").click()
        expect(page.get_by_role("heading", name="Nada para arrumar")).to_be_visible()
    items = service.get(f"/items?collection={name}&text=cartao")[1]["results"]
    assert len(items) == 1
    assert len(items[0]["alternatives"]) == 1


def test_what_is_fine_stays_aside_in_this_browser(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    load(service, name, "question,answer\nQuando abre?,-\n")
    with open_page(browser, service, at(name)) as page:
        page.locator(".finding").get_by_role("button", name="Abrir").click()
        page.get_by_role("button", name="Está bem assim").click()
        expect(page.locator(".finding")).to_have_count(0)
        page.reload()
        expect(page.locator(".findings")).to_contain_text("Um que você deixou como está")
        expect(page.locator(".finding")).to_have_count(0)
        page.get_by_role("button", name="mostrar").click()
        page.locator(".finding").get_by_role("button", name="Abrir").click()
        page.get_by_role("button", name="Mostrar de novo").click()
        page.reload()
        expect(page.locator(".finding")).to_have_count(1)


def test_nothing_found_is_said(browser: Browser, service: ServiceProcess, name: str) -> None:
    with open_page(browser, service, at(name)) as page:
        expect(page.locator(".findings")).to_contain_text("Os 4 itens foram lidos")


def test_an_empty_service_leads_to_where_one_begins(
    browser: Browser, empty: ServiceProcess
) -> None:
    with open_page(browser, empty, "/?view=check") as page:
        expect(page.get_by_role("link", name="Começar por aqui")).to_be_visible()


def test_a_reader_sees_what_was_found_and_no_control_that_changes(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    load(service, name, TWINS)
    evaluate(service, name)
    user = {"name": "leitor-check", "password": "uma senha só de ler", "role": "reader"}
    body = json.dumps(user).encode()
    service.ask("POST", "/users", body, Content_Type="application/json")
    with open_page(browser, service, at(name), user=(user["name"], user["password"])) as page:
        page.get_by_role("button", name="Comparar").first.click()
        page.locator(".misses .table a").first.click()
        expect(page.get_by_role("group", name="Erro 1")).to_be_visible()
        shown = {
            text.split(":")[0].strip() for text in page.locator("main button").all_inner_texts()
        }
        assert shown <= {"Comparar", "Abrir", "Erro anterior", "Próximo erro"}
        assert page.locator("input[type=file]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["pt-BR", "en-GB"])
def test_axe_finds_nothing_where_all_is_open(
    browser: Browser, service: ServiceProcess, name: str, language: str, scheme: str
) -> None:
    load(service, name, TWINS)
    job = evaluate(service, name, write_many())
    path = at(name, f"&job={job}&miss=2")
    with open_page(browser, service, path, language=language, color_scheme=scheme) as page:
        expect(page.locator(".proposal table")).to_be_visible()
        for summary in page.locator("summary").all():
            summary.click()
        page.locator(".finding button").first.click()
        expect(page.locator(".finding .versions")).to_be_visible()
        assert find_violations(page) == ""


def test_nothing_scrolls_sideways_on_a_phone(
    browser: Browser, service: ServiceProcess, name: str
) -> None:
    load(service, name, TWINS + f"{'palavra' * 40}?,-\n")
    job = evaluate(service, name, write_many() + f"{'encomenda' * 30},{TRACK}\n")
    with open_page(browser, service, at(name, f"&job={job}&miss=26"), width=360) as page:
        expect(page.locator(".finding").first).to_be_visible()
        expect(page.locator(".misses .table")).to_be_visible()
        for button in page.locator(".finding .head button").all():
            button.click()
        expect(page.locator(".finding .versions")).to_have_count(page.locator(".finding").count())
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_who_sees_the_view() -> None:
    assert next(view for view in VIEWS if view.name == "check").role == "reader"
