"""A real Chromium, and pages of the service in it.

Chromium is found by its usual names. Where it is missing, tests with `needs_chromium` are skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local_service import Service
from tests.support.client import PASSWORD, USER

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)

# A machine may be five times slower than the one on which a test was written.
expect.set_options(timeout=30_000)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is missing: apt-get install chromium"
)


@contextmanager
def start_browser(*arguments: str) -> Iterator[Browser]:
    """Run a browser; `arguments` are further ones of its command line."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Chromium can't be sandboxed for root.
            args=["--no-sandbox", *arguments],
        )
        yield browser
        browser.close()


@contextmanager
def open_page(
    browser: Browser,
    service: Service,
    path: str = "/",
    *,
    user: tuple[str, str] = (USER, PASSWORD),
    language: str = "pt-BR",
    width: int = 1280,
    said: list[str] | None = None,
    **options: Any,
) -> Iterator[Page]:
    """Open the page at a path as a user of that language, logged in.

    What its console says, and errors of its scripts, fail at the end; or they go to `said`.
    """
    context = browser.new_context(
        http_credentials={"username": user[0], "password": user[1]},
        locale=language,
        viewport={"width": width, "height": 900},
        **options,
    )
    page = context.new_page()
    heard: list[str] = [] if said is None else said
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(error.message))
    page.goto(service.url + path)
    page.wait_for_selector("main h1")
    try:
        yield page
    finally:
        # A request that a test holds back may still be on its way; it would fail in the next test.
        page.unroute_all(behavior="ignoreErrors")
        context.close()
    assert said is not None or heard == [], heard
