"""The view Settings: who may come in, with which password or key, and from where on one answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import needs_chromium, open_page
from tests.support.client import USER
from tests.support.page import find_violations
from tests.support.service import ServiceProcess

pytestmark = needs_chromium

SETTINGS = "/?view=settings"
EVIL = "<img src=x onerror=alert(1)>"
PASSWORD = "uma senha de teste"
KEY = re.compile(r"^cpg_[\w-]{43}$")


@pytest.fixture
def alone(loja: ServiceProcess) -> Iterator[ServiceProcess]:
    """The service without users and keys of its database, before and after."""
    remove_all(loja)
    yield loja
    remove_all(loja)


def remove_all(service: ServiceProcess) -> None:
    for user in list_users(service):
        if user["created_at"]:
            service.call("DELETE", f"/users/{quote(user['name'])}")
    for key in list_keys(service):
        service.call("DELETE", f"/keys/{key['id']}")


def list_users(service: ServiceProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/users")[1]["results"]
    return found


def list_keys(service: ServiceProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/keys")[1]["results"]
    return found


def add(service: ServiceProcess, path: str, **given: Any) -> dict[str, Any]:
    body = json.dumps(given).encode()
    status, made = service.ask("POST", path, body, Content_Type="application/json")
    assert status == 201
    return dict(made)


def add_user(service: ServiceProcess, name: str, role: str, **given: Any) -> tuple[str, str]:
    add(service, "/users", name=name, password=PASSWORD, role=role, **given)
    return name, PASSWORD


def people(page: Page) -> Locator:
    return page.get_by_role("region", name="Pessoas")


def keys(page: Page) -> Locator:
    return page.get_by_role("region", name="Chaves de programas")


def test_a_person_is_added_and_comes_in(browser: Browser, alone: ServiceProcess) -> None:
    with open_page(browser, alone, SETTINGS) as page:
        expect(people(page)).to_contain_text(f"{USER} (você)")
        expect(people(page)).to_contain_text("Está na configuração do servidor")
        page.get_by_role("button", name="+ Pessoa").click()
        expect(page.get_by_label("Nome")).to_be_focused()
        page.get_by_label("Nome").fill("Ana")
        page.get_by_label("Senha", exact=False).first.fill(PASSWORD)
        expect(page.locator("form")).to_contain_text("apague e crie de novo")
        page.get_by_role("radio", name=re.compile("^Edita")).check()
        page.get_by_role("radio", name="Só nestas").check()
        page.get_by_role("checkbox", name="loja").check()
        page.get_by_label("Outras, separadas por vírgula").fill("ajuda, docs")
        page.get_by_role("button", name="Criar").click()
        expect(people(page).locator(".notice.success")).to_be_focused()
        expect(people(page).get_by_role("row", name=re.compile("Ana"))).to_contain_text("edita")
    ana = list_users(alone)[-1]
    assert (ana["name"], ana["role"]) == ("Ana", "editor")
    assert ana["collections"] == ["loja", "ajuda", "docs"]
    with open_page(browser, alone, "/?view=items", user=("Ana", PASSWORD)) as page:
        expect(page.get_by_role("link", name="+ Novo")).to_be_visible()


def test_what_is_wrong_is_said_at_its_field_and_no_password_is_kept(
    browser: Browser, alone: ServiceProcess
) -> None:
    with open_page(browser, alone, SETTINGS, said=[]) as page:
        page.get_by_role("button", name="+ Pessoa").click()
        page.get_by_label("Nome").fill("a:b")
        password = page.locator("input[name=password]")
        password.fill("curta")
        page.get_by_role("button", name="Criar").click()
        expect(page.get_by_role("alert")).to_be_focused()
        expect(page.locator("#about-name")).to_have_class("wrong")
        expect(password).to_have_attribute("aria-invalid", "true")
        assert "curta" not in page.evaluate("JSON.stringify(localStorage)")
        page.get_by_label("Nome").press("Escape")
        expect(page.locator("form[aria-label='Nova pessoa']")).to_have_count(0)
        page.get_by_role("button", name="+ Pessoa").click()
        expect(page.get_by_label("Nome")).to_have_value("a:b")
        expect(password).to_have_value("")
    assert len(list_users(alone)) == 1


def test_a_person_gets_another_password_and_is_removed(
    browser: Browser, alone: ServiceProcess
) -> None:
    add_user(alone, "Rui", "reader")
    with open_page(browser, alone, SETTINGS) as page:
        page.get_by_role("button", name="Nova senha de Rui").click()
        expect(page.locator("input[name=password]")).to_be_focused()
        page.keyboard.type("outra senha longa")
        page.keyboard.press("Enter")
        expect(people(page)).to_contain_text("A senha de Rui mudou")
        with open_page(browser, alone, user=("Rui", "outra senha longa")) as other:
            expect(other.get_by_label("Pergunta do cliente")).to_be_visible()
        page.get_by_role("button", name="Remover Rui").click()
        dialog = page.get_by_role("dialog", name="Remover Rui?")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert len(list_users(alone)) == 2
        page.get_by_role("button", name="Remover Rui").click()
        dialog.get_by_role("button", name="Remover Rui").click()
        expect(people(page)).to_contain_text("Rui não está mais na lista")
        expect(people(page).get_by_role("row")).to_have_count(2)
    assert len(list_users(alone)) == 1


def test_a_key_is_shown_once_and_works(browser: Browser, alone: ServiceProcess) -> None:
    with open_page(browser, alone, SETTINGS, permissions=["clipboard-write"]) as page:
        expect(keys(page)).to_contain_text("Nenhum programa tem chave ainda.")
        page.get_by_role("button", name="+ Chave").click()
        page.get_by_label("Para que programa").fill("robô")
        page.get_by_label("Por quanto tempo vale").select_option("90")
        page.get_by_label("Para que programa").press("Escape")
        expect(page.get_by_label("Para que programa")).to_have_count(0)
        page.get_by_role("button", name="+ Chave").click()
        expect(page.get_by_label("Para que programa")).to_have_value("robô")
        page.get_by_role("button", name="Criar").click()
        made = page.get_by_role("textbox", name="Chave")
        expect(made).to_have_value(KEY)
        secret = made.input_value()
        assert made.get_attribute("readonly") is not None
        page.get_by_role("button", name="Copiar").click()
        expect(page.get_by_role("group", name="A chave de “robô”")).to_contain_text("Copiada.")
        # It stays until one says that it is kept, also while another view is shown.
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Itens").click()
        page.get_by_role("link", name="Ajustes").click()
        expect(made).to_have_value(secret)
        expect(page.get_by_role("button", name="+ Chave")).to_have_count(0)
        page.get_by_role("button", name="Já guardei a chave").click()
        expect(made).to_have_count(0)
        row = keys(page).get_by_role("row", name=re.compile("robô"))
        expect(row).to_contain_text(f"{secret[:12]}…")
        expect(row).to_contain_text("nunca")
        assert secret not in page.content()
        with open_page(browser, alone, user=("robo", secret)) as other:
            other.get_by_role("link", name="Ajustes").click()
            expect(other.locator("main")).to_contain_text("Você entra com uma chave de programa")
    assert list_keys(alone)[0]["expires_at"] is not None


def test_a_key_is_revoked_after_its_programs_were_named(
    browser: Browser, alone: ServiceProcess
) -> None:
    add(alone, "/keys", name="bot", role="reader")
    with open_page(browser, alone, SETTINGS) as page:
        page.get_by_role("button", name="Revogar bot").click()
        dialog = page.get_by_role("dialog", name="Revogar bot?")
        expect(dialog).to_contain_text("Programas que usam “bot” deixam de funcionar agora.")
        dialog.get_by_role("button", name="Revogar bot").click()
        expect(keys(page)).to_contain_text("A chave “bot” foi revogada.")
    assert list_keys(alone) == []


def test_a_key_ends_on_a_date_of_choice(browser: Browser, alone: ServiceProcess) -> None:
    with open_page(browser, alone, SETTINGS, said=[], timezone_id="UTC") as page:
        page.get_by_role("button", name="+ Chave").click()
        page.get_by_label("Para que programa").fill("de um ano")
        page.get_by_label("Por quanto tempo vale").select_option("date")
        page.get_by_role("textbox", name="Data").fill("2020-01-31")
        page.get_by_role("button", name="Criar").click()
        expect(page.locator("#about-expires_at")).to_have_class("wrong")
        page.get_by_role("textbox", name="Data").fill("2099-12-31")
        page.get_by_role("button", name="Criar").click()
        expect(page.get_by_role("textbox", name="Chave")).to_be_visible()
        page.get_by_role("button", name="Já guardei a chave").click()
        expect(keys(page)).to_contain_text("2099")
    assert list_keys(alone)[0]["expires_at"].startswith("2099-12-31T23:59:59")


def test_everybody_changes_the_own_password(browser: Browser, alone: ServiceProcess) -> None:
    reader = add_user(alone, "Lia", "reader")
    with open_page(browser, alone, SETTINGS, user=reader) as page:
        assert page.locator("main h2").all_inner_texts() == ["Servidor"]
        expect(page.get_by_role("button", name="+ Pessoa")).to_have_count(0)
        page.locator("input[name=password]").fill("uma senha nova")
        page.get_by_role("checkbox", name="Mostrar").check()
        expect(page.get_by_role("textbox", name="Nova senha")).to_have_value("uma senha nova")
        page.get_by_role("button", name="Mudar a senha").click()
        expect(page.locator(".notice.success")).to_contain_text("Sua senha mudou.")
    with open_page(browser, alone, user=("Lia", "uma senha nova")) as page:
        expect(page.get_by_label("Pergunta do cliente")).to_be_visible()


def test_an_admin_of_some_collections_sees_no_people(
    browser: Browser, alone: ServiceProcess
) -> None:
    limited = add_user(alone, "Edu", "admin", collections=["loja"])
    with open_page(browser, alone, SETTINGS, user=limited) as page:
        expect(page.get_by_role("button", name="Mudar a senha")).to_be_visible()
        expect(page.get_by_role("button", name="+ Pessoa")).to_have_count(0)


def test_a_collection_gets_its_own_decision_line(browser: Browser, alone: ServiceProcess) -> None:
    with open_page(browser, alone, SETTINGS) as page:
        expect(page.locator("main")).to_contain_text("Escolha uma coleção")
        page.get_by_label("Coleção").select_option("loja")
        answer = page.get_by_label("Responder a partir de (%)")
        expect(answer).to_have_value("60")
        answer.fill("72.5")
        page.get_by_role("button", name="Salvar").click()
        expect(page.locator(".notice.success")).to_contain_text("A linha de “loja” foi salva")
        assert alone.get("/collections/loja/thresholds")[1]["answer"] == 0.725
        page.get_by_role("button", name="Voltar à de todas").click()
        expect(answer).to_have_value("60")
    assert alone.get("/collections/loja/thresholds")[1]["own"] is False


def test_names_are_shown_as_text(browser: Browser, alone: ServiceProcess) -> None:
    add_user(alone, EVIL, "reader")
    add(alone, "/keys", name=EVIL, role="reader")
    with open_page(browser, alone, SETTINGS) as page:
        expect(people(page)).to_contain_text(EVIL)
        expect(keys(page)).to_contain_text(EVIL)
        page.get_by_role("button", name=f"Revogar {EVIL}").click()
        expect(page.get_by_role("dialog")).to_contain_text(EVIL)
        assert page.locator("main img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["pt-BR", "en-GB"])
def test_axe_finds_nothing_where_things_are_open(
    browser: Browser, alone: ServiceProcess, language: str, scheme: str
) -> None:
    add_user(alone, "Ana", "editor")
    path = f"{SETTINGS}&collection=loja"
    with open_page(browser, alone, path, language=language, color_scheme=scheme) as page:
        page.locator("section").nth(0).locator(".head button").click()
        page.locator("input[name=limit]").nth(1).check()
        page.locator("section").nth(1).locator(".head button").click()
        page.locator("select").last.select_option("date")
        page.wait_for_selector(".lines")
        assert find_violations(page) == ""
        page.locator("form input[name=name]").last.fill("bot")
        page.locator("form select").select_option("never")
        page.locator("form .primary").last.click()
        page.locator(".made").wait_for()
        page.locator(".table .danger").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert find_violations(page) == ""


def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, alone: ServiceProcess) -> None:
    add_user(alone, "n" * 100, "editor", collections=["c" * 100])
    width = "document.documentElement.scrollWidth"
    with open_page(browser, alone, f"{SETTINGS}&collection=loja", width=360) as page:
        page.get_by_role("button", name="+ Chave").click()
        page.get_by_label("Para que programa").fill("k" * 100)
        page.get_by_role("radio", name="Só nestas").check()
        page.wait_for_selector(".lines")
        assert page.evaluate(width) == 360
        page.get_by_role("checkbox", name="loja").check()
        page.get_by_role("button", name="Criar").click()
        expect(page.get_by_role("textbox", name="Chave")).to_be_visible()
        expect(keys(page).get_by_role("row")).to_have_count(2)
        assert page.evaluate(width) == 360
        page.get_by_role("button", name=re.compile("^Remover")).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate(width) == 360
