"""Other formats of the same thing: JSON, JSON Lines, Excel workbooks, QnA Maker's export."""

from __future__ import annotations

import csv
import datetime
import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.errors import FileError
from files.xlsx import WorkbookLimits
from tests.support.client import Client
from tests.support.files import PAIRS, jsonl, read, read_json, read_workbook, workbook


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PAIRS),
        json.dumps(PAIRS, indent=2, ensure_ascii=False),
        jsonl(PAIRS),
        jsonl(PAIRS).rstrip("\n"),
        jsonl(PAIRS).replace("\n", "\r\n"),
        json.dumps({"version": 1, "faq": PAIRS}),
        json.dumps({"version": 1, "data": {"faq": PAIRS}}, indent=1),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_in_all_its_forms(text: str, encoding: str) -> None:
    table, rows, rejected = read(text.encode(encoding))
    assert [(row.question, row.answer) for row in rows] == [
        (pair["question"], pair["answer"]) for pair in PAIRS
    ]
    assert [row.metadata for row in rows] == [{"tag": "conta"}, {"tag": ""}]
    assert rejected == []
    assert (table.description.format, table.description.delimiter) == ("json", None)


def test_one_object_is_one_row() -> None:
    for text in (json.dumps(PAIRS[0]), json.dumps(PAIRS[0], indent=2)):
        assert [row.question for row in read(text)[1]] == ["Como troco a senha?"]


def test_values_that_are_no_text() -> None:
    _, (row,), _ = read(
        '[{"pergunta": 7, "resposta": "x", "price": 1.50, "big": 1e5, "on": true, "no": null, '
        '"tags": ["a", 1], "by": {"n": "é"}}]'
    )
    assert (row.question, row.answer) == ("7", "x")
    assert row.metadata == {
        "price": "1.50", "big": "1E+5", "on": "true", "no": "", "tags": '["a", 1]',
        "by": '{"n": "é"}',
    }  # fmt: skip
    _, (row,), _ = read('{"q": 7, "a": "x", "price": 1.50, "big": 1e5}\n')
    assert row.metadata == {"price": "1.50", "big": "1e5"}


def test_a_list_of_questions_is_a_row_with_other_wordings() -> None:
    _, rows, rejected = read(
        jsonl(
            [
                {"questions": ["Why?", "How come?"], "answer": "So."},
                {"questions": [], "answer": "Nobody asks."},
                {"questions": {"en": "Why?"}, "answer": "No."},
                {"questions": "Who?", "answer": ["We."]},
            ]
        )
    )
    assert [(r.line, r.question, r.alternatives, r.answer) for r in rows] == [
        (1, "Why?", ["How come?"], "So."), (4, "Who?", None, "We."),
    ]  # fmt: skip
    assert [(r.line, r.code) for r in rejected] == [(2, "malformed_json"), (3, "malformed_json")]


def test_all_arrays_of_pairs_are_read() -> None:
    groups = {
        "meta": [{"version": 1}],
        "shipping": [{"question": "a", "answer": "b"}],
        "more": [{"category": "x", "list": [{"question": "c", "answer": "d"}]}],
        "payment": [{"question": "e", "answer": "f", "notes": [{"question": "-", "answer": "-"}]}],
    }
    _, rows, gone = read(json.dumps(groups))
    assert [(r.line, r.question) for r in rows] == [(1, "a"), (2, "c"), (3, "e")]
    assert gone == []


def test_a_chat_of_one_question_and_one_answer_is_a_row() -> None:
    def chat(*turns: tuple[str, str]) -> dict[str, Any]:
        return {"messages": [{"role": role, "content": text} for role, text in turns]}

    once = chat(("system", "s"), ("user", "q"), ("assistant", "a"))
    twice = chat(("user", "q"), ("assistant", "a"), ("user", "r"), ("assistant", "b"))
    _, rows, gone = read(jsonl([once, twice, chat(("user", "q")), {"messages": [1]}]))
    assert [(r.question, r.answer, r.metadata) for r in rows] == [("q", "a", {"system": "s"})]
    assert [(r.line, r.code) for r in gone] == [(n, "malformed_json") for n in (2, 3, 4)]


def test_lines_with_commas_between_them() -> None:
    assert (
        len(read('{"question": "a", "answer": "b"},\n{"question": "c", "answer": "d"},\n')[1]) == 2
    )


