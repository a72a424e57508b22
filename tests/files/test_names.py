"""Headers whose names are longer than a known word, or of which only one is known."""

from __future__ import annotations

import json

import pytest

from files.compound_names import find_role
from tests.support.files import PAIRS, error, pairs, read, read_csv, workbook

ASKED, TOLD = "Wo ist mein Paket?", "Auf dem Weg zu Ihnen."


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        # Whose it is, and which one.
        ("ваш вопрос", "наш ответ"), ("ваше питання", "відповідь"), ("Your question", "Our answer"),
        ("Sua pergunta", "Nossa resposta"), ("Tu pregunta", "Respuesta"),
        ("Votre question", "Réponse"), ("Ihre Frage", "Antwort"),
        ("A pergunta", "A resposta"), ("canonical_question", "answer"),
        ("core question", "core-answer"),
        ("core/canonical_question", "full_answer"), ("attributes.question", "attributes.answer"),
        ("Pergunta do aluno", "Resposta esperada"), ("question_text", "gold.answer"),
        # A name in brackets, and a name before brackets.
        ("Name (Question)", "Answer"), ("Поле 1 (Вопрос)", "Поле 2 (Ответ)"),
        ("Texto [Pergunta]", "Texto [Resposta]"), ("标题（问题）", "内容（答案）"),
        ("Pergunta (no máximo 200 letras)", "Resposta (texto livre)"),
        ("Question (what people ask)", "Answer (what we say) *"),
        # Words that nobody knows beside a known one.
        ("Вопрос клиента", "Ответ оператора"), ("frage_kunde", "antwort_shop"),
        ("Kérdés szövege", "Válasz szövege"), ("Dúvida frequente da loja", "Resposta da equipe"),
        # Words that are written together.
        ("修正提问", "修正后回答"), ("客户问题", "客服回复"), ("お客様の質問", "模範回答"),
        ("고객 질문", "상담 답변"),
        ("Kundenfrage", "Musterantwort"), ("Klantvraag", "Standaardantwoord"),
        # Further languages.
        ("Küsimus", "Vastus"), ("Klausimas", "Atsakymas"), ("Jautājums", "Atbilde"),
        ("Vprašanje", "Odgovor"), ("Savol", "Javob"), ("சொல் (கேள்வி)", "பதில்"),
        ("Galdera", "Erantzuna"),
        ("Swali", "Jibu"), ("Հարց", "Պատասխան"),
        # Names that mean it beside each other.
        ("Dúvida", "Solução"), ("Problema", "Solução"), ("Duda", "Solución"), ("Frage", "Lösung"),
        ("Question", "Solution"), ("Título", "Resposta"), ("Titre", "Réponse"), ("标题", "回答"),
        ("Anverso", "Reverso"), ("Frente", "Verso"), ("Padrão", "Respostas"), ("Entrada", "Saída"),
        # One of two is known.
        ("Pergunta", "Referência"), ("Frage", "Hinweis für Kunden"),
        ("Was Kunden schreiben", "Antwort"),
        ("Mensaje", "Respuesta"), ("Betreff", "Antwort"),
    ],
)  # fmt: skip
def test_names_that_mean_a_question_and_an_answer(question: str, answer: str) -> None:
    rows = f"{ASKED}\t{TOLD}\nKann ich zahlen?\tJa, mit Karte.\n"
    file, found, gone = read_csv(f"{question}\t{answer}\n{rows}")
    assert (found[0].question, found[0].answer) == (ASKED, TOLD)
    assert (len(found), gone, file.description.header_line) == (2, [], 1)
    assert file.description.question_column == question.strip()
    turned = "".join(
        f"{row.split(chr(9))[1]}\t{row.split(chr(9))[0]}\n" for row in rows.strip().split("\n")
    )
    assert pairs(f"{answer}\t{question}\n{turned}")[0] == (ASKED, TOLD)
    book = workbook(("A", [[question, answer], [ASKED, TOLD], ["Wann?", "Bald, sagt die Post."]]))
    assert read(book)[1][0].answer == TOLD


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        # Beside a known question, one of several others.
        ("id,pergunta,referencia,tema", ("b", "c")), ("tema,pergunta,saida", ("b", "c")),
        ("id,título,resposta,ativo", ("b", "c")), ("ativo,título,corpo,resposta", None),
        ("序号,标准问题,相似问题,答案", ("b", "d")), ("问题类型,标准问,标准答案", ("b", "c")),
        ("question_title,question_text,answer", ("b", "c")),
        ("question_pt,question_es,answer", None),
        ("question,answer (id),answer (text)", ("a", "c")),
        ("Umfrage,Frage,Antwort (kurz)", ("b", "c")), ("question,answer (id)", None),
        ("question,answer_count", None), ("question,old_answer,new_answer", ("a", "c")),
    ],
)  # fmt: skip
def test_names_beside_others(header: str, expected: tuple[str, str] | None) -> None:
    texts = [f"{letter} is a text here." for letter in "abcd"[: header.count(",") + 1]]
    text = f"{header}\n" + f"{','.join(texts)}\n" * 2
    if expected is None:
        assert error(text).code == "missing_column"
    else:
        assert pairs(text)[0] == tuple(f"{letter} is a text here." for letter in expected)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Answer (id)", None), ("Number (answer count)", None), ("a (b)", None), ("Umfrage", None),
        ("Nachfrage", None), ("是否回答", None), ("相似问题", None), ("answer_id", None),
        ("q", None),
        ("如何在这个系统里面修改我自己之前提交的提问", "question"), ("请点击提问。", None),
        ("question and answer", None), ("x" * 5_000, None), ("", None), ("()", None),
    ],
)  # fmt: skip
def test_names_that_mean_something_else(name: str, role: str | None) -> None:
    assert find_role(name) == role


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("pergunta;categoria", ("loja", "conta")), ("question,url", ("https://a.b", "https://c.d")),
        ("question,reference", ("https://a.b/c", "https://a.b/d")),
        ("frage;datum", ("1.2.2024", "2.3.2024")),
        ("question,score", ("0.5", "0.75")), ("question,label", ("a few words", "some more words")),
        ("pergunta;outra", ("Como?", "Onde?")), ("vraag;x", ("ja", "nee")),
    ],
)  # fmt: skip
def test_a_second_column_that_is_no_answer(header: str, cells: tuple[str, str]) -> None:
    delimiter = "," if "," in header else ";"
    rows = "".join(f"{ASKED}{delimiter}{cell}\n" for cell in cells)
    raised = error(f"{header}\n{rows}")
    assert raised.code == "missing_column"
    assert raised.details["header"] == header.split(delimiter)


