"""Other wordings of a question: which columns and cells hold them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from files.errors import FileError
from files.phrasings import split_cell, write_cell
from tests.support.files import jsonl, pairs, read, read_csv, read_json, workbook
from texts import MAX_ALTERNATIVES, list_alternatives


def others(text: str) -> list[list[str] | None]:
    _, rows, gone = read_csv(text)
    assert gone == []
    return [row.alternatives for row in rows]


@pytest.mark.parametrize(
    "name",
    [
        "alternatives", "Alternativas", "similar questions", "Perguntas similares", "variações",
        "phrasings", "Similar_Question 2", "ähnliche Fragen", "相似问", "Похожие вопросы",
    ],
)  # fmt: skip
def test_columns_of_other_wordings_are_known_by_their_names(name: str) -> None:
    text = f'question,{name},answer\nq one,"a one\nb two",Yes.\nq two,,No.\nq three,x|y,So.\n'
    table, rows, _ = read_csv(text)
    assert [row.alternatives for row in rows] == [["a one", "b two"], [], ["x", "y"]]
    assert rows[0].metadata == {}
    assert table.description.alternatives_columns == [name]
    assert others("question,answer,product variants\nq,a,red|blue\n") == [None]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("one", ["one"]),
        (" ", []),
        ("one|two | three", ["one", "two", "three"]),
        ("with | inside\nsecond", ["with | inside", "second"]),
        ("1. What are you?\n2. What can you do?", ["What are you?", "What can you do?"]),
        ("1. What?\nHow?", ["1. What?", "How?"]),
        ('["a|b", "c"]', ["a|b", "c"]),
        ("[not json", ["[not json"]),
        ("[1, 2]", ["[1, 2]"]),
    ],
)
def test_a_cell_lists_wordings(cell: str, expected: list[str]) -> None:
    assert split_cell(cell) == expected


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), max_size=5))
def test_a_cell_that_was_written_is_read_again(texts: list[str]) -> None:
    wordings = list_alternatives("", texts)
    assert split_cell(write_cell(wordings)) == wordings


def test_what_looks_like_the_question_or_an_earlier_wording_is_left_out() -> None:
    assert others("question,answer,alternatives\nhow?,So.,how?|why? |  why?|\u200bhow?\n") == [
        ["why?"]
    ]


def test_several_columns_are_read_one_after_the_other() -> None:
    text = "question,similar question 1,answer,similar question 2\nq,a,So.,b|c\n"
    assert others(text) == [["a", "b", "c"]]


def test_a_template_of_fastgpt() -> None:
    text = (
        'q,a,indexes\n"Who are you?","An assistant.","1. What are you?\n2. Your goal?",Hello you\n'
        '"Where?","Here.","Which place?"\n"When?","Now.",,"At what time?","Today?"\n'
    )
    assert others(text) == [
        ["What are you?", "Your goal?", "Hello you"], ["Which place?"], ["At what time?", "Today?"],
    ]  # fmt: skip
    # The header of an older one ends in a comma.
    text = 'q,a,indexes,\nWo?,Hier.,"1. Wohin?\n2. Woher?",Wo? Hier.\nWann?,Jetzt.,Bald?,Wann? …\n'
    assert others(text) == [["Wohin?", "Woher?", "Wo? Hier."], ["Bald?", "Wann? …"]]
    assert others("q,a,index,metadata\nWho?,Me.,You?,x\n") == [["You?"]]


def test_the_choices_of_a_quiz_are_no_wordings() -> None:
    table, rows, _ = read_csv(
        "pergunta,alternativas,resposta\nCapital?,Lyon|Paris|Nice,Paris\nCor?,azul|verde,azul\n"
    )
    assert [row.alternatives for row in rows] == [None, None]
    assert rows[0].metadata == {"alternativas": "Lyon|Paris|Nice"}
    assert table.description.alternatives_columns == []
    lettered = "question,alternatives,answer\nq?,a) one b) two,one\nr?,a) three b) four,four\n"
    assert others(lettered) == [None, None]
    assert others("question,answer,alternatives\nq,a,x|y\n") == [["x", "y"]]
    with pytest.raises(FileError, match="letters of choices"):
        others("question,answer,alternatives\nq,a,x|y\nr,b,z|w\n")


def test_too_many_wordings_or_too_long_ones_are_rejected() -> None:
    most = "|".join(f"w{n}" for n in range(MAX_ALTERNATIVES))
    _, rows, gone = read_csv(
        f"question,answer,alternatives\nq,One.,{most}\nr,Two.,{most}|x\ns,Three.,{'y' * 10_001}\n"
    )
    assert [len(row.alternatives or ()) for row in rows] == [MAX_ALTERNATIVES]
    assert [(row.line, row.code) for row in gone] == [
        (3, "too_many_alternatives"), (4, "field_too_long"),
    ]  # fmt: skip
    assert str(MAX_ALTERNATIVES) in gone[0].error


def test_lists_in_json() -> None:
    value = [
        {"question": "q", "answer": "An answer.", "alternatives": ["x|y", {"text": "z"}]},
        {"question": "r", "answer": "Another.", "alternatives": []},
        {"question": "s", "answer": "A third.", "alternatives": None},
    ]
    _, rows, gone = read_json(json.dumps(value))
    assert gone == []
    assert [row.alternatives for row in rows] == [["x|y", "z"], [], []]
    both = [{"patterns": ["p", "q"], "alternatives": ["r", "q"], "responses": ["An answer."]}]
    _, (row,), _ = read_json(json.dumps(both))
    assert (row.question, row.alternatives) == ("p", ["r", "q"])


LACKS = {"question": "q", "answer": "An answer."}
HAS = {"question": "r", "answer": "Another.", "alternatives": ["x"]}
EMPTY = {"question": "s", "answer": "A third.", "alternatives": ""}


@pytest.mark.parametrize("order", [[LACKS, EMPTY, HAS], [HAS, LACKS, EMPTY], [EMPTY, HAS, LACKS]])
def test_an_object_without_the_key_says_nothing_of_other_wordings(
    order: list[dict[str, Any]],
) -> None:
    expected = {"q": None, "r": ["x"], "s": []}
    for text in (json.dumps(order), jsonl(order), yaml.safe_dump(order)):
        _, rows, _ = read(text)
        assert {row.question: row.alternatives for row in rows} == expected
    table = "question,answer,alternatives\nq,An answer.\nr,Another.,x\n"
    assert others(table) == [[], ["x"]]


def test_a_list_of_phrasings_has_all_of_them() -> None:
    value = [{"patterns": p, "responses": ["So."]} for p in (["a"], ["b", "c"], ["d"])]
    _, rows, _ = read_json(json.dumps(value))
    assert [row.alternatives for row in rows] == [[], ["c"], []]


@pytest.mark.parametrize("name", ["phrasings", "utterances", "patterns", "Customer says"])
def test_a_list_of_phrasings_may_have_any_name_of_a_question(name: str) -> None:
    value = [{name: ["How do I pay?", "Can I pay?"], "answer": "By card."}]
    _, (row,), _ = read_json(json.dumps(value))
    assert (row.question, row.alternatives) == ("How do I pay?", ["Can I pay?"])


GREETINGS = [("Hi", ["Hello", "Hey"], "Hello"), ("Bye", ["See you", "Ciao"], "See you")]


@pytest.mark.parametrize(
    "file",
    [
        json.dumps(
            {
                "intents": [
                    {"tag": q, "patterns": [q, *w], "responses": [a]} for q, w, a in GREETINGS
                ]
            }
        ),
        json.dumps([{"intent": q, "text": [q, *w], "responses": [a]} for q, w, a in GREETINGS]),
        json.dumps([{"question": q, "alternatives": w, "answer": a} for q, w, a in GREETINGS]),
        "nlu:\n"
        + "".join(
            f"- intent: {q}\n  examples: |\n" + "".join(f"    - {text}\n" for text in (q, *w))
            for q, w, _ in GREETINGS
        )
        + "responses:\n"
        + "".join(f"  utter_{q}:\n  - text: {a}\n" for q, _, a in GREETINGS),
        "question,alternatives,answer\n"
        + "".join(f"{q},{'|'.join(w)},{a}\n" for q, w, a in GREETINGS),
    ],
)
def test_a_greeting_may_be_answered_with_one_of_its_wordings(file: str) -> None:
    _, rows, _ = read(file)
    assert [(row.question, row.alternatives) for row in rows] == [(q, w) for q, w, _ in GREETINGS]


def test_phrasings_of_intents_are_none_of_a_quiz_whatever_the_answers_are() -> None:
    value = [
        {"patterns": [f"How are you {n}?", f"Fine {n}.", "All well?"], "responses": [f"Fine {n}."]}
        for n in range(5)
    ]
    _, rows, _ = read_json(json.dumps(value))
    assert [len(row.alternatives or ()) for row in rows] == [2] * 5


def test_a_row_or_two_with_the_answer_among_its_wordings_make_no_quiz() -> None:
    head = "pergunta,alternativas,resposta\n"
    assert others(head + "Tudo bem com você?,Tudo bem?|Como vai?,Tudo bem?\n") == [
        ["Tudo bem?", "Como vai?"]
    ]
    file = head + "Tudo bem?,Tudo certo?|Como vai?,Tudo certo?\nQual o prazo?,,Dois dias.\n"
    assert others(file) == [["Tudo certo?", "Como vai?"], []]


def test_an_intent_with_more_phrasings_than_an_item_takes_is_several_rows() -> None:
    count = 2 * (MAX_ALTERNATIVES + 1) + 1
    value = [{"id": 7, "patterns": [f"p{n}" for n in range(count)], "responses": ["An answer."]}]
    _, rows, gone = read_json(json.dumps(value))
    assert gone == []
    assert [row.id for row in rows] == ["7", "7#2", "7#3"]
    wordings = [text for row in rows for text in (row.question, *(row.alternatives or ()))]
    assert wordings == [f"p{n}" for n in range(count)]


QNA = "Question\tAnswer\tSource\tMetadata\tQnaId\n"


def test_rows_of_qna_maker_with_one_id_are_one() -> None:
    text = QNA + (
        "How?\tSo.\tx\tk:v\t1\nIn what way?\tSo.\tx\tk:v\t1\nWhere?\tHere.\tx\t\t2\n"
        "When?\tHere.\tx\t\t3\n"
    )
    _, rows, _ = read_csv(text)
    assert [(row.line, row.question, row.alternatives) for row in rows] == [
        (2, "How?", ["In what way?"]), (4, "Where?", []), (5, "When?", []),
    ]  # fmt: skip
    assert rows[0].metadata["k"] == "v"
    sheet = workbook(("Sheet", [line.split("\t") for line in text.splitlines()]))
    assert [row.alternatives for row in read(sheet)[1]] == [["In what way?"], [], []]


def test_rows_of_qna_maker_without_ids_are_one_if_all_else_is_the_same() -> None:
    text = "Question\tAnswer\tSource\tMetadata\nHow?\tSo.\tx\t\nWhy?\tSo.\ty\t\nWho?\tSo.\ty\t\n"
    _, rows, _ = read_csv(text)
    assert [(row.question, row.alternatives) for row in rows] == [("How?", []), ("Why?", ["Who?"])]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r"Hello\n\nHow are you?", "Hello\n\nHow are you?"),
        (r"Steps:\n1. Open it.\r\n2. Look.\n", "Steps:\n1. Open it.\n2. Look."),
        (r"Save it in C:\temp\new.txt", r"Save it in C:\temp\new.txt"),
        (r"It is at \\server\news", r"It is at \\server\news"),
        (r"\n", r"\n"),
    ],
)
def test_the_line_ends_of_qna_maker(written: str, expected: str) -> None:
    assert [row.answer for row in read_csv(QNA + f"How?\t{written}\tx\t\t1\n")[1]] == [expected]
    assert pairs(f"Question\tAnswer\nHow?\t{written}\n") == [("How?", written)]
