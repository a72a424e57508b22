"""What tests of the page do to it and to what it shows, whatever the view."""

from __future__ import annotations

import json
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from tests.support.service import ServiceProcess

# A transition that another one takes the place of ends as well: by being cancelled.
REST = """async () => {
  await Promise.allSettled(document.getAnimations().map(moving => moving.finished));
}"""


def find_violations(page: Page) -> str:
    """Return what axe says against what is shown once its colours have come to rest, or nothing."""
    page.evaluate(REST)
    results = Axe().run(page)
    return results.generate_report() if results.violations_count else ""


def press_until(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press a key until it leads to such an element."""
    wanted.first.wait_for(state="attached")
    for _ in range(30):
        page.keyboard.press(key)
        if wanted.evaluate_all("found => found.includes(document.activeElement)"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


def add_reader(service: ServiceProcess) -> tuple[str, str]:
    """Return name and password of a user who may only look."""
    user = {"name": "leitora", "password": "uma senha só de ler", "role": "reader"}
    body = json.dumps(user).encode()
    assert service.ask("POST", "/users", body, Content_Type="application/json")[0] in (201, 409)
    return user["name"], user["password"]


def list_items(service: ServiceProcess, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get(f"/items?limit=1000{query}")[1]["results"]
    return found


def find_item(service: ServiceProcess, question: str) -> dict[str, Any]:
    return next(item for item in list_items(service) if item["question"] == question)


def change_item(service: ServiceProcess, question: str, **changes: Any) -> None:
    """Change an item, as somebody else than who is at the page."""
    path = f"/items/{find_item(service, question)['id']}"
    body = json.dumps(changes).encode()
    assert service.ask("PATCH", path, body, Content_Type="application/json")[0] == 200