def test_a_row_of_explanations_above_the_header() -> None:
    for above in (
        "Interne Nummer,Was Kunden fragen,Was wir sagen\n",
        "Só para nós,Escreva aqui o que perguntam,Escreva aqui o que responder\n",
        "FAQ,,\nInterne Nummer,Was Kunden fragen,Was wir sagen\n",
    ):
        text = f"{above}Nr,Name (Frage),Text (Antwort)\n7,Wann?,Um neun.\n8,Wo?,Hier.\n"
        file, rows, gone = read_csv(text)
        assert [(row.question, row.answer, row.metadata) for row in rows] == [
            ("Wann?", "Um neun.", {"Nr": "7"}), ("Wo?", "Hier.", {"Nr": "8"}),
        ]  # fmt: skip
        assert (gone, file.description.header_line) == ([], above.count("\n") + 1)
        by_position = pairs(text, question_column="2", answer_column="3")
        assert by_position == [("Wann?", "Um neun."), ("Wo?", "Hier.")]


@pytest.mark.parametrize(
    "below",
    [
        "(o que o cliente pergunta),(o que respondemos),(opcional)",
        "[obrigatório],[obrigatório],[livre]", "string,string,list", "texto,texto,opcional",
        "Required,Required (max 500 characters),Optional",
        "A pergunta como o cliente escreve,A resposta da loja,Um tema",
    ],
)  # fmt: skip
def test_a_row_of_explanations_below_the_header_is_no_item(below: str) -> None:
    text = f"pergunta,resposta,tema\n{below}\nComo pago?,Com Pix.,conta\nOnde fica?,Ali.,loja\n"
    file, rows, gone = read_csv(text)
    assert [row.question for row in rows] == ["Como pago?", "Onde fica?"]
    assert gone == []
    assert file.description.as_json()["left_out"] == {"rows": 1, "lines": [2]}
    for told in ({"header": True}, {"question_column": "pergunta", "answer_column": "resposta"}):
        assert len(pairs(text, **told)) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Como envio uma pergunta?,A resposta chega logo.", "Onde fica?,Ali."),
        ("Enviar pergunta,Ver resposta", "Trocar senha,Abrir a conta"),
        ("(sorri),(acena)", "(chora),(foge)"), ("oi,texto", "tchau,lista"),
        ("Pergunta difícil,Não sei", "Onde fica?,Ali."),
        ("q,a", "Onde fica?,Ali."), ("Q,A", "Onde fica?,Ali."), ("texto,lista", "int,char"),
        ("Resposta,Pergunta", "Onde fica?,Ali."), ("Pergunta,Pergunta", "Onde fica?,Ali."),
    ],
)  # fmt: skip
def test_a_first_item_is_no_explanation(first: str, second: str) -> None:
    table = f"pergunta,resposta\n{first}\n{second}\n"
    assert len(pairs(table)) == 2
    assert len(pairs(table + second)) == 3
    assert len(pairs(f"pergunta,resposta\n{first}\n")) == 1


