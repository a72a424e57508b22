"""The view Items as its people use it: to look through what is stored and mend it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.items_view import ITEMS, edit, load, load_many, rows, undo_bar
from tests.support.page import (
    add_reader,
    change_item,
    find_item,
    find_violations,
    list_items,
    press_until,
)
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

TRACK = "Como rastreio meu pedido?"
EVIL = "<img src=x onerror=alert(1)>"


def test_it_lists_what_is_stored_as_text(browser: Browser, loja: ServiceProcess) -> None:
    load(loja, f'question,answer,campo\n"{EVIL}","{EVIL}","{EVIL}"\n', "loja")
    with open_page(browser, loja, ITEMS) as page:
        expect(rows(page)).to_have_count(6)
        expect(page.locator(".toolbar")).to_contain_text("6 itens")
        expect(rows(page).last).to_contain_text(EVIL)
        expect(rows(page).first).to_contain_text("categoria: entrega")
        assert page.locator("main img, main script").count() == 0
        assert page.title() == "Itens · loja · Conector PGVector"
        long = rows(page).filter(has_text="Tem loja física?")
        assert long.bounding_box()["height"] < 150  # type: ignore[index]
        long.get_by_role("button", name="ver tudo").click()
        assert long.bounding_box()["height"] > 300  # type: ignore[index]


def test_one_searches_by_text_while_typing(browser: Browser, loja: ServiceProcess) -> None:
    load(loja, "question,answer\nOnde fica o CEP?,No envelope.\n", "outra")
    with open_page(browser, loja, ITEMS) as page:
        expect(rows(page)).to_have_count(5)
        page.get_by_role("searchbox").press_sequentially("PEDIDOS")
        expect(rows(page)).to_have_count(1)
        page.wait_for_url("**text=PEDIDOS")
        page.reload()
        expect(page.get_by_role("searchbox")).to_have_value("PEDIDOS")
        expect(rows(page)).to_have_count(1)
        page.get_by_role("searchbox").fill("envelope")
        expect(page.locator("main .notice")).to_contain_text("Nada com “envelope” em loja.")
        page.get_by_role("link", name="Buscar em todas as coleções").click()
        expect(rows(page)).to_have_count(1)
        expect(rows(page)).to_contain_text("outra")
        page.go_back()
        page.get_by_role("link", name="Limpar a busca").click()
        expect(rows(page)).to_have_count(5)
        expect(page.get_by_role("searchbox")).to_have_value("")


def test_pages_are_links_and_back_keeps_the_place(browser: Browser, empty: ServiceProcess) -> None:
    load_many(empty, 112)
    with open_page(browser, empty, "/?view=items&collection=muitos") as page:
        expect(rows(page)).to_have_count(50)
        following = page.get_by_role("link", name="Seguintes")
        following.scroll_into_view_if_needed()
        place = page.evaluate("scrollY")
        assert place > 0
        following.click()
        expect(page.locator(".pager")).to_contain_text("51–100 de 112")
        expect(page.locator("main h1")).to_be_focused()
        assert "page=2" in page.url
        page.wait_for_function("() => scrollY === 0")
        page.go_back()
        expect(page.locator(".pager")).to_contain_text("1–50 de 112")
        page.wait_for_function("place => Math.abs(scrollY - place) < 3", arg=place)
        page.goto(f"{empty.url}/?view=items&collection=muitos&page=3")
        expect(rows(page)).to_have_count(12)
        page.goto(f"{empty.url}/?view=items&collection=muitos&page=9")
        page.get_by_role("link", name="Ir para a última").click()
        expect(rows(page)).to_have_count(12)


def test_an_item_is_edited_in_place_and_the_change_taken_back(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, ITEMS) as page:
        edit(page, TRACK).click()
        assert f"edit={find_item(loja, TRACK)['id']}" in page.url
        answer = page.get_by_role("textbox", name="Resposta")
        expect(answer).to_be_focused()
        answer.fill("Toque em Rastrear.")
        page.get_by_role("button", name="+ outra forma").click()
        page.get_by_role("textbox", name="Outra forma de perguntar, 1").fill("Cadê meu pacote?")
        page.get_by_role("textbox", name="categoria").fill("envio")
        page.keyboard.press("Control+Enter")
        expect(rows(page).first).to_contain_text("Toque em Rastrear.")
        expect(rows(page).first).to_contain_text("+1 outra forma de perguntar")
        expect(edit(page, TRACK)).to_be_focused()
        changed = find_item(loja, TRACK)
        assert changed["alternatives"] == ["Cadê meu pacote?"]
        assert changed["metadata"] == {"categoria": "envio"}
        page.get_by_role("button", name="Desfazer").click()
        expect(rows(page).first).to_contain_text("Abra Meus pedidos.")
    assert find_item(loja, TRACK)["alternatives"] == []


def test_a_change_by_somebody_else_is_shown_beside_ones_own(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, ITEMS, said=[]) as page:
        edit(page, TRACK).click()
        page.get_by_role("textbox", name="Resposta").fill("A minha.")
        change_item(loja, TRACK, answer="A de outra pessoa.")
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".versions")).to_contain_text("A minha.")
        expect(page.locator(".versions")).to_contain_text("A de outra pessoa.")
        page.get_by_role("button", name="Ficar com a que está guardada").click()
        expect(page.get_by_role("textbox", name="Resposta")).to_have_value("A de outra pessoa.")


@pytest.mark.parametrize("reloads", [False, True])
def test_an_item_that_was_deleted_meanwhile_can_be_written_again(
    browser: Browser, loja: ServiceProcess, reloads: bool
) -> None:
    with open_page(browser, loja, ITEMS, said=[]) as page:
        edit(page, TRACK).click()
        page.get_by_role("textbox", name="Resposta").fill("Ainda aqui.")
        loja.call("DELETE", f"/items/{find_item(loja, TRACK)['id']}")
        if reloads:
            page.reload()
            expect(page.get_by_role("textbox", name="Resposta")).to_have_value("Ainda aqui.")
        page.get_by_role("button", name="Salvar").click()
        expect(page.get_by_role("alert")).to_contain_text("Outra pessoa apagou este item.")
        page.get_by_role("button", name="Criar de novo").click()
        expect(rows(page).last).to_contain_text("Ainda aqui.")
    assert find_item(loja, TRACK)["answer"] == "Ainda aqui."


def test_an_item_of_another_page_opens_by_its_address(
    browser: Browser, loja: ServiceProcess
) -> None:
    load_many(loja, 60)
    last = find_item(loja, "Pergunta 60?")["id"]
    with open_page(browser, loja, f"/?view=items&edit={last}") as page:
        expect(page.get_by_role("textbox", name="Resposta")).to_have_value("Resposta 60.")
        page.keyboard.press("Escape")
        expect(page.locator(".item-form")).to_have_count(0)
        expect(rows(page)).to_have_count(50)


def test_one_writes_a_new_item(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, ITEMS) as page:
        page.get_by_role("link", name="+ Novo").click()
        question = page.get_by_role("textbox", name="Pergunta", exact=True)
        expect(question).to_be_focused()
        question.fill("Vocês embrulham?")
        page.reload()
        expect(question).to_have_value("Vocês embrulham?")
        page.get_by_role("textbox", name="Resposta").fill("Sim.")
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".outcome .notice")).to_contain_text("Guardado: “Vocês embrulham?”")
        expect(rows(page)).to_have_count(6)
        page.get_by_role("link", name="Perguntar isto").click()
        expect(page.locator(".decision")).to_contain_text("Seria respondida")
    assert find_item(loja, "Vocês embrulham?")["collection"] == "loja"


def test_a_copy_is_downloaded_in_both_forms(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=items") as page:
        page.get_by_text("Baixar", exact=True).click()
        expect(page.locator(".sheet")).to_contain_text("Escolha uma coleção")
        page.keyboard.press("Escape")
        expect(page.locator(".sheet")).to_be_hidden()
        page.get_by_label("Coleção").select_option("loja")
        page.get_by_text("Baixar", exact=True).click()
        with page.expect_download() as plain:
            page.get_by_role("link", name="CSV", exact=True).click()
        text = plain.value.path().read_text("utf-8")
        assert text.startswith("pergunta,resposta,categoria")
        with page.expect_download() as excel:
            page.get_by_role("link", name="CSV para Excel").click()
        assert excel.value.path().read_bytes().startswith(b"\xef\xbb\xbfpergunta;resposta;")


def test_an_empty_collection_says_what_to_do(browser: Browser, empty: ServiceProcess) -> None:
    with open_page(browser, empty, "/?view=items") as page:
        expect(page.locator(".card")).to_contain_text("Ainda não há itens")
        assert page.get_by_role("table").count() == 0
        page.goto(f"{empty.url}/?view=items&collection=nova")
        expect(page.locator(".card")).to_contain_text("A coleção “nova” não tem itens")
        page.get_by_role("link", name="Escrever o primeiro item").click()
        page.get_by_role("textbox", name="Pergunta", exact=True).fill("Primeira?")
        page.get_by_role("textbox", name="Resposta").fill("Sim.")
        page.keyboard.press("Control+Enter")
        expect(rows(page)).to_have_count(1)
    assert find_item(empty, "Primeira?")["collection"] == "nova"


def test_who_only_looks_browses_and_downloads(browser: Browser, loja: ServiceProcess) -> None:
    first = find_item(loja, TRACK)["id"]
    with open_page(browser, loja, f"{ITEMS}&edit={first}", user=add_reader(loja)) as page:
        expect(rows(page)).to_have_count(5)
        assert page.locator(".item-form").count() == 0
        assert set(page.locator("main button").all_inner_texts()) == {"ver tudo"}
        assert page.get_by_role("checkbox").count() == 0
        page.get_by_text("Baixar", exact=True).click()
        links = {text for text in page.locator("main a").all_inner_texts() if "http" not in text}
        assert links == {"CSV", "CSV para Excel"}
        with page.expect_download():
            page.get_by_role("link", name="CSV", exact=True).click()


def test_all_is_done_by_keyboard(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, ITEMS) as page:
        expect(rows(page)).to_have_count(5)
        page.get_by_role("searchbox").focus()
        page.keyboard.type("rastreio")
        expect(rows(page)).to_have_count(1)
        press_until(page, edit(page, TRACK))
        page.keyboard.press("Enter")
        expect(page.get_by_role("textbox", name="Resposta")).to_be_focused()
        drop = page.get_by_role("button", name="Apagar", exact=True)
        press_until(page, drop)
        page.keyboard.press("Enter")
        expect(page.locator("main h1")).to_be_focused()
        page.keyboard.press("Control+z")
        expect(rows(page)).to_have_count(1)
    assert len(list_items(loja)) == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["pt-BR", "en-GB"])
def test_axe_finds_nothing_where_things_are_open(
    browser: Browser, loja: ServiceProcess, language: str, scheme: str
) -> None:
    with open_page(browser, loja, ITEMS, language=language, color_scheme=scheme) as page:
        expect(rows(page)).to_have_count(5)
        page.locator(".marked").get_by_role("checkbox").check()
        page.locator("summary").click()
        assert find_violations(page) == ""
        page.keyboard.press("Escape")
        page.locator("[data-edit]").nth(1).click()
        page.wait_for_selector(".item-form .answer")
        assert find_violations(page) == ""
        page.locator(".item-form .danger").click()
        expect(undo_bar(page)).to_be_visible()
        page.locator(".end .danger").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert find_violations(page) == ""


def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, loja: ServiceProcess) -> None:
    load(loja, f"question,answer\n{'palavra' * 40}?,{'resposta' * 50}\n", "loja")
    width = "document.documentElement.scrollWidth"
    with open_page(browser, loja, ITEMS, width=360) as page:
        expect(rows(page)).to_have_count(6)
        page.locator(".marked").get_by_role("checkbox").check()
        page.locator("summary").click()
        assert page.evaluate(width) == 360
        page.keyboard.press("Escape")
        edit(page, "palavra" * 40 + "?").click()
        answer = page.get_by_role("textbox", name="Resposta")
        assert answer.bounding_box()["height"] >= 6 * 24  # type: ignore[index]
        assert page.evaluate(width) == 360
        # The form has the screen for itself.
        expect(rows(page).first).to_be_hidden()
        page.set_viewport_size({"width": 720, "height": 900})
        assert page.evaluate(width) == 720
        page.set_viewport_size({"width": 360, "height": 900})
        page.goto(f"{loja.url}/?view=items&collection=loja&text={quote('x' * 300)}")
        expect(page.locator("main .notice")).to_be_visible()
        assert page.evaluate(width) == 360
