"""The view Jobs: what goes on, what ended and how, and a button that ends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

HEAD = "pergunta,resposta\n"


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service whose jobs take their time, so that one can look at them."""
    one = ServiceProcess(tmp_path_factory.mktemp("slow"), EMBED_SECONDS="0.4", WORKER_THREADS="1")
    one.wait_until_ready()
    yield one
    assert one.stop() == 0


def row(page: Page, text: str) -> Any:
    return page.get_by_role("row").filter(has_text=text)


def upload(
    service: ServiceProcess, name: str, rows: str, collection: str = "loja"
) -> dict[str, Any]:
    """Upload a file with a name, and return its job once it has ended."""
    body = (
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        f"{HEAD}{rows}\r\n--x--\r\n"
    )
    status, answer = service.ask(
        "POST",
        f"/upload?collection={collection}",
        body.encode(),
        Content_Type="multipart/form-data; boundary=x",
    )
    assert status == 202
    return service.ended(answer["job"]["id"])


def test_jobs_say_how_they_ended(browser: Browser, loja: ServiceProcess) -> None:
    upload(loja, "boa.csv", "A?,B\n")
    upload(loja, "meia.csv", "C?,D\nE?,\n")
    test = loja.ask(
        "POST", "/evaluate?collection=loja", b"question,expected\nA?,B\n", Content_Type="text/csv"
    )
    loja.ended(test[1]["job"]["id"])
    with open_page(browser, loja, "/?view=jobs&collection=loja") as page:
        expect(row(page, "boa.csv")).to_contain_text("Concluída")
        expect(row(page, "boa.csv")).to_contain_text("uma nova")
        expect(row(page, "meia.csv")).to_contain_text("Concluída em parte")
        expect(row(page, "teste sem nome")).to_contain_text("teste de perguntas")
        first = page.get_by_role("row").nth(1)
        expect(first).to_contain_text("teste sem nome")
        row(page, "meia.csv").get_by_role("link", name="corrigir as recusadas").click()
        expect(page.locator("textarea[aria-invalid=true]")).to_have_count(1)
        page.go_back()
        page.get_by_label("Estado").select_option("failed")
        expect(page.get_by_role("table").or_(page.locator("main .notice"))).to_be_visible()
        page.wait_for_url("**status=failed**")
        page.goto(f"{loja.url}/?view=jobs&collection=nenhuma")
        expect(page.locator("main .notice")).to_contain_text("Nenhuma tarefa assim.")
        page.get_by_role("link", name="Ver todas").click()
        expect(row(page, "boa.csv").first).to_be_visible()


def test_a_job_is_seen_to_go_on_and_is_stopped(browser: Browser, slow: ServiceProcess) -> None:
    rows = "".join(f"Pergunta {n}?,Resposta {n}.\n" for n in range(3000))
    with open_page(browser, slow, "/?view=jobs") as page:
        expect(page.locator("main .notice")).to_contain_text("Ainda não há tarefas")
        job = slow.load(HEAD + rows, "?collection=longa")
        running = row(page, "longa").filter(has_text="Em andamento")
        expect(running).to_be_visible()
        progress = page.locator(".job-progress")
        expect(progress).to_contain_text("linhas por segundo")
        expect(progress).to_contain_text("cerca de")
        page.get_by_role("button", name="Parar").click()
        expect(row(page, "longa")).to_contain_text("Cancelada")
    assert slow.ended(job["id"])["status"] == "canceled"


def test_an_upload_is_watched_and_stopped(browser: Browser, slow: ServiceProcess) -> None:
    rows = "".join(f"Coisa {n}?,Resposta {n}.\n" for n in range(3000))
    job = slow.load(HEAD + rows, "?collection=outra")
    with open_page(browser, slow, f"/?view=upload&job={job['id']}") as page:
        expect(page.get_by_label("Processamento")).to_be_visible()
        expect(page.locator(".job-progress")).to_contain_text("cerca de")
        page.get_by_role("button", name="Parar").click()
        expect(page.locator(".notice")).to_contain_text("foi parada.")


def test_what_a_job_waits_for_is_said(browser: Browser, loja: ServiceProcess) -> None:
    job = upload(loja, "espera.csv", "W?,B\n")

    def make_waiting(route: Route) -> None:
        changes = {
            "status": "processing",
            "finished_at": None,
            "waiting": "O PostgreSQL não responde.",
        }
        route.fulfill(status=200, json=job | changes)

    with open_page(browser, loja, f"/?view=jobs&job={job['id']}") as page:
        page.route(f"**/jobs/{job['id']}", make_waiting)
        page.goto(f"{loja.url}/?view=upload&job={job['id']}")
        expect(page.locator(".job-progress")).to_contain_text("O PostgreSQL não responde.")


def test_a_list_that_can_not_be_read_keeps_what_it_has(
    browser: Browser, loja: ServiceProcess
) -> None:
    def fail(route: Route) -> None:
        body = json.dumps({"error": "O banco está fora.", "code": "unavailable"})
        route.fulfill(status=503, body=body, content_type="application/json")

    upload(loja, "fica.csv", "A?,B\n")
    with open_page(browser, loja, "/?view=jobs", said=[]) as page:
        expect(row(page, "fica.csv")).to_be_visible()
        page.route("**/jobs?*", fail)
        expect(page.get_by_role("alert")).to_contain_text("O banco está fora.")
        expect(row(page, "fica.csv")).to_be_visible()
        page.unroute("**/jobs?*")
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_job_that_is_not_there_says_so(browser: Browser, loja: ServiceProcess) -> None:
    path = "/?view=upload&job=00000000-0000-0000-0000-000000000000"
    with open_page(browser, loja, path, said=[]) as page:
        expect(page.get_by_role("alert")).to_contain_text("não existe")
        page.get_by_role("link", name="Enviar outro arquivo").click()
        expect(page.locator(".drop")).to_be_visible()


def test_more_jobs_are_on_further_pages(browser: Browser, loja: ServiceProcess) -> None:
    job = upload(loja, "uma.csv", "A?,B\n")
    jobs = [
        job | {"id": f"00000000-0000-0000-0000-{n:012}", "filename": f"{n}.csv"} for n in range(20)
    ]

    def answer(route: Route) -> None:
        route.fulfill(json={"results": jobs, "total": 45, "limit": 20, "offset": 0})

    with open_page(browser, loja) as page:
        page.route("**/jobs?*", answer)
        page.goto(f"{loja.url}/?view=jobs")
        expect(page.get_by_role("navigation", name="Páginas")).to_contain_text("1–20 de 45")
        with page.expect_request("**/jobs?*offset=20*"):
            page.get_by_role("link", name="Seguintes").click()
        expect(page.get_by_role("navigation", name="Páginas")).to_contain_text("21–40 de 45")
