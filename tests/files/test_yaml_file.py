"""YAML: lists of questions and answers, and the training data of chatbots."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from files.errors import FileError
from files.yaml_look import is_yaml
from tests.support.files import read, read_in_child

FAQ = """\
# Perguntas da loja
- question: Onde fica a loja?
  answer: Na praça.
  tags: [loja, endereço]
- question: "Abre aos domingos?"
  answer: |
    Não.
    Só de segunda a sábado.
"""


def pairs(text: str | bytes) -> list[tuple[str, str]]:
    table, rows, rejected = read(text)
    assert rejected == []
    assert table.description.format == "yaml"
    return [(row.question, row.answer) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_of_questions_and_answers(encoding: str) -> None:
    table, rows, _ = read(FAQ.encode(encoding))
    assert table.description.format == "yaml"
    assert [(row.question, row.answer) for row in rows] == [
        ("Onde fica a loja?", "Na praça."),
        ("Abre aos domingos?", "Não.\nSó de segunda a sábado."),
    ]
    assert rows[0].metadata == {"tags": '["loja", "endereço"]'}


@pytest.mark.parametrize(
    "text",
    [
        "- q: a?\n  a: b\n",
        "---\n- q: a?\n  a: b\n...\n",
        "%YAML 1.2\n---\n- q: a?\n  a: b\n",
        "faq:\n  - q: a?\n    a: b\n",
        "faq:\n- q: a?\n  a: b\n",
        "title: FAQ\nsections:\n  - name: x\n    items:\n      - {q: 'a?', a: b}\n",
        "pergunta: a?\nresposta: b\n",
        "-\n  q: a?\n  a: b\n",
        "pay:\n  question: a?\n  answer: b\nopen:\n  question: a?\n  answer: b\n",
    ],
)
def test_yaml_in_its_forms(text: str) -> None:
    assert set(pairs(text)) == {("a?", "b")}


def test_questions_may_be_the_keys() -> None:
    text = '"Onde, afinal?": Aqui.\nSem nota, pode?: Sim.\nQuando?: |\n  Logo.\n'
    assert pairs(text) == [
        ("Onde, afinal?", "Aqui."), ("Sem nota, pode?", "Sim."), ("Quando?", "Logo."),
    ]  # fmt: skip


def test_a_long_comment_may_stand_above() -> None:
    assert pairs("# a comment\n" * 200 + "- q: a?\n  a: b\n") == [("a?", "b")]


def test_values_are_texts_as_they_are_written() -> None:
    _, (row,), _ = read(
        "- question: yes\n  answer: No\n  id: 007\n  n: 1.50\n  day: 2026-01-02\n  time: 12:30\n"
        "  none: null\n  tilde: ~\n  nothing:\n  quoted: 'null'\n  long: >\n    two\n    lines\n"
    )
    assert (row.id, row.question, row.answer) == ("007", "yes", "No")
    assert row.metadata == {
        "n": "1.50", "day": "2026-01-02", "time": "12:30", "none": "", "tilde": "", "nothing": "",
        "quoted": "null", "long": "two lines\n",
    }  # fmt: skip


def test_several_documents_and_anchors() -> None:
    text = "question: a?\nanswer: &b b\n---\nquestion: c?\nanswer: d\n"
    assert pairs(text) == [("a?", "b"), ("c?", "d")]
    shared = "- &base {question: 'a?', answer: &text b}\n- {question: 'c?', answer: *text}\n"
    assert pairs(f"faq:\n{shared}") == [("a?", "b"), ("c?", "b")]
    merged = "x: &x {lang: pt}\nfaq:\n- <<: *x\n  question: a?\n  answer: b\n"
    assert read(merged)[1][0].metadata["lang"] == "pt"


RASA = """\
version: "3.1"
nlu:
- intent: faq/hours
  examples: |
    - when do you open
    - are you open on [sunday](day)
- intent: parking
  examples: |
    - where can I park my [van]{"entity": "vehicle", "role": "own"}
- intent: unanswered
  examples: |
    - what else
- synonym: van
  examples: |
    - lorry
responses:
  utter_faq/hours:
  - text: "At ten."
  - text: "Ten o'clock."
  utter_where:
  - image: "https://x.example/map.png"
    text: |-
      Behind the house.
rules:
- rule: parking
  steps:
  - intent: parking
  - action: utter_where
