"""The page for everybody: by keyboard, by screen reader, on a phone, and for who only looks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.page import add_reader, find_violations, press_until
from tests.support.service import ServiceProcess
from web.pages import VIEWS

pytestmark = needs_chromium

ASKED = "/?q=Como+rastreio+meu+pedido?"
UNKNOWN = "/?q=onde+anda+minha+encomenda"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["pt-BR", "en-GB"])
def test_axe_finds_nothing(
    browser: Browser,
    loja: ServiceProcess,
    language: str,
    scheme: str,
    subtests: pytest.Subtests,
) -> None:
    with open_page(browser, loja, language=language, color_scheme=scheme) as page:
        for view in VIEWS:
            with subtests.test(view=view.name):
                page.goto(f"{loja.url}/?view={view.name}")
                page.wait_for_selector("main h1", state="attached")
                page.wait_for_load_state("networkidle")
                assert find_violations(page) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_things_are_open(
    browser: Browser, loja: ServiceProcess, scheme: str
) -> None:
    with open_page(browser, loja, ASKED, color_scheme=scheme) as page:
        expect(page.locator(".decision")).to_be_visible()
        assert find_violations(page) == ""
        page.get_by_role("button", name="+ filtro").click()
        page.get_by_role("button", name="Editar").first.click()
        page.get_by_role("button", name="+ outra forma").click()
        assert find_violations(page) == ""
        page.goto(loja.url + UNKNOWN)
        page.get_by_role("button", name="Está errado").first.click()
        page.get_by_role("radio").first.click()
        assert find_violations(page) == ""
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".outcome")).to_be_visible()
        assert find_violations(page) == ""


def test_axe_finds_nothing_in_the_greeting_and_the_help(
    browser: Browser, empty: ServiceProcess
) -> None:
    with open_page(browser, empty) as page:
        expect(page.get_by_role("heading", name="Comece por aqui")).to_be_visible()
        assert find_violations(page) == ""
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        assert find_violations(page) == ""


def test_keys_lead_to_the_box_and_list_themselves(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, ASKED) as page:
        expect(page.locator(".decision")).to_be_visible()
        box = page.get_by_label("Pergunta do cliente")
        page.keyboard.press("/")
        expect(box).to_be_focused()
        page.keyboard.type("/?")
        expect(box).to_have_value("Como rastreio meu pedido?/?")
        page.keyboard.press("Tab")
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        dialog.get_by_role("checkbox").uncheck()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        page.keyboard.press("?")
        expect(dialog).to_have_count(0)


def test_all_is_done_by_keyboard(browser: Browser, loja: ServiceProcess) -> None:
    """From the box, Tab leads through filter and order to the first hit's buttons."""
    with open_page(browser, loja) as page:
        page.get_by_label("Pergunta do cliente").press_sequentially("Como rastreio meu pedido?")
        expect(page.locator(".decision")).to_be_visible()
        edit = page.get_by_role("button", name="Editar").first
        press_until(page, edit)
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="Resposta")).to_be_focused()
        page.keyboard.type("Pelo teclado. ")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".outcome .notice")).to_be_focused()


def test_a_screen_reader_hears_the_decision_alone(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja) as page:
        page.get_by_label("Pergunta do cliente").fill("Como rastreio meu pedido?")
        expect(page.get_by_role("status")).to_have_text("Seria respondida")


@pytest.mark.parametrize("path", ["/", ASKED, UNKNOWN])
def test_nothing_scrolls_sideways_on_a_phone(
    browser: Browser, loja: ServiceProcess, path: str
) -> None:
    job = loja.load(f"question,answer\n{'palavra' * 40}?,{'resposta' * 50}\n", "?collection=loja")
    loja.ended(job["id"])
    with open_page(browser, loja, path, width=360) as page:
        page.wait_for_load_state("networkidle")
        if page.get_by_role("button", name="Editar").count():
            page.get_by_role("button", name="Editar").first.click()
            answer = page.get_by_role("textbox", name="Resposta")
            # Six lines at once.
            assert answer.bounding_box()["height"] >= 6 * 24  # type: ignore[index]
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_who_only_looks_is_shown_no_button_that_would_be_refused(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, UNKNOWN, user=add_reader(loja)) as page:
        expect(page.locator(".decision")).to_contain_text("Nada aqui responde a isso")
        shown = page.locator("main button").all_inner_texts()
        assert set(shown) == {"Perguntar", "+ filtro", "ver tudo"}
        seen = page.get_by_role("navigation").first.get_by_role("link").all_inner_texts()
        assert len(seen) == sum(view.role == "reader" for view in VIEWS)


def test_the_language_is_switched_and_remembered(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, ASKED) as page:
        page.get_by_label("Idioma").select_option("en")
        expect(page.locator(".decision")).to_contain_text("This would be answered")
        expect(page.locator(".result").first).to_contain_text("distance 0.00")
        page.goto(loja.url + UNKNOWN)
        expect(page.locator(".decision")).to_contain_text("Nothing here answers that")


def test_the_appearance_is_switched_and_remembered(browser: Browser, loja: ServiceProcess) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with open_page(browser, loja) as page:
        light = page.evaluate(background)
        page.get_by_label("Aparência").select_option("dark")
        dark = page.evaluate(background)
        assert dark != light
        page.reload()
        assert page.evaluate(background) == dark
