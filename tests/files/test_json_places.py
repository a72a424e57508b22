"""JSON of many shapes: where its pairs are, and what is refused without an error of ours."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.errors import FileError
from files.json_file import write_json
from files.row_stream import RowWriter, read_rows
from files.rows import Rejection
from tests.support.files import PAIRS, as_file, jsonl, read, read_json


def taken(value: Any) -> list[tuple[str, str, dict[str, str]]]:
    """Return what is read of a document, which must be the same however it is written."""
    results = []
    for text in (json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)):
        _, rows, gone = read(text)
        assert gone == []
        results.append([(r.question, r.answer, r.metadata) for r in rows])
    assert results[0] == results[1]
    return results[0]


def refused(text: str) -> FileError:
    with pytest.raises(FileError) as error:
        read(text)
    return error.value


def faq(name: str, answer: Any, **more: Any) -> dict[str, Any]:
    return {"@type": "Question", "name": name, "acceptedAnswer": answer} | more


def test_a_page_of_schema_org() -> None:
    answer = {"@type": "Answer", "text": "<p>So.</p>"}
    page = {"@context": "https://schema.org", "@type": "FAQPage"}
    questions = [faq("Why?", answer), faq("How?", [answer | {"url": "/x"}], text="longer")]
    expected = [
        ("Why?", "<p>So.</p>", {"@type": "Question", "text": "", "acceptedAnswer": ""}),
        (
            "How?",
            "<p>So.</p>",
            {"@type": "Question", "text": "longer", "acceptedAnswer": '{"url": "/x"}'},
        ),
    ]
    assert taken(page | {"mainEntity": questions}) == expected
    assert taken([page | {"mainEntity": questions}]) == expected
    assert taken({"@graph": [{"@type": "Organization"}, page | {"mainEntity": questions}]}) == (
        expected
    )
    assert taken(questions[0]) == [("Why?", "<p>So.</p>", {"@type": "Question"})]


def test_a_question_of_schema_org_without_one_text_is_rejected() -> None:
    bad = [faq("a", {"@type": "Answer"}), faq("b", [{"text": "c"}] * 2), faq("d", "e")]
    _, rows, gone = read(json.dumps({"mainEntity": [*bad, faq("f", {"text": "g"})]}))
    assert [r.question for r in rows] == ["f"]
    assert [(r.line, r.code) for r in gone] == [(n, "malformed_json") for n in (1, 2, 3)]


def test_an_object_of_pairs_is_an_array_with_keys() -> None:
    pairs = {"price": {"question": "a", "answer": "b"}, "x.y": {"question": "c", "answer": "d"}}
    expected = [("a", "b", {"key": "price"}), ("c", "d", {"key": "x.y"})]
    assert taken(pairs) == expected
    assert taken({"version": 1, "faq": pairs}) == expected
    assert taken({"en": pairs, "more": [PAIRS[1]]})[:2] == [
        (q, a, m | {"tag": ""}) for q, a, m in expected
    ]
    assert taken({"item": pairs["price"]}) == [("a", "b", {"key": "item"})]
    _, rows, gone = read(json.dumps(pairs | {"version": 1}))
    assert [r.question for r in rows] == ["a", "c"]
    assert [(r.line, r.code) for r in gone] == [(3, "malformed_json")]


def test_a_pair_keeps_what_is_inside_it() -> None:
    inside = {"notes": [{"question": "-", "answer": "-"}], "by": {"Why?": "-"}}
    pair = {"question": "a", "answer": "b"} | inside
    assert [row[:2] for row in taken(pair)] == [("a", "b")]
    assert [row[:2] for row in taken([pair])] == [("a", "b")]
    assert [row[:2] for row in taken({"x": pair})] == [("a", "b")]


def test_an_object_of_texts_by_questions() -> None:
    texts = {"Why?": "So.", "¿Cómo? ": "Así.", "何ですか？": "これ", "Hours": "9-17"}
    expected: list[tuple[str, str, dict[str, str]]] = [
        (question.strip(), answer, {}) for question, answer in texts.items()
    ]
    assert taken(texts) == expected
    assert taken({"faq": texts}) == expected
    _, rows, gone = read(json.dumps(texts | {"Who?": {"n": "x"}, "When?": 7}))
    assert [r.answer for r in rows] == [*texts.values(), "7"]
    assert [(r.line, r.code) for r in gone] == [(5, "malformed_json")]


def test_the_first_choice_of_a_quiz_is_no_answer() -> None:
    quiz = {"pergunta": "x", "a": "first", "b": "second", "correta": "a"}
    for value in (
        [quiz],
        {"quiz": [quiz]},
        quiz,
        [{k: v for k, v in quiz.items() if k != "correta"}],
    ):
        assert refused(json.dumps(value)).code == "missing_column"


def test_answers_to_a_survey_are_no_pairs() -> None:
    survey = {"Your name?": "Bob", "Your age?": "7"}
    for value in ([survey, survey], {"answers": [survey]}, {"name": "x", "text": "y"}):
        assert refused(json.dumps(value)).code == "missing_column"


def test_one_line_with_a_comma_is_a_line() -> None:
    _, rows, _ = read('{"question":"a","answer":"b"},')
    assert [r.question for r in rows] == ["a"]


@pytest.mark.parametrize("number", ["1e9999999999999999999", "-1E-9999999999999999999"])
def test_a_number_out_of_range(number: str) -> None:
    pair = f'{{"question": "q", "answer": "a", "n": {number}}}'
    raised = refused(f"[{pair}]")
    assert (raised.code, raised.details) == ("malformed_csv", {"line": 1})
    assert "number" in raised.message
    for text in (pair, f"{pair}\n{pair}"):
        assert {r.metadata["n"] for r in read(text)[1]} == {number}


@pytest.mark.parametrize("depth", [90, 900, 950, 985, 990, 995, 1_000, 5_000])
def test_deep_values_get_an_answer(depth: int) -> None:
    line = f'{{"question": "q", "answer": "a", "n": {"[" * depth}{"]" * depth}}}'
    for text in (line, f"{line}\n{line}\n"):
        try:
            _, rows, gone = read(text)
        except FileError:
            continue
        assert len(rows) + len(gone) == text.count("question")


def test_too_many_keys_are_refused_before_they_are_written() -> None:
    objects = [{"question": "a", "answer": "b", f"k{n}": "x"} for n in range(5_000)]
    for text in (jsonl(objects), json.dumps(objects)):
        raised = refused(text)
        assert (raised.code, raised.details) == ("malformed_csv", {"line": 999})
    rows = io.BytesIO()
    writer = RowWriter(rows)
    with pytest.raises(FileError):
        write_json(as_file(jsonl(objects)), writer, kind="object", encoding="utf-8")
    writer.close()
    rows.seek(0)
    assert [row[0] for row in read_rows(rows) if not isinstance(row, Rejection)] == list(
        range(1, 999)
    )


def test_a_long_document_of_one_line_is_read() -> None:
    document = {"faq": [{"question": "a", "answer": "b" * 600_000}, PAIRS[1]]}
    taken = read_json(json.dumps(document), max_line_chars=1_000)[1]
    assert [r.question for r in taken] == ["a", PAIRS[1]["question"]]
    with pytest.raises(FileError) as error:
        read_json(json.dumps(document) + "\n{}", max_line_chars=1_000)
    assert error.value.code == "malformed_csv"


class CountedFile(io.BytesIO):
    """A file that counts how often it is read from a place of one's own."""

    seeks = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.seeks += 1
        return super().seek(offset, whence)


def test_a_document_of_many_arrays_is_not_read_for_each() -> None:
    groups = {f"group {n}": [{"question": f"q{n}", "answer": "a"}] for n in range(200)}
    file = CountedFile(json.dumps(groups | {"more": {"x": PAIRS[1], "y": [1]}}).encode())
    rows = io.BytesIO()
    writer = RowWriter(rows)
    write_json(file, writer, kind="object", encoding="utf-8")
    writer.close()
    rows.seek(0)
    assert [row[1][0] for row in read_rows(rows) if not isinstance(row, Rejection)] == [
        f"q{n}" for n in range(200)
    ]
    assert file.seeks < 10


KEYS = ("question", "answer", "name", "acceptedAnswer", "text", "messages", "item", "a.b", "Why?")
VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from(["x", "", "user", "assistant", "\0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.lists(VALUES, min_size=1, max_size=3), st.booleans())
def test_any_json_gets_rows_or_a_clear_error(values: list[Any], lines: bool) -> None:
    text = jsonl(values) if lines else json.dumps(values[0], indent=1)
    try:
        _, rows, gone = read_json(text.encode("utf-8", "replace").decode())
    except FileError:
        return
    assert rows or gone
