"""The view Upload: a file is chosen, checked, sent, watched, and its rejected rows are mended."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import ServiceProcess
from tests.support.workbooks import make_book
from web.assets import read_assets

pytestmark = needs_chromium

HEAD = "pergunta;resposta;categoria\n"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FAQ = HEAD + "Quando chega?;Em três dias.;entrega\nPosso trocar?;;trocas\n;Sim, temos.;loja\n"


def payload(text: str, name: str = "loja-nova.csv") -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def choose(page: Page, text: str, name: str = "loja-nova.csv") -> None:
    """Choose a file, and return when its check has ended."""
    page.locator("input[type=file]").first.set_input_files(payload(text, name))
    expect(page.locator(".file-card")).to_contain_text(name)
    expect(page.locator("p.counts, .notice.error").first).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Return when what is shown was checked: then the file can be sent."""
    expect(page.locator(".checked")).to_have_attribute("aria-busy", "false")


def send(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Enviar")).click()
    expect(page.locator(".mending, .notice.success")).to_be_visible()


def read_items(service: ServiceProcess, collection: str) -> dict[str, str]:
    found = service.get(f"/items?limit=100&collection={collection}")[1]["results"]
    return {item["question"]: item["answer"] for item in found}


def test_a_file_is_checked_sent_and_mended(browser: Browser, loja: ServiceProcess) -> None:
    """The way of page.md, task A: choose, send, mend two cells, send those, ask."""
    with open_page(browser, loja, "/?view=upload") as page:
        choose(page, FAQ)
        counts = page.locator("p.counts")
        expect(counts).to_contain_text("3 linhas")
        expect(counts).to_contain_text("uma nova")
        expect(counts).to_contain_text("2 recusadas")
        expect(page.locator(".notice.warning")).to_contain_text("linha 3: A resposta está vazia.")
        expect(page.locator(".target select")).to_have_value("loja")
        expect(page.locator(".reading summary")).to_contain_text("ponto e vírgula")
        page.get_by_role("button", name="Enviar uma linha").click()
        expect(page.locator(".notice.warning")).to_contain_text("Pronto, mas nem tudo entrou.")
        assert "job=" in page.url
        expect(page.get_by_role("heading", level=2)).to_have_text(
            "2 linhas foram recusadas e podem ser corrigidas aqui"
        )
        page.reload()
        guilty = page.locator("textarea[aria-invalid=true]")
        expect(guilty).to_have_count(2)
        guilty.first.fill("Sim, em 7 dias.\nCom a nota; sempre.")
        expect(guilty).to_have_count(1)
        guilty.first.fill('Tem "loja" física?')
        page.get_by_role("button", name="Enviar 2 linhas corrigidas").click()
        expect(page.locator(".notice.success")).to_contain_text("Todas as linhas entraram")
        page.get_by_role("link", name="Voltar às linhas recusadas").click()
        expect(page.get_by_role("link", name="enviada: ver")).to_have_count(2)
        page.get_by_role("link", name="Perguntar agora").click()
        expect(page.get_by_label("Pergunta do cliente")).to_be_visible()
        assert "collection=loja" in page.url
    items = read_items(loja, "loja")
    assert len(items) == 8
    assert items["Posso trocar?"] == "Sim, em 7 dias.\nCom a nota; sempre."
    assert items['Tem "loja" física?'] == "Sim, temos."


def test_columns_that_were_not_found_are_chosen(browser: Browser, loja: ServiceProcess) -> None:
    text = "tema,o que perguntam,o que dizemos,obs\na,b,c,d\ne,f,g,h\n"
    with open_page(browser, loja, "/?view=upload", said=[]) as page:
        choose(page, text, "coisas.csv")
        expect(page.get_by_role("alert")).to_contain_text("colunas")
        page.get_by_label("O que está na coluna “o que perguntam”").select_option("question")
        expect(page.get_by_text("Escolha uma coluna para as perguntas")).to_be_visible()
        expect(page.get_by_role("button", name="Enviar", exact=True)).to_be_disabled()
        page.get_by_label("O que está na coluna “o que dizemos”").select_option("answer")
        expect(page.locator("p.counts")).to_contain_text("2 novas")
        settle(page)
        # What was found can be changed, too.
        page.get_by_label("O que está na coluna “tema”").select_option("question")
        settle(page)
        expect(page.get_by_label("O que está na coluna “o que perguntam”")).to_have_value("other")
        send(page)
    assert read_items(loja, "loja").keys() >= {"a", "e"}


def test_a_file_without_names_is_read(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=upload&collection=nova", said=[]) as page:
        choose(page, "x1,Que é isto?,Isto é aquilo.\nx2,E isto?,Também.\n,,Só resposta\n")
        if page.get_by_role("alert").count():
            expect(page.get_by_label("A primeira linha tem os nomes")).not_to_be_checked()
        page.get_by_label("O que está na coluna “coluna 2”").select_option("question")
        page.get_by_label("O que está na coluna “coluna 3”").select_option("answer")
        expect(page.locator("p.counts")).to_contain_text("2 novas")
        settle(page)
        send(page)
        page.locator("textarea[aria-invalid=true]").fill("E agora?")
        page.get_by_role("button", name="Enviar uma linha corrigida").click()
        expect(page.locator(".notice.success")).to_be_visible()
    items = read_items(loja, "nova")
    assert items == {
        "Que é isto?": "Isto é aquilo.",
        "E isto?": "Também.",
        "E agora?": "Só resposta",
    }


def test_replace_says_what_it_deletes_and_mended_rows_never_replace(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, "/?view=upload") as page:
        choose(page, FAQ)
        page.get_by_label("Substituir").check()
        expect(page.locator("p.counts")).to_contain_text("5 itens serão apagados")
        settle(page)
        page.get_by_role("button", name="Enviar uma linha").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Substituir “loja”?")
        expect(dialog).to_contain_text("5 itens que não estão neste arquivo serão apagados")
        with page.expect_download() as copy:
            dialog.get_by_role("link", name="Baixar cópia antes").click()
        assert "Como rastreio meu pedido?" in Path(copy.value.path()).read_text("utf-8")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert len(read_items(loja, "loja")) == 5
        page.get_by_role("button", name="Enviar uma linha").click()
        dialog.get_by_role("button", name="Substituir e apagar 5").click()
        expect(page.locator(".notice.warning")).to_contain_text("5 itens apagados")
        page.locator("textarea[aria-invalid=true]").first.fill("Pode.")
        page.get_by_role("button", name="Enviar uma linha corrigida").click()
        expect(page.locator(".notice.success")).to_be_visible()
    assert read_items(loja, "loja") == {"Quando chega?": "Em três dias.", "Posso trocar?": "Pode."}


def test_a_mended_row_that_would_change_an_item_is_asked_about(
    browser: Browser, loja: ServiceProcess
) -> None:
    with open_page(browser, loja, "/?view=upload") as page:
        choose(page, HEAD + ";Outra resposta.;x\nNova?;Sim.;y\n")
        send(page)
        page.locator("textarea[aria-invalid=true]").fill("Como rastreio meu pedido?")
        page.get_by_role("button", name="Enviar uma linha corrigida").click()
        asked = page.locator(".mending .notice.warning")
        expect(asked).to_contain_text("já existe muda")
        # It was asked about other words.
        page.get_by_label("pergunta, linha 2", exact=True).fill("Outra?")
        expect(asked).to_have_count(0)
        page.get_by_label("pergunta, linha 2", exact=True).fill("Como rastreio meu pedido?")
        page.get_by_role("button", name="Enviar uma linha corrigida").click()
        expect(asked).to_contain_text("já existe muda")
        assert read_items(loja, "loja")["Como rastreio meu pedido?"] == "Abra Meus pedidos."
        page.get_by_role("button", name="Enviar assim mesmo").click()
        expect(page.locator(".notice.success")).to_be_visible()
    assert read_items(loja, "loja")["Como rastreio meu pedido?"] == "Outra resposta."


def test_rejected_rows_are_downloaded(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=upload") as page:
        choose(page, HEAD + "=1+1?;;á\nNova?;Sim.;y\n")
        send(page)
        with page.expect_download() as plain:
            page.get_by_role("button", name="Baixar CSV").click()
        with page.expect_download() as excel:
            page.get_by_role("button", name="Baixar para o Excel").click()
        first = Path(plain.value.path()).read_bytes().decode("utf-8")
        second = Path(excel.value.path()).read_bytes().decode("utf-8")
        assert first.startswith("\ufeffpergunta;resposta;categoria;_line;_error")
        assert "=1+1?;;á;2;A resposta está vazia." in first
        assert "'=1+1?;;á;2;" in second
        assert "spreadsheet-safe" in excel.value.suggested_filename


def test_a_file_that_can_not_be_taken_says_why(browser: Browser, loja: ServiceProcess) -> None:
    with open_page(browser, loja, "/?view=upload", said=[]) as page:
        choose(page, "", "vazio.csv")
        expect(page.get_by_role("alert")).to_contain_text("vazio")
        choose(page, "pergunta,resposta\n", "so-nomes.csv")
        expect(page.get_by_role("alert")).to_contain_text("nenhuma linha")
        expect(page.get_by_role("button", name="Enviar", exact=True)).to_be_disabled()
        page.get_by_label("Separador das colunas").select_option("other")
        page.get_by_label("Qual separador").fill("x")
        expect(page.get_by_role("alert")).to_contain_text("delimiter")


def test_how_the_file_is_read_can_be_said(browser: Browser, loja: ServiceProcess) -> None:
    text = "pergunta,resposta\nQual o preço?,Três reais.\n"
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": text.encode("cp850")}
    with open_page(browser, loja, "/?view=upload&collection=nova") as page:
        page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        expect(page.locator("p.counts")).to_be_visible()
        page.locator(".reading summary").click()
        page.get_by_label("Codificação").select_option("cp850")
        expect(page.locator(".file-columns")).to_contain_text("Qual o preço?")
        settle(page)
        send(page)
    assert read_items(loja, "nova") == {"Qual o preço?": "Três reais."}


def test_one_chooses_the_sheet_of_a_workbook(browser: Browser, loja: ServiceProcess) -> None:
    # Sheets of the same columns would be read together.
    delivery = [["question", "answer"], ["Quando chega?", "Em três dias."], ["Há loja?", "Sim."]]
    book = make_book(
        ("Vendas", [["pergunta", "resposta"], ["Posso parcelar?", "Em três vezes."]]),
        ("Entrega", delivery),
    )
    file: FilePayload = {"name": "duas.xlsx", "mimeType": XLSX, "buffer": book}
    with open_page(browser, loja, "/?view=upload&collection=nova") as page:
        page.locator("input[type=file]").set_input_files(file)
        expect(page.locator(".file-columns")).to_contain_text("Posso parcelar?")
        # What is left out is said before anybody opens anything.
        summary = page.locator(".reading summary")
        expect(summary).to_contain_text("Entrega")
        settle(page)
        summary.click()
        page.get_by_label("Aba (nome ou número)").fill("Entrega")
        page.keyboard.press("Tab")
        expect(page.locator(".file-columns")).to_contain_text("Quando chega?")
        expect(page.locator("p.counts")).to_contain_text("2 linhas")
        settle(page)
        send(page)
    assert read_items(loja, "nova") == {"Quando chega?": "Em três dias.", "Há loja?": "Sim."}


def test_a_session_that_ends_loses_no_file(browser: Browser, loja: ServiceProcess) -> None:
    keys: list[str | None] = []

    def refuse_once(route: Route) -> None:
        if "dry_run" in route.request.url:
            route.continue_()
            return
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) > 1:
            route.continue_()
            return
        body = json.dumps({"error": "Entre de novo.", "code": "unauthorized"})
        route.fulfill(status=401, body=body, content_type="application/json")

    with open_page(browser, loja, "/?view=upload", said=[]) as page:
        page.route("**/upload?*", refuse_once)
        choose(page, HEAD + "Nova?;Sim.;y\n")
        page.get_by_role("button", name="Enviar uma linha").click()
        expect(page.get_by_role("alert").last).to_contain_text("Entre de novo.")
        expect(page.locator("#connection")).to_contain_text("A sessão terminou.")
        page.get_by_role("button", name="Enviar de novo").click()
        expect(page.locator(".notice.success")).to_be_visible()
        expect(page.locator("#connection .notice")).to_have_count(0)
    assert keys[0]
    assert keys[0] == keys[1]
    assert loja.get("/jobs?collection=loja&limit=1")[1]["results"][0]["rows"]["inserted"] == 1


def test_a_transfer_warns_before_one_leaves_and_can_be_ended(
    browser: Browser, loja: ServiceProcess
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "dry_run" in route.request.url:
            route.continue_()
        else:
            held.append(route)

    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    with open_page(browser, loja, "/?view=upload", said=[]) as page:
        page.route("**/upload?*", hold)
        choose(page, HEAD + "Nova?;Sim.;y\n")
        page.get_by_role("button", name="Enviar uma linha").click()
        expect(page.get_by_label("Envio", exact=True)).to_be_visible()
        expect(
            page.get_by_label("Conferindo e guardando…").or_(page.get_by_label("Processamento"))
        ).to_be_visible()
        page.on("dialog", stay)
        page.evaluate("location.reload()")
        page.wait_for_function("true")
        expect(page.get_by_role("button", name="Cancelar envio")).to_be_visible()
        # Other views do not end it.
        page.get_by_role("link", name="Perguntar", exact=True).click()
        expect(page.get_by_label("Pergunta do cliente")).to_be_visible()
        page.get_by_role("link", name="Enviar", exact=True).click()
        page.get_by_role("button", name="Cancelar envio").click()
        settle(page)
        expect(page.get_by_role("button", name="Enviar uma linha")).to_be_enabled()
        page.unroute("**/upload?*")
        send(page)
    assert asked == ["beforeunload"]


def test_a_large_file_is_sent_with_or_without_a_check(
    browser: Browser, loja: ServiceProcess
) -> None:
    rows = "".join(f"Pergunta {n}?;{'r' * 9_000};x\n" for n in range(3))
    rejected = f"Grande?;{'r' * 21_000_000};x\n"
    checked: list[str] = []
    with open_page(browser, loja, "/?view=upload&collection=grande", said=[]) as page:
        page.on("request", lambda one: checked.append(one.url) if "dry_run" in one.url else None)
        page.locator("input[type=file]").set_input_files(payload(HEAD + rows + rejected))
        expect(page.get_by_text("O arquivo é grande.")).to_be_visible()
        page.get_by_label("Substituir").check()
        expect(page.get_by_text("Para substituir, confira antes")).to_be_visible()
        page.get_by_label("Só adicionar").check()
        assert checked == []
        page.get_by_role("button", name="Enviar sem conferir").click()
        expect(page.locator(".mending")).to_be_visible()
    assert len(read_items(loja, "grande")) == 3


def test_a_dropped_file_is_taken_in_any_view(browser: Browser, loja: ServiceProcess) -> None:
    drop = """() => {
      const files = new DataTransfer();
      files.items.add(new File(["pergunta,resposta\\nNova?,Sim.\\n"], "perguntas.csv"));
      const event = new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true});
      document.body.dispatchEvent(event);
    }"""
    with open_page(browser, loja, "/") as page:
        page.evaluate(drop)
        expect(page.locator(".file-card")).to_contain_text("perguntas.csv")
        expect(page.locator("p.counts")).to_contain_text("uma nova")


@pytest.mark.parametrize("name", ["Perguntas da Loja.xlsx.csv", "é.csv", "loja-2026-05.csv"])
def test_a_collection_is_proposed_by_the_name_of_the_file(
    browser: Browser, loja: ServiceProcess, name: str
) -> None:
    job = loja.load("pergunta,resposta\nA?,B\n", "?collection=outra")
    loja.ended(job["id"])
    proposed = {"P": "perguntas-da-loja", "é": "e", "l": "loja"}[name[0]]
    with open_page(browser, loja, "/?view=upload") as page:
        choose(page, HEAD + "Nova?;Sim.;y\n", name)
        field = page.locator(".target select" if proposed == "loja" else ".target .field input")
        expect(field).to_have_value(proposed)


def test_a_file_that_was_saved_again_is_noticed(
    browser: Browser, loja: ServiceProcess, tmp_path: Path
) -> None:
    file = tmp_path / "nova.csv"
    file.write_text(HEAD + "Nova?;Sim.;y\n", "utf-8")
    with open_page(browser, loja, "/?view=upload&collection=nova", said=[]) as page:
        page.locator("input[type=file]").set_input_files(file)
        expect(page.get_by_role("button", name="Enviar uma linha")).to_be_enabled()
        file.write_text(HEAD + "Mais nova?;Sim, e outra coisa.;y\n", "utf-8")
        os.utime(file, (0, 0))
        page.get_by_role("button", name="Enviar uma linha").click()
        expect(page.locator(".notice.warning")).to_contain_text("O arquivo foi salvo de novo")
        page.get_by_role("button", name="Enviar o que foi conferido").click()
        expect(page.locator(".notice.success")).to_be_visible()
    assert read_items(loja, "nova") == {"Nova?": "Sim."}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('\ufeffa,b\r\n"c ""d"", e","f\r\ng"\r\n', [["a", "b"], ['c "d", e', "f\r\ng"]]),
        ("a,b\nc,\n,\n", [["a", "b"], ["c", ""], ["", ""]]),
        ('a\r"b', [["a"], ["b"]]),
        ("", []),
    ],
)
def test_csv_is_read(
    browser: Browser, loja: ServiceProcess, text: str, rows: list[list[str]]
) -> None:
    read = """async ([address, text]) => {
      const {readCsv, writeCsv} = await import(address);
      const rows = await readCsv(text, ",");
      return [rows, await readCsv(writeCsv(rows), ",")];
    }"""
    with open_page(browser, loja) as page:
        address = read_assets().address("views/upload/csv.js")
        assert page.evaluate(read, [address, text]) == [rows, rows]
