"""The page for people who see some collections only: the others are not there, in any view."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import ServiceProcess
from web.pages import VIEWS

pytestmark = needs_chromium

NAME, SECRET = "limitada", "uma senha que ninguém usa"
# A collection of others, with what its item says.
OTHER, HIDDEN = "segredos", "O cofre abre com a chave azul"
SHARED = "Onde fica a loja?"


@pytest.fixture
def limited(loja: ServiceProcess) -> Iterator[tuple[str, str]]:
    """An editor who sees `loja` beside a collection of others, which has contradictions too."""
    pairs = f"pergunta,resposta\nComo rastreio meu pedido?,{HIDDEN}.\n"
    for collection, rows in (
        ("loja", f"{SHARED},No centro.\n{SHARED},No porto.\n"),
        (OTHER, "Como abro o cofre?,Assim.\nComo abro o cofre?,De outro modo.\n"),
    ):
        head = pairs if collection == OTHER else "pergunta,resposta\n"
        job = loja.load(head + rows, f"?collection={collection}")
        loja.ended(job["id"])
    user = {"name": NAME, "password": SECRET, "role": "editor", "collections": ["loja"]}
    body = json.dumps(user).encode()
    assert loja.ask("POST", "/users", body, Content_Type="application/json")[0] == 201
    yield NAME, SECRET
    loja.call("DELETE", f"/users/{NAME}")


def test_each_view_shows_ones_own_collections_only(
    browser: Browser,
    loja: ServiceProcess,
    limited: tuple[str, str],
    subtests: pytest.Subtests,
) -> None:
    with open_page(browser, loja, user=limited) as page:
        for view in VIEWS:
            with subtests.test(view=view.name):
                page.goto(f"{loja.url}/?view={view.name}&q=Como+rastreio+meu+pedido?")
                expect(page.locator("main h1")).to_be_attached()
                page.wait_for_load_state("networkidle")
                chosen = page.get_by_label("Coleção").first.locator("option")
                assert chosen.all_inner_texts() == ["Todas as coleções", "loja"]
                shown = page.content()
                assert OTHER not in shown
                assert HIDDEN not in shown


def test_what_is_ones_own_is_shown(
    browser: Browser, loja: ServiceProcess, limited: tuple[str, str]
) -> None:
    with open_page(browser, loja, "/?q=Como+rastreio+meu+pedido?", user=limited) as page:
        expect(page.locator(".result").first).to_contain_text("Abra Meus pedidos.")
        page.goto(f"{loja.url}/?view=items&text=loja")
        expect(page.locator("main")).to_contain_text(SHARED)
        page.goto(f"{loja.url}/?view=check&collection=loja")
        expect(page.locator(".found-list")).to_contain_text(SHARED)
        page.goto(f"{loja.url}/?view=jobs")
        expect(page.locator("tbody tr").first).to_contain_text("loja")


def test_people_and_keys_are_not_managed(
    browser: Browser, loja: ServiceProcess, limited: tuple[str, str]
) -> None:
    with open_page(browser, loja, "/?view=settings&collection=loja", user=limited) as page:
        expect(page.get_by_role("button", name="Mudar a senha")).to_be_visible()
        for name in ("+ Pessoa", "+ Chave"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)


def test_an_address_of_a_collection_of_others_says_so(
    browser: Browser,
    loja: ServiceProcess,
    limited: tuple[str, str],
    subtests: pytest.Subtests,
) -> None:
    refused: list[str] = []
    with open_page(browser, loja, user=limited) as page:
        page.on("response", lambda one: refused.append(one.url) if one.status >= 400 else None)
        for view in VIEWS:
            with subtests.test(view=view.name):
                page.goto(f"{loja.url}/?view={view.name}&collection={OTHER}&q=Como+abro+o+cofre?")
                expect(page.locator("main")).to_contain_text(f"não usa a coleção “{OTHER}”")
                page.wait_for_load_state("networkidle")
                expect(page.locator("main")).not_to_contain_text("De outro modo")
                expect(page.locator("main")).not_to_contain_text(HIDDEN)
                # No button of the view is there, which would be refused.
                assert page.locator("main").get_by_role("button").count() == 0
        page.get_by_role("link", name="Ver as suas coleções").click()
        expect(page.get_by_role("heading", name="Ajustes")).to_be_visible()
        assert "collection" not in page.url
    assert refused == []
