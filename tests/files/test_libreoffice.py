"""A round trip through LibreOffice: it saves each format that we read, and opens our exports."""

from __future__ import annotations

import csv
import datetime
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
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
REJECTED = [
    ["a5", "=1+1", "", "x;y", "", "1"],
    ["a6", "", "resposta, só", "", "", "a|b"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("office")


def convert(folder: Path, source: Path, kind: str, imported: str | None = None) -> Path:
    """Return a file that LibreOffice saved in another format."""
    (saved,) = convert_all(folder, [source], kind, imported)
    return saved


def convert_all(
    folder: Path, sources: list[Path], kind: str, imported: str | None = None
) -> list[Path]:
    """Return the files that LibreOffice saved in another format."""
    assert OFFICE
    ending = kind.partition(":")[0]
    out = folder / ending
    # Its profile lies beside the files, so that no other LibreOffice of this user is in the way.
    command = [OFFICE, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += [f"--infilter={imported}"] if imported else []
    command += ["--convert-to", kind, "--outdir", str(out), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    saved = [out / f"{source.stem}.{ending}" for source in sources]
    assert all(path.exists() for path in saved), done.stdout + done.stderr
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
@pytest.mark.parametrize(
    "delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "pipe"]
)
def test_libreoffice_opens_exports_and_rejected_rows_with_their_columns(
    client: Client, folder: Path, delimiter: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *ROWS, *REJECTED])
    job = client.load(text.getvalue().encode())
    paths = {"export": "/collections/default/export", "rejected": f"/jobs/{job['id']}/errors"}
    opened = open_in_calc(client, folder / f"d{ord(delimiter)}", paths, delimiter)
    wanted = [
        HEADER,
        *[[cell.strip() if n < 3 else cell for n, cell in enumerate(row)] for row in ROWS],
    ]
    assert read_cells(opened["export"]) == wanted
    safe = [[f"'{cell}" if cell[:1] == "=" else cell for cell in row] for row in wanted]
    assert read_cells(opened["export-safe"]) == safe
    header, *rows = read_cells(opened["rejected"])
    assert header == [*HEADER, "_line", "_error"]
    assert [row[:7] for row in rows] == [
        [*row, line] for row, line in zip(REJECTED, "78", strict=True)
    ]
    assert [row[7] for row in rows] == ["The answer is empty.", "The question is empty."]
    assert read_cells(opened["rejected-safe"])[1][1] == "'=1+1"
    # Mended there, saved there, and uploaded.
    book = openpyxl.load_workbook(opened["rejected"])
    book.active["C2"] = "agora sim"
    book.active["B3"] = "E esta?"
    book.save(opened["rejected"])
    response = client.post("/upload", data={"file": (opened["rejected"].open("rb"), "mended.xlsx")})
    job = client.ended(response.json["job"]["id"])
    assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (2, 0)
    items = client.get("/items?collection=default").json["results"][-2:]
    assert [item["metadata"] for item in items] == [
        {"tema": "x;y", "desde": "", "n": "1"},
        {"tema": "", "desde": "", "n": "a|b"},
    ]


def open_in_calc(
    client: Client, folder: Path, paths: dict[str, str], delimiter: str
) -> dict[str, Path]:
    """Return the files of these routes, plain and safe, as LibreOffice saves them."""
    folder.mkdir()
    sources = []
    for name, path in paths.items():
        for query, ending in (("", ""), ("?spreadsheet_safe=true", "-safe")):
            source = folder / f"{name}{ending}.csv"
            source.write_bytes(client.get(path + query, headers={"Accept": "text/csv"}).data)
            sources.append(source)
    # As a double click does: the delimiter, quote, UTF-8, all columns as text.
    columns = "/".join(f"{n}/2" for n in range(1, 10))
    imported = f"Text - txt - csv (StarCalc):{ord(delimiter)},34,76,1,{columns}"
    saved = convert_all(folder, sources, "xlsx", imported)
    return {path.stem: path for path in saved}


def read_cells(path: Path) -> list[list[str]]:
    """Return the cells of a workbook's sheet, as texts."""
    rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [["" if cell is None else str(cell) for cell in row] for row in rows]
