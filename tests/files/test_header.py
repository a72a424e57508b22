"""Which columns are meant, where a header has more than a question and an answer."""

from __future__ import annotations

import json

import pytest

from files.errors import FileError
from tests.support.files import error, pairs, read_csv, rejected
from tests.support.files import read as read_table


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Question,Best Answer,Correct Answers,Incorrect Answers", ("a", "b")),
        ("question,gold_answer", ("a", "b")), ("question,ideal answer", ("a", "b")),
        ("Golden Answer,Question", ("b", "a")), ("Example question,answer", ("a", "b")),
        ("Exemplos de pergunta,resposta", ("a", "b")), ("human_says,chatbot_says", ("a", "b")),
        ("questionText,answerText", ("a", "b")), ("fragenText,richtigeAntwort", ("a", "b")),
        ("perguntaPrincipal,respostaSugerida", ("a", "b")),
        ("questionId,answerId", None), ("question,answerHtml", None),
        # A title has its question below it, and `ai` beside a text is who wrote it.
        ("title,answer", ("a", "b")), ("title,body,answer", None), ("title,answer,Content", None),
        ("human,ai", ("a", "b")), ("text,human,ai", None), ("text,human,assistant", ("b", "c")),
        ("pergunta,correta", ("a", "b")), ("question,correct,correct_answer", ("a", "c")),
        ("correct,correta", None), ("pergunta,correct,resposta_pt", ("a", "c")),
        # The first choice of a quiz is no answer.
        ("ID,Pergunta,A,Nó A,B,Nó B", None), (",PERGUNTA,A,B,C,D,GABARITO,VISITED", None),
        ("question_en,a", None), ("q,a", ("a", "b")), ("pergunta,a", ("a", "b")),
        ("问,答", ("a", "b")), ("问 (en),答", ("a", "b")),
    ],
)  # fmt: skip
def test_what_a_header_means(header: str, expected: tuple[str, str] | None) -> None:
    values = ["a text", "b text", "c text", "d text", "e", "f", "g", "h"]
    text = f"{header}\n{','.join(values[: header.count(',') + 1])}\n"
    if expected is None:
        assert error(text).code == "missing_column"
    else:
        assert pairs(text) == [(f"{expected[0]} text", f"{expected[1]} text")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Question,A,B,C,D,Correct Answer", "q,red,blue,green,black,B"),
        ("question,option1,option2,option3,answer", "q,red,blue,green,2"),
        ("pergunta,alternativa_a,alternativa_b,resposta", "q,red,blue,(b)"),
        ("pergunta,a,b,c,d,correta", "q,red,blue,green,black,c"),
        ("question,answer1,answer2,answer", "q,red,blue,1."),
        ("question,subject,choices,answer", "q,s,[x y],2"),
        ("question,choice,correct", "q,red,true"), ("pergunta,correta", "q,Não"),
    ],
)  # fmt: skip
def test_letters_of_choices_are_no_answers(header: str, row: str) -> None:
    text = f"{header}\n{row}\n{row}\n"
    raised = error(text)
    assert raised.code == "missing_column"
    assert "letters of choices" in raised.message
    assert raised.details["header"] == header.split(",")
    last = header.count(",") + 1
    assert f"question_column=1&answer_column={last}" in raised.message
    answer = row.split(",")[-1]
    assert pairs(text, question_column="1", answer_column=str(last))[0] == ("q", answer)
    assert pairs(text, answer_column=header.split(",")[-1])[0] == ("q", answer)
    names, values = header.split(","), row.split(",")
    with pytest.raises(FileError, match="letters of choices"):
        read_table(json.dumps([dict(zip(names, values, strict=True))]))


def test_letters_without_choices_and_texts_beside_them_are_answers() -> None:
    assert pairs("question,answer\nq,B\n") == [("q", "B")]
    assert pairs("question,answer,option1\nq,2,x\n") == [("q", "2")]
    assert pairs("Question,A,B,Correct Answer\nq,red,blue,blue\n") == [("q", "blue")]
    quiz = "question,a,b,answer\n" + "q,x,y,A\n" * 8 + "r,x,y,both\n" * 2
    assert len(pairs(quiz)) == 10
    assert pairs("问题,A,B,答案\nq,x,y,是\n") == [("q", "是")]


WIDE = "Category,Question,Answer,Priority,Last Updated\n" + "".join(
    f"c,q{n},a{n},2023-11-22\n" for n in range(3)
)


