"""A file that is not clear by itself: what the page proposes takes one click."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.page import list_items
from tests.support.service import ServiceProcess
from tests.support.workbooks import make_book

pytestmark = needs_chromium

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAMED = "tema,o que perguntam,o que dizemos\n"
ROWS = (
    "t1,Como faço a troca do produto?,Abra o pedido e peça a troca.\n"
    "t2,Onde vejo o meu pedido?,Abra Meus pedidos e toque em Rastrear.\n"
    "t3,Quando chega a minha compra?,Ela chega em até cinco dias úteis.\n"
)


@pytest.mark.parametrize("names", [NAMED, ""])
def test_the_columns_that_the_texts_suggest_take_one_click(
    browser: Browser, empty: ServiceProcess, names: str
) -> None:
    file: FilePayload = {
        "name": "coisas.csv",
        "mimeType": "text/csv",
        "buffer": (names + ROWS).encode(),
    }
    with open_page(browser, empty, "/?view=upload&collection=coisas", said=[]) as page:
        page.locator("input[type=file]").first.set_input_files(file)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("já estão marcadas")
        # Nothing for programmers stands there.
        expect(alert).not_to_contain_text("question_column")
        asked = "o que perguntam" if names else "coluna 2"
        told = "o que dizemos" if names else "coluna 3"
        expect(page.get_by_label(f"O que está na coluna “{asked}”")).to_have_value("question")
        expect(page.get_by_label(f"O que está na coluna “{told}”")).to_have_value("answer")
        page.get_by_role("button", name="Usar estas colunas").click()
        expect(page.locator("p.counts")).to_contain_text("3 novas")
        page.get_by_role("button", name="Enviar 3 linhas").click()
        expect(page.locator(".notice.success")).to_be_visible()
    items = list_items(empty)
    assert {item["question"] for item in items} == {
        line.split(",")[1] for line in ROWS.split("\n") if line
    }


def test_a_column_of_numbers_tells_that_the_first_row_has_names(
    browser: Browser, empty: ServiceProcess
) -> None:
    file: FilePayload = {
        "name": "lista.csv",
        "mimeType": "text/csv",
        "buffer": (
            "nº;o que o cliente diz;o que dizemos\n"
            "1;cancelamento;Em Meus pedidos, escolha Cancelar.\n"
            "2;horário;De segunda a sexta, das 9h às 18h.\n"
        ).encode(),
    }
    with open_page(browser, empty, "/?view=upload&collection=lista", said=[]) as page:
        page.locator("input[type=file]").first.set_input_files(file)
        expect(page.get_by_label("A primeira linha tem os nomes")).to_be_checked()
        page.get_by_role("button", name="Usar estas colunas").click()
        expect(page.locator("p.counts")).to_contain_text("2 novas")


def test_sheets_that_are_left_out_are_offered(browser: Browser, empty: ServiceProcess) -> None:
    book = make_book(
        ("Vendas", [["pergunta", "resposta"], ["Posso parcelar?", "Em três vezes."]]),
        ("Entrega", [["question", "answer"], ["Quando chega?", "Em três dias."]]),
    )
    file: FilePayload = {"name": "duas.xlsx", "mimeType": XLSX, "buffer": book}
    with open_page(browser, empty, "/?view=upload&collection=nova") as page:
        page.locator("input[type=file]").first.set_input_files(file)
        expect(page.get_by_text("Outra aba do arquivo não é lida: Entrega.")).to_be_visible()
        page.get_by_role("button", name="Ler só a aba “Entrega”").click()
        expect(page.locator(".file-columns")).to_contain_text("Quando chega?")
        # The one that was chosen is no loss.
        expect(page.get_by_text("não é lida")).to_have_count(0)
