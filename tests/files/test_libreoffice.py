"""A round trip through LibreOffice: it saves each format that we read, and opens our exports."""

from __future__ import annotations

import csv
import datetime
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.files import read_in_child
from tests.support.workbooks import make_book

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")

needs_office = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")

# What LibreOffice calls them: comma, quote, UTF-8, and each cell as it is shown.
CSV_FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"

HEADER = ["id", "Pergunta", "Resposta", "tema", "desde", "n"]
ROWS = [
    ["a1", "Posso pagar depois?", 'Sim, "fiado"; até o dia 5.', "crédito", "2026-03-01", "7"],
    ["a2", "Onde fica?", "Na praça,\nao lado da fonte.", "loja", "2026-03-02", "12.5"],
    ["007", "=2+2?", "  espaços não contam  ", "", "", "0"],
    ["a4", "Emoji e acentos?", "👍🏽 – “ção” ﬁm", "É", "", ""],
]
DATE, NUMBER = 4, 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("office")


def convert(folder: Path, source: Path, kind: str, imported: str | None = None) -> Path:
    """Return a file that LibreOffice saved in another format."""
    assert OFFICE
    out = folder / kind.partition(":")[0]
    # Its profile lies beside the files, so that no other LibreOffice of this user is in the way.
    command = [OFFICE, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += [f"--infilter={imported}"] if imported else []
    command += ["--convert-to", kind, "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    saved = out / f"{source.stem}.{kind.partition(':')[0]}"
    assert saved.exists(), done.stdout + done.stderr
    return saved


def make_table() -> bytes:
    rows = [[*row] for row in ROWS]
    cells: list[list[Any]] = [HEADER]
    for row in rows:
        date = datetime.date.fromisoformat(row[DATE]) if row[DATE] else None
        number = float(row[NUMBER]) if row[NUMBER] else None
        cells.append([*row[:DATE], date, number])

    def change(sheet: Any) -> None:
        # openpyxl would take the text for a formula.
        sheet["B4"].data_type = "s"

    return make_book(("FAQ", cells), FAQ=change)


@needs_office
@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", CSV_FILTER], ids=lambda k: k[:4].strip(":"))
def test_what_libreoffice_saves_is_read_as_it_was(folder: Path, kind: str) -> None:
    source = folder / "faq.xlsx"
    source.write_bytes(make_table())
    table, rows, rejected = read_in_child(convert(folder, source, kind).read_bytes())
    assert rejected == []
    assert table.description.columns == HEADER
    found: list[list[Any]] = [
        [row.id, row.question, row.answer, *(row.metadata[name] for name in HEADER[3:])]
        for row in rows
    ]
    wanted: list[list[Any]] = [[text.strip() for text in row] for row in ROWS]
    if table.description.format == "csv":
        # A CSV has the date as the sheet shows it.
        for row in (*found, *wanted):
            row[DATE] = bool(row[DATE])
    assert found == wanted


@needs_office
@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_number_formats_survive_libreoffice(folder: Path, kind: str) -> None:
    def change(sheet: Any) -> None:
        codes = ("0%", r"[$R$-416]\ #,##0.00", "00000", "[h]:mm", "0.00")
        for line, code in enumerate(codes, 2):
            sheet.cell(line, 2).number_format = code
        sheet["A2"].hyperlink = "https://shop.example/pix"
        sheet["C3"] = "=1/0"

    values = [0.2, 49.5, 4205, datetime.timedelta(hours=50), 3.1]
    pairs = [[f"q{n}?", value] for n, value in enumerate(values)]
    source = folder / "formats.xlsx"
    source.write_bytes(make_book(("FAQ", [["Pergunta", "Resposta", "n"], *pairs]), FAQ=change))
    rows = read_in_child(convert(folder, source, kind).read_bytes())[1]
    assert [row.metadata for row in rows] == [{"n": "", "link": "https://shop.example/pix"}] + [
        {"n": ""}
    ] * 4
    # LibreOffice writes the point of its own language.
    answers = [row.answer.replace("R$ 49.50", "R$ 49,50") for row in rows]
    assert answers == ["20%", "R$ 49,50", "04205", "50:00", "3.10"]


@needs_office
@pytest.mark.parametrize("query", ["", "?spreadsheet_safe=true"])
def test_libreoffice_opens_an_export_with_its_columns(
    client: Client, folder: Path, query: str
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *ROWS])
    client.load(text.getvalue().encode())
    export = folder / "export.csv"
    export.write_bytes(client.get(f"/collections/default/export{query}").data)
    # As a double click does: comma, quote, UTF-8, all columns as text.
    columns = "/".join(f"{n}/2" for n in range(1, len(HEADER) + 1))
    imported = f"Text - txt - csv (StarCalc):44,34,76,1,{columns}"
    rows = read_in_child(convert(folder, export, "xlsx", imported).read_bytes())[1]
    wanted = [[text.strip() for text in row] for row in ROWS]
    if query:
        wanted[2][1] = "'" + wanted[2][1]
    assert sorted([row.id, row.question, row.answer] for row in rows) == sorted(
        row[:3] for row in wanted
    )
    assert {tuple(row.metadata) for row in rows} == {tuple(HEADER[3:])}