@pytest.mark.parametrize(
    "row",
    [
        "Электротехника,Чему равно напряжение?,220 Вольт (В) для сети, 380 В,2023-11-22",
        "c,When it breaks, what then?,Call us,2023-11-22",
        '"c\nd",When it breaks, what then?,"Call\nus",2023-11-22',
        "c,When it breaks, what then?,Call us, please,2023-11-22",
    ],
)
def test_where_a_header_is_wider_than_its_rows_a_comma_in_prose_is_seen(row: str) -> None:
    _, rows, gone = read_csv(WIDE + row + "\nc,last,a,x\n")
    assert [r.question for r in rows] == ["q0", "q1", "q2", "last"]
    assert [(r.line, r.code) for r in gone] == [(5, "too_many_fields")]
    assert f"{row.count(',') + 1} fields, the others 4" in gone[0].error


@pytest.mark.parametrize(
    "row",
    [
        "c,q,a,2023,x", 'c,q," a",2023,x', "c,q,a,2023,",
        # As wide as the header.
        "c,q",
    ],
)  # fmt: skip
def test_other_rows_below_a_wide_header_are_taken_as_ever(row: str) -> None:
    _, rows, gone = read_csv(WIDE + row + "\n")
    assert len(rows) == (3 if row == "c,q" else 4)
    assert [r.code for r in gone] == ["too_few_fields"] * (row == "c,q")
    if gone == []:
        assert (rows[3].question, rows[3].answer) == ("q", row.split(",")[2].strip('" '))


def test_a_space_after_a_comma_says_nothing_where_most_rows_have_one() -> None:
    spaced = WIDE.replace(",", ", ")
    assert rejected(spaced + "c, q, a, 2023, x\n") == []
    full = "question,answer,tag\n" + "a,b,t\n" * 3
    assert rejected(full + "c,d, t\n") == []
    assert rejected(full + "c,d\nc,d, e\n") == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("Khi tải ảnh, phải làm sao?,Kiểm tra (JPG, PNG) đi.",
         ("Khi tải ảnh, phải làm sao?", "Kiểm tra (JPG, PNG) đi.")),
        ("When, how?,So,,", ("When, how?", "So")),
        ("c,d, e", ("c", "d, e")), ("c,d,e", ("c", "d,e")), ("c, d,e,f", ("c", "d,e,f")),
        ("c, d, e", ("c", "d, e")),
    ],
)  # fmt: skip
def test_joined_fields_are_put_back_where_a_space_follows_the_comma(
    row: str, expected: tuple[str, str]
) -> None:
    assert pairs(f"Question,Answer\na,b\n{row}\n", overflow="join")[1] == expected


def test_joined_fields_go_to_the_answer_where_all_rows_have_spaces() -> None:
    assert pairs("Question, Answer\na, b\nc, d,e\n", overflow="join")[1] == ("c", "d,e")


def test_many_joined_fields_are_put_together_in_time() -> None:
    text = "Question,Answer\n" + "a,b\n" * 10 + "q,x" + ", y" * 300_000 + "\n"
    assert len(pairs(text, overflow="join")[10][1]) == 900_001


@pytest.mark.parametrize(
    "header",
    [
        "Question / Pergunta,Answer / Resposta",
        "Pregunta/Question,Respuesta/Answer",
        "Question/Frage/Question,Answer/Antwort/Réponse",
        "1. Pergunta,2. Resposta",
        "1) Question,2) Answer",
        "01 - Pergunta,02 - Resposta",
    ],
)
def test_names_in_several_languages_and_with_numbers(header: str) -> None:
    assert pairs(f"{header}\nComo pago?,Com Pix.\n") == [("Como pago?", "Com Pix.")]


@pytest.mark.parametrize("header", ["Question/Answer,Notes", "Question / Title,x", "a/b,q"])
def test_names_that_say_different_things_say_nothing(header: str) -> None:
    assert error(f"{header}\nx,y\n").code == "missing_column"


@pytest.mark.parametrize(
    "strokes", ["|---|---|", "| --- | --- |", "|:---|:--:|", "| ------ | ------ |", "|--|--|"]
)
def test_the_strokes_of_a_table_of_markdown_are_no_item(strokes: str) -> None:
    table = f"| Question | Answer |\n{strokes}\n| When? | At nine. |\n| How? | --- |\n"
    assert pairs(table) == [("When?", "At nine."), ("How?", "---")]
