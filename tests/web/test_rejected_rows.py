"""The rejected rows of a job as a file: it is mended, uploaded again, and taken."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests.support.client import Client
from tests.support.files import workbook

NOTES = ["_line", "_error"]
FAQ = (
    "id;Pergunta;Resposta;tema\n1;Como pago?;Com cartão.;pag\n2;;vazia;x\n3;Onde está?;Aqui.;loc\n"
)
DELIMITERS = [(",", "%2C"), (";", ";"), ("\t", "tab"), ("|", "%7C")]


def ask(client: Client, job: dict[str, Any], query: str = "") -> Any:
    path = f"/jobs/{job['id']}/errors{query}"
    response = client.get(path, headers={"Accept": "text/csv"})
    assert response.status_code == 200, response.text
    assert response.mimetype == "text/csv"
    return response


def table(response: Any, delimiter: str = ";") -> list[list[str]]:
    assert response.data.startswith(b"\xef\xbb\xbf")
    text = response.data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_the_rejected_rows_come_back_as_a_file(client: Client) -> None:
    data = FAQ + '5;Aspas?;"a" b;x\n6;Repetida?;Primeira.;t1\n6;Repetida?;Segunda.;t2\n7;Curta\n'
    data = data.replace("3;Onde", "7;Larga?;a;b;c\n3;Onde")
    job = client.load(data)
    assert job["rows"]["rejected"] == 5
    response = ask(client, job)
    assert "Upload-Options" not in response.headers
    rows = table(response)
    assert [row[:-1] for row in rows] == [
        ["id", "Pergunta", "Resposta", "tema", "_line"],
        ["2", "", "vazia", "x", "3"],
        ["7", "Larga?", "a", "b", "c", "4"],
        ['5;Aspas?;"a" b;x\n', "", "", "", "6"],
        ["6", "Repetida?", "Primeira.", "t1", "7"],
        ["7", "Curta", "", "", "9"],
    ]
    json = client.get(f"/jobs/{job['id']}/errors", headers={"Accept": "*/*"}).json
    assert [row["error"] for row in json["results"]] == [row[-1] for row in rows[1:]]
    assert [row["code"] for row in json["results"]] == [
        "empty_question", "too_many_fields", "malformed_quotes", "duplicate_id", "too_few_fields",
    ]  # fmt: skip


def test_a_file_that_was_not_mended_is_rejected_again_and_stays_the_same(client: Client) -> None:
    data = FAQ.replace("3;Onde", '7;Larga?;a;b;c\n8;Curta\n5;Aspas?;"a" b;x\n3;Onde')
    job = client.load(data)
    first = table(ask(client, job))
    again = client.load(ask(client, job).data)
    assert (again["rows"]["rejected"], again["rows"]["total"]) == (4, 4)
    second = table(ask(client, again))
    assert second[0] == first[0]
    assert [row[:-2] for row in second] == [row[:-2] for row in first]
    assert client.get("/items").json["total"] == 2


@pytest.mark.parametrize(("delimiter", "name"), DELIMITERS)
def test_a_mended_file_of_rejected_rows_is_taken(client: Client, delimiter: str, name: str) -> None:
    data = FAQ.replace(";", delimiter) + f"9{delimiter}Prazo?{delimiter}Sim{delimiter}{delimiter}x"
    job = client.load(data, f"/upload?delimiter={name}")
    assert job["rows"]["rejected"] == 2
    text = ask(client, job).text.lstrip("\ufeff")
    assert text.startswith(delimiter.join(["id", "Pergunta", "Resposta", "tema", *NOTES]))
    mended = text.replace(f"2{delimiter}{delimiter}", f"2{delimiter}Agora sim?{delimiter}")
    mended = mended.replace(f"Sim{delimiter}{delimiter}x", f"Sim{delimiter}x")
    again = client.load(mended)
    assert (again["rows"]["inserted"], again["rows"]["rejected"]) == (2, 0)
    items = {i["question"]: i["metadata"] for i in client.get("/items").json["results"]}
    assert (items["Agora sim?"], items["Prazo?"]) == ({"tema": "x"}, {"tema": "x"})


@pytest.mark.parametrize(("delimiter", "name"), DELIMITERS)
def test_another_delimiter_can_be_asked_for(client: Client, delimiter: str, name: str) -> None:
    job = client.load(FAQ)
    response = ask(client, job, f"?delimiter={name}")
    assert table(response, delimiter)[1][:5] == ["2", "", "vazia", "x", "3"]
    rows = client.load(response.text.replace(delimiter * 2, f"{delimiter}Sim?{delimiter}"))["rows"]
    assert (rows["inserted"], rows["rejected"]) == (1, 0)


@pytest.mark.parametrize("route", ["/collections/default/export", "/jobs/{job}/errors"])
@pytest.mark.parametrize("delimiter", ["", "x", ":", ";;", "space"])
def test_another_character_is_400_and_names_those_that_can_be_had(
    client: Client, route: str, delimiter: str
) -> None:
    path = route.format(job=client.load(FAQ)["id"])
    response = client.get(f"{path}?delimiter={delimiter}", headers={"Accept": "text/csv"})
    assert (response.status_code, response.json["code"]) == (400, "invalid_request")
    assert response.json["fields"][0]["field"] == "delimiter"
    assert ", ; | or tab" in response.json["error"]


def test_formulas_are_neutralised_on_request_and_come_back(client: Client) -> None:
    job = client.load('Pergunta;Resposta;Seção\n=1+1;;-x\n"\'=2";;@y\nOk?;Sim;z\n')
    assert table(ask(client, job))[1][:3] == ["=1+1", "", "-x"]
    response = ask(client, job, "?spreadsheet_safe=true")
    assert "spreadsheet-safe" in response.headers["Content-Disposition"]
    assert [row[:3] for row in table(response)[1:]] == [["'=1+1", "", "'-x"], ["''=2", "", "'@y"]]
    mended = response.text.replace(";;", ";Resposta.;")
    rows = client.load(mended, f"/upload?{response.headers['Upload-Options']}")["rows"]
    assert (rows["inserted"], rows["rejected"]) == (2, 0)
    items = [(i["question"], i["metadata"]) for i in client.get("/items").json["results"]]
    assert set(map(str, items)) == set(
        map(str, [("=1+1", {"Seção": "-x"}), ("'=2", {"Seção": "@y"}), ("Ok?", {"Seção": "z"})])
    )


def test_rejected_rows_come_back_with_columns_of_one_name(client: Client) -> None:
    job = client.load("id,question,answer,tag,tag\n1,a,b,x,y\n1,c,d,z,w\n")
    rows = table(ask(client, job), ",")
    assert rows[0] == ["id", "question", "answer", "tag", "tag", *NOTES]
    assert rows[1][:-1] == ["1", "a", "b", "x", "y", "2"]


def test_a_file_without_a_header_gets_one_for_its_notes(client: Client) -> None:
    job = client.load("x;a?;b;m\ny;;d;n\n", "/upload?question_column=2&answer_column=3")
    response = ask(client, job)
    assert table(response) == [
        ["", "question", "answer", "", *NOTES],
        ["y", "", "d", "n", "2", "The question is empty."],
    ]
    options = response.headers.get("Upload-Options", "")
    rows = client.load(response.text.replace("y;;", "y;c?;"), f"/upload?{options}")["rows"]
    assert (rows["inserted"], rows["rejected"]) == (1, 0)
    items = client.get("/items").json["results"]
    assert [(i["question"], i["answer"], i["metadata"]) for i in items] == [
        ("a?", "b", {}), ("c?", "d", {}),
    ]  # fmt: skip


def test_a_file_with_unknown_names_says_its_options(client: Client) -> None:
    text = "code;text;body\n1;a?;b\n2;;d\n"
    job = client.load(text, "/upload?question_column=text&answer_column=body&id_column=code")
    response = ask(client, job)
    assert table(response)[0] == ["code", "text", "body", *NOTES]
    mended = response.text.replace("2;;", "2;c?;")
    rows = client.load(mended, f"/upload?{response.headers['Upload-Options']}")["rows"]
    assert (rows["inserted"], rows["rejected"]) == (1, 0)
    assert [i["metadata"] for i in client.get("/items").json["results"]] == [{}, {}]


JSON = '[{"question": "a?", "answer": "b", "tag": 7}, {"question": "", "answer": "d", "tag": 8}]'
YAML = "- pergunta: a?\n  resposta: b\n  tag: x\n- pergunta: ''\n  resposta: d\n  tag: y\n"
SHEET = [["Pergunta", "Resposta", "tag"], ["a?", "b", "x"], ["", "d", "y"]]


@pytest.mark.parametrize(
    ("data", "tag"), [(JSON, "8"), (YAML, "y"), (workbook(("FAQ", SHEET)), "y")],
    ids=["json", "yaml", "xlsx"],
)  # fmt: skip
def test_rows_of_other_formats_come_back_too(client: Client, data: str | bytes, tag: str) -> None:
    file = data.encode() if isinstance(data, str) else data
    response = client.post("/upload", data={"file": (io.BytesIO(file), "faq")})
    job = client.ended(response.json["job"]["id"])
    assert job["rows"]["rejected"] == 1
    response = ask(client, job)
    header, row = table(response, ",")
    assert header[2:] == ["tag", *NOTES]
    assert row[:3] == ["", "d", tag]
    rows = client.load(response.text.replace("\n,d", "\nc?,d"))["rows"]
    assert (rows["inserted"], rows["rejected"]) == (1, 0)
    assert client.get("/items").json["results"][1]["metadata"] == {"tag": tag}


def as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode()


def as_workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_json(rows: list[list[str]]) -> bytes:
    header, *below = rows
    return repr([dict(zip(header, row, strict=False)) for row in below]).replace("'", '"').encode()


@pytest.mark.parametrize("save", [as_csv, as_workbook, as_json])
def test_notes_are_ignored_whatever_program_saved_them(
    client: Client, save: Callable[[list[list[str]]], bytes]
) -> None:
    rows = table(ask(client, client.load(FAQ)))
    rows[1][1] = "Agora sim?"
    response = client.post("/upload", data={"file": (io.BytesIO(save(rows)), "mended")})
    assert response.status_code == 202, response.text
    job = client.ended(response.json["job"]["id"])
    assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (1, 0)
    assert not set(NOTES) & set(job["file"]["columns"]) or save is as_json
    (item,) = (i for i in client.get("/items").json["results"] if i["question"] == "Agora sim?")
    assert item["metadata"] == {"tema": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "_error;question;answer;_LINE ;tag\nx;a?;b;7;t\n",
        "question;answer;tag;_error\na?;b;t;x\n",
        "question;answer;tag;_line;_error;\na?;b;t;7;x;\n",
        "question;answer;tag;_line;_error\na?;b;t\n",
        "question;answer;tag;_line;_error\na?;b;t;7;x;;\n",
    ],
)
def test_notes_are_never_metadata(client: Client, text: str) -> None:
    assert client.load(text)["rows"]["inserted"] == 1
    (item,) = client.get("/items").json["results"]
    assert (item["question"], item["answer"], item["metadata"]) == ("a?", "b", {"tag": "t"})
    response = client.get("/collections/default/export")
    assert response.text.splitlines()[0] == "question;answer;tag"


def test_a_row_whose_extra_fields_belong_to_the_answer_is_joined(client: Client) -> None:
    job = client.load("question;answer\na?;b;c\nd?;e\n")
    rows = client.load(ask(client, job).data, "/upload?overflow=join")["rows"]
    assert (rows["inserted"], rows["rejected"]) == (1, 0)
    assert client.get("/items").json["results"][1]["answer"] == "b;c"


def test_no_item_can_have_a_note_as_metadata(client: Client) -> None:
    body = {"question": "a", "answer": "b", "metadata": {"_Error": "x"}}
    assert client.post("/items", json=body).status_code == 400


def test_rejected_rows_with_formulas_open_in_a_spreadsheet(client: Client) -> None:
    job = client.load("pergunta;resposta;tema\nPosso?;;=2+2\n=1+1;;x\nOnde?;Aqui.;y\n")
    answer = ask(client, job, "?spreadsheet_safe=true")
    rows = table(answer)
    assert rows[0][3:] == NOTES
    assert [row[:3] for row in rows[1:]] == [["Posso?", "", "'=2+2"], ["'=1+1", "", "x"]]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("", range(2, 152)),
        ("?limit=2", range(2, 4)),
        ("?limit=2&offset=3", range(5, 7)),
        ("?offset=148", range(150, 152)),
        ("?offset=150", range(0)),
        ("?limit=149&delimiter=%2C", range(2, 151)),
    ],
)
def test_a_page_of_them_may_be_asked_for(client: Client, query: str, lines: range) -> None:
    job = client.load("question;answer\n" + "a;\n" * 150)
    names, *rows = table(ask(client, job, query), "," if "delimiter" in query else ";")
    assert names == ["question", "answer", *NOTES]
    assert [int(row[2]) for row in rows] == [*lines]
