"""What goes wrong around the page, and the words that it keeps for its people meanwhile."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

TRACK = "/?q=Como+rastreio+meu+pedido?"


def open_form(page: Page) -> None:
    page.locator(".result").first.get_by_role("button", name="Editar").click()


def test_typed_words_outlive_escape_and_reload(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, TRACK) as page:
        answer = page.get_by_role("textbox", name="Resposta")
        open_form(page)
        answer.fill("Ainda não salvo.")
        answer.press("Escape")
        expect(answer).to_have_count(0)
        expect(page.locator(".result").first.get_by_role("button", name="Editar")).to_be_focused()
        page.reload()
        open_form(page)
        expect(answer).to_have_value("Ainda não salvo.")
        page.get_by_role("button", name="Descartar e voltar ao que está guardado").click()
        expect(answer).to_have_value("Abra Meus pedidos.")
        page.reload()
        open_form(page)
        expect(answer).to_have_value("Abra Meus pedidos.")


def test_a_question_too_long_for_an_address_outlives_a_reload(
    browser: Browser, loja: ServiceProcess
) -> None:
    question = "Como rastreio meu pedido? " * 100
    with open_page(browser, loja) as page:
        page.get_by_label("Pergunta do cliente").fill(question)
        expect(page.locator(".decision")).to_be_visible()
        assert len(page.url) < 200
        page.reload()
        expect(page.get_by_label("Pergunta do cliente")).to_have_value(question)


def test_a_busy_service_is_asked_again(browser: Browser, loja: ServiceProcess) -> None:
    refused: list[Route] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route)
        body = json.dumps({"error": "O modelo não está pronto.", "code": "model_loading"})
        route.fulfill(
            status=503, body=body, content_type="application/json", headers={"Retry-After": "2"}
        )

    with open_page(browser, loja, said=[]) as page:
        page.route("**/search", refuse_once)
        page.get_by_label("Pergunta do cliente").fill("Como rastreio meu pedido?")
        expect(page.locator(".notice.warning")).to_contain_text("O modelo não está pronto.")
        expect(page.locator(".notice.warning")).to_contain_text(re.compile("Tento de novo em"))
        expect(page.locator(".decision")).to_contain_text("Seria respondida")


def test_without_a_connection_it_says_so_and_keeps_what_is_typed(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, TRACK, said=[]) as page:
        open_form(page)
        page.get_by_role("textbox", name="Resposta").fill("Sem rede.")
        page.context.set_offline(True)
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator("#connection")).to_contain_text("Sem conexão.")
        page.context.set_offline(False)
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".outcome")).to_contain_text("Salvo.")
        expect(page.locator("#connection .notice")).to_have_count(0)


def test_the_end_of_a_session_is_said(browser: Browser, loja: ServiceProcess) -> None:
    def refuse(route: Route) -> None:
        body = json.dumps({"error": "Nome ou senha.", "code": "unauthorized"})
        route.fulfill(status=401, body=body, content_type="application/json")

    with open_page(browser, loja, TRACK, said=[]) as page:
        page.route("**/items/*", refuse)
        open_form(page)
        expect(page.locator("#connection")).to_contain_text("A sessão terminou.")


def test_a_change_that_can_not_be_taken_back_can_be_tried_again(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, TRACK, said=[]) as page:
        open_form(page)
        page.get_by_role("textbox", name="Resposta").fill("Outra.")
        page.get_by_role("button", name="Salvar").click()
        undo = page.get_by_role("button", name="Desfazer")
        expect(undo).to_be_visible()
        page.context.set_offline(True)
        undo.click()
        expect(page.locator(".undo")).to_contain_text("Sem conexão.")
        page.context.set_offline(False)
        undo.click()
        expect(page.locator(".result").first).to_contain_text("Abra Meus pedidos.")


def test_a_view_that_fails_says_so(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, said=[]) as page:
        strange = {"decision": "answer", "results": []}
        page.route("**/search", lambda route: route.fulfill(json=strange))
        page.get_by_label("Pergunta do cliente").fill("Como rastreio meu pedido?")
        expect(page.get_by_role("heading", level=1)).to_have_text("Esta parte da página falhou")
        expect(page.get_by_role("button", name="Tentar de novo")).to_be_visible()


def test_a_dropped_file_does_not_lead_away(browser: Browser, loja: ServiceProcess) -> None:
    drop = """() => {
      const files = new DataTransfer();
      files.items.add(new File(["a"], "a.csv"));
      const event = new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true});
      document.body.dispatchEvent(event);
      return event.defaultPrevented;
    }"""
    with open_page(browser, loja, TRACK) as page:
        assert page.evaluate(drop)


def test_an_error_of_the_service_shows_its_number(browser: Browser, loja: ServiceProcess) -> None:
    def fail(route: Route) -> None:
        body = json.dumps({"error": "Algo falhou no serviço.", "code": "internal"})
        headers = {"X-Request-Id": "abc-123"}
        route.fulfill(status=500, body=body, content_type="application/json", headers=headers)

    with open_page(browser, loja, said=[]) as page:
        page.route("**/search", fail)
        page.get_by_label("Pergunta do cliente").fill("Como rastreio meu pedido?")
        expect(page.get_by_role("alert")).to_contain_text("abc-123")
        page.unroute("**/search")
        page.get_by_role("button", name="Tentar de novo").click()
        expect(page.locator(".decision")).to_be_visible()


def test_two_tabs_mend_rows_of_one_file(browser: Browser, loja: ServiceProcess) -> None:
    job = loja.load("pergunta,resposta\nUma?,\nOutra?,\n", "?collection=loja")
    path = f"/?view=upload&job={loja.ended(job['id'])['id']}"
    with open_page(browser, loja, path) as page:
        one, other = "resposta, linha 2", "resposta, linha 3"
        expect(page.get_by_label(one)).to_be_visible()
        second = page.context.new_page()
        second.goto(loja.url + path)
        page.get_by_label(one).fill("Da primeira aba.")
        second.get_by_label(other).fill("Da segunda aba.")
        page.get_by_label(one).fill("Ainda da primeira aba.")
        page.reload()
        expect(page.get_by_label(one)).to_have_value("Ainda da primeira aba.")
        expect(page.get_by_label(other)).to_have_value("Da segunda aba.")
