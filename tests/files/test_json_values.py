"""Questions and answers of JSON that are lists or objects: what a person reads in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.errors import FileError
from tests.support.files import jsonl, read, read_json
from tests.support.json_files import pairs, reasons, taken


@pytest.mark.parametrize(
    ("phrases", "replies", "name"),
    [
        ("patterns", "responses", "intents"), ("padroes", "respostas", "intencoes"),
        ("padrões", "resposta", "intenções"), ("patrones", "respuestas", "intenciones"),
        ("motifs", "réponses", "intentions"), ("Patterns", "Responses", "data"),
    ],
)  # fmt: skip
def test_an_intent_is_one_row_with_its_other_phrasings(
    phrases: str, replies: str, name: str
) -> None:
    intents = [
        {"tag": "entrega", phrases: ["Onde está?", "Já saiu?"], replies: ["A caminho."]},
        {"tag": "adeus", phrases: ["Até mais"], replies: ["Tchau!", "Até!", "Tchau!"]},
    ]
    _, rows, _ = read_json(json.dumps({name: intents}))
    assert [(row.question, row.alternatives) for row in rows] == [
        ("Onde está?", ["Já saiu?"]), ("Até mais", []),
    ]  # fmt: skip
    other = f"other_{replies}"
    assert taken({name: intents}) == [
        ("Onde está?", "A caminho.", {"tag": "entrega"}),
        ("Já saiu?", "A caminho.", {"tag": "entrega"}),
        ("Até mais", "Tchau!", {"tag": "adeus", other: '["Até!"]'}),
    ]
    assert pairs(intents) == pairs({name: intents})
    by_tag = {name: {intent["tag"]: intent for intent in intents}}
    assert pairs(by_tag) == pairs(intents)
    assert taken(by_tag)[0][2] == {"tag": "entrega", "key": "entrega"}


def test_an_intent_without_a_phrasing_or_a_response_is_rejected() -> None:
    intents = [
        {"tag": "noanswer", "patterns": [], "responses": ["Sorry?"]},
        {"tag": "action", "patterns": ["call me"], "responses": []},
        {"tag": "blank", "patterns": ["", "hello"], "responses": ["Hi"]},
    ]
    _, rows, gone = read_json(json.dumps({"intents": intents}))
    assert [row.question for row in rows] == ["hello"]
    assert [(row.line, row.code) for row in gone] == [
        (1, "malformed_json"), (2, "empty_answer"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"question_column": "frases", "answer_column": "retorno"},
        {"question_column": " FRASES ", "answer_column": "Retorno"},
        {"question_column": "2", "answer_column": "3"},
        {"question_column": "frases", "answer_column": "3"},
    ],
)
def test_a_column_that_the_caller_names_is_read_like_a_known_one(options: dict[str, Any]) -> None:
    value = [{"n": 1, "frases": ["quero pagar", "boleto"], "retorno": ["Pix.", "Cartão."]}]
    expected = {"n": "1", "other_retorno": '["Cartão."]'}
    assert taken(value, **options) == [
        ("quero pagar", "Pix.", expected),
        ("boleto", "Pix.", expected),
    ]
    for text in (json.dumps(value), jsonl(value * 2), json.dumps({"x": 1, "z": value})):
        _, rows, gone = read(text, **options)
        assert (rows[0].question, gone) == ("quero pagar", [])


def test_a_named_column_chooses_among_the_arrays_of_a_document() -> None:
    value = {
        "faq": [{"question": "a", "answer": "b"}],
        "bot": [{"in": ["u", "v"], "out": {"text": "w"}}],
    }
    assert pairs(value) == [("a", "b")]
    assert pairs(value, question_column="in", answer_column="out") == [("u", "w"), ("v", "w")]
    one = [{"frage_an_uns": ["u", "v"], "antwort": ["x.", "y."]}]
    assert pairs(one, question_column="frage_an_uns") == [("u", "x."), ("v", "x.")]
    with pytest.raises(FileError, match="columns named 'nirgends'"):
        read_json(json.dumps(one), question_column="nirgends", answer_column="antwort")


def test_any_name_reaches_the_child() -> None:
    name = "texto " * 100_000
    value = [{name: ["a", "b"], "saida": "c"}]
    (row,) = read(json.dumps(value), question_column=name, answer_column="saida")[1]
    assert (row.question, row.alternatives) == ("a", ["b"])
    short = [{"ação\0": ["a"], "saida": "c"}]
    assert read(json.dumps(short), question_column="ação\0", answer_column="saida")[1]


def test_answers_to_choose_from_and_paragraphs_of_one_answer() -> None:
    assert taken([{"question": "q", "answers": ["one", "two", "one", ""]}]) == [
        ("q", "one", {"other_answers": '["two"]'})
    ]
    assert pairs([{"question": "q", "answer": ["One.", "Two."]}]) == [("q", "One.\nTwo.")]
    assert pairs([{"质问": "q", "答案": ["一。", "二。"]}]) == [("q", "一。\n二。")]
    assert pairs([{"question": ["q", "r"], "answer": ["one", "two", "three"]}]) == [
        ("q", "one"),
        ("r", "one"),
    ]
    assert pairs([{"question": "q", "answers": [1, 2.50]}]) == [("q", "1")]


def test_whole_columns() -> None:
    expected = [("q", "a", {"n": "1"}), ("r", "b", {"n": "2"})]
    by_number = {
        "n": {"0": 1, "1": 2}, "Frage": {"0": "q", "1": "r"}, "Antwort": {"0": "a", "1": "b"},
    }  # fmt: skip
    lists = {"n": [1, 2], "Frage": ["q", "r"], "Antwort": ["a", "b"]}
    for value in (by_number, lists, {"data": [lists]}):
        assert taken(value) == expected
        assert [row.question for row in read(json.dumps(value, indent=1))[1]] == ["q", "r"]
    renamed = {"x" if name == "Frage" else name: column for name, column in by_number.items()}
    assert taken(renamed, question_column="x") == expected


@pytest.mark.parametrize("name", ["answers", "answer", "respostas"])
def test_lists_of_which_nobody_can_tell_how_they_belong_together_are_rejected(name: str) -> None:
    value = {"questions": ["q", "r"], name: ["a", "b"]}
    assert "lists of the same length" in reasons(value)
    assert pairs({"questions": ["q", "r"], name: ["a"]}) == [("q", "a"), ("r", "a")]
    assert pairs([{"patterns": ["q", "r"], "responses": ["a", "b"]}]) == [("q", "a"), ("r", "a")]


def block(*texts: str, **more: Any) -> dict[str, Any]:
    children = [{"_type": "span", "text": text, "marks": []} for text in texts]
    return {"_type": "block", "style": "normal", "children": children} | more


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"text": "Ja."}, "Ja."), ({"value": "Ja.", "aliases": ["Jo"]}, "Ja."),
        ({"Text": "Ja."}, "Ja."), ({"rendered": "<p>Ja</p>", "protected": False}, "<p>Ja</p>"),
        ({"body": {"html": "<p>Ja</p>"}}, "<p>Ja</p>"), ({"text": ["Ja.", "Doch."]}, "Ja.\nDoch."),
        # Sanity
        ([block("Klik ", "hier", "."), block("Klaar.")], "Klik hier.\nKlaar."),
        ([block("a"), {"_type": "image", "asset": {"_ref": "image-1"}}, block("b")], "a\nb"),
        # Contentful
        ({"nodeType": "document", "content": [
            {"nodeType": "paragraph", "content": [
                {"nodeType": "text", "value": "See "},
                {"nodeType": "hyperlink", "data": {"uri": "https://a.b"},
                 "content": [{"nodeType": "text", "value": "this"}]},
                {"nodeType": "text", "value": "."}]},
            {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": "Bye"}]}]},
         "See this.\nBye"),
        # ProseMirror, Slate, Lexical
        ({"type": "doc", "content": [{"type": "paragraph", "content": [
            {"type": "text", "text": "a"}, {"type": "hardBreak"}, {"type": "text", "text": "b"}]}]},
         "a\nb"),
        ([{"type": "ul", "children": [{"type": "li", "children": [{"text": "x"}]},
                                      {"type": "li", "children": [{"text": "y"}]}]}], "x\ny"),
        ({"root": {"type": "root", "children": [{"type": "paragraph", "children": [
            {"type": "text", "text": "a "}, {"type": "text", "text": "b", "format": 1}]}]}}, "a b"),
        # Editor.js, Draft.js, Quill, Notion
        ({"time": 1, "blocks": [{"type": "header", "data": {"text": "H", "level": 2}},
                                {"type": "list", "data": {"style": "ordered", "items": ["x", "y"]}},
                                {"type": "table", "data": {"content": [["1", "2"]]}}]},
         "H\nx\ny\n1\n2"),
        ({"blocks": [{"key": "k", "text": "a", "type": "unstyled"}], "entityMap": {}}, "a"),
        ({"ops": [{"insert": "a "}, {"insert": "b", "attributes": {"bold": True}}]}, "a b"),
        ([{"type": "text", "plain_text": "a "}, {"type": "text", "plain_text": "b"}], "a b"),
    ],
)  # fmt: skip
def test_the_text_of_an_answer_that_is_an_object(answer: Any, text: str) -> None:
    assert pairs([{"question": "Kan dat?", "answer": answer}]) == [("Kan dat?", text)]
    assert pairs([{"frage": "Geht das?", "antwort": answer, "n": 1}]) == [("Geht das?", text)]
    lines = jsonl([{"question": "Kan dat?", "answer": answer}] * 2)
    assert [row.answer for row in read_json(lines)[1]] == [text, text]


def test_the_text_of_a_question_that_is_an_object() -> None:
    assert pairs([{"question": {"text": "q"}, "answer": "a"}]) == [("q", "a")]
    assert pairs([{"question": [block("q ", "r")], "answer": "a"}]) == [("q r", "a")]
    listed = [{"text": "q"}, {"text": "r"}]
    assert pairs([{"questions": listed, "answer": "a"}]) == [("q", "a"), ("r", "a")]


def squad(answers: Any, **more: Any) -> dict[str, Any]:
    qas = [{"id": "x1", "question": "Wann?", "answers": answers} | more]
    return {"data": [{"title": "Laden", "paragraphs": [{"context": "c" * 300, "qas": qas}]}]}


def test_squad() -> None:
    answers = [{"text": "um neun", "answer_start": 3}, {"text": "um 9", "answer_start": 3}]
    assert taken(squad(answers)) == [
        ("Wann?", "um neun", {"title": "Laden", "other_answers": '["um 9"]'})
    ]
    assert pairs(squad(answers * 2)) == [("Wann?", "um neun")]
    flat = {"question": "Wann?", "answers": {"text": ["um neun", "um 9"], "answer_start": [3, 3]}}
    assert pairs([flat]) == [("Wann?", "um neun")]
    none = squad([], is_impossible=True, plausible_answers=answers)
    none["data"].append(squad(answers)["data"][0])
    _, rows, gone = read_json(json.dumps(none))
    assert [row.id for row in rows] == ["x1"]
    assert [(row.line, row.code) for row in gone] == [(1, "empty_answer")]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ({"a": "q"}, "a"), ("q", {"a": {"b": 1}}), ("q", [{"a": 1}]), ("q", {"x": "y", "n": 1}),
        ([["q", {"a": 1}]], "a"), ("q", [True]), ({}, "a"),
    ],
)  # fmt: skip
def test_what_has_no_text_is_rejected_and_the_reason_is_given(question: Any, answer: Any) -> None:
    """No list and no object ever becomes a question or an answer as JSON."""
    bad = {"question": question, "answer": answer}
    _, rows, gone = read_json(json.dumps([{"question": "x", "answer": "y"}, bad]))
    assert [row.question for row in rows] == ["x"]
    assert [(row.line, row.code) for row in gone] == [(2, "malformed_json")]
    which = "question" if question != "q" else "answer"
    assert f"Its {which!r} is" in gone[0].error
    only = reasons([bad, bad])
    assert only.startswith("No row can be taken. The first, number 1: ")
    assert f"Its {which!r} is" in only


def test_a_position_that_holds_objects_gives_no_json() -> None:
    value = [{"n": "x", "o": {"k": {"z": 1}}}]
    assert "Its 'o' is no text" in reasons(value, question_column="1", answer_column="2")
    mixed = [
        {"pergunta": {"k": 1}, "question": "a", "answer": "b"},
        {"pergunta": "c", "answer": "d"},
    ]
    _, rows, gone = read_json(json.dumps(mixed), question_column="pergunta", answer_column="answer")
    assert [row.question for row in rows] == ["c"]
    assert [row.code for row in gone] == ["malformed_json"]


def test_a_row_for_each_language() -> None:
    faq = [
        {"id": 7, "question": {"pt": "Quanto?", "en": "How much?"},
         "answer": {"pt": "Cinco.", "en": "Five."}},
        {"id": 8, "question": {"de-AT": "Wo?", "fr": "Où ?"},
         "answer": {"de-AT": [block("Da.")], "fr": "Là."}, "tag": "x"},
    ]  # fmt: skip
    expected = [
        ("Quanto?", "Cinco.", {"language": "pt"}),
        ("How much?", "Five.", {"language": "en"}),
        ("Wo?", "Da.", {"language": "de-AT", "tag": "x"}),
        ("Où ?", "Là.", {"language": "fr", "tag": "x"}),
    ]
    assert taken(faq) == taken({"faq": faq}) == expected
    assert [row.id for row in read_json(json.dumps(faq))[1]] == ["7", "7#2", "8", "8#2"]
    phrased = [{"questions": {"es": ["a", "b"], "it": ["c"]}, "answer": {"es": "x", "it": "y"}}]
    assert taken(phrased) == [
        ("a", "x", {"language": "es"}),
        ("b", "x", {"language": "es"}),
        ("c", "y", {"language": "it"}),
    ]


def test_a_language_without_an_answer_is_rejected() -> None:
    value = [{"question": {"sv": "Var?", "en": "Where?"}, "answer": {"en": "Here."}}]
    _, rows, gone = read_json(json.dumps(value))
    assert [(row.question, row.answer) for row in rows] == [("Where?", "Here.")]
    assert [row.code for row in gone] == ["empty_answer"]
    assert "Its 'question' is no text" in reasons([{"question": {"id": "7"}, "answer": "x"}])
    own = [{"question": {"pl": "a", "cs": "b"}, "answer": "x", "language": "many"}]
    assert [row[2] for row in taken(own)] == [
        {"language": "many", "language_2": "pl"},
        {"language": "many", "language_2": "cs"},
    ]


def test_articles_of_a_help_centre() -> None:
    articles = [
        {"id": 3, "title": "Wie kündige ich?", "body": "<p>Im Konto.</p>", "draft": False},
        {"id": 4, "title": "Was kostet es?", "body": "<p>Nichts.</p>", "draft": False},
    ]
    assert pairs({"articles": articles, "count": 2}) == [
        ("Wie kündige ich?", "<p>Im Konto.</p>"),
        ("Was kostet es?", "<p>Nichts.</p>"),
    ]
    posts = [{"title": {"rendered": "Where?"}, "content": {"rendered": "<p>Here it is.</p>"}}]
    assert pairs(posts) == [("Where?", "<p>Here it is.</p>")]
    # Titles that ask nothing may be anything: the error says what to give.
    news = [article | {"title": f"Kündigung {n}"} for n, article in enumerate(articles)]
    raised = reasons({"articles": news})
    assert "question_column=title&answer_column=body" in raised
    assert len(pairs({"articles": news}, question_column="title", answer_column="body")) == 2
    # A question that somebody asked, with the text of the question.
    asked = [{"title": "Why does it fail?", "body": "What can I do about it?"}] * 3
    assert reasons(asked).startswith("No columns with a question and an answer found.")


def test_options_for_lists_of_unknown_names() -> None:
    value = [
        {
            "intent": "pay",
            "examples": ["Where do I pay?", "How?"],
            "says": ["At the desk, please."],
        },
        {"intent": "go", "examples": ["Where is it?"], "says": ["Over there, by the door."]},
    ]
    raised = reasons(value)
    assert "question_column=examples&answer_column=says" in raised
    assert pairs(value, question_column="examples", answer_column="says")[2] == (
        "Where is it?",
        "Over there, by the door.",
    )
    accepted = [{"title": "Why?", "body": "I want to know.", "accepted_answer": {"body": "So."}}]
    assert pairs(accepted) == [("Why?", "So.")]


KEYS = ("question", "answer", "patterns", "responses", "answers", "messages", "pt", "en", "text")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["x", "", "user", "What?"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=15,
)
OBJECTS = st.lists(
    st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1), min_size=1, max_size=4
)
OPTIONS = st.sampled_from(
    [{}, {"question_column": "text", "answer_column": "pt"},
     {"question_column": "1", "answer_column": "2"}]
)  # fmt: skip


@given(OBJECTS, st.booleans(), OPTIONS)
def test_no_question_and_no_answer_is_ever_json(
    objects: list[Any], lines: bool, options: dict[str, Any]
) -> None:
    text = jsonl(objects) if lines else json.dumps(objects)
    try:
        _, rows, _ = read_json(text, **options)
    except FileError:
        return
    for row in rows:
        assert not row.question.startswith(("[", "{"))
        assert not row.answer.startswith(("[", "{"))
