"""Workbooks in the formats .xls, .xlsb and .ods."""

from __future__ import annotations

from pathlib import Path

import pytest

from files.errors import FileError
from tests.support.files import read, read_in_child
from tests.support.workbooks import make_ods, make_xlsb, ods_rows

# LibreOffice saved it. Its first sheet is hidden; B3:B4 and A6:D6 are merged.
XLS = Path(__file__).parent / "workbooks" / "faq.xls"
PT = ["Pergunta", "Resposta"]


def test_an_old_workbook() -> None:
    table, rows, rejected = read(XLS.read_bytes())
    assert rejected == []
    assert (table.description.format, table.description.header_line) == ("xls", 2)
    assert table.description.sheets_not_read == ["Velha", "Notas"]
    assert [(r.line, r.question, r.answer) for r in rows] == [
        (3, "Como pago?", 'Com cartão; "à vista"\nou Pix.'),
        (4, "Posso parcelar?", 'Com cartão; "à vista"\nou Pix.'),
        (5, "0042", "NA"),
        (7, "Qual o prazo?", "Dez dias."),
    ]
    assert [r.metadata for r in rows] == [
        {"Desde": "2026-01-02", "n": "7"},
        {"Desde": "", "n": "12.5"},
        {"Desde": "", "n": "TRUE"},
        {"Desde": "", "n": "", "section": "Entrega"},
    ]
    assert [row.question for row in read(XLS.read_bytes(), "velha")[1]] == ["x"]


def test_a_binary_workbook() -> None:
    table, rows, rejected = read(make_xlsb([[*PT, "n"], ["Já?", "Não, à noite.", "007"]]))
    assert rejected == []
    assert table.description.format == "xlsb"
    assert [(r.line, r.question, r.answer, r.metadata) for r in rows] == [
        (2, "Já?", "Não, à noite.", {"n": "007"})
    ]


def cell(text: str, attributes: str = 'office:value-type="string"') -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


COVERED = "<table:covered-table-cell/>"


def facts(*rows: str) -> list[tuple[str, str, dict[str, str]]]:
    book = make_ods(("FAQ", ods_rows([[*PT, "n"]]) + "".join(rows)))
    table, found, rejected = read(book)
    assert rejected == []
    assert table.description.format == "ods"
    return [(r.question, r.answer, r.metadata) for r in found]


@pytest.mark.parametrize(
    ("attributes", "text", "shown"),
    [
        ('office:value-type="percentage" office:value="0.2"', "20%", "20%"),
        ('office:value-type="currency" office:value="49.5"', "R$ 49,50", "R$ 49,50"),
        ('office:value-type="float" office:value="4205"', "04205", "04205"),
        ('office:value-type="float" office:value="7"', "7", "7"),
        ('office:value-type="time" office:time-value="PT50H05M00S"', "50:05", "50:05"),
        ('office:value-type="boolean" office:boolean-value="true"', "VERDADEIRO", "VERDADEIRO"),
        ('office:value-type="date" office:date-value="2026-03-01"', "01/03/26", "2026-03-01"),
    ],
)
def test_a_number_is_what_the_cell_shows(attributes: str, text: str, shown: str) -> None:
    assert facts(row(cell("q?"), cell(text, attributes))) == [("q?", shown, {"n": ""})]


def test_merged_cells_headings_and_links_of_an_open_document() -> None:
    string = 'office:value-type="string"'
    found = facts(
        row(cell("Entrega", f'{string} table:number-columns-spanned="2"'), COVERED),
        row(cell("a?"), cell("as duas", f'{string} table:number-rows-spanned="2"'), cell("1")),
        row(cell("b?"), COVERED, cell("2")),
        row(cell("c?"), cell('<text:a xlink:href="https://x.example/c">aqui</text:a>')),
        row(cell("", ""), attributes='table:number-rows-repeated="1048000"'),
    )
    assert found == [
        ("a?", "as duas", {"n": "1", "section": "Entrega"}),
        ("b?", "as duas", {"n": "2", "section": "Entrega"}),
        ("c?", "aqui", {"n": "", "section": "Entrega", "link": "https://x.example/c"}),
    ]


def test_rows_of_a_group_and_rows_that_are_repeated_keep_their_lines() -> None:
    grouped = f"<table:table-row-group>{row(cell('a?'), cell('x'))}</table:table-row-group>"
    empty = row("<table:table-cell/>", attributes='table:number-rows-repeated="3"')
    price = cell("R$ 1,00", 'office:value-type="currency" office:value="1"')
    assert facts(grouped, empty, row(cell("b?"), price)) == [
        ("a?", "x", {"n": ""}),
        ("b?", "R$ 1,00", {"n": ""}),
    ]


def test_hidden_sheets_of_an_open_document() -> None:
    styles = (
        '<style:style style:name="off" style:family="table"><style:table-properties '
        'table:display="false"/></style:style>'
    )
    book = make_ods(
        ('Velha" table:style-name="off', ods_rows([PT, ["a", "old"]])),
        ("Atual", ods_rows([PT, ["a", "new"]])),
        styles=styles,
    )
    table, rows, _ = read(book)
    assert [r.answer for r in rows] == ["new"]
    assert table.description.sheets_not_read == ["Velha"]


@pytest.mark.parametrize(
    "data",
    [
        XLS.read_bytes()[:512] + bytes(1_024) + XLS.read_bytes()[1_536:],
        make_xlsb([PT, ["a", "b"]]).replace(b"sheet1.bin", b"sheet9.bin"),
        make_ods(("A", "<table:table-row>")),
        make_ods(("A", row(cell("a", 'table:number-rows-spanned="x"')))),
    ],
    ids=["xls", "xlsb", "ods", "numbers"],
)
def test_a_broken_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(FileError) as error:
        read_in_child(data)
    assert error.value.code == "malformed_csv"
    assert "save" in error.value.message
