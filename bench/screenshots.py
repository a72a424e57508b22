"""Pictures of the page: `python -m bench.screenshots` writes docs/screenshots/.

The real service with the real model runs on the sample; each view is shown wide and narrow, light
and dark. `--language en` shows the page in English, and `--folder` writes somewhere else.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, Route, sync_playwright

from bench.labelled import OFF_TOPIC, Question, read_sets
from local_service import ROOT, Service

FOLDER = ROOT / "docs" / "screenshots"
SAMPLE = ROOT / "samples" / "faq_pt.csv"
NAMES = ("chromium", "chromium-browser", "google-chrome")
USER, PASSWORD = "ana", "a password of nobody"
# A page has few colours; so a picture takes a quarter of the room.
COLOURS = 64
SIZES = {"wide": (1280, 800), "narrow": (360, 780)}
SCHEMES = ("light", "dark")
# The model is converted first.
START_SECONDS = 600.0
# What the sample answers, what several of its answers are close to, and what none answers.
KNOWN = "Como rastreio o meu pedido"
CLOSE = "como acompanho minha encomenda?"
UNKNOWN = "vocês vendem bicicleta elétrica para cachorro?"
KEY = "cpg_" + "ExAmPlE-" * 5 + "123"
# Who else may come in.
PEOPLE = (
    {"name": "bruno", "role": "editor", "collections": ["loja"]},
    {"name": "carla", "role": "reader", "collections": None},
)
PROGRAMS = (
    {"name": "WhatsApp", "role": "reader", "collections": ["loja"]},
    {"name": "Site", "role": "editor", "expires_at": "2099-12-31T12:00:00Z"},
)
# Buttons by their words in both languages.
EDIT = re.compile("Editar|Edit")
WRONG = re.compile("Está errado|This is wrong")
MEND = re.compile("corrigir as recusadas|mend the rejected")
# A file of a shop with the faults that files have, and one whose columns have names of its own.
FAULTY = """pergunta;resposta;categoria
Vocês entregam no sábado?;Sim, das 8h às 14h, nas capitais.;entrega
Posso trocar o tamanho?;;trocas
;Aceitamos Pix, cartão e boleto.;pagamento
Como faço para cancelar?;Em Meus pedidos, escolha Cancelar. Depois, peça a devolução.;pedidos
Como faço para cancelar?;Fale com o atendimento.;pedidos
Qual é o horário do atendimento?;De segunda a sexta, das 9h às 18h.;contato
"""
UNNAMED = """nº;o que o cliente diz;o que dizemos
1;cancelamento;Em Meus pedidos, escolha Cancelar.
2;horário;De segunda a sexta, das 9h às 18h.
"""
COMPARE = re.compile("Comparar|Compare")
# What the view Check shows: a collection of its own, which somebody has made contradict itself.
CHECKED = "ajuda"
# And one whose questions propose a better decision line.
FITTED = "clientes"
TWINS = """pergunta,resposta,categoria
Qual é o prazo de entrega?,Até 15 dias úteis em todo o Brasil.,entrega
Como eu rastreio o meu pedido?,Ligue para o atendimento e diga o número do pedido.,entrega
Vocês têm loja física em Curitiba?,-,loja
"""


@dataclass(frozen=True)
class Shot:
    """A picture of a path of the page, after something was done there; `shows` must be on it."""

    name: str
    path: str
    shows: str
    prepare: Callable[[Page], None] = lambda _: None


def _edit(page: Page) -> None:
    page.get_by_role("button", name=EDIT).first.click()
    page.wait_for_selector(".item-form textarea")


def _edit_row(page: Page) -> None:
    page.locator("tbody [data-edit]").first.click()
    page.wait_for_selector(".item-form textarea")


def _say_wrong(page: Page) -> None:
    page.get_by_role("button", name=WRONG).first.click()


def _choose(page: Page) -> None:
    _say_wrong(page)
    page.get_by_role("radio").first.click()


def _choose_file(page: Page, text: str, shows: str) -> None:
    file: FilePayload = {"name": "loja.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").first.set_input_files(file)
    page.wait_for_selector(shows)
    page.wait_for_selector(".checked[aria-busy=false]")


def _check(page: Page) -> None:
    _choose_file(page, FAULTY, "p.counts")


def _check_unnamed(page: Page) -> None:
    _choose_file(page, UNNAMED, ".notice.error")


def _replace(page: Page) -> None:
    _check(page)
    page.locator("input[value=replace]").check()
    page.wait_for_selector("p.counts .deleted")
    page.wait_for_selector(".checked[aria-busy=false]")
    page.locator(".primary").last.click()
    page.wait_for_selector("dialog")


def _mend(page: Page) -> None:
    page.get_by_role("link", name=MEND).first.click()
    page.wait_for_selector("textarea[aria-invalid=true]")


def _watch(page: Page) -> None:
    """Show a job as it looks while it goes on."""

    def slow_down(route: Route) -> None:
        answer = route.fetch()
        rows = {"total": 40, "done": 26, "inserted": 26, "updated": 0, "unchanged": 0}
        running = {"status": "processing", "finished_at": None, "error": None, "progress": 0.65}
        pace = {"rows_per_second": 1.8, "eta_seconds": 7.8}
        rows |= {"rejected": 0, "deleted": 0}
        route.fulfill(response=answer, json=answer.json() | running | pace | {"rows": rows})

    page.route(re.compile("/jobs/[0-9a-f-]+$"), slow_down)
    page.get_by_role("link", name=SAMPLE.name).or_(page.locator("td a")).last.click()
    page.wait_for_selector(".job-progress")


def _mark(page: Page) -> None:
    for box in page.locator(".items tbody").get_by_role("checkbox").all()[:2]:
        box.check()


def _delete_collection(page: Page) -> None:
    page.locator(".end .danger").click()
    page.wait_for_selector("dialog")


def _add_person(page: Page) -> None:
    page.locator(".settings .head button").first.click()
    page.wait_for_selector(".form input[name=name]")


def _make_key(page: Page) -> None:
    page.route("**/keys", _answer_key)
    page.locator(".settings .head button").nth(1).click()
    page.locator(".form input[name=name]").fill("chat")
    page.locator(".form .primary").first.click()
    page.locator(".made").scroll_into_view_if_needed()


def _answer_key(route: Route) -> None:
    """Show a key that never was one."""
    if route.request.method == "POST":
        route.fulfill(status=201, json={"id": 0, "name": "chat", "key": KEY})
    else:
        route.continue_()


def _compare(page: Page) -> None:
    page.get_by_role("button", name=COMPARE).first.click()
    page.locator(".finding .versions").first.scroll_into_view_if_needed()
    page.locator(".findings").evaluate("element => element.scrollIntoView()")


def _show(selector: str) -> Callable[[Page], None]:
    """Return what brings an element to the top of the picture."""
    return lambda page: page.locator(selector).first.evaluate("element => element.scrollIntoView()")


# The first is taken before the sample is there.
EMPTY = Shot("empty", "/", ".card")
SHOTS = (
    Shot("ask-answer", f"/?q={KNOWN}", ".decision.answer"),
    Shot("ask-ambiguous", f"/?q={CLOSE}", ".decision.ambiguous"),
    Shot("ask-none", f"/?q={UNKNOWN}", ".decision.none"),
    Shot("ask-edit", f"/?q={KNOWN}", ".decision.answer", _edit),
    Shot("ask-wrong", f"/?q={CLOSE}", ".decision.ambiguous", _choose),
    Shot("upload", "/?view=upload", ".drop"),
    Shot("upload-check", "/?view=upload", ".drop", _check),
    Shot("upload-columns", "/?view=upload", ".drop", _check_unnamed),
    Shot("upload-replace", "/?view=upload", ".drop", _replace),
    Shot("upload-progress", "/?view=jobs", ".table", _watch),
    Shot("upload-mend", "/?view=jobs", ".table", _mend),
    Shot("jobs", "/?view=jobs", ".table"),
    Shot("items", "/?view=items&collection=loja", ".table", _mark),
    Shot("items-edit", "/?view=items&collection=loja&text=rastrei", ".table", _edit_row),
    Shot("items-nothing", "/?view=items&collection=loja&text=bicicleta", "main .notice"),
    Shot("items-delete-collection", "/?view=items&collection=loja", ".table", _delete_collection),
    Shot("settings", "/?view=settings&collection=loja", ".lines"),
    Shot("settings-person", "/?view=settings&collection=loja", ".lines", _add_person),
    Shot("settings-key", "/?view=settings&collection=loja", ".lines", _make_key),
)
CHECK = f"/?view=check&collection={CHECKED}"
CHECK_SHOTS = (
    Shot("check", CHECK, ".report"),
    Shot(
        "check-proposal", f"/?view=check&collection={FITTED}", ".proposal table", _show(".proposal")
    ),
    Shot("check-miss", CHECK + "&miss={miss}", ".miss", _show(".misses")),
    Shot("check-compare", CHECK, ".finding", _compare),
)


def main() -> int:
    """Write the pictures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--language", default="pt-BR")
    parser.add_argument("--only", default="", help="names that begin so")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with _start_service() as service, sync_playwright() as playwright:
        # Chromium can't be sandboxed for root.
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, NAMES)), None),
            args=["--no-sandbox"],
        )

        def take(shots: Sequence[Shot]) -> None:
            chosen = [shot for shot in shots if shot.name.startswith(arguments.only)]
            _take(browser, service, chosen, arguments.folder, arguments.language)

        take([EMPTY])
        _load(service, SAMPLE.read_bytes(), "loja")
        _load(service, FAULTY.encode(), "novidades")
        _add_accounts(service)
        take(SHOTS)
        miss = _prepare_check(service)
        take([replace(shot, path=shot.path.format(miss=miss)) for shot in CHECK_SHOTS])
        browser.close()
    return 0


