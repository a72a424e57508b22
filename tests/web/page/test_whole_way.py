"""From an empty service to a mended answer, with the real model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from embedders.sentence import SentenceModel
from local_service import APP, Service
from tests.support.browser import needs_chromium, open_page
from tests.support.client import PASSWORD, USER

pytestmark = needs_chromium

OTHER_WORDS = "onde eu vejo o rastreio da minha encomenda?"
UNKNOWN = "vocês vendem bicicleta elétrica para cachorro?"


@pytest.fixture
def real(openvino_model: SentenceModel, model_dir: Path, dsn: str) -> Iterator[Service]:
    """The service as `make run` starts it, with the model that was converted already."""
    settings = {
        "API_USERNAME": USER,
        "API_PASSWORD": PASSWORD,
        "DATABASE_URL": dsn,
        "DATA_DIR": str(model_dir),
    }
    service = Service(APP, settings)
    service.wait_until_ready()
    yield service
    assert service.stop() == 0


def test_from_nothing_to_a_mended_answer(browser: Browser, real: Service) -> None:
    with open_page(browser, real) as page:
        page.get_by_role("button", name="Carregar exemplos").click()
        page.get_by_label("Pergunta do cliente").fill("como acompanho minha encomenda?")
        decision = page.locator(".decision")
        expect(decision).to_contain_text("3 respostas são parecidas: o cliente escolhe qual")
        page.get_by_role("button", name="Está errado").first.click()
        page.get_by_role("radio", name="Como rastreio meu pedido?").click()
        page.get_by_role("button", name="Salvar").click()
        expect(decision).to_contain_text("Seria respondida")
        expect(decision).to_contain_text("Como rastreio meu pedido?")
        # Words that nobody wrote, which mean the same.
        page.get_by_label("Pergunta do cliente").fill(OTHER_WORDS)
        expect(page.locator(".found")).to_have_attribute("data-asked", OTHER_WORDS)
        expect(page.locator(".result").first).to_contain_text("Como rastreio meu pedido?")
        page.get_by_label("Pergunta do cliente").fill(UNKNOWN)
        expect(decision).to_contain_text("Nada aqui responde a isso")