@pytest.mark.parametrize(
    "first", ["Prompt,Response", "frage,antwort", "text,string", "Texto,Texto", "(x),(y)", "Q,A"]
)
def test_one_row_below_is_too_little_to_tell_an_explanation(first: str) -> None:
    assert len(pairs(f"question,answer\n{first}\nWhat?,That.\n")) == 2


def test_a_row_that_leaves_a_column_empty_is_no_second_header() -> None:
    below = "What?,That.,x\nWho?,Me.,y\n"
    table = "question,answer,tag\n{}\n" + below
    assert len(pairs(table.format("Frage,Antwort,"))) == 3
    assert len(pairs(table.format("Frage,Antwort,Thema"))) == 2


def test_an_object_that_has_its_own_names_is_an_item() -> None:
    names = {"question": "question", "answer": "answer"}
    objects = [names, {"question": "string", "answer": "string"}, *PAIRS, names]
    assert [row.question for row in read(json.dumps(objects))[1]][::4] == ["question"] * 2
    assert read(json.dumps(objects[1:4]))[1][0].question == "string"


@pytest.mark.parametrize("cells", ["['oi', 'olá'],['Olá!']", '"[""hi"", ""hey""]","[""Hello""]"'])
def test_lists_of_a_chatbot_in_the_cells_of_a_table_are_refused(cells: str) -> None:
    text = f"tag,patterns,responses\na,{cells}\nb,{cells}\n"
    if "'" in cells:
        text = text.replace(",", ";").replace("'; '", "', '")
    raised = error(text)
    assert "are lists, not texts" in raised.message
    assert pairs("tag,patterns,responses\na,hi there,Hello!\n") == [("hi there", "Hello!")]


@pytest.mark.parametrize("language", ["en", "pt_BR", "zh"])
def test_what_phpmyfaq_imports_has_no_header(language: str) -> None:
    rows = [
        f'{n},Pode trocar {n}?,"Pode, em {n} dias.","troca,prazo",{language},Ana,'
        "ana@loja.org,true,false"
        for n in (3, 4)
    ]
    file, found, gone = read_csv("\n".join(rows))
    assert [(row.question, row.answer) for row in found] == [
        ("Pode trocar 3?", "Pode, em 3 dias."), ("Pode trocar 4?", "Pode, em 4 dias."),
    ]  # fmt: skip
    assert found[0].metadata == {
        "category_id": "3", "keywords": "troca,prazo", "language": language, "author": "Ana",
        "email": "ana@loja.org", "active": "true", "sticky": "false",
    }  # fmt: skip
    assert (gone, file.description.header_line) == ([], None)
    # Its manual shows a header, which is one like any other.
    named = (
        "category-Id,question,answer,keywords,language code,author,email address of author,active,"
        "sticky\n"
    )
    assert [row.question for row in read_csv(named + "\n".join(rows))[1]] == [
        "Pode trocar 3?", "Pode trocar 4?",
    ]  # fmt: skip
    assert error("\n".join(rows).replace("ana@loja.org", "Ana")).code == "missing_column"