def _load(service: Service, file: bytes, collection: str) -> None:
    service.wait_for_job(service.upload(file, f"?collection={collection}")["id"])


def _prepare_check(service: Service) -> int:
    """Test a collection twice, with changes in between; return the line of a miss."""
    sets = {one.name: one for one in read_sets(Path())}
    shop = sets["shop"]
    _load(service, shop.file, FITTED)
    plain = [one for one in shop.questions if one.expected or one.kind == OFF_TOPIC]
    _evaluate(service, FITTED, plain)
    asked = sets["sample"].questions
    _load(service, SAMPLE.read_bytes(), CHECKED)
    _evaluate(service, CHECKED, asked)
    items = service.call("GET", f"/items?collection={CHECKED}&text=danificado")
    body = json.dumps({"alternatives": ["veio quebrado", "meu pacote chegou amassado"]})
    path = f"/items/{items['results'][0]['id']}"
    service.call("PATCH", path, body.encode(), {"Content-Type": "application/json"})
    _load(service, TWINS.encode(), CHECKED)
    misses = _evaluate(service, CHECKED, asked)["result"]["misses"]
    return int(next(one["line"] for one in misses if one["expected"]))


def _evaluate(service: Service, collection: str, questions: Sequence[Question]) -> dict[str, Any]:
    """Ask a collection what people ask; return the ended job."""
    file = io.StringIO()
    rows = [(one.text, one.expected or "none") for one in questions]
    csv.writer(file).writerows([("question", "expected"), *rows])
    path, headers = f"/evaluate?collection={collection}", {"Content-Type": "text/csv"}
    job = service.call("POST", path, file.getvalue().encode(), headers)["job"]
    return service.wait_for_job(job["id"])


