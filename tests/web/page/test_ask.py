"""The view Ask as its people use it: to see what would be answered, and to mend it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from playwright.sync_api import Browser, Error, Page, Route, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.page import change_item, find_item
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

TRACK = "Como rastreio meu pedido?"
SWAP = "Como faço uma troca de produto?"
UNKNOWN = "onde anda minha encomenda"


def ask(page: Page, question: str) -> None:
    """Ask by Enter, and return when the answer to that is shown."""
    page.get_by_label("Pergunta do cliente").fill(question)
    page.get_by_label("Pergunta do cliente").press("Enter")
    expect(page.locator(".found")).to_have_attribute("data-asked", question)


def hit(page: Page, question: str) -> Any:
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=question))


def test_an_empty_service_greets_and_loads_the_sample(
    browser: Browser, empty: ServiceProcess
) -> None:
    with open_page(browser, empty) as page:
        expect(page.get_by_role("heading", name="Comece por aqui")).to_be_visible()
        assert page.get_by_role("table").count() == 0
        page.get_by_role("button", name="Carregar exemplos").click()
        page.locator(".examples a").first.click()
        expect(page.locator(".decision")).to_contain_text("Seria respondida")
    assert empty.get("/collections")[1]["results"][0]["items"] == 40


def test_the_decision_comes_first_and_the_address_keeps_the_search(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja) as page:
        page.get_by_label("Pergunta do cliente").type("como rastreio meu pedido")
        decision = page.locator(".decision")
        expect(decision).to_contain_text("Seria respondida")
        expect(decision).to_contain_text(TRACK)
        expect(decision).to_contain_text(re.compile(r"confiança \d+%"))
        expect(page.locator(".result").first).to_contain_text("encontrada pela pergunta")
        expect(page.locator(".result").first).to_contain_text("distância 0,00")
        page.wait_for_url("**/?q=como+rastreio+meu+pedido")
        assert page.title() == "como rastreio meu pedido · Perguntar · Conector PGVector"
        page.reload()
        expect(page.locator(".decision")).to_contain_text("Seria respondida")
        ask(page, UNKNOWN)
        expect(page.locator(".decision")).to_contain_text("Nada aqui responde a isso")
        page.get_by_label("Pergunta do cliente").press_sequentially(" agora")
        page.wait_for_url("**agora")
        page.go_back()
        expect(page.locator(".decision")).to_contain_text("Nada aqui responde a isso")
        assert page.get_by_label("Pergunta do cliente").input_value() == UNKNOWN
        page.go_back()
        expect(page.locator(".decision")).to_contain_text("Seria respondida")
        assert page.get_by_label("Pergunta do cliente").input_value() == "como rastreio meu pedido"


def test_the_last_request_wins(browser: Browser, loja: ServiceProcess) -> None:
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    with open_page(browser, loja) as page:
        page.route("**/search", hold_first)
        box = page.get_by_label("Pergunta do cliente")
        box.fill(UNKNOWN)
        box.press("Enter")
        ask(page, TRACK)
        expect(page.locator(".decision")).to_contain_text("Seria respondida")
        assert held
        # Its answer comes late, if the page still waits for it.
        with suppress(Error):
            held[0].continue_()
        page.wait_for_load_state("networkidle")
        expect(page.locator(".decision")).to_contain_text("Seria respondida")


def test_close_hits_show_the_words_in_which_they_differ(
    browser: Browser, loja: ServiceProcess
) -> None:
    def make_ambiguous(route: Route) -> None:
        answer = route.fetch()
        reply = answer.json() | {"decision": "ambiguous", "confidence": 0.4}
        reply["results"] = reply["results"][:2]
        route.fulfill(response=answer, json=reply)

    with open_page(browser, loja) as page:
        page.route("**/search", make_ambiguous)
        ask(page, "Como faço uma produto?")
        decision = page.locator(".decision")
        expect(decision).to_contain_text("2 respostas são parecidas: o cliente escolhe qual")
        expect(decision).to_contain_text("Diferem em: troca / devolução")
        assert page.locator(".boxed mark").all_inner_texts() == ["troca", "devolução"]


def test_one_filters_by_collection_and_by_other_fields(
    browser: Browser, loja: ServiceProcess
) -> None:
    job = loja.load("question,answer\nOutra coisa?,Sim.\n", "?collection=outra")
    loja.ended(job["id"])
    with open_page(browser, loja, "/?q=Outra+coisa") as page:
        expect(page.locator(".result").first).to_contain_text("Outra coisa?")
        page.get_by_label("Coleção").select_option("loja")
        expect(page.locator(".result").first).not_to_contain_text("Outra coisa?")
        page.get_by_role("button", name="+ filtro").click()
        page.get_by_label("Valor").select_option("trocas")
        page.get_by_role("button", name="Filtrar").click()
        expect(page.locator(".result")).to_have_count(2)
        assert "collection=loja" in page.url
        assert "f.categoria=trocas" in page.url
        page.get_by_role("link", name="Remover o filtro categoria: trocas").click()
        expect(page.locator(".result")).to_have_count(5)
        page.get_by_role("link", name="categoria: entrega").first.click()
        expect(page.locator(".result")).to_have_count(2)


def test_a_filter_that_nothing_has_is_explained(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?q=como+pago&f.categoria=entregas") as page:
        expect(page.locator(".notice.warning")).to_contain_text("entregas")


def test_an_answer_is_mended_where_it_is_seen_and_the_change_taken_back(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja) as page:
        ask(page, TRACK)
        hit(page, TRACK).get_by_role("button", name="Editar").click()
        answer = page.get_by_role("textbox", name="Resposta")
        expect(answer).to_be_focused()
        answer.fill("Abra Meus pedidos e toque em Rastrear.")
        answer.press("Control+Enter")
        expect(hit(page, TRACK)).to_contain_text("toque em Rastrear")
        expect(page.locator(".outcome")).to_contain_text("Salvo.")
        assert find_item(loja, TRACK)["answer"] == "Abra Meus pedidos e toque em Rastrear."
        page.get_by_role("button", name="Desfazer").click()
        expect(hit(page, TRACK)).not_to_contain_text("toque em Rastrear")
        assert find_item(loja, TRACK)["answer"] == "Abra Meus pedidos."


def test_other_ways_to_ask_and_other_fields_are_edited(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja) as page:
        ask(page, TRACK)
        hit(page, TRACK).get_by_role("button", name="Editar").click()
        page.get_by_role("button", name="+ outra forma").click()
        # What is added has the focus.
        expect(page.get_by_role("textbox", name="Outra forma de perguntar, 1")).to_be_focused()
        page.keyboard.type("Cadê meu pacote?")
        page.get_by_role("textbox", name="categoria").fill("envio")
        page.get_by_role("button", name="+ outro campo").click()
        expect(page.get_by_role("textbox", name="Nome do campo")).to_be_focused()
        page.keyboard.type("canal")
        page.get_by_role("textbox", name="canal").fill("site")
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".outcome")).to_be_visible()
    item = find_item(loja, TRACK)
    assert item["alternatives"] == ["Cadê meu pacote?"]
    assert item["metadata"] == {"categoria": "envio", "canal": "site"}


def test_a_change_by_somebody_else_is_shown_beside_ones_own(
    browser: Browser, loja: ServiceProcess
) -> None:
    said: list[str] = []
    with open_page(browser, loja, said=said) as page:
        ask(page, TRACK)
        hit(page, TRACK).get_by_role("button", name="Editar").click()
        page.get_by_role("textbox", name="Resposta").fill("A minha.")
        change_item(loja, TRACK, answer="A de outra pessoa.")
        page.get_by_role("button", name="Salvar").click()
        versions = page.locator(".versions")
        expect(versions).to_contain_text("A minha.")
        expect(versions).to_contain_text("A de outra pessoa.")
        assert find_item(loja, TRACK)["answer"] == "A de outra pessoa."
        page.get_by_role("button", name="Salvar a minha").click()
        expect(page.locator(".outcome")).to_be_visible()
    assert find_item(loja, TRACK)["answer"] == "A minha."


def test_an_item_that_was_deleted_meanwhile_can_be_written_again(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, said=[]) as page:
        ask(page, TRACK)
        hit(page, TRACK).get_by_role("button", name="Editar").click()
        page.get_by_role("textbox", name="Resposta").fill("Ainda aqui.")
        loja.call("DELETE", f"/items/{find_item(loja, TRACK)['id']}")
        page.get_by_role("button", name="Salvar").click()
        page.get_by_role("button", name="Criar de novo").click()
        expect(page.locator(".outcome")).to_be_visible()
    assert find_item(loja, TRACK)["answer"] == "Ainda aqui."


def test_an_error_names_its_field_and_leads_to_it(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, said=[]) as page:
        ask(page, TRACK)
        hit(page, TRACK).get_by_role("button", name="Editar").click()
        page.get_by_role("textbox", name="Resposta").fill(" ")
        page.get_by_role("button", name="Salvar").click()
        page.get_by_role("alert").get_by_role("link", name="Resposta").click()
        answer = page.get_by_role("textbox", name="Resposta")
        expect(answer).to_be_focused()
        expect(answer).to_have_attribute("aria-invalid", "true")


def test_words_are_added_as_another_way_to_ask(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja) as page:
        ask(page, UNKNOWN)
        join = hit(page, SWAP).get_by_role("button", name="Adicionar esta forma de perguntar")
        join.click()
        outcome = page.locator(".outcome")
        expect(outcome).to_contain_text("Nada aqui responde a isso")
        expect(outcome).to_contain_text(f"Seria respondida: “{SWAP}”")
        expect(hit(page, SWAP)).to_contain_text(
            f"encontrada por outra forma de perguntar: “{UNKNOWN}”"
        )
        assert find_item(loja, SWAP)["alternatives"] == [UNKNOWN]
        expect(join).to_have_count(0)
        page.get_by_role("button", name="Desfazer").click()
        expect(page.locator(".decision")).to_contain_text("Nada aqui responde a isso")
    assert find_item(loja, SWAP)["alternatives"] == []


def test_from_a_wrong_answer_to_the_right_one_in_three_clicks(
    browser: Browser, loja: ServiceProcess
) -> None:
    """The words were added to the wrong item before: they move to the right one."""
    change_item(loja, SWAP, alternatives=[UNKNOWN])
    with open_page(browser, loja) as page:
        ask(page, UNKNOWN)
        hit(page, SWAP).get_by_role("button", name="Está errado").click()
        page.get_by_role("radio", name=re.compile("rastreio")).click()
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".outcome")).to_contain_text(f"“{TRACK}”")
        expect(page.locator(".decision")).to_contain_text(TRACK)
        expect(page.locator(".wrong-panel")).to_have_count(0)
    assert find_item(loja, TRACK)["alternatives"] == [UNKNOWN]
    assert find_item(loja, SWAP)["alternatives"] == []


def test_the_right_item_is_searched_among_all(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?q=onde+anda+minha+encomenda") as page:
        page.locator(".result").first.get_by_role("button", name="Está errado").click()
        page.get_by_role("searchbox").fill("MEUS PEDIDOS")
        expect(page.get_by_role("radio")).to_have_count(1)
        page.get_by_role("searchbox").fill("nada disso")
        expect(page.locator(".wrong-panel")).to_contain_text("Nenhum item tem esse texto.")
        page.keyboard.press("Escape")
        expect(page.locator(".wrong-panel")).to_have_count(0)


def test_it_says_when_mending_did_not_help(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja) as page:
        ask(page, SWAP)
        hit(page, SWAP).get_by_role("button", name="Está errado").click()
        page.get_by_role("radio", name=re.compile("rastreio")).click()
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".outcome .notice.warning")).to_be_visible()


def test_where_nothing_answers_one_writes_the_answer(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja) as page:
        ask(page, UNKNOWN)
        page.get_by_role("button", name="Escrever a resposta aqui").click()
        assert page.get_by_role("textbox", name="Pergunta", exact=True).input_value() == UNKNOWN
        page.get_by_role("textbox", name="Resposta").fill("Veja o código de rastreio.")
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".outcome")).to_contain_text("Resposta escrita.")
        expect(page.locator(".decision")).to_contain_text("Seria respondida")
    item = find_item(loja, UNKNOWN)
    assert (item["collection"], item["answer"]) == ("loja", "Veja o código de rastreio.")


def test_stored_texts_are_shown_as_text(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja) as page:
        page.on("dialog", lambda dialog: dialog.dismiss())
        ask(page, "Qual é o prazo?")
        expect(page.locator(".result").first).to_contain_text("<script>alert(1)</script>")
        assert page.locator("main script").count() == 0
        address = page.get_by_role("link", name="https://loja.example/prazo")
        assert address.get_attribute("rel") == "noopener noreferrer"
        ask(page, "Tem loja física?")
        long = page.locator(".result").first
        assert long.bounding_box()["height"] < 300  # type: ignore[index]
        long.get_by_role("button", name="ver tudo").click()
        assert long.bounding_box()["height"] > 300  # type: ignore[index]
