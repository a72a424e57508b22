"""What real FAQ files are like, and what is taken of them: files of our own for each case."""

from __future__ import annotations

import pytest

from tests.support.files import error, pairs, read_csv, rejected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    lines = ["Question|Answer|Tag", "a, b; c?|x: <b>y</b>|t", '"two\nlines"|"say ""hi"""|', ""]
    text = end.join(line.replace("|", delimiter) for line in lines)
    if delimiter in ",;":
        text = text.replace("a, b; c?", '"a, b; c?"')
    assert pairs(text) == [("a, b; c?", "x: <b>y</b>"), ("two\nlines", 'say "hi"')]


def test_excels_sep_line_and_a_delimiter_of_ones_own() -> None:
    assert pairs("sep=;\nquestion;answer\na,b;c,d\n") == [("a,b", "c,d")]
    assert pairs("question~answer\na,b~c\n", delimiter="~") == [("a,b", "c")]
    assert pairs("question\tanswer\na\tb\n", delimiter="tab") == [("a", "b")]
    assert error("question,answer\na,b\n", delimiter=",,").code == "invalid_option"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("question", "answer"), ("QUESTIONS", "Answers"), (" Question ", " Answer"),
        ("pergunta", "resposta"), ("Perguntas", "Respostas"), ("pregunta", "respuesta"),
        ("posible pregunta", "respuesta"), ("prompt", "completion"), ("prompt", "response"),
        ("q", "a"), ("Q", "A"), ("frage", "antwort"), ("domanda", "risposta"),
        ("question", "réponse"), ("QUESTION", "REPONSE"), ("вопрос", "ответ"), ("問", "答"),
        ("質問", "回答"), ("질문", "답변"), ("问题", "答案"), ("question", "response"),
        ("\u200bquestion", "answer\u00a0"),
    ],
)  # fmt: skip
def test_names_of_columns(question: str, answer: str) -> None:
    text = f"nr,{answer},{question}\n1,the answer,the question\n"
    file, rows, _ = read_csv(text)
    assert (rows[0].question, rows[0].answer) == ("the question", "the answer")
    assert rows[0].metadata == {"nr": "1"}
    assert file.description.header_line == 1


def test_names_are_never_matched_by_their_beginning() -> None:
    text = "answer_id,question,answer_html,answer\n7,q,<b>,a\n"
    assert pairs(text) == [("q", "a")]
    raised = error("question_id,answer_id\n1,2\n")
    assert raised.code == "missing_column"
    assert raised.details["header"] == ["question_id", "answer_id"]


def test_without_known_names_the_error_says_what_would_help() -> None:
    raised = error("Como pago?,Com Pix\nQual o prazo?,Dois dias\n")
    assert raised.code == "missing_column"
    assert "question_column=1" in raised.message
    assert pairs("Como pago?,Com Pix\n", question_column="1", answer_column="2") == [
        ("Como pago?", "Com Pix")
    ]
    assert "columns named 'c'" in error("a,b\n", question_column="c", answer_column="b").message
    assert "column with an answer" in error("x,y\na,b\n", question_column="x").message
    assert pairs("x,y\na,b\n", question_column="1", answer_column="2", header=True) == [("a", "b")]
    assert error("a,b\n", question_column="1", answer_column="3").code == "missing_column"
    assert error("a,b\n", question_column="0", answer_column="1").code == "invalid_option"
    assert pairs("texto,corpo\na,b\n", question_column="Texto", answer_column="corpo") == [
        ("a", "b")
    ]


def test_with_positions_a_known_name_in_the_first_row_makes_it_the_header() -> None:
    options = {"question_column": "2", "answer_column": "1"}
    assert pairs("resposta,pergunta\na,q\n", **options) == [("q", "a")]
    assert pairs("resposta,pergunta\na,q\n", header=False, **options)[0] == ("pergunta", "resposta")


