"""One browser, and one service with its own database, for each module of tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import start_browser
from tests.support.service import ServiceProcess


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    one = ServiceProcess(tmp_path_factory.mktemp("page"))
    one.wait_until_ready()
    yield one
    assert one.stop() == 0
