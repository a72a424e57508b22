"""Text exports of Anki, which begin with lines about the columns."""

from __future__ import annotations

import pytest

from tests.support.client import Client
from tests.support.files import error, pairs, read_csv

NOTES = (
    "Basic\tGeo\tWo liegt Rom?\tIn Italien.\tstadt\n"
    'Basic\tGeo\tWo liegt Oslo?\t"In <b>Norwegen</b>"\t\n'
)


def test_the_lines_name_the_columns() -> None:
    text = (
        "#separator:tab\n#html:true\n#notetype column:1\n#deck column:2\n#tags column:5\n" + NOTES
    )
    file, rows, gone = read_csv(text)
    assert [(r.line, r.question, r.answer, r.metadata) for r in rows] == [
        (6, "Wo liegt Rom?", "In Italien.", {"notetype": "Basic", "deck": "Geo", "tags": "stadt"}),
        (7, "Wo liegt Oslo?", "In <b>Norwegen</b>",
         {"notetype": "Basic", "deck": "Geo", "tags": ""}),
    ]  # fmt: skip
    assert (gone, file.description.columns) == ([], ["notetype", "deck", "Front", "Back", "tags"])
    assert (file.description.header_line, file.description.delimiter) == (5, "\t")
    assert len(read_csv("\ufeff" + text.replace("\n", "\r\n"))[1]) == 2
    assert pairs(text, question_column="4", answer_column="3")[0] == (
        "In Italien.",
        "Wo liegt Rom?",
    )


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        ("#separator:Comma\n#html:false\n", ","), ("#separator:semicolon\n", ";"),
        ("#html:true\n#separator:|\n", "|"), ("#separator: colon\n", ":"),
        ('"#separator:;"\n"#html:true"\n', ";"), ("#html:true\n", ","), ("#deck:Geo\n\n", "\t"),
        ("#separator:tab\n# made by hand\n#if matches:update current\n#notetype:Basic\n", "\t"),
    ],
)  # fmt: skip
def test_separators_by_name_and_as_they_are(lines: str, delimiter: str) -> None:
    text = lines + "Was?|Das hier.|x\nWer?|Wir alle.|y\n".replace("|", delimiter)
    file, rows, gone = read_csv(text)
    assert [(r.question, r.answer, r.metadata) for r in rows] == [
        ("Was?", "Das hier.", {"column_3": "x"}), ("Wer?", "Wir alle.", {"column_3": "y"}),
    ]  # fmt: skip
    assert (gone, rows[0].line) == ([], lines.count("\n") + 1)
    assert file.description.header_line == lines.count("\n")


def test_names_of_columns_in_a_line_and_in_a_row() -> None:
    named = "#separator:semicolon\n#columns:Nota;Pergunta;Resposta;Etiquetas\n#tags column:4\n"
    _, rows, _ = read_csv(named + "n;Onde?;Ali.;t\n")
    assert (rows[0].question, rows[0].metadata) == ("Onde?", {"Nota": "n", "Etiquetas": "t"})
    unknown = "#separator:tab\n#columns:Vokabel\tMeinung\tTags\n#tags column:3\n"
    assert pairs(unknown + "gato\tKatze\tt\n") == [("gato", "Katze")]
    row = "#separator:tab\nTags\tQuestion\tAnswer\nt\tWhat?\tThat.\n"
    assert pairs(row) == [("What?", "That.")]
    # The first note is no header, even if it looks like one.
    assert len(pairs("#separator:tab\nHTTP\tProtocol\nWhat is TCP?\tIt carries data.\n")) == 2


def test_places_that_make_no_sense() -> None:
    assert pairs("#separator:tab\n#tags column:0\n#deck column:9999\na\tb\n") == [("a", "b")]
    assert pairs("#separator:tab\n#columns:3\n#tags column:x\na\tb\n")[0][1] == "b"
    assert "no front and back" in error("#separator:tab\n#tags column:2\na\tb\n").message
    assert error("#separator:tab\n#html:true\n").code == "empty_file"
    # A hash in a table of another kind is a character like any other.
    assert pairs("#,question,answer\n1,a,b\n") == [("a", "b")]
    assert pairs("question,answer\n#separator:tab,b\n") == [("#separator:tab", "b")]


def test_what_is_uploaded_is_exported(client: Client) -> None:
    text = "#separator:tab\n#html:true\n#deck column:1\nGeo\tWo liegt Rom?\tIn Italien.\n"
    assert client.load(text.encode())["rows"]["inserted"] == 1
    exported = client.get("/collections/default/export").data
    assert exported.decode().splitlines()[0] == "deck\tFront\tBack"
    assert client.load(exported)["rows"]["unchanged"] == 1