@pytest.mark.parametrize(
    "above",
    ["FAQ da loja\n", "FAQ da loja,,\nversão 3,,\n", "\n\n", ",,\n", "Column1,Column2,Column3\n"],
)
def test_a_header_below_other_lines_is_found(above: str) -> None:
    file, rows, _ = read_csv(above + "pergunta,resposta,tema\na,b,c\n")
    assert [(r.question, r.answer, r.metadata) for r in rows] == [("a", "b", {"tema": "c"})]
    assert file.description.header_line == above.count("\n") + 1
    assert rows[0].line == above.count("\n") + 2


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("question_en,answer_en", ("a", "b")),
        ("PERGUNTA PRINCIPAL,RESPOSTA", ("a", "b")),
        ("Answer (PT-BR),Question (PT-BR)", ("b", "a")),
        ("question,correct_answer", ("a", "b")),
        ("q_en,a_en", ("a", "b")),
        ("hoi,tra_loi", ("a", "b")),
        # Whole names first; what is said of two columns says nothing.
        ("question_en,answer_en,question,answer", ("c", "d")),
        ("question_en,answer_en,question_pt,answer_pt", None),
        ("q_en,q_fr,a_en,a_fr", None),
        ("question,answer_id", None), ("question,answer_html", None), ("question,answer_1", None),
        ("question_id,answer_id", None), ("question,user_answer", None),
        ("question,text a,text b", None), ("question_no,answer_no", None),
    ],
)  # fmt: skip
def test_a_name_with_a_word_that_says_which(header: str, expected: tuple[str, str] | None) -> None:
    text = f"{header}\n{','.join('abcd'[: header.count(',') + 1])}\n"
    if expected is None:
        assert error(text).code == "missing_column"
    else:
        assert pairs(text) == [expected]


def test_what_stands_in_no_column_is_not_dropped() -> None:
    text = "question,answer,\nDo you ship?,Yes, we do\na,b,\n"
    assert rejected(text) == [(2, "too_many_fields")]
    assert pairs(text, overflow="join") == [("Do you ship?", "Yes, we do"), ("a", "b")]
    prose = "a?,Once it left, you hear of it\nb?,Yes, always, of course\nc?,No\n"
    positions = {"question_column": "1", "answer_column": "2"}
    assert rejected(prose, **positions) == [(1, "too_many_fields"), (2, "too_many_fields")]
    joined = pairs(prose, overflow="join", **positions)
    assert joined[0] == ("a?", "Once it left, you hear of it")


def test_a_known_name_among_the_data_is_no_header() -> None:
    positions = {"question_column": "1", "answer_column": "2"}
    text = "oi,Tudo bem?\ntchau,Até logo!\ndúvida,Pode perguntar!\n"
    assert len(pairs(text, **positions)) == 3
    assert len(pairs("a?,b,en\nc?,d,id\n", **positions)) == 2
    assert pairs("id,Enunciado,Gabarito\n1,a,b\n", question_column="2", answer_column="3") == [
        ("a", "b")
    ]
    assert pairs("FAQ,\nquestion,answer\na,b\n", **positions) == [("a", "b")]
    assert len(pairs("What?,That\nq,a\nr,b\n", **positions)) == 3
    assert pairs("foo,bar\nq,a\nr,b\n", header=True, **positions) == [("q", "a"), ("r", "b")]


def test_a_header_that_comes_again_is_no_pair() -> None:
    text = "Question, Answer\na,b\nQuestion,Answer\nc,d\nquestion,x\n"
    file, rows, gone = read_csv(text + "Question,Answer\n" * 30)
    assert [(r.line, r.question) for r in rows] == [(2, "a"), (4, "c"), (5, "question")]
    assert gone == []
    for _ in range(2):
        left_out = file.description.left_out
        assert (left_out.rows, left_out.lines) == (31, [3, *range(6, 25)])
        list(file)


