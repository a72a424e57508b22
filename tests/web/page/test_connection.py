"""A service that goes away and comes back: nothing is lost, and nothing has to be loaded anew."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Dialog, FilePayload, Route, TimeoutError, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.page import find_item
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

NEW: FilePayload = {
    "name": "novas.csv",
    "mimeType": "text/csv",
    "buffer": "pergunta,resposta\nQuando chega?,Em três dias.\n".encode(),
}


def test_a_file_outlives_a_service_that_is_away(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=upload&collection=loja", said=[]) as page:
        page.locator("input[type=file]").first.set_input_files(NEW)
        expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")
        page.context.set_offline(True)
        page.get_by_role("button", name="Enviar uma linha").click()
        bar = page.locator("#connection")
        expect(bar).to_contain_text("Sem conexão.")
        bar.get_by_role("button", name="Tentar de novo").click()
        expect(bar).to_contain_text("Sem conexão.")
        expect(page.locator(".file-card")).to_contain_text("novas.csv")
        page.context.set_offline(False)
        # By itself.
        expect(bar.locator(".notice")).to_have_count(0)
        page.get_by_role("button", name="Enviar de novo").click()
        expect(page.locator(".notice.success")).to_be_visible()
    assert find_item(loja, "Quando chega?")["answer"] == "Em três dias."


def test_what_could_not_be_read_comes_by_itself(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=items&collection=loja", said=[]) as page:
        expect(page.locator("tbody tr")).to_have_count(5)
        page.context.set_offline(True)
        page.get_by_role("searchbox").fill("rastreio")
        expect(page.locator("main .notice.error")).to_contain_text("Sem conexão.")
        page.context.set_offline(False)
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.get_by_text("Sem conexão.")).to_have_count(0)


@pytest.mark.parametrize("view", ["ask", "check"])
def test_collections_that_can_not_be_read_are_tried_again(
    browser: Browser, loja: ServiceProcess, view: str
) -> None:
    asked = []

    def fail(route: Route) -> None:
        asked.append(route)
        body = json.dumps({"error": "O banco está fora.", "code": "unavailable"})
        route.fulfill(status=503, body=body, content_type="application/json")

    with open_page(browser, loja, f"/?view={view}", said=[]) as page:
        page.route("**/collections", fail)
        page.reload()
        if view == "ask":
            page.get_by_role("button", name="+ filtro").click()
        failed = page.locator("main .notice.error")
        expect(failed).to_contain_text("O banco está fora.")
        before = len(asked)
        again = failed.get_by_role("button", name="Tentar de novo")
        with page.expect_response("**/collections"):
            again.click()
        assert len(asked) > before
        expect(failed).to_contain_text("O banco está fora.")
        page.unroute("**/collections")
        # It may come before, since other parts of the page ask as well.
        with suppress(TimeoutError):
            again.click(timeout=5_000)
        expect(failed).to_have_count(0)
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)


def test_a_file_that_was_not_sent_is_asked_about(browser: Browser, loja: ServiceProcess) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    with open_page(browser, loja, "/?view=upload&collection=loja") as page:
        page.on("dialog", stay)
        page.locator("input[type=file]").first.set_input_files(NEW)
        expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")
        # Browsers ask only those who did something on the page.
        page.get_by_label("Só adicionar").check()
        page.evaluate("location.reload()")
        expect(page.locator(".file-card")).to_contain_text("novas.csv")
        page.get_by_role("button", name="remover").click()
        expect(page.locator(".drop")).to_be_visible()
        page.evaluate("location.reload()")
        expect(page.locator(".drop")).to_be_visible()
    assert asked == ["beforeunload"]