"""


def test_rasas_intents_get_their_responses() -> None:
    _, rows, rejected = read(RASA)
    assert [(r.question, r.alternatives, r.answer, r.metadata["intent"]) for r in rows] == [
        ("when do you open", ["are you open on sunday"], "At ten.", "faq/hours"),
        ("where can I park my van", [], "Behind the house.", "parking"),
    ]
    assert [r.code for r in rejected] == ["empty_answer"]


def test_half_of_a_rasa_assistant_says_what_is_missing() -> None:
    nlu, responses = RASA.split("responses:")
    with pytest.raises(FileError, match="no responses"):
        read(nlu)
    with pytest.raises(FileError, match="no intents"):
        read(f"version: '3.1'\nresponses:{responses}")


def test_newer_examples_of_rasa() -> None:
    text = (
        "nlu:\n- intent: hi\n  examples:\n  - text: |\n      hello you\n  - text: hey\n"
        "responses:\n  utter_hi:\n  - text: Hello!\n"
    )
    _, (row,), _ = read(text)
    assert (row.question, row.alternatives, row.answer) == ("hello you", ["hey"], "Hello!")


def test_chatterbots_corpora() -> None:
    text = (
        "categories:\n- loja\n- pt\nconversations:\n- - Vocês entregam?\n  - Sim, em casa.\n"
        "- - Tem loja física?\n  - Tem, no centro.\n"
    )
    _, rows, rejected = read(text)
    assert rejected == []
    assert [(r.question, r.answer, r.metadata) for r in rows] == [
        ("Vocês entregam?", "Sim, em casa.", {"categories": "loja, pt"}),
        ("Tem loja física?", "Tem, no centro.", {"categories": "loja, pt"}),
    ]


def test_questions_of_chatterbot_with_one_answer_are_one_row() -> None:
    text = (
        "conversations:\n- - Entregam?\n  - Sim.\n- - Tem loja?\n  - Tem.\n"
        "- - Fazem entrega?\n  - Sim.\n"
    )
    _, rows, rejected = read(text)
    assert [(row.question, row.alternatives, row.answer) for row in rows] == [
        ("Entregam?", ["Fazem entrega?"], "Sim."), ("Tem loja?", [], "Tem."),
    ]  # fmt: skip
    assert rejected == []


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("question: a\nanswer: b\nquestion: c\nanswer: d\n", "'question' is in line 1 and ag", 3),
        ("- question: a\n  answer: b\n - question: c\n", "malformed in line 3", 3),
        ("a: &a\n  b: *a\n  question: x\n  answer: y\n", "refers to itself", 1),
        ("- question: a\n  answer: !!python/object:os.system b\n", "malformed in line 2", 2),
        ("title: FAQ\nitems:\n- one\n- two\n", "No columns with a question", 1),
    ],
)
def test_what_can_not_be_taken(text: str, message: str, line: int) -> None:
    with pytest.raises(FileError, match=message) as error:
        read(text)
    assert error.value.details.get("line") == line


def test_aliases_that_would_fill_the_memory_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    text = "\n".join([*lines, "faq:", "- question: a", "  answer: b", "  all: *a11", ""])
    with pytest.raises(FileError, match=r"memory|too long"):
        read_in_child(text)


@pytest.mark.parametrize(
    "text",
    [
        "question,answer\na: b,c\nd: e,f\n",
        "pergunta;resposta\nComo: assim;sim\nE agora: sim;não\n",
        "Question: ,Answer:\nHow do I pay?,By card.\nWhen?,Now.\n",
        "Question:\tAnswer:\nHow do I pay?\tBy card.\n",
        "question|answer\n- a|b\n- c|d\n",
        "#separator:tab\n#html:true\nfront\tback\n",
        "question,answer\n",
        "a: b\n",
        "",
    ],
)
def test_other_texts_are_not_taken_for_yaml(text: str) -> None:
    assert not is_yaml(text.encode())


def test_json_is_read_as_json() -> None:
    assert read(json.dumps([{"question": "a", "answer": "b"}]))[0].description.format == "json"


def test_the_samples_are_no_yaml() -> None:
    samples = Path(__file__).parents[2] / "samples"
    files = [path for path in samples.rglob("*") if path.suffix in (".csv", ".tsv", ".txt")]
    assert files
    assert not any(is_yaml(path.read_bytes()) for path in files)


def test_what_is_advised_for_a_key_that_comes_again_works() -> None:
    text = "Q: Where?\nA: Here.\nQ: When?\nA: Now.\n"
    with pytest.raises(FileError, match="begin each question with '- ' and the line of its answer"):
        read(text.encode())
    mended = text.replace("Q:", "- Q:").replace("A:", "  A:")
    assert [(row.question, row.answer) for row in read(mended.encode())[1]] == [
        ("Where?", "Here."),
        ("When?", "Now."),
    ]
