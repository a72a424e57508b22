"""Long lists leave the page quick: an upload of 5,000 rows, of which 1,000 are rejected.

What is measured is the time of the main thread's tasks on the processor, which does not depend on
what else the machine does; and how many rows are drawn at once, which depends on nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

ROWS, REJECTED = 5_000, 1_000
SHOWN = 50
# It is some 20 ms on a machine of 2026.
MAX_TASK_MS = 100
# Less than a fifth of what a page of the list has.
MAX_DRAWN_AT_ONCE = 8
TRACED = ["toplevel", "disabled-by-default-devtools.timeline"]
# Counts the rows of each change of the page: what one task drew comes in one call.
COUNT = """() => {
  window.drawn = [];
  const count = changes => changes.flatMap(one => [...one.addedNodes])
    .reduce((sum, node) => sum + (node.nodeName === "TR" ? 1
      : (node.querySelectorAll?.("tbody tr").length ?? 0)), 0);
  new MutationObserver(changes => window.drawn.push(count(changes)))
    .observe(document.querySelector("main"), {childList: true, subtree: true});
}"""


def write_file(folder: Path) -> Path:
    """Each fifth row has no answer, or no question.

    On a disk, as people do: a text that is given here is made a file by the page's own thread.
    """
    rows = ["pergunta,resposta,categoria"]
    for n in range(ROWS):
        question, answer = (
            f"Como faço a troca {n} do produto?",
            f"Abra o pedido {n} e peça a troca.",
        )
        if n % (ROWS // REJECTED) == 0:
            question, answer = (question, "") if n % 2 else ("", answer)
        rows.append(f"{question},{answer},trocas")
    file = folder / "muitas.csv"
    file.write_text("\n".join(rows), "utf-8")
    return file


def measure(browser: Browser, page: Page, act: Callable[[], None]) -> float:
    """Return the processor's milliseconds of the main thread's longest task while `act` goes on."""
    browser.start_tracing(page=page, categories=TRACED)
    act()
    # Also what comes after the last frame.
    page.evaluate("new Promise(done => requestIdleCallback(done))")
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    threads = [
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    ]
    tasks: list[float] = [
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) in threads
    ]
    assert len(tasks) > 10
    return max(tasks)


def expect_drawn(page: Page, cell: str) -> None:
    """Wait for all rows of a part of the list, of which one has such a name."""
    expect(page.get_by_label(cell, exact=True)).to_be_visible()
    expect(page.locator(".mending .table")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".mending tbody tr")).to_have_count(SHOWN)


def test_an_upload_of_5000_rows_stays_smooth(
    browser: Browser, empty: ServiceProcess, tmp_path: Path
) -> None:
    with open_page(browser, empty, "/?view=upload&collection=muitas") as page:
        page.evaluate(COUNT)
        file = write_file(tmp_path)

        def check() -> None:
            page.locator("input[type=file]").first.set_input_files(file)
            expect(page.locator("p.counts")).to_contain_text("1.000 recusadas")
            expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")

        def send() -> None:
            page.get_by_role("button", name=re.compile("^Enviar 4.000")).click()
            expect(page.locator(".mending")).to_be_visible()
            expect_drawn(page, "pergunta, linha 2")

        def mend() -> None:
            page.locator("textarea[aria-invalid=true]").first.press_sequentially("Uma nova.")
            expect(page.get_by_role("button", name="Enviar uma linha corrigida")).to_be_visible()

        def turn() -> None:
            page.locator("a[rel=next]").click()
            expect_drawn(page, "pergunta, linha 252")

        for act in (check, send, mend, turn):
            longest = measure(browser, page, act)
            print(f"{act.__name__}: longest task {longest:.0f} ms of the processor")
            assert longest < MAX_TASK_MS
        drawn = page.evaluate("window.drawn")
    assert sum(drawn) >= 2 * SHOWN
    assert max(drawn) <= MAX_DRAWN_AT_ONCE


def test_a_list_of_items_is_drawn_in_pieces(browser: Browser, empty: ServiceProcess) -> None:
    text = "pergunta,resposta\n" + "".join(f"Pergunta {n}?,Resposta {n}.\n" for n in range(120))
    empty.ended(empty.load(text, "?collection=itens")["id"])
    with open_page(browser, empty, "/?view=items&collection=itens") as page:
        expect(page.locator(".items tbody tr")).to_have_count(SHOWN)
        page.evaluate(COUNT)
        page.locator("a[rel=next]").click()
        expect(page.get_by_text("Pergunta 99?")).to_be_visible()
        expect(page.locator(".items .table")).to_have_attribute("aria-busy", "false")
        expect(page.locator(".items tbody tr")).to_have_count(SHOWN)
        drawn = page.evaluate("window.drawn")
        # A mark changes its own row alone; the others are the elements that they were.
        page.locator(".items tbody").get_by_role("checkbox").first.check()
        expect(page.get_by_text("1 marcado")).to_be_visible()
    assert sum(drawn) == SHOWN
    assert max(drawn) <= MAX_DRAWN_AT_ONCE
