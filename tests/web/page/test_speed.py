"""How fast the page is, and how little it sends. The limits leave room for slow machines.

The figures of a machine that does nothing else are in docs/performance.md.
"""

from __future__ import annotations

from urllib.parse import quote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import PASSWORD, USER, ServiceProcess
from web.assets import read_assets
from web.pages import VIEWS

pytestmark = needs_chromium

# All that the first view needs, as it was sent. It does not depend on the machine.
MAX_SENT_BYTES = 100_000
MAX_FIRST_VIEW_MS = 300 * 5
MAX_SHOWN_MS = 50 * 5
MAX_TASK_MS = 100 * 5

# Resolves with milliseconds from the end of the answer to the frame that shows it.
WATCH = """() => {
  window.shown = new Promise(resolve => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector(".decision")) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => {
        const now = performance.now();
        const asked = performance.getEntriesByType("resource")
          .filter(e => e.name.endsWith("/search"));
        resolve(now - asked.at(-1).responseEnd);
      }));
    }).observe(document.querySelector("main"), {childList: true, subtree: true});
  });
  window.tasks = [];
  new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(e => e.duration)))
    .observe({type: "longtask"});
}"""
SENT = """() => [...performance.getEntriesByType("navigation"),
  ...performance.getEntriesByType("resource")].reduce((sum, e) => sum + e.transferSize, 0)"""
# The modules that were loaded, and those that the page names.
LOADED = """() => performance.getEntriesByType("resource").map(e => e.name)
  .filter(name => /js$/.test(name)).sort()"""
NAMED = """() => [...document.querySelectorAll("link[rel=modulepreload]")]
  .map(e => e.href).sort()"""
# When the last paint of the first view was: its example questions.
PAINTED = """() => performance.getEntriesByType("paint")
  .find(e => e.name === "first-contentful-paint").startTime"""


def test_the_first_view_is_small_and_soon_there(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja) as page:
        # Not the first time that this service and this browser do anything.
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        page.reload()
        expect(page.locator(".examples")).to_be_visible()
        page.wait_for_load_state("networkidle")
        sent, painted = page.evaluate(SENT), page.evaluate(PAINTED)
    print(f"first view: {sent / 1000:.1f} kB sent, painted after {painted:.0f} ms")
    assert sent < MAX_SENT_BYTES
    assert painted < MAX_FIRST_VIEW_MS


def test_each_view_is_small_where_it_is_the_first(
    browser: Browser, loja: ServiceProcess, subtests: pytest.Subtests
) -> None:
    with open_page(browser, loja) as page:
        session = page.context.new_cdp_session(page)
        for view in VIEWS:
            with subtests.test(view=view.name):
                page.goto("about:blank")
                session.send("Network.clearBrowserCache")
                page.goto(f"{loja.url}/?view={view.name}")
                expect(page.locator("main h1")).to_be_attached()
                page.wait_for_load_state("networkidle")
                sent = page.evaluate(SENT)
                print(f"{view.name}: {sent / 1000:.1f} kB sent")
                assert sent < MAX_SENT_BYTES
                # No module is found by another one only, nor loaded for nothing.
                assert page.evaluate(LOADED) == page.evaluate(NAMED)


def test_a_search_is_shown_at_once(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja) as page:
        page.evaluate(WATCH)
        page.get_by_label("Pergunta do cliente").fill("Como rastreio meu pedido?")
        shown = page.evaluate("window.shown")
        tasks = page.evaluate("window.tasks")
    print(f"shown {shown:.0f} ms after the answer, longest task {max(tasks, default=0):.0f} ms")
    assert shown < MAX_SHOWN_MS
    assert max(tasks, default=0) < MAX_TASK_MS


def test_the_files_need_no_login(loja: ServiceProcess) -> None:
    with urlopen(loja.url + read_assets().address("main.js")) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_a_second_visit_loads_no_file_again(browser: Browser, loja: ServiceProcess) -> None:
    sizes = """() => performance.getEntriesByType("resource")
      .filter(e => e.name.includes("/static/")).map(e => e.transferSize)"""
    # With credentials of its own for a page, the browser keeps nothing: the address has them here.
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://{USER}:{quote(PASSWORD)}@127.0.0.1:{loja.port}/")
        expect(page.locator(".examples")).to_be_visible()
        page.goto(f"{loja.url}/?view=ask")
        expect(page.locator(".examples")).to_be_visible()
        assert set(page.evaluate(sizes)) == {0}
