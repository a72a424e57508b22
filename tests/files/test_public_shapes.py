"""JSON and YAML as programs that many people use write them: what a person would take of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from files.errors import FileError
from tests.support.files import jsonl, read_json

ABRE, PAGO = ("Que horas abre?", "Às nove."), ("Como pago?", "Com Pix.")
BOTH = [ABRE, PAGO]


def block(text: str) -> list[Any]:
    return [{"_type": "block", "children": [{"_type": "span", "text": text}]}]


def draft(text: str) -> dict[str, Any]:
    return {"blocks": [{"key": "a", "text": text, "type": "unstyled"}], "entityMap": {}}


def quill(text: str) -> dict[str, Any]:
    return {"ops": [{"insert": text}, {"insert": {"image": "data:image/png;base64,AAAA"}}]}


def tiptap(text: str) -> dict[str, Any]:
    return {"type": "doc", "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": text}]}]}  # fmt: skip


def lexical(text: str) -> dict[str, Any]:
    return {"root": {"type": "root", "children": [
        {"type": "paragraph", "children": [{"type": "text", "text": text}]}]}}  # fmt: skip


def packed(text: str) -> str:
    return json.dumps(draft(text))


def turns(question: str, answer: str, roles: str = "user assistant", said: str = "content") -> Any:
    asks, tells = roles.split()
    speaker = "from" if said == "value" else "role"
    return [{speaker: asks, said: question}, {speaker: tells, said: answer}]


def pairs(one: Any) -> list[Any]:
    return [{"id": n, "question": q, "answer": one(a)} for n, (q, a) in enumerate(BOTH)]


SHAPES: dict[str, Any] = {
    "intents with texts": {"intents": [
        {"intent": "h", "text": [ABRE[0]], "responses": [ABRE[1]], "extension": {"responses": []}},
        {"intent": "p", "text": [PAGO[0]], "responses": [PAGO[1]], "entities": []}]},
    "intents with examples": [
        {"intent": "h", "examples": [ABRE[0]], "responses": ABRE[1]},
        {"intent": "p", "examples": [PAGO[0]], "responses": PAGO[1]}],
    "intents in Spanish": {"intenciones": [
        {"etiqueta": "h", "patrones": [ABRE[0]], "respuestas": [ABRE[1]]},
        {"etiqueta": "p", "patrones": [PAGO[0]], "respuestas": [PAGO[1]]}]},
    "intents in German": {"absichten": [
        {"tag": "h", "muster": [ABRE[0]], "antworten": ABRE[1]},
        {"tag": "p", "muster": PAGO[0], "antworten": [PAGO[1]]}]},
    "intents by their names": {
        "h": {"patterns": [ABRE[0]], "responses": [ABRE[1]]},
        "p": {"patterns": [PAGO[0]], "responses": [PAGO[1]]}},
    "a corpus of NLP.js": {"name": "Corpus", "locale": "pt-BR", "data": [
        {"intent": "h", "utterances": [ABRE[0]], "answers": [ABRE[1]]},
        {"intent": "p", "utterances": [PAGO[0]], "answers": [PAGO[1]]}]},
    "a corpus of ChatterBot": {"categories": ["loja"], "conversations": [[*ABRE], [*PAGO]]},
    "chats of OpenAI": [{"messages": turns(*one)} for one in BOTH],
    "chats of ShareGPT": [{"conversations": turns(*one, "human gpt", "value")} for one in BOTH],
    "chats of Gemini": [
        {"contents": [
            {"role": "user", "parts": [{"text": q}]}, {"role": "model", "parts": [{"text": a}]}]}
        for q, a in BOTH],
    "chats without names": [turns(*one) for one in BOTH],
    "Alpaca": [{"instruction": q, "input": "", "output": a} for q, a in BOTH],
    "Dolly": [{"instruction": q, "context": "", "response": a, "category": "x"} for q, a in BOTH],
    "SQuAD of Hugging Face": [
        {"id": str(n), "context": "c", "question": q, "answers": {"text": [a], "answer_start": [1]}}
        for n, (q, a) in enumerate(BOTH)],
    "Sanity": pairs(block),
    "Draft.js": pairs(draft),
    "Draft.js, packed into a text": pairs(packed),
    "Quill, with an image": pairs(quill),
    "TipTap": pairs(tiptap),
    "TipTap, packed into a text": pairs(lambda text: json.dumps(tiptap(text))),
    "Lexical": pairs(lexical),
    "Contentful, delivered": {"items": [
        {"sys": {"id": "1"}, "fields": {"question": q, "answer": a}} for q, a in BOTH]},
    "Contentful, exported": {"contentTypes": [], "entries": [
        {"sys": {"id": "1"}, "fields": {"question": {"pt-BR": q}, "answer": {"pt-BR": a}}}
        for q, a in BOTH]},
    "Strapi": {"data": [{"id": 1, "attributes": {"question": q, "answer": a}} for q, a in BOTH]},
    "Airtable": {"records": [
        {"id": "rec1", "createdTime": "t", "fields": {"Pergunta": q, "Resposta": a}}
        for q, a in BOTH]},
    "GraphQL": {"data": {"faqs": {"edges": [
        {"cursor": "c", "node": {"question": q, "answer": a}} for q, a in BOTH]}}},
    "Elasticsearch": {"hits": {"total": 2, "hits": [
        {"_id": "1", "_score": 1, "_source": {"question": q, "answer": a}} for q, a in BOTH]}},
    "rows of Hugging Face": {"features": [{"name": "question"}], "rows": [
        {"row_idx": 1, "row": {"question": q, "answer": a}} for q, a in BOTH]},
    "schema.org in a graph": {"@graph": [{"@type": "WebPage"}, {"@type": "FAQPage", "mainEntity": [
        {"@type": "Question", "name": q, "acceptedAnswer": {"@type": "Answer", "text": a}}
        for q, a in BOTH]}]},
    "schema.org with suggested answers": {"@type": "FAQPage", "mainEntity": [
        {"@type": "Question", "name": q, "suggestedAnswer": [{"text": a}, {"text": "x"}]}
        for q, a in BOTH]},
    "custom question answering": [
        {"id": n, "questions": [q], "answer": a, "metadata": {}, "dialog": {"prompts": []}}
        for n, (q, a) in enumerate(BOTH)],
    "articles in sections": {"categories": [{"name": "Loja", "sections": [
        {"name": "Dia", "articles": [{"title": q, "body": a} for q, a in BOTH]}]}]},
    "WordPress": [
        {"id": n, "title": {"rendered": q}, "content": {"rendered": a, "protected": False}}
        for n, (q, a) in enumerate(BOTH)],
    "FastGPT": {"list": [{"q": q, "a": a, "indexes": []} for q, a in BOTH]},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_gives_its_questions_and_answers(shape: str) -> None:
    value = SHAPES[shape]
    texts = [json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)]
    if isinstance(value, list) and isinstance(value[0], dict):
        texts.append(jsonl(value))
    for text in texts:
        _, rows, gone = read_json(text)
        assert [(row.question, row.answer) for row in rows] == BOTH
        assert gone == []


@pytest.mark.parametrize(
    ("value", "metadata"),
    [
        ({"data": [{"id": 7, "attributes": {"question": "q", "answer": "a", "id": 8, "tag": "t"}}]},
         {"tag": "t", "id_2": "7"}),
        ({"items": [{"sys": {"id": "1"}, "fields": {"question": "q", "answer": "a"}}]},
         {"sys": '{"id": "1"}'}),
        ({"name": "Site", "areas": [{"name": "Shop", "parts": [
            {"name": "Pay", "faq": [{"question": "q", "answer": "a"}]}]}]},
         {"name": "Pay", "name_2": "Shop"}),
        ({"areas": [{"category": "Shop", "faqs": [{"title": "Who?", "content": "a"}]}]},
         {"category": "Shop"}),
        ({"categories": ["x", "y"], "conversations": [["q", "a"]]}, {"categories": "x, y"}),
        ({"mainEntity": [{"name": "q", "suggestedAnswer": [{"text": "a"}, {"text": "b"}]}]},
         {"suggestedAnswer": '[{"text": "a"}, {"text": "b"}]'}),
    ],
)  # fmt: skip
def test_what_stands_around_a_pair_is_kept(value: Any, metadata: dict[str, str]) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1)):
        (row,) = read_json(text)[1]
        assert (row.answer, row.metadata) == ("a", metadata)


@pytest.mark.parametrize(
    "value",
    [
        {"@type": "FAQPage", "mainEntity": {
            "@type": "Question", "name": "q", "acceptedAnswer": {"text": "a"}}},
        {"faq": {"title": "FAQ", "count": "1", "first": {"question": "q", "answer": "a"}}},
    ],
)  # fmt: skip
def test_a_pair_in_no_array_is_read_if_there_is_no_other(value: Any) -> None:
    (row,) = read_json(json.dumps(value, indent=1))[1]
    assert (row.question, row.answer) == ("q", "a")


def test_a_pair_in_no_array_counts_less_than_arrays() -> None:
    value = {
        "features": {"question": {"dtype": "string"}, "answer": {"dtype": "string"}},
        "rows": [{"question": "q", "answer": "a"}, {"question": "r", "answer": "b"}],
    }
    _, rows, gone = read_json(json.dumps(value))
    assert [row.question for row in rows] == ["q", "r"]
    assert gone == []


@pytest.mark.parametrize(
    "answer",
    [
        '{"error": "not found"}',
        '["GET", "POST"]',
        '{"type": "error", "text": "no"}',
        "[see below]",
        "{name} is replaced.",
        '[{"id": 1, "text": "x"}]',
        "[" * 20_000,
    ],
)
def test_an_answer_that_is_json_but_no_blocks_stays_as_it_is_written(answer: str) -> None:
    (row,) = read_json(json.dumps([{"question": "What is sent?", "answer": answer}]))[1]
    assert row.answer == answer


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"text": [], "answer_start": []}, "empty_answer"),
        ([], "empty_answer"),
        ({"start": [3]}, "malformed_json"),
    ],
)
def test_a_question_without_an_answer_says_so(answers: Any, code: str) -> None:
    value = [{"question": "q", "answers": answers}, {"question": "r", "answers": ["a"]}]
    _, rows, gone = read_json(json.dumps(value))
    assert [row.question for row in rows] == ["r"]
    assert [row.code for row in gone] == [code]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([{"role": "prompter", "text": "q"}, {"role": "assistant", "text": "a"}],
         "Each object is one turn of a chat"),
        ({"faq": [["q", "a"], ["r", "b"]]}, "lists and objects, but no question beside its answer"),
        ({"dialog": ["q", "a"]}, "lists and objects, but no question beside its answer"),
    ],
)  # fmt: skip
def test_objects_without_pairs_are_refused_with_what_they_are(value: Any, reason: str) -> None:
    with pytest.raises(FileError, match=reason) as error:
        read_json(json.dumps(value))
    assert error.value.code == "missing_column"


def test_messages_of_a_chatbot_are_no_chat() -> None:
    value = [{"trainingPhrases": [q], "messages": [a]} for q, a in BOTH]
    _, rows, _ = read_json(
        json.dumps(value), question_column="trainingPhrases", answer_column="messages"
    )
    assert [(row.question, row.answer) for row in rows] == BOTH
