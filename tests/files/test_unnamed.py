"""Columns with values but without a name that can be read."""

from __future__ import annotations

import pytest

from tests.support.files import pairs, read, read_csv, rejected, workbook


@pytest.mark.parametrize(
    ("header", "rows", "metadata"),
    [
        ("q,a,tags,",
         ['Wo?,Hier.,"1. Wohin?\n2. Woher?",Wo? Hier.', "Wann?,Jetzt.,Bald?,Wann? …"],
         {"tags": "1. Wohin?\n2. Woher?", "column_4": "Wo? Hier."}),
        ("question;answer;", ["Wo?;Hier.;x", "Wann?;Jetzt.;y", "Wer?;Wir.;"], {"column_3": "x"}),
        ("question,answer", ["Wo?,Hier.,x", "Wann?,Jetzt.,y", "Wer?,Wir.,z"], {"column_3": "x"}),
        ("question\tanswer", ["Wo?\tHier.\tx\ty", "Wann?\tJetzt.\tx\tz", "Wer?\tWir.\tx\ty"],
         {"column_3": "x", "column_4": "y"}),
        ("question,answer,column_4,", ["Wo?,Hier.,x,y", "Wann?,Jetzt.,x,z"],
         {"column_4": "x", "column_4_2": "y"}),
    ],
)  # fmt: skip
def test_the_last_columns_keep_their_values_if_the_rows_fill_them(
    header: str, rows: list[str], metadata: dict[str, str]
) -> None:
    file, found, gone = read_csv("\n".join((header, *rows)) + "\n")
    assert gone == []
    assert (found[0].question, found[0].answer, found[0].metadata) == ("Wo?", "Hier.", metadata)
    assert file.description.columns[-1] == list(metadata)[-1]
    assert len(found) == len(rows)


@pytest.mark.parametrize(
    "text",
    [
        "question,answer\nWo?,Hier, dort\nWann?,Jetzt, bald\n",
        "question,answer,\nWo?,Hier, dort\nWann?,Jetzt, bald\n",
        "pergunta,resposta\nQuanto?,R$ 10,50\nE hoje?,R$ 9,90\n",
        "question,answer\nWo?,Hier,dort\n",
        "question,answer\nWo?,Hier,dort\nWann?,Jetzt,bald\n",
        "question,answer\nWo?,Hier.\nWann?,Jetzt.\nWer?,Wir,alle\n",
    ],
)
def test_an_unquoted_delimiter_makes_no_column(text: str) -> None:
    assert {code for _, code in rejected(text)} == {"too_many_fields"}
    assert all(row.metadata == {} for row in read_csv(text)[1])


def test_with_overflow_join_extra_fields_belong_to_the_answer() -> None:
    text = "question,answer\nWo?,Hier,dort\nWann?,Jetzt,bald\nWer?,Wir,alle\n"
    assert pairs(text, overflow="join")[:2] == [("Wo?", "Hier,dort"), ("Wann?", "Jetzt,bald")]
    assert len(read_csv(text)[1]) == 3


def test_empty_fields_at_the_end_are_no_column() -> None:
    file, rows, gone = read_csv("question;answer;;\nWo?;Hier.;;\nWann?;Jetzt.;;\n")
    assert (file.description.columns, [r.metadata for r in rows]) == (
        ["question", "answer"],
        [{}] * 2,
    )
    assert gone == []


def test_rows_that_begin_with_their_number() -> None:
    text = "question,answer,tag\n" + "".join(f"{n},q{n}?,a{n}.,t\n" for n in range(9, 15))
    file, rows, gone = read_csv(text)
    assert (rows[0].question, rows[0].answer, rows[0].metadata) == ("q9?", "a9.", {"tag": "t"})
    assert (len(rows), gone) == (6, [])
    assert file.description.question_column == "question"
    # A header that names the numbers is only too short.
    text = "no,question,answer\n1,a?,b.,x\n2,c?,d.,y\n3,e?,f.,z\n"
    assert pairs(text) == [("a?", "b."), ("c?", "d."), ("e?", "f.")]


@pytest.mark.parametrize("mark", ["\u200b", "\u200b\u200b ", "\u2060", "\u00ad"])
def test_a_column_whose_name_is_unseen_keeps_its_values(mark: str) -> None:
    text = f"question,\ufeff, ,answer,{mark},column_5\nWo?,lost,lost,Hier.,x,y\n"
    file, rows, _ = read_csv(text)
    assert rows[0].metadata == {"column_5_2": "x", "column_5": "y"}
    assert file.description.columns == ["question", "", "", "answer", "column_5_2", "column_5"]
    book = workbook(("A", [["question", mark, "answer"], ["Wo?", "x", "Hier."]]))
    assert read(book)[1][0].metadata == {"column_2": "x"}
    # The header once more is still no row.
    assert len(read_csv(text + text.splitlines(keepends=True)[0])[1]) == 1
