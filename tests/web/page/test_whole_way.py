"""From an empty service to a mended answer and the figures of a test, with the real model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from embedders.sentence import SentenceModel
from local_service import APP, Service
from tests.support.browser import needs_chromium, open_page
from tests.support.client import PASSWORD, USER
from web.assets import SAMPLE

pytestmark = needs_chromium

TRACK = "Como rastreio meu pedido?"
OTHER_WORDS = "onde eu vejo o rastreio da minha encomenda?"
CLOSE = "como acompanho minha encomenda?"
UNKNOWN = "vocês vendem bicicleta elétrica para cachorro?"
# What was mended, what means the same, what stands there, and what nothing answers.
ASKED: FilePayload = {
    "name": "perguntas.csv",
    "mimeType": "text/csv",
    "buffer": (
        f"question,expected\n{CLOSE},{TRACK}\n{OTHER_WORDS},{TRACK}\n"
        f"Como pago com Pix?,Como pago com Pix?\n{UNKNOWN},none\n"
    ).encode(),
}


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


def test_from_nothing_to_figures(browser: Browser, real: Service) -> None:
    with open_page(browser, real) as page:
        page.get_by_role("link", name="Enviar").click()
        page.locator("input[type=file]").first.set_input_files(SAMPLE)
        page.get_by_role("button", name="Enviar 40 linhas").click()
        expect(page.locator(".notice.success")).to_be_visible()
        expect(page.locator("main .counts").first).to_contain_text("40 novas")
        page.get_by_role("link", name="Perguntar agora").click()
        page.get_by_label("Pergunta do cliente").fill(CLOSE)
        decision = page.locator(".decision")
        expect(decision).to_contain_text("3 respostas são parecidas: o cliente escolhe qual")
        page.get_by_role("button", name="Está errado").first.click()
        page.get_by_role("radio", name=TRACK).click()
        page.get_by_role("button", name="Salvar").click()
        expect(decision).to_contain_text("Seria respondida")
        expect(decision).to_contain_text(TRACK)
        # Words that nobody wrote, which mean the same.
        page.get_by_label("Pergunta do cliente").fill(OTHER_WORDS)
        expect(page.locator(".found")).to_have_attribute("data-asked", OTHER_WORDS)
        expect(page.locator(".result").first).to_contain_text(TRACK)
        page.get_by_label("Pergunta do cliente").fill(UNKNOWN)
        expect(decision).to_contain_text("Nada aqui responde a isso")
        page.get_by_role("link", name="Avaliar").click()
        page.locator("input[type=file]").set_input_files(ASKED)
        expect(page.get_by_role("heading", name="faq_pt · 4 perguntas")).to_be_visible()
        expect(page.locator(".legend").first).to_contain_text("resposta certa 3 · 75%")