def test_bad_lines_and_objects_are_rejected_by_their_number() -> None:
    text = (
        '{"question": "a", "answer": "b"}\n\nno json\n[1]\n{"question": "", "answer": "b"}\n'
        '{"question": "c\\u0000", "answer": "d"}\n{"question": "\\ud800", "answer": "d"}\n'
        '{"question": "x", "answer": NaN}\n{"answer": "x"}\n{"question": "y", "answer": "z"}'
    )
    _, rows, rejected = read(text)
    assert [(r.line, r.question) for r in rows] == [(1, "a"), (10, "y")]
    assert [(r.line, r.code) for r in rejected] == [
        (3, "malformed_json"), (4, "malformed_json"), (5, "empty_question"),
        (6, "invalid_character"), (7, "invalid_character"), (8, "malformed_json"),
        (9, "empty_question"),
    ]  # fmt: skip
    assert rejected[0].fields == ["no json"]
    _, rows, rejected = read('[{"question": "a", "answer": "b"}, 3, {"question": "c"}]')
    assert [(r.line, r.code) for r in rejected] == [(2, "malformed_json"), (3, "empty_answer")]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("[]", "no_rows", None),
        ("[{}]", "no_rows", None),
        ('[{"question": "a",\n "answer": "b"},\n {"question": "c" "a": "d"}]', "malformed_csv", 3),
        ('[{"question": "a", "answer": "b"}', "malformed_csv", 1),
        ('[{"name": "a", "text": "b"}]', "missing_column", 1),
        ('[{"a": ' * 100_000, "malformed_csv", 1),
        ('[{"question": "a", "answer": "b", "c": ' + "9" * 5000 + "}]", "malformed_csv", 1),
    ],
)  # fmt: skip
def test_json_that_can_not_be_taken(text: str, code: str, line: int | None) -> None:
    with pytest.raises(FileError) as error:
        read(text)
    assert (error.value.code, error.value.details.get("line")) == (code, line)


def test_too_many_bad_lines_and_too_long_ones_refuse_the_file() -> None:
    with pytest.raises(FileError, match="More than 5"):
        read_json('{"question": "a", "answer": "b"}\n' + "x\n" * 6, max_rejected=5)
    long = json.dumps({"question": "a", "answer": "b" * 600_000})
    with pytest.raises(FileError, match="Line 2 is longer"):
        read_json('{"question": "a", "answer": "b"}\n' + long, max_line_chars=1_000)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["tag", "other", "x y"]),
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
        ),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_any_text_comes_through_json_unchanged(extra: list[dict[str, str]], lines: bool) -> None:
    objects = [
        {"question": f"q{n}", "answer": f"a{n}\r\n\n\r"[: 2 + n % 4] + "."} | o
        for n, o in enumerate(extra)
    ]
    _, rows, rejected = read_json(jsonl(objects) if lines else json.dumps(objects))
    assert not rejected
    assert [row.line for row in rows] == list(range(1, len(objects) + 1))
    for row, value in zip(rows, objects, strict=True):
        assert (row.question, row.answer) == (value["question"], value["answer"])
        assert {k: v for k, v in row.metadata.items() if v} == {
            k: v for k, v in value.items() if v and k not in ("question", "answer")
        }


def test_a_sheet_is_read_as_a_person_reads_it() -> None:
    data = workbook(
        (
            "FAQ",
            [
                ["Perguntas frequentes"],
                [],
                ["Pergunta", "Resposta", "n", "dia", "ok", "id"],
                ["Quanto custa?", "R$ 5,00\npor mês", 7.0, datetime.date(2026, 1, 2), True, 1],
                ["Até quando?", 12.5, None, datetime.datetime(2026, 1, 2, 3, 4), None, 2],
                [None, None, None],
                ["Por quê?", None, None, None],
                ["C", "x_x000D_y"],
            ],
        ),
        ("Other", [["q", "a"], ["x", "y"]]),
    )
    table, rows, rejected = read(data)
    description = table.description
    assert (description.format, description.header_line) == ("xlsx", 3)
    assert description.columns[:2] == ["Pergunta", "Resposta"]
    assert [(r.line, r.id, r.question, r.answer) for r in rows] == [
        (4, "1", "Quanto custa?", "R$ 5,00\npor mês"), (5, "2", "Até quando?", "12.5"),
        (8, None, "C", "x\ry"),
    ]  # fmt: skip
    assert rows[0].metadata == {"n": "7", "dia": "2026-01-02", "ok": "TRUE"}
    assert rows[1].metadata["dia"] == "2026-01-02 03:04:00"
    assert [(r.line, r.code) for r in rejected] == [(7, "empty_answer")]
    for sheet in ("other", "2"):
        assert [row.question for row in read(data, sheet)[1]] == ["x"]
    with pytest.raises(FileError, match="'FAQ', 'Other'") as error:
        read(data, "third")
    assert error.value.code == "invalid_option"
    with pytest.raises(FileError, match="sheet="):
        read("question,answer\na,b\n", "1")