def test_empty_and_repeated_names() -> None:
    _, rows, _ = read_csv("question,,answer,tag,tag, ,tag_2\nq,lost,a,1,2,3,4\n")
    assert rows[0].metadata == {"tag": "1", "tag_3": "2", "tag_2": "4"}
    assert error("question,question,answer\na,b,c\n").code == "missing_column"
    _, rows, _ = read_csv("question,question,answer\na,b,c\n", question_column="2")
    assert rows[0].question == "b"


def test_the_id_column() -> None:
    _, rows, _ = read_csv("ID,question,answer\n 007 ,a,b\n,c,d\n")
    assert [(r.id, r.metadata) for r in rows] == [("007", {}), (None, {})]
    _, rows, _ = read_csv("code,question,answer\nx1,a,b\n", id_column="code")
    assert rows[0].id == "x1"


def test_rows_of_another_width() -> None:
    text = "question,tag,answer\na,t,b\nc\nd,t,e,f\ng,t,h,,\ni,t\n"
    assert rejected(text) == [(3, "too_few_fields"), (4, "too_many_fields"), (6, "too_few_fields")]
    assert [r.answer for r in read_csv(text)[1]] == ["b", "h"]
    assert [r.answer for r in read_csv(text, overflow="join")[1]] == ["b", "e,f", "h,,"] or [
        r.answer for r in read_csv(text, overflow="join")[1]
    ] == ["b", "e,f", "h"]
    _, rows, none = read_csv("question,answer,tag\na,b\n")
    assert (rows[0].metadata, none) == ({"tag": ""}, [])


def test_overflow_is_not_joined_where_the_answer_is_not_the_last_column() -> None:
    assert rejected("answer,question\na,b,c\n", overflow="join") == [(2, "too_many_fields")]


def test_an_answer_broken_over_unquoted_lines_costs_only_its_rows() -> None:
    text = "question,answer,tag\na,b,t\nc,first line\nsecond line\nthird,\nd,e,t\n"
    _, rows, gone = read_csv(text)
    assert {r.question for r in rows} >= {"a", "d"}
    assert {r.line for r in gone} <= {3, 4, 5}
    assert len(rows) + len(gone) == 5


def test_a_row_is_rejected_with_the_lines_that_its_answer_goes_on_in() -> None:
    """Its first line alone would be a wrong answer, and a line with a comma a wrong row."""
    text = "question,answer\na,b\nc,first\n\nsecond\nthird, too\nlast\nd,e\nf,g\n"
    _, rows, gone = read_csv(text)
    assert [r.question for r in rows] == ["a", "d", "f"]
    assert [(r.line, r.code) for r in gone] == [
        (3, "malformed_quotes"),
        (5, "too_few_fields"),
        (6, "malformed_quotes"),
        (7, "too_few_fields"),
    ]
    assert [r.fields for r in gone] == [["c", "first"], ["second"], ["third", " too"], ["last"]]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        # One line of one field may be anything.
        ("a,b\nonly\nc,d\n", ["a", "c"]),
        # A quote ends the answer before them.
        ('a,"b"\nsome\nnotes\nc,d\n', ["a", "c"]),
        # A heading between rows that are written with spaces after the commas.
        ("a, b\nheading\nc, d\nheading\ne, f\n", ["a", "c", "e"]),
        ("a,b\nheading\nc,d\nheading\ne,f\n", ["a", "c", "e"]),
    ],
)
def test_a_line_of_one_field_does_not_cost_the_rows_around_it(text: str, kept: list[str]) -> None:
    _, rows, gone = read_csv("question,answer\n" + text)
    assert [r.question for r in rows] == kept
    assert len(rows) + len(gone) == text.count("\n")


def test_empty_cells_blank_lines_and_rows_of_commas() -> None:
    text = "question,answer,tag\n\na,b,c\n,,\n ,x,y\nq, ,y\n\u00a0,z,\n\n"
    assert rejected(text) == [(5, "empty_question"), (6, "empty_answer"), (7, "empty_question")]
    assert [r.line for r in read_csv(text)[1]] == [3]