@contextmanager
def _start_service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        settings = {"API_USERNAME": USER, "API_PASSWORD": PASSWORD, "DATA_DIR": folder}
        service = Service(settings=settings)
        try:
            service.wait_until_ready(START_SECONDS)
            yield service
        finally:
            service.stop()


def _add_accounts(service: Service) -> None:
    for path, accounts in (("/users", PEOPLE), ("/keys", PROGRAMS)):
        for account in accounts:
            given = account | ({"password": PASSWORD} if path == "/users" else {})
            headers = {"Content-Type": "application/json"}
            service.call("POST", path, json.dumps(given).encode(), headers)


def _take(
    browser: Browser,
    service: Service,
    shots: Sequence[Shot],
    folder: Path,
    language: str,
) -> None:
    for size, (width, height) in SIZES.items():
        for scheme in SCHEMES:
            context = browser.new_context(
                http_credentials={"username": USER, "password": PASSWORD},
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
                locale=language,
                reduced_motion="reduce",
            )
            page = context.new_page()
            for shot in shots:
                page.goto(service.url + shot.path)
                page.wait_for_selector(shot.shows)
                shot.prepare(page)
                page.wait_for_load_state("networkidle")
                _write(page.screenshot(), folder / f"{shot.name}-{size}-{scheme}.png")
                page.unroute_all()
            context.close()


def _write(picture: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(picture)) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    sys.exit(main())
