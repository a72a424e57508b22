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
from playwright.sync_api import Browser, Page, sync_playwright

from bench.labelled import read_sets
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
# Buttons by their words in both languages.
EDIT = re.compile("Editar|Edit")
WRONG = re.compile("Está errado|This is wrong")
COMPARE = re.compile("Comparar|Compare")
# What the view Check shows: a collection of its own, which somebody has made contradict itself.
CHECKED = "ajuda"
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
    if page.locator(".made").count() == 0:
        page.locator(".settings .head button").nth(1).click()
        page.locator(".form input[name=name]").fill("chat")
        page.locator(".form .primary").first.click()
    page.locator(".made").scroll_into_view_if_needed()


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
    Shot("check-proposal", CHECK, ".proposal table", _show(".proposal")),
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
        take(SHOTS)
        miss = _prepare_check(service)
        take([replace(shot, path=shot.path.format(miss=miss)) for shot in CHECK_SHOTS])
        browser.close()
    return 0


def _load(service: Service, file: bytes, collection: str) -> None:
    service.wait_for_job(service.upload(file, f"?collection={collection}")["id"])


def _prepare_check(service: Service) -> int:
    """Test a collection twice, with changes in between; return the line of a miss."""
    _load(service, SAMPLE.read_bytes(), CHECKED)
    _evaluate(service)
    items = service.call("GET", f"/items?collection={CHECKED}&text=danificado")
    body = json.dumps({"alternatives": ["veio quebrado", "meu pacote chegou amassado"]})
    path = f"/items/{items['results'][0]['id']}"
    service.call("PATCH", path, body.encode(), {"Content-Type": "application/json"})
    _load(service, TWINS.encode(), CHECKED)
    misses = _evaluate(service)["result"]["misses"]
    return int(next(one["line"] for one in misses if one["expected"]))


def _evaluate(service: Service) -> dict[str, Any]:
    """Ask the collection what people ask of the sample; return the ended job."""
    sample = next(one for one in read_sets(Path()) if one.name == "sample")
    file = io.StringIO()
    rows = [(one.text, one.expected or "none") for one in sample.questions]
    csv.writer(file).writerows([("question", "expected"), *rows])
    path, headers = f"/evaluate?collection={CHECKED}", {"Content-Type": "text/csv"}
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
            context.close()


def _write(picture: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(picture)) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
    sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    sys.exit(main())