def test_text_is_kept_as_it_is() -> None:
    values = [
        "NA",
        "null",
        "None",
        "007",
        "=1+1",
        "1e5",
        "-x",
        "+y",
        "@z",
        "a\u200bb",
        "\u202ec",
        "TRUE",
    ]
    text = "question,answer,meta\n" + "".join(f" {v} ,\t{v} , {v} \n" for v in values)
    _, rows, gone = read_csv(text)
    assert [(r.question, r.answer) for r in rows] == [(v, v) for v in values]
    assert [r.metadata["meta"] for r in rows] == [f" {v} " for v in values]
    assert gone == []
    assert pairs("question,answer\n\u00a0a\u00a0,b\u200b\n") == [("\u00a0a\u00a0", "b\u200b")]


def test_text_after_a_closing_quote_is_rejected_by_line() -> None:
    text = 'question,answer\na,b\n"c" d,e\nf,g\n"h",i\n'
    assert rejected(text) == [(3, "malformed_quotes")]
    assert [r.question for r in read_csv(text)[1]] == ["a", "f", "h"]


def test_one_bad_row_after_a_broken_one_does_not_cost_the_file() -> None:
    text = 'question,answer\n"a" b,x\nc,d\ne,f,g\nh,i\n'
    assert rejected(text) == [(2, "malformed_quotes"), (4, "too_many_fields")]


def test_inner_quotes_that_are_not_doubled_are_rejected_by_line() -> None:
    text = 'question,answer\na,b\nc,"say "hi" to them"\nf,g\n"h",i\n'
    assert rejected(text) == [(3, "malformed_quotes")]
    assert [r.question for r in read_csv(text)[1]] == ["a", "f", "h"]


@pytest.mark.parametrize(
    "text",
    ['a,"b" c\nr,s\nt,u\n', 'r,s\nt,u\na,"b" c\n', '"a","b"c\nr,s\n', 'r,s\na,"he said "hi""\n'],
)
def test_text_after_a_quote_that_closes_the_last_field_costs_its_row(text: str) -> None:
    (gone,) = rejected("question,answer\n" + text)
    assert gone[1] == "malformed_quotes"


def test_a_quoted_word_at_the_beginning_of_a_field_costs_its_row_only() -> None:
    clean = "".join(f"q{n},a{n}\n" for n in range(60))
    text = f'question,answer\nWho?,"Bob" did\n{clean}'
    assert rejected(text) == [(2, "malformed_quotes")]
    assert len(read_csv(text)[1]) == 60
    # Prose that goes on may look like a row or two.
    assert error('question,answer\nWho?,"Bob" did\nand so, he said\nwent, too\n').code == (
        "malformed_csv"
    )


def test_a_quote_inside_an_unquoted_field_is_text() -> None:
    assert pairs('question,answer\n5" pipe,a "good" one\n') == [('5" pipe', 'a "good" one')]


def test_an_unclosed_quote_names_its_line() -> None:
    raised = error('question,answer\na,b\nc,"never closed\nd,e\nf,g\n')
    assert (raised.code, raised.details["line"]) == ("malformed_csv", 3)


def test_quoted_newlines_are_kept_and_lines_counted() -> None:
    _, rows, _ = read_csv('question,answer\n"a\nb","c\r\nd"\ne,f\n')
    assert [(r.line, r.question, r.answer) for r in rows] == [(2, "a\nb", "c\r\nd"), (5, "e", "f")]


def test_nul_is_rejected_and_named() -> None:
    text = b"question,answer\na\0,b\nc,d\n"
    _, rows, gone = read_csv(text)
    assert [(r.line, r.code) for r in gone] == [(2, "invalid_character")]
    assert [r.question for r in rows] == ["c"]


