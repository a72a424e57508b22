"""What a refusal says, and that the options which it names do what it says."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

import pytest

from files.errors import FileError
from tests.support.files import error, read, read_csv, workbook


def named_options(message: str) -> dict[str, Any]:
    """Return the options that a message names, as a copied address would give them."""
    found = re.search(r"question_column=\S+&answer_column=\S+", message)
    assert found is not None, message
    options: dict[str, Any] = {key: values[0] for key, values in parse_qs(found[0]).items()}
    if "header" in options:
        options["header"] = options["header"] == "true"
    return options


def refused(data: bytes | str) -> FileError:
    with pytest.raises(FileError) as raised:
        read(data)
    return raised.value


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["Como pago?§Com Pix.", "Onde fica?§Na praça."], ("Como pago?", "Com Pix.")),
        (["Com Pix.§Como pago?", "Na praça.§Onde fica?"], ("Como pago?", "Com Pix.")),
        (["7§loja§Na praça.§Onde fica?", "8§loja§Já.§Quando?", "9§conta§Assim.§Como entro?"],
         ("Onde fica?", "Na praça.")),
        (["Trocar a senha§Abra a conta e troque.", "Ver a nota§Abra os pedidos e veja."],
         ("Trocar a senha", "Abra a conta e troque.")),
        (["2024-01-02§Wann öffnet ihr?§Um neun Uhr.§https://a.b§Laden",
          "2024-01-03§Kann ich zahlen?§Ja, mit Karte.§https://a.c§Kasse"],
         ("Wann öffnet ihr?", "Um neun Uhr.")),
        (["甲§几点开门？§每天九点开门。", "乙§怎么退货？§七天之内可以退。"],
         ("几点开门？", "每天九点开门。")),
        (["How many legs?§4", "How many eyes?§2"], ("How many legs?", "4")),
    ],
)  # fmt: skip
def test_a_table_without_a_header_names_its_own_columns(
    rows: list[str], expected: tuple[str, str], delimiter: str
) -> None:
    if delimiter == "," and any("," in row for row in rows):
        rows = [row.replace(",", "") for row in rows]
        expected = (expected[0], expected[1].replace(",", ""))
    text = "\n".join(rows).replace("§", delimiter) + "\n"
    raised = refused(text)
    assert raised.code == "missing_column"
    assert "The first row seems to be data, not a header" in raised.message
    options = named_options(raised.message)
    file, found, gone = read_csv(text, **options)
    assert (found[0].question, found[0].answer) == expected
    assert (len(found), gone, file.description.delimiter) == (len(rows), [], delimiter)
    book = workbook(("A", [row.split("§") for row in rows]))
    options = named_options(refused(book).message)
    assert [row.question for row in read(book, **options)[1]] == [row.question for row in found]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,zeta,yota,tag", "question_column=zeta&answer_column=yota"),
        ("id,das Wort,die Worte,tag", "question_column=2&answer_column=3&header=true"),
        ("id,слова клиента,слова магазина,tag", "question_column=2&answer_column=3&header=true"),
        ("id,question,yota,tag", "question_column=question&answer_column=yota"),
        ("id,zeta,answer,tag", "question_column=zeta&answer_column=answer"),
    ],
)  # fmt: skip
def test_a_table_with_unknown_names_names_its_own_columns(header: str, expected: str) -> None:
    rows = "1,paid it,We look for your payment.,x\n2,not come,We look for your parcel.,x\n"
    text = f"{header}\n{rows}"
    raised = error(text)
    assert raised.details["header"] == header.split(",")
    assert raised.details["rows"] == [line.split(",") for line in text.strip().split("\n")]
    assert expected in raised.message
    options = named_options(raised.message)
    _, found, gone = read_csv(text, **options)
    assert [(row.question, row.id) for row in found] == [("paid it", "1"), ("not come", "2")]
    assert gone == []
    keys = [dict(zip(header.split(","), line.split(","), strict=True))
            for line in rows.strip().split("\n")]  # fmt: skip
    options = named_options(refused(json.dumps(keys)).message)
    assert "header" not in options
    assert [row.question for row in read(json.dumps(keys), **options)[1]] == ["paid it", "not come"]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("#,Satz,Reaktion", ["1,karte weg,bitte sperren lassen", "2,geld weg,bitte melden"]),
        ("No.,Satz,Reaktion", ["1,karte weg,bitte sperren lassen", "2,geld weg,bitte melden"]),
        ("№,Фраза,Реакция,Активно?", ["1,нет карты,закажите новую,да", "2,нет денег,ждите,да"]),
        ("Satz,Reaktion", ["Wer?,Wir."]), ("Satz,Reaktion", ["karte weg,bitte sperren lassen"]),
    ],
)  # fmt: skip
def test_the_options_for_a_header_of_unknown_names_keep_it(header: str, rows: list[str]) -> None:
    text = "\n".join((header, *rows)) + "\n"
    file, found, gone = read_csv(text, **named_options(error(text).message))
    assert (len(found), gone) == (len(rows), [])
    assert file.description.columns == header.split(",")


def test_the_options_for_short_items_without_a_header_keep_them_all() -> None:
    text = "Trocar senha,Abrir conta\nVer nota,Abrir os pedidos\nVer o frete,Abrir loja\n"
    assert len(read_csv(text, **named_options(error(text).message))[1]) == 3


def test_the_row_most_like_a_header_is_shown() -> None:
    text = (
        "Katalog der Stadt mit allen Angaben in einer Zeile,und noch mehr,und mehr,und mehr\n"
        "Nr,Frage,Stand\n1,Wo?,offen\n2,Wann?,offen\n"
    )
    raised = error(text)
    assert raised.details["header"] == ["Nr", "Frage", "Stand"]
    assert "Row found: 'Nr', 'Frage', 'Stand'" in raised.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Wo?\nWann?\nWer?\n", "The rows have only one column"),
        ("Wo ist es?\nHier ist es.\nWann kommt es?\nMorgen früh.\n", "stand below the questions"),
        ("pix\nboleto\ncartão\n", "The rows have only one column"),
        ("Perguntas\nComo pago?\n", "The rows have only one column"),
        ("question\na\n", "The rows have only one column"),
    ],
)
def test_one_column_is_named_as_the_reason(text: str, said: str) -> None:
    raised = error(text)
    assert (raised.code, said in raised.message) == ("missing_column", True)
    assert "question_column=" not in raised.message
    book = workbook(("A", [[line] for line in text.strip().split("\n")]))
    assert said in refused(book).message


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Stichwort;Antwort", ["Karte;Karten gehen.", "Bar;Bar geht auch."]),
        ("palavras-chave;resposta", ["pix, boleto;Aceitamos.", "frete, prazo;Dois dias."]),
        ("tag;termos;resposta", ["a;pix, boleto;Aceitamos.", "b;frete, prazo;Dois dias."]),
        ("关键词;答案", ["营业，开门;九点。", "退货，换货;七天之内。"]),
    ],
)  # fmt: skip
def test_a_list_of_keywords_is_named_as_the_reason(header: str, rows: list[str]) -> None:
    text = "\n".join((header, *rows)) + "\n"
    raised = error(text)
    assert "seems to hold keywords, not questions" in raised.message
    _, found, gone = read_csv(text, **named_options(raised.message))
    assert [f"{row.question};{row.answer}" for row in found] == [
        ";".join(row.split(";")[-2:]) for row in rows
    ]
    assert gone == []


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ('perguntas = [\n  {"pergunta": "Onde?", "resposta": "Ali."},\n]\n', "perguntas = ["),
        ('const faq = [{"question": "a", "answer": "b"}];\n', "const faq = ["),
        ('export const faqs: Faq[] = [{ question: "a", answer: "b" }];\n', "export const faqs"),
        ("module.exports = {\n  faq: [{ question: 'a', answer: 'b' }],\n};\n", "module.exports"),
        ("# dados\nimport json\nFAQ = {'Onde?': 'Ali.'}\n", "import json"),
        ("<?php\n$faq = array('question' => 'a');\n", "<?php"),
        ('loadFaq([{"question": "a", "answer": "b"}]);\n', "loadFaq(["),
        ("[{'question': 'a', 'answer': 'b'}]\n", "[{'"),
        ('[{question: "a", answer: "b"}]', "[{question:"),
        ('{\n  question: "a",\n  answer: "b"\n}\n', "{ question:"),
        ('window.faq = {"items": [{"question": "a", "answer": "b"}]};', "window.faq = {"),
    ],
)  # fmt: skip
def test_source_around_the_data_is_named_as_the_reason(text: str, begins: str) -> None:
    raised = refused(text)
    assert raised.code == "malformed_csv"
    shown = repr(begins)[:-1]
    assert f"source text of a program: it begins with {shown}" in raised.message


def test_json_without_objects_is_named_as_the_reason() -> None:
    for text in ('[["q", "a"], ["r", "b"]]', '["q", "a"]'):
        assert "The JSON holds no objects" in refused(text).message


def test_a_text_that_is_no_program_is_a_table() -> None:
    for text in (
        "from,to\nhere,there\n",
        "a (b),c\nd,e\n",
        "return policy,x\ny,z\n",
        "let,it\nbe,so\n",
    ):
        assert refused(text).code == "missing_column"


def test_names_that_the_caller_gave_are_named() -> None:
    text = "a,b,c\nWhere is it?,Over there.,x\nWho is it?,It is me.,x\n"
    raised = error(text, question_column="nowhere", answer_column="b")
    assert "No columns named 'nowhere' found." in raised.message
    assert "question_column=a&answer_column=b" in raised.message
    assert "No column with an answer found" in error(text, question_column="a").message
    assert "the rows have 3 columns" in error(text, question_column="1", answer_column="7").message
    alone = error("a\nb\n", question_column="1", answer_column="2")
    assert "the rows have only one column" in alone.message


def test_a_delimiter_that_would_be_found_otherwise_is_named() -> None:
    # By commas there are more columns, but only by semicolons are all rows equally wide.
    text = (
        "Wo, und wann?;Hier, heute.\nWer, und wie?;Wir, so.\nWas?;Das.\n"
        "Warum, bitte?;Darum, eben.\n"
    )
    options = named_options(refused(text).message)
    assert read_csv(text, **options)[1][0].question == "Wo, und wann?"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('"""FAQ data."""\n\nFAQS = [\n  {"q": "When?", "a": "At nine."},\n]\n', "FAQS = "),
        ("'''FAQ\ndata.'''\n# of the shop\nFAQS = [\n", "FAQS = "),
        ('// faq\n[\n {"question": "When?", "answer": "At nine."}\n]\n', "comments above it"),
        ('/* faq\n */\n{"question": "When?", "answer": "At nine."}\n', "comments above it"),
        ("-- dump\nCREATE TABLE `faq` (\n  `id` int\n);\n", "statements of SQL"),
        ("INSERT INTO `faq` (`question`,`answer`) VALUES ('When?','At nine.'),('x','y');\n",
         "statements of SQL"),
        ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", "statements of SQL"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_table_is_named(text: str, reason: str) -> None:
    raised = refused(text)
    assert raised.code == "malformed_csv"
    assert reason in raised.message


@pytest.mark.parametrize("delimiter", ["^", "~", "§", "#", "::", "/"])
def test_another_delimiter_is_named_as_an_option(delimiter: str) -> None:
    text = "question§answer\nWhen?§At nine.\nHow?§So.\n".replace("§", delimiter)
    message = error(text).message
    found = re.search(r"delimiter=\S+$", message)
    assert found is not None, message
    options = {key: values[0] for key, values in parse_qs(found[0]).items()}
    assert [row.answer for row in read_csv(text, **options)[1]] == ["At nine.", "So."]


@pytest.mark.parametrize(
    ("text", "below"),
    [
        ("question\nWhen?\nHow?\n", False),
        ("When?\nHow?\nWho?\n", False),
        ("When?\nAt nine.\nHow?\nSo.\n", True),
        ("FAQ\nWhen?\nAt nine.\nHow?\nSo.\n", True),
    ],
)
def test_answers_below_questions_are_told_from_questions_alone(text: str, below: bool) -> None:
    assert ("seem to stand below" in error(text).message) == below


def test_letters_below_a_header_are_not_taken_for_it() -> None:
    names = ["tema", "o que perguntam", "o que dizemos", "obs"]
    raised = error(",".join(names) + "\na,b,c,d\ne,f,g,h\n")
    assert raised.details["header"] == names
    assert "header=false" not in raised.message
