"""The view Items, as its tests find what is in it, and items for it to show."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.support.service import ServiceProcess

ITEMS = "/?view=items&collection=loja"


def load(service: ServiceProcess, csv: str, collection: str) -> None:
    job = service.load(csv, f"?collection={collection}")
    assert service.ended(job["id"])["status"] == "succeeded"


def load_many(service: ServiceProcess, count: int, collection: str = "muitos") -> None:
    rows = "".join(f"Pergunta {n}?,Resposta {n}.\n" for n in range(1, count + 1))
    load(service, f"question,answer\n{rows}", collection)


def rows(page: Page) -> Locator:
    return page.locator(".items tbody tr:not(.under)")


def edit(page: Page, question: str) -> Locator:
    return page.get_by_role("link", name=f"Editar “{question}”")


def undo_bar(page: Page) -> Locator:
    return page.locator(".undo")