def test_a_first_row_that_is_too_long_is_rejected() -> None:
    _, rows, rejected = read_csv("question,answer\na," + "b" * 7_000_000 + "\nc,d\n")
    assert [row.question for row in rows] == ["c"]
    assert [(r.line, r.code) for r in rejected] == [(2, "field_too_long")]
    quoted = 'x,"' + 'y""\n' * 2_000_000 + '"\n'
    _, rows, rejected = read_csv("question,answer\na,b\n" + quoted + "c,d\ne,f\n")
    assert [(row.line, row.question) for row in rows] == [
        (2, "a"),
        (2_000_004, "c"),
        (2_000_005, "e"),
    ]
    assert [(r.line, r.code) for r in rejected] == [(3, "field_too_long")]


def test_long_fields() -> None:
    answer, numbers = "word " * 4_500, "0.123," * 1_500
    text = f'question,answer,vector\na,{answer},"{numbers}"\n{"q" * 10_001},b,c\nd,e,f\n'
    _, rows, gone = read_csv(text)
    assert rows[0].answer == answer.strip()
    assert rows[0].metadata["vector"] == numbers
    assert [(r.line, r.code) for r in gone] == [(3, "field_too_long")]
    assert rows[1].question == "d"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "empty_file"), ("\ufeff", "empty_file"), (" \n\n", "empty_file"),
        ("question,answer\n", "no_rows"), ("question,answer\n\n,\n", "no_rows"),
        ("question\na\n", "missing_column"), ("a" * 5_000_000, "malformed_csv"),
        (",".join(["c"] * 200_000) + "\n", "malformed_csv"),
    ],
)  # fmt: skip
def test_files_that_can_not_be_taken(data: str, code: str) -> None:
    assert error(data).code == code


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        # A form's export: a timestamp first, a question in every language's own words below.
        ('"Timestamp","Pergunta","Resposta"\n"2024/01/02 9:10:11 AM GMT-3","q","a"\n', {},
         [("q", "a", {"Timestamp": "2024/01/02 9:10:11 AM GMT-3"})]),
        ("id;Pergunta;Resposta;\n1;Quanto custa, em R$?;R$ 10,50;\n", {},
         [("Quanto custa, em R$?", "R$ 10,50", {})]),
        ("intent,question,answer\nhi,Hello?,Hi!\n", {}, [("Hello?", "Hi!", {"intent": "hi"})]),
        ("Q\tA\n1. What's \"it\"?\tA \"thing\", see a,b\n", {},
         [("1. What's \"it\"?", 'A "thing", see a,b', {})]),
        ("FAQ - Perguntas frequentes,,\nPergunta,Resposta,Categoria\nq,a,c\n", {},
         [("q", "a", {"Categoria": "c"})]),
        ("answer,question,answer_id\na,q,9\n", {}, [("q", "a", {"answer_id": "9"})]),
        ("question,answer\nq,\"# Title\n\n- one, two\n- [x](http://a/b?c=d;e)\"\n", {},
         [("q", "# Title\n\n- one, two\n- [x](http://a/b?c=d;e)", {})]),
        ('question,answer,json\nq,"<p class=""x"">a</p>","{""k"": [1, 2]}"\n', {},
         [("q", '<p class="x">a</p>', {"json": '{"k": [1, 2]}'})]),
        ("السؤال,الجواب\nما هو؟,هذا\n", {}, [("ما هو؟", "هذا", {})]),
        ("a?|b|c\nd?|e|f\n", {"question_column": "1", "answer_column": "3"},
         [("a?", "c", {}), ("d?", "f", {})]),
    ],
)  # fmt: skip
def test_files_as_they_are_found(
    text: str, options: dict[str, str], expected: list[tuple[str, str, dict[str, str]]]
) -> None:
    _, rows, gone = read_csv(text, **options)
    assert [(r.question, r.answer, r.metadata) for r in rows] == expected
    assert gone == []
