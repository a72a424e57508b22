"""The styles of each view: there before it is shown, and of no other view."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Route, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import ServiceProcess
from web.assets import FOLDER, read_assets
from web.pages import VIEWS

pytestmark = needs_chromium

CSS = FOLDER / "css"
# What the place to drop a file has around it as soon as it stands in the page.
WATCH = """() => new MutationObserver(() => {
  const drop = document.querySelector(".drop");
  if (drop) window.first ??= getComputedStyle(drop).borderTopStyle;
}).observe(document.querySelector("main"), {childList: true, subtree: true})"""
# Loads a module, and gives the page the time to show what needed nothing else.
LOAD = """address => import(address).then(() => new Promise(
  resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))))"""
# The views whose styles apply.
APPLIED = """() => [...document.querySelectorAll("link[data-styles]")]
  .filter(link => matchMedia(link.media).matches).map(link => link.dataset.styles)"""


def test_a_view_is_shown_once_its_styles_are_there(browser: Browser, loja: ServiceProcess) -> None:
    held: list[Route] = []
    with open_page(browser, loja) as page:
        page.route("**/css/upload.css", lambda route: held.append(route))
        page.evaluate(WATCH)
        with page.expect_request("**/css/upload.css"):
            page.get_by_role("link", name="Enviar").click()
        page.evaluate(LOAD, read_assets().address("views/upload.js"))
        assert page.locator("main h1").count() == 0
        held[0].continue_()
        expect(page.locator(".drop")).to_be_visible()
        assert page.evaluate("window.first") == "dashed"
        assert page.evaluate(APPLIED) == ["upload"]


def test_only_the_styles_of_the_shown_view_apply(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=items") as page:
        for name, word in (("check", "Avaliar"), ("jobs", "Tarefas"), ("items", "Itens")):
            page.get_by_role("navigation").get_by_role("link", name=word).click()
            expect(page).to_have_url(re.compile(f"view={name}"))
            expect(page.locator("main h1")).to_be_attached()
            assert page.evaluate(APPLIED) == [name]


def test_styles_that_do_not_come_are_said(browser: Browser, loja: ServiceProcess) -> None:
    said: list[str] = []
    with open_page(browser, loja, said=said) as page:
        page.route("**/css/jobs.css", lambda route: route.abort())
        page.get_by_role("link", name="Tarefas").click()
        expect(page.get_by_role("alert")).to_contain_text("Ela não pôde ser carregada")
        page.unroute_all()
        page.get_by_role("button", name="Tentar de novo").click()
        expect(page.get_by_role("heading", name="Tarefas")).to_be_visible()


def test_each_view_has_its_styles() -> None:
    there = {path.stem for path in CSS.glob("*.css")}
    assert there == {view.name for view in VIEWS} | {"tokens", "base", "components"}
