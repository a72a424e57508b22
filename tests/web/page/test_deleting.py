"""The view Items deletes: one item, those that are marked or found, and a whole collection."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.client import eventually
from tests.support.items_view import ITEMS, edit, load, load_many, rows, undo_bar
from tests.support.page import change_item, list_items
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

TRACK = "Como rastreio meu pedido?"
SWAP = "Como faço uma troca de produto?"


def delete(page: Page, question: str) -> None:
    """Delete an item from its form."""
    edit(page, question).click()
    page.get_by_role("button", name="Apagar", exact=True).click()


def wait_out(page: Page) -> None:
    """Let the ten seconds of the undo bar pass."""
    page.clock.run_for(11_000)
    expect(undo_bar(page)).to_have_count(0)


def test_a_deleted_item_comes_back_within_ten_seconds(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, ITEMS) as page:
        page.clock.install()
        delete(page, TRACK)
        expect(undo_bar(page)).to_contain_text("Item apagado.")
        expect(rows(page)).to_have_count(4)
        expect(page.locator(".toolbar")).to_contain_text("4 itens")
        assert len(list_items(loja)) == 5
        page.keyboard.press("Control+z")
        expect(rows(page)).to_have_count(5)
        page.clock.run_for(11_000)
        assert len(list_items(loja)) == 5
        delete(page, TRACK)
        page.get_by_role("button", name="Desfazer").hover()
        page.clock.run_for(11_000)
        expect(undo_bar(page)).to_be_visible()
        page.mouse.move(0, 0)
        wait_out(page)
        expect(page.locator(".toolbar")).to_contain_text("4 itens")
        eventually(lambda: len(list_items(loja)) == 4)
    assert TRACK not in {item["question"] for item in list_items(loja)}


def test_what_somebody_else_mended_meanwhile_is_not_deleted(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, ITEMS) as page:
        page.clock.install()
        delete(page, TRACK)
        expect(rows(page)).to_have_count(4)
        change_item(loja, TRACK, answer="Mudada por outra pessoa.")
        page.clock.run_for(11_000)
        expect(undo_bar(page)).to_contain_text("Outra pessoa mudou o item")
        expect(rows(page).first).to_contain_text("Mudada por outra pessoa.")
    assert len(list_items(loja)) == 5


def test_on_leaving_it_is_deleted_at_once(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, ITEMS) as page:
        page.get_by_role("checkbox", name=f"Marcar “{TRACK}”").check()
        page.get_by_role("checkbox", name=f"Marcar “{SWAP}”").check()
        page.get_by_role("button", name="Apagar os 2 marcados").click()
        expect(undo_bar(page)).to_contain_text("2 itens apagados.")
        # Another view is no leaving.
        page.get_by_role("link", name="Perguntar").first.click()
        expect(undo_bar(page)).to_be_visible()
        page.goto(f"{loja.url}/livez")
        eventually(lambda: len(list_items(loja)) == 3)
    assert not {TRACK, SWAP} & {item["question"] for item in list_items(loja)}


def test_marks_of_this_page_and_all_that_was_found_are_said_apart(
    browser: Browser, loja: ServiceProcess
) -> None:
    load_many(loja, 112)
    load(loja, "question,answer\nFica?,Sim.\n", "muitos")
    with open_page(browser, loja, "/?view=items&collection=muitos&text=pergunta") as page:
        whole = page.get_by_role("checkbox", name="Marcar os 50 desta página")
        found = page.get_by_role("button", name="Apagar todos os 112 encontrados…")
        expect(found).to_have_count(0)
        whole.check()
        expect(page.locator(".marked")).to_contain_text("50 marcados")
        expect(found).to_be_visible()
        page.get_by_role("link", name="Seguintes").click()
        expect(page.locator(".pager")).to_contain_text("51–100")
        expect(page.locator(".marked")).to_contain_text("50 marcados (50 em outras páginas)")
        whole.check()
        page.get_by_role("button", name="Apagar os 100 marcados").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Apagar 100 itens?")
        dialog.get_by_role("button", name="Voltar").click()
        found.click()
        expect(dialog).to_contain_text("Apagar 112 itens?")
        dialog.get_by_role("button", name="Apagar 112").click()
        expect(page.locator(".outcome")).to_contain_text("112 itens apagados.")
    assert [item["question"] for item in list_items(loja, "&collection=muitos")] == ["Fica?"]


def test_a_collection_is_deleted_once_its_name_is_typed(
    browser: Browser, loja: ServiceProcess
) -> None:
    load_many(loja, 3)
    with open_page(browser, loja, "/?view=items&collection=muitos") as page:
        page.get_by_role("button", name="Apagar a coleção “muitos”").click()
        dialog = page.get_by_role("dialog")
        name = dialog.get_by_label("Para apagar os 3 itens, digite o nome: muitos")
        expect(name).to_be_focused()
        name.fill("loja")
        dialog.get_by_role("button", name="Apagar 3 itens").click()
        expect(dialog.get_by_role("alert")).to_contain_text("O nome não é este.")
        assert len(list_items(loja)) == 8
        name.fill("muitos")
        name.press("Enter")
        expect(page.locator(".outcome")).to_contain_text("“muitos” foi apagada, com 3 itens.")
        expect(rows(page)).to_have_count(5)
    assert {item["collection"] for item in list_items(loja)} == {"loja"}
