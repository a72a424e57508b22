"""One browser, and one service with its own database, for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import start_browser
from tests.support.service import ServiceProcess

FAQ = (
    "pergunta,resposta,categoria\n"
    "Como rastreio meu pedido?,Abra Meus pedidos.,entrega\n"
    "Como faço uma troca de produto?,Peça a troca em Ajuda.,trocas\n"
    "Como faço uma devolução de produto?,Peça a devolução em Ajuda.,trocas\n"
    "Qual é o prazo?,<script>alert(1)</script> Veja https://loja.example/prazo.,entrega\n"
    f"Tem loja física?,{'Sim. Temos. ' * 200},loja\n"
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    one = ServiceProcess(tmp_path_factory.mktemp("page"))
    one.wait_until_ready()
    yield one
    assert one.stop() == 0


@pytest.fixture
def empty(service: ServiceProcess) -> ServiceProcess:
    """The service without an item."""
    for collection in service.get("/collections")[1]["results"]:
        service.call("DELETE", f"/collections/{collection['name']}")
    return service


@pytest.fixture
def loja(empty: ServiceProcess) -> ServiceProcess:
    """The service with five items in the collection `loja`."""
    job = empty.load(FAQ, "?collection=loja")
    assert empty.ended(job["id"])["status"] == "succeeded"
    return empty