def test_workbooks_that_can_not_be_taken() -> None:
    data = workbook(("A", [["question", "answer"], ["x" * 100, "y"]]))
    broken = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if "sheet1" in name else content)
    with pytest.raises(FileError, match="broken") as error:
        read(broken.getvalue())
    assert error.value.code == "malformed_csv"
    with pytest.raises(FileError) as error:
        read(workbook(("A", [])))
    assert error.value.code == "empty_file"
    with_strings = io.BytesIO(data)
    with zipfile.ZipFile(with_strings, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", "<sst/>")
    for limit in ("inflated", "strings", "part", "cells", "rows"):
        with pytest.raises(FileError):
            read_workbook(with_strings.getvalue(), replace(WorkbookLimits(), **{limit: 1}))
    assert len(read(with_strings.getvalue())[1]) == 1


QNA = (
    "Question\tAnswer\tSource\tMetadata\tSuggestedQuestions\tIsContextOnly\tPrompts\tQnaId\n"
    "Hello\tHi, there!\tChitchat\teditorial:chitchat|tone:kind\t[]\tFalse\t[]\t1\n"
    "Good day\tHi, there!\tChitchat\teditorial:chitchat|tone:kind\t[]\tFalse\t[]\t1\n"
    "Open?\tFrom 9:00\tEditorial\t\t[]\tFalse\t[]\t2\n"
)


def test_qna_makers_labels_are_metadata(client: Client) -> None:
    _, rows, rejected = read(QNA)
    assert not rejected
    assert [(row.question, row.alternatives) for row in rows] == [
        ("Hello", ["Good day"]), ("Open?", []),
    ]  # fmt: skip
    assert {"editorial": "chitchat", "tone": "kind"}.items() <= rows[0].metadata.items()
    assert rows[0].metadata["Metadata"] == "editorial:chitchat|tone:kind"
    assert "editorial" not in rows[1].metadata
    client.load(QNA)
    (found,) = client.search("Good day", filter={"tone": "kind"})
    assert (found["question"], found["matched_text"]) == ("Hello", "Good day")
    exported = client.get("/collections/default/export").data
    assert client.load(exported)["rows"]["unchanged"] == 2


def test_other_formats_over_http(client: Client) -> None:
    xlsx = workbook(("A", [["question", "answer", "n"], ["from excel", "y", 1]]))
    sent = {"file": (io.BytesIO(xlsx), "faq.xlsx")}
    job = client.ended(client.post("/upload", data=sent).json["job"]["id"])
    assert (job["rows"]["inserted"], job["file"]["format"]) == (1, "xlsx")
    for media, body in (
        ("application/json", json.dumps(PAIRS)),
        ("application/json", json.dumps({"title": "FAQ", "faq": PAIRS})),
        ("application/x-ndjson", jsonl(PAIRS) + "broken\n"),
    ):
        response = client.post("/upload", data=body.encode(), content_type=media)
        assert response.status_code == 202, response.text
        job = client.ended(response.json["job"]["id"])
        assert job["rows"]["done"] == job["rows"]["total"] == 2 + body.count("broken")
    errors = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert [(e["line"], e["code"]) for e in errors] == [(3, "malformed_json")]
    phrased = [{"id": 7, "questions": ["one", "two", "", " "], "answer": "x", "n": "1"}]
    response = client.post("/upload", data=json.dumps(phrased), content_type="application/json")
    job = client.ended(response.json["job"]["id"])
    assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (1, 0)
    assert client.search("two")[0]["matched_text"] == "two"
    preview = client.post(
        "/upload?dry_run=true&sheet=A", data={"file": (io.BytesIO(xlsx), "faq.xlsx")}
    ).json
    assert preview["preview"]["rows"][0]["question"] == "from excel"
    assert preview["job"]["rows"]["unchanged"] == 1

    exported = client.get("/collections/default/export").data.decode()
    again = client.load(exported)
    assert again["rows"]["unchanged"] == again["rows"]["total"] == 4
    assert len(list(csv.reader(io.StringIO(exported)))) == 5


def test_what_is_no_file_of_questions_is_refused(client: Client) -> None:
    plain_zip = io.BytesIO()
    with zipfile.ZipFile(plain_zip, "w") as archive:
        archive.writestr("faq.csv", "question,answer\na,b\n")
    for body, media in (
        (plain_zip.getvalue(), "text/csv"),
        (b'{"question": "a", "answer": "b"}', "application/json"),
        (b'{"queries": []}', "application/json"),
        (b"question,answer\na,b\n", "image/png"),
    ):
        response = client.post("/upload", data=body, content_type=media)
        assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")
