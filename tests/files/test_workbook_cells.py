"""Cells of an Excel workbook, as a person sees them."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from files.errors import FileError
from files.rows import Rejection, Row
from tests.support.files import read
from tests.support.workbooks import change_parts, make_book, save


def formatted(*answers: tuple[Any, str]) -> bytes:
    """Return a workbook whose answers are values with number formats."""
    book = Workbook()
    sheet = book.active
    sheet.append(["Pergunta", "Resposta"])
    for number, (value, code) in enumerate(answers, 2):
        sheet.cell(number, 1, f"Pergunta {number}?")
        sheet.cell(number, 2, value).number_format = code
    return save(book)


def answers_of(book: bytes) -> list[str]:
    _, rows, rejected = read(book)
    assert rejected == []
    return [row.answer for row in rows]


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.2, "0%", "20%"),
        (0.075, "0.0%", "7.5%"),
        (49.5, '"R$" #,##0.00', "R$ 49,50"),
        (1234.5, r"[$R$-416]\ #,##0.00;[Red]\-[$R$-416]\ #,##0.00", "R$ 1.234,50"),
        (12, "[$$-409]#,##0.00", "$12.00"),
        (4205, "00000", "04205"),
        (800, r"0000\-000", "0000-800"),
        (3.1, "0.00", "3.10"),
        (5, "General", "5"),
        (12.5, "General", "12.5"),
        (datetime.timedelta(hours=50, minutes=5), "[h]:mm", "50:05"),
        (datetime.time(7, 30), "hh:mm", "07:30"),
        (datetime.date(2026, 3, 1), "dd/mm/yyyy", "2026-03-01"),
        (datetime.datetime(2026, 3, 1, 14, 30), "dd/mm/yyyy hh:mm", "2026-03-01 14:30:00"),
        (True, "General", "TRUE"),
        ("0042", "General", "0042"),
        ("NA", "0.00", "NA"),
    ],
)
def test_a_number_is_what_its_format_shows(value: Any, code: str, shown: str) -> None:
    assert answers_of(formatted((value, code))) == [shown]


def test_formats_that_the_file_does_not_spell_out() -> None:
    def change(name: str, content: bytes) -> bytes:
        if name == "xl/styles.xml":
            # Dates of East Asian versions of Excel, and Excel's own format for accounting.
            content = content.replace(b'numFmtId="3"', b'numFmtId="31"')
            return content.replace(b'numFmtId="4"', b'numFmtId="44"')
        return content

    book = change_parts(formatted((45000, "#,##0"), (1234.5, "#,##0.00")), change)
    assert answers_of(book) == ["2023-03-15", "$1,234.50"]


def test_a_style_that_is_not_there_or_no_styles_at_all() -> None:
    book = formatted((0.5, "0%"))
    far = change_parts(book, lambda name, content: content.replace(b's="1"', b's="99"'))
    assert answers_of(far) == ["0.5"]


def raw(cells: str, *, recalculate: bool = False) -> bytes:
    """Return a workbook whose second row has these cells, as XML."""

    def change(name: str, content: bytes) -> bytes:
        if name == "xl/worksheets/sheet1.xml":
            return content.replace(
                b"</sheetData>", f"<row r='2'>{cells}</row></sheetData>".encode()
            )
        if name == "xl/workbook.xml" and not recalculate:
            return content.replace(b'fullCalcOnLoad="1"', b"")
        return content

    return change_parts(make_book(("A", [["question", "answer"]])), change)


QUESTION = "<c r='A2' t='str'><v>q</v></c>"


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("<c r='B2' t='str'><f>A2&amp;1</f><v>q1</v></c>", "q1"),
        ("<c r='B2'><f>1+1</f><v>2</v></c>", "2"),
        ("<c r='B2'><f>1-1</f><v>0</v></c>", "0"),
        ("<c r='B2' t='b'><v>0</v></c>", "FALSE"),
        ("<c r='B2' t='d'><v>2026-01-02T03:04:00</v></c>", "2026-01-02 03:04:00"),
        ("<c r='B2' t='inlineStr'><is><t>a</t></is></c>", "a"),
        ("<c r='B2' t='inlineStr'><is><r><t>a</t></r><r><rPr/><t> b</t></r></is></c>", "a b"),
        ("<c r='B2' t='inlineStr'><is><t>a</t><rPh sb='0' eb='1'><t>ah</t></rPh></is></c>", "a"),
        ("<c t='str'><v>no place</v></c>", "no place"),
        ("<c r='B2' t='str'><v>x_x000D_y</v></c>", "x\ry"),
    ],
)  # fmt: skip
def test_kinds_of_cells(cell: str, answer: str) -> None:
    assert answers_of(raw(QUESTION + cell)) == [answer]


@pytest.mark.parametrize(
    ("cell", "recalculate", "reason"),
    [
        ("<c r='B2'><f>A2&amp;1</f></c>", False, "B2 has a formula whose result was not saved"),
        ("<c r='B2'><f>A2&amp;1</f><v></v></c>", False, "B2 has a formula"),
        ("<c r='B2'><f>HYPERLINK(\"https://x.example\",\"Form\")</f><v>0</v></c>", True,
         "B2 has a formula"),
        ("<c r='B2' t='e'><f>1/0</f><v>#DIV/0!</v></c>", False, "B2 shows the error #DIV/0!"),
        ("<c r='B2' t='e'><v>#N/A</v></c>", False, "B2 shows the error #N/A"),
        ("<c r='B2' t='str'><f>IF(1,\"\")</f><v></v></c>", False, "The answer is empty."),
    ],
)  # fmt: skip
def test_what_shows_nothing_is_no_answer(cell: str, recalculate: bool, reason: str) -> None:
    _, rows, rejected = read(raw(QUESTION + cell, recalculate=recalculate))
    assert rows == []
    assert [(r.line, r.code) for r in rejected] == [(2, "empty_answer")]
    assert reason in rejected[0].error


def test_the_reason_is_that_of_the_question_where_that_is_empty() -> None:
    book = raw("<c r='A2'><f>B2</f></c><c r='B2' t='str'><v>a</v></c>")
    (gone,) = read(book)[2]
    assert gone.code == "empty_question"
    assert "A2 has a formula" in gone.error


def test_a_formula_without_a_result_leaves_other_columns_empty() -> None:
    def change(sheet: Any) -> None:
        sheet["C2"] = "=A2"

    _, rows, rejected = read(make_book(("A", [["question", "answer", "n"], ["q", "a"]]), A=change))
    assert rejected == []
    assert rows == [Row(2, None, "q", "a", {"n": ""})]


def test_links_are_kept_beside_their_texts() -> None:
    def change(sheet: Any) -> None:
        sheet["B2"].hyperlink = "https://shop.example/manual.pdf"
        sheet["B3"].hyperlink = "https://shop.example/seen/"
        sheet["B4"].hyperlink = "mailto:help@shop.example"
        sheet["B5"].hyperlink = "mailto:help@shop.example"
        sheet["A6"].hyperlink = "https://shop.example/a"
        sheet["B6"].hyperlink = "https://shop.example/b"
        sheet["B7"].hyperlink = "#Other!A1"

    answers = ["Clique aqui", "Veja https://shop.example/seen", "help@shop.example", "Escreva",
               "Dois", "Por dentro"]  # fmt: skip
    rows = [["question", "answer"], *([f"q{n}", answer] for n, answer in enumerate(answers))]
    found = read(make_book(("A", rows), A=change))[1]
    assert [row.answer for row in found] == answers
    assert [row.metadata for row in found] == [
        {"link": "https://shop.example/manual.pdf"}, {}, {}, {"link": "mailto:help@shop.example"},
        {"link": "https://shop.example/a https://shop.example/b"}, {},
    ]  # fmt: skip


def test_a_column_may_be_called_link() -> None:
    def change(sheet: Any) -> None:
        sheet["B2"].hyperlink = "https://shop.example/x"

    book = make_book(("A", [["question", "answer", "link"], ["q", "a", "own"]]), A=change)
    assert read(book)[1][0].metadata == {"link": "own", "link_2": "https://shop.example/x"}


def test_a_link_by_a_formula_is_kept_too() -> None:
    formula = 'HYPERLINK("https://shop.example/form","Form")'
    cell = f"<c r='B2' t='str'><f>{formula}</f><v>Form</v></c>"
    (row,) = read(raw(QUESTION + cell))[1]
    assert (row.answer, row.metadata) == ("Form", {"link": "https://shop.example/form"})


def test_bold_letters_alone_change_nothing() -> None:
    def change(sheet: Any) -> None:
        for cell in (sheet["A2"], sheet["A3"], sheet["A4"]):
            cell.font = Font(bold=True)

    rows = [["question", "answer"], ["q", "a"], ["r", "b"], ["lacks its answer"]]
    _, found, rejected = read(make_book(("A", rows), A=change))
    assert [row.question for row in found] == ["q", "r"]
    assert [(r.line, r.code) for r in rejected] == [(4, "empty_answer")]
    assert isinstance(rejected[0], Rejection)


def test_a_strict_workbook_says_what_to_do() -> None:
    names = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
            b"officeDocument/relationships"
        ),
    }

    def change(_: str, content: bytes) -> bytes:
        for usual, strict in names.items():
            content = content.replace(usual, b"http://purl.oclc.org/ooxml/" + strict)
        return content

    book = change_parts(formatted(("a", "General")), change)
    with pytest.raises(FileError, match=r"Strict Open XML.*save it") as error:
        read(book)
    assert error.value.code == "unsupported_media_type"


def test_a_prefix_may_stand_before_the_names() -> None:
    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return content
        return re.sub(rb"<(/?)(\w)", rb"<\1x:\2", content.replace(b'xmlns="', b'xmlns:x="'))

    def merge(sheet: Any) -> None:
        sheet.merge_cells("B2:B3")

    rows = [["question", "answer"], ["q", "a"], ["r", None]]
    found = read(change_parts(make_book(("A", rows), A=merge), change))[1]
    assert [(row.question, row.answer) for row in found] == [("q", "a"), ("r", "a")]
