"""The sheets of a workbook: which are read, as one table, with their merged cells and headings."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl.styles import Font

from files.errors import FileError
from tests.support.client import Client
from tests.support.files import read
from tests.support.workbooks import change_parts, make_book

PT: list[Any] = ["Pergunta", "Resposta"]


def hide(sheet: Any) -> None:
    sheet.sheet_state = "hidden"


def hide_well(sheet: Any) -> None:
    sheet.sheet_state = "veryHidden"


def merge(*areas: str) -> Any:
    def change(sheet: Any) -> None:
        for area in areas:
            sheet.merge_cells(area)

    return change


def facts(book: bytes, sheet: str | None = None) -> list[tuple[str, str, dict[str, str]]]:
    _, rows, rejected = read(book, sheet)
    assert rejected == []
    return [(row.question, row.answer, row.metadata) for row in rows]


def unread(book: bytes, sheet: str | None = None) -> list[str]:
    return list(read(book, sheet)[0].description.sheets_not_read)


@pytest.mark.parametrize("hiding", [hide, hide_well])
def test_hidden_sheets_are_passed_over_and_named(hiding: Any) -> None:
    old, new = [PT, ["Frete?", "Grátis"]], [PT, ["Frete?", "Pago"]]
    book = make_book(("Velha", old), ("Atual", new), Velha=hiding)
    assert facts(book) == [("Frete?", "Pago", {})]
    assert unread(book) == ["Velha"]
    assert facts(book, "1") == [("Frete?", "Pago", {})]
    assert facts(book, "velha") == [("Frete?", "Grátis", {})]
    assert unread(book, "velha") == []


def test_sheets_with_the_same_header_are_one_table() -> None:
    book = make_book(
        ("Pedidos", [PT, ["Como peço?", "Pelo site."]]),
        ("Notas", [["Lembrar de revisar"]]),
        ("Contas", [["Ajuda"], [], ["PERGUNTA", "resposta "], ["Como entro?", "Assim."]]),
        ("Vazia", []),
        ("English", [["question", "answer"], ["How?", "So."]]),
    )  # fmt: skip
    assert facts(book) == [
        ("Como peço?", "Pelo site.", {"sheet": "Pedidos"}),
        ("Como entro?", "Assim.", {"sheet": "Contas"}),
    ]
    assert unread(book) == ["Notas", "English"]
    assert facts(book, "English") == [("How?", "So.", {})]


def test_a_cover_sheet_is_passed_over() -> None:
    book = make_book(("Capa", [["FAQ da loja"], ["Versão 3"]]), ("FAQ", [PT, ["a", "b"]]))
    assert facts(book) == [("a", "b", {})]
    assert unread(book) == ["Capa"]


def test_columns_may_stand_elsewhere_in_a_further_sheet() -> None:
    book = make_book(
        ("A", [["id", *PT, "tema"], ["1", "q1", "a1", "t1"]]),
        ("B", [["Resposta", "Pergunta", "autor"], ["a2", "q2", "Ana"], ["a3", "q3", None, "x"]]),
    )  # fmt: skip
    table, rows, rejected = read(book)
    assert table.description.columns == ["id", *PT, "tema"]
    assert [(r.id, r.question, r.answer, r.metadata) for r in rows] == [
        ("1", "q1", "a1", {"tema": "t1", "sheet": "A"}),
        (None, "q2", "a2", {"tema": "", "sheet": "B", "autor": "Ana"}),
    ]
    assert [(r.line, r.code) for r in rejected] == [(3, "too_many_fields")]
    assert rejected[0].error.startswith("Sheet 'B': ")


def test_ids_that_each_sheet_counts_anew_are_kept_apart() -> None:
    header = ["id", *PT]
    book = make_book(
        ("A", [header, ["1", "q1", "a1"], ["2", "q2", "a2"]]),
        ("B", [header, ["1", "q3", "a3"], ["7", "q4", "a4"]]),
    )
    assert [row.id for row in read(book)[1]] == ["1", "2", "1#B", "7"]


def test_a_column_may_be_called_sheet() -> None:
    rows = [[*PT, "sheet"], ["q", "a", "own"]]
    book = make_book(("A", rows), ("B", [[*PT, "sheet"], ["r", "b", "mine"]]))
    assert [metadata for _, _, metadata in facts(book)] == [
        {"sheet": "own", "sheet_2": "A"},
        {"sheet": "mine", "sheet_2": "B"},
    ]


def test_a_broken_further_sheet_is_named() -> None:
    def change(name: str, content: bytes) -> bytes:
        return b"<worksheet>" if name == "xl/worksheets/sheet2.xml" else content

    book = change_parts(make_book(("A", [PT, ["q", "a"]]), ("B", [PT, ["r", "b"]])), change)
    assert facts(book) == [("q", "a", {})]
    assert unread(book) == ["B"]


def test_columns_by_position_read_the_first_sheet() -> None:
    book = make_book(("A", [["x", "q", "a"]]), ("B", [["y", "r", "b"]]))
    table, rows, _ = read(book, question_column="2", answer_column="3", header=False)
    assert [(row.question, row.answer) for row in rows] == [("q", "a")]
    assert table.description.sheets_not_read == ["B"]


def test_a_merged_cell_counts_for_each_of_its_rows() -> None:
    rows = [
        ["Question", "Answer", "Topic"],
        ["Cash?", "Yes, all of them.", "money"],
        ["Cards?", None, None],
        ["Cheques?", None, None],
        ["Open?", "At ten.", "hours"],
        [None, "From nine on Mondays.", None],
    ]
    book = make_book(("A", rows), A=merge("B2:B4", "C2:C4", "A5:A6", "C5:C6"))
    assert facts(book) == [
        ("Cash?", "Yes, all of them.", {"Topic": "money"}),
        ("Cards?", "Yes, all of them.", {"Topic": "money"}),
        ("Cheques?", "Yes, all of them.", {"Topic": "money"}),
        ("Open?", "At ten.", {"Topic": "hours"}),
        ("Open?", "From nine on Mondays.", {"Topic": "hours"}),
    ]


def test_a_row_that_is_merged_as_a_whole_comes_once() -> None:
    rows = [PT, ["q", "a"], [None, None], ["r", "b"]]
    assert facts(make_book(("A", rows), A=merge("A2:A3", "B2:B3"))) == [
        ("q", "a", {}),
        ("r", "b", {}),
    ]


def test_an_empty_cell_that_is_not_merged_stays_empty() -> None:
    rows = [["Question", "Answer", "Topic"], ["q", "a", "t"], ["r", "b", None]]
    assert [m for _, _, m in facts(make_book(("A", rows)))] == [{"Topic": "t"}, {"Topic": ""}]


def test_a_header_of_two_rows() -> None:
    rows = [
        ["Pergunta", "Resposta", "Contato", None],
        [None, None, "E-mail", "Telefone"],
        ["q", "a", "e@x.example", "12"],
    ]
    book = make_book(("A", rows), A=merge("A1:A2", "B1:B2", "C1:D1"))
    assert facts(book) == [("q", "a", {"E-mail": "e@x.example", "Telefone": "12"})]


def bold(*cells: str) -> Any:
    def change(sheet: Any) -> None:
        for cell in cells:
            sheet[cell].font = Font(bold=True)

    return change


WHOLE: list[list[Any]] = [
    PT,
    ["Entrega", None], ["Qual o prazo?", "Dez dias."],
    ["Troca", None], ["Qual o prazo?", "Sete dias."], ["Quem paga?", "A loja."],
]  # fmt: skip
PLAIN = [[row[0].rstrip("?"), row[1]] if row[1] else row for row in WHOLE]


@pytest.mark.parametrize(
    "book",
    [
        make_book(("A", PLAIN), A=merge("A2:B2", "A4:B4")),
        make_book(("A", PLAIN), A=bold("A2", "A4")),
        make_book(("A", WHOLE)),
        make_book(("A", [[None, *row] if row[1] else [row[0]] for row in PLAIN])),
        make_book(
            ("A", [["id", *PT], *([row[0]] if not row[1] else [None, *row] for row in PLAIN[1:])])
        ),
    ],
    ids=["merged", "bold", "no question mark", "in a column of its own", "among ids"],
)
def test_a_heading_is_metadata_of_the_rows_below_it(book: bytes) -> None:
    assert [(question.rstrip("?"), answer, meta) for question, answer, meta in facts(book)] == [
        ("Qual o prazo", "Dez dias.", {"section": "Entrega"}),
        ("Qual o prazo", "Sete dias.", {"section": "Troca"}),
        ("Quem paga", "A loja.", {"section": "Troca"}),
    ]


def test_a_heading_above_a_header_that_is_repeated() -> None:
    rows = [["Entrega"], PT, ["a", "b"], ["Troca"], PT, ["c", "d"]]
    assert facts(make_book(("A", rows))) == [
        ("a", "b", {"section": "Entrega"}),
        ("c", "d", {"section": "Troca"}),
    ]


def test_a_title_above_the_header_is_no_heading() -> None:
    assert facts(make_book(("A", [["FAQ da loja"], PT, ["a", "b"]]))) == [("a", "b", {})]


def test_a_heading_begins_anew_in_each_sheet() -> None:
    book = make_book(("A", WHOLE), ("B", [PT, ["a?", "b"]]))
    assert facts(book)[-1] == ("a?", "b", {"sheet": "B"})


@pytest.mark.parametrize(
    "lone", [["Quando chega?", None], [None, "Sem pergunta"], [None, None, "7"]]
)
def test_a_row_that_lacks_something_is_no_heading(lone: list[str | None]) -> None:
    rows = [[*PT, "n"], ["a?", "b", "1"], lone, ["c?", "d", "2"]]
    _, found, rejected = read(make_book(("A", rows)))
    assert [row.metadata for row in found] == [{"n": "1"}, {"n": "2"}]
    assert [row.line for row in rejected] == [3]


def test_the_answer_of_an_upload_names_the_sheets_that_were_not_read(client: Client) -> None:
    book = make_book(("A", [PT, ["q", "a"]]), ("B", [["x"]]), ("C", [PT, ["r", "b"]]), C=hide)
    response = client.post("/upload", data={"file": (io.BytesIO(book), "faq.xlsx")})
    assert response.status_code == 202, response.text
    assert "'B', 'C'" in response.json["message"]
    job = client.ended(response.json["job"]["id"])
    assert job["file"]["sheets_not_read"] == ["B", "C"]
    dry = client.post("/upload?dry_run=true", data={"file": (io.BytesIO(book), "faq.xlsx")}).json
    assert "'B', 'C'" in dry["message"]
    assert dry["preview"]["sheets_not_read"] == ["B", "C"]


def test_an_export_of_sheets_and_headings_changes_nothing(client: Client) -> None:
    book = make_book(("A", WHOLE), ("B", [PT, ["a?", "b"]]))
    response = client.post("/upload", data={"file": (io.BytesIO(book), "faq.xlsx")})
    assert client.ended(response.json["job"]["id"])["rows"]["inserted"] == 4
    assert client.search("Qual o prazo?", filter={"section": "Troca"})[0]["answer"] == "Sete dias."
    exported = client.get("/collections/default/export").data
    rows = client.load(exported)["rows"]
    assert rows["unchanged"] == rows["total"] == 4


def test_a_workbook_without_pairs_names_its_sheets() -> None:
    book = make_book(("Capa", [["FAQ"]]), ("Dados", [["x", "y"], ["1", "2"]]))
    with pytest.raises(FileError, match=r"other sheets: 'Dados' \(sheet=\)"):
        read(book)


def test_a_heading_among_numbers() -> None:
    rows = [["Nº", *PT], ["Entrega"], [1, "a", "b"], [2, "c", "d"], ["Troca"], [3, "e", "f"], [4]]
    _, found, rejected = read(make_book(("A", rows)))
    assert [row.metadata for row in found] == [
        {"Nº": "1", "section": "Entrega"},
        {"Nº": "2", "section": "Entrega"},
        {"Nº": "3", "section": "Troca"},
    ]
    assert [(row.line, row.code) for row in rejected] == [(7, "empty_question")]
