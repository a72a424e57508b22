"""The views Upload and Jobs for everybody: by keyboard, by screen reader, on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.page import find_violations, press_until
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

FAQ = (
    "pergunta;resposta;categoria;id\nQuando chega?;Em três dias.;entrega;1\n"
    "Posso trocar?;;trocas;2\n"
    f"{'palavra' * 40}?;{'resposta' * 50};{'c' * 90};3\nQuando chega?;Nunca.;entrega;4\n"
)
UNKNOWN = "tema,o que perguntam,o que dizemos\na,b,c\nd,e,f\n"


def choose(page: Page, text: str, name: str = "loja.csv") -> None:
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.locator(".file-card")).to_contain_text(name)
    expect(page.locator("p.counts, .notice.error").first).to_be_visible()
    expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")


def go_through(page: Page) -> list[str]:
    """Look at all states of an upload in turn; return what is wrong with each."""
    found = []

    def look() -> None:
        found.append(find_violations(page))
        width = page.viewport_size["width"] if page.viewport_size else 0
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append("scrolls sideways")

    choose(page, UNKNOWN, "colunas.csv")
    look()
    choose(page, FAQ)
    for summary in page.locator("main summary").all():
        summary.click()
    look()
    page.locator("input[value=replace]").check()
    expect(page.locator("p.counts .deleted")).to_be_visible()
    expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")
    page.locator(".primary").last.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look()
    page.keyboard.press("Escape")
    page.locator("input[value=append]").check()
    expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".primary").last).to_be_enabled()
    page.locator(".primary").last.click()
    expect(page.locator("textarea[aria-invalid=true]")).to_be_visible()
    for summary in page.locator("main summary").all():
        summary.click()
    look()
    page.goto(page.url.split("?")[0] + "?view=jobs")
    expect(page.get_by_role("table")).to_be_visible()
    look()
    return [one for one in found if one]


@pytest.mark.parametrize("language", ["pt-BR", "en-GB"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, loja: ServiceProcess, language: str, scheme: str, width: int
) -> None:
    path = "/?view=upload&collection=loja"
    # A colour that is about to change has no contrast of its own.
    with open_page(
        browser,
        loja,
        path,
        language=language,
        width=width,
        said=[],
        color_scheme=scheme,
        reduced_motion="reduce",
    ) as page:
        assert go_through(page) == []


def test_all_is_done_by_keyboard(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=upload") as page:
        choose(page, "pergunta;resposta\nQuando chega?;Em três dias.\nPosso trocar?;\n")
        press_until(page, page.locator("select[aria-label*=pergunta]"))
        press_until(page, page.locator("summary"))
        press_until(page, page.locator(".target select"))
        press_until(page, page.locator("input[name=mode]"))
        page.keyboard.press("ArrowDown")
        expect(page.get_by_label("Só adicionar")).to_be_checked()
        expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")
        expect(page.get_by_role("button", name="Enviar uma linha")).to_be_enabled()
        press_until(page, page.locator("button.primary"))
        page.keyboard.press("Enter")
        cell = page.locator("textarea[aria-invalid=true]")
        expect(cell).to_be_visible()
        press_until(page, page.locator("textarea[aria-invalid=true]"))
        page.keyboard.type("Sim.")
        press_until(page, page.locator("button.primary"))
        page.keyboard.press("Enter")
        expect(page.locator(".notice.success")).to_be_visible()


def test_a_screen_reader_hears_what_was_found(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=upload") as page:
        choose(page, "pergunta;resposta\nQuando chega?;Em três dias.\nPosso trocar?;\n")
        expect(page.locator("#live")).to_have_text("2 linhas: uma nova, uma recusada")
        page.get_by_role("button", name="Enviar uma linha").click()
        expect(page.locator("#live")).to_have_text("Concluída em parte")
