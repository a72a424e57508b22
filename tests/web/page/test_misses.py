"""A test with many misses: they are shown in parts, and what follows is not far below."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

MISSES = 25
ASKED = "question,expected\n" + "".join(
    f"Como rastreio meu pedido {n}?,Qual é o prazo?\n" for n in range(MISSES)
)


def test_misses_are_shown_in_parts(browser: Browser, loja: ServiceProcess) -> None:
    path = "/evaluate?collection=loja"
    status, body = loja.ask("POST", path, ASKED.encode(), Content_Type="text/csv")
    assert status == 202
    job = str(loja.ended(body["job"]["id"])["id"])
    with open_page(browser, loja, f"/?view=check&collection=loja&job={job}") as page:
        rows = page.locator(".misses tbody tr")
        expect(rows).to_have_count(20)
        pager = page.locator(".misses .pager")
        expect(pager).to_contain_text(f"1–20 de {MISSES}")
        pager.get_by_role("link", name="Seguintes").click()
        expect(rows).to_have_count(MISSES - 20)
        # From one miss to the next, the list follows.
        rows.first.get_by_role("link").click()
        page.get_by_role("button", name="Erro anterior").click()
        expect(page.get_by_role("group", name=f"Erro 20 de {MISSES}")).to_be_visible()
        expect(pager).to_contain_text(f"1–20 de {MISSES}")
        expect(rows.locator("[aria-current=true]")).to_have_count(1)
        page.get_by_role("button", name="Próximo erro").click()
        expect(pager).to_contain_text(f"21–25 de {MISSES}")
        expect(page.get_by_role("button", name="Próximo erro")).to_be_focused()


def test_a_collection_that_is_gone_offers_the_others(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, "/?view=check&collection=antiga", said=[]) as page:
        expect(page.locator(".notice.warning")).to_contain_text("“antiga” não existe")
        expect(page.get_by_role("button", name="Tentar de novo")).to_have_count(0)
        page.locator("main").get_by_role("link", name="loja").click()
        expect(page.locator(".test-file")).to_be_visible()
        assert "collection=loja" in page.url
