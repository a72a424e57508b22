"""Instructions that a model is tuned on, beside the input and the output of each."""

from __future__ import annotations

import json

import pytest

from tests.support.files import read, read_json
from tests.support.json_files import pairs, taken


@pytest.mark.parametrize(
    ("question", "asked", "told"),
    [
        ("instruction", "input", "output"), ("Instruction", "Input", "Response"),
        ("instrução", "entrada", "saída"), ("instruction", "question", "output"),
    ],
)  # fmt: skip
def test_instruct_data_with_one_instruction(question: str, asked: str, told: str) -> None:
    rows = [
        {question: "Beantworte die Frage.", asked: "Was kostet A?", told: "Zwei."},
        {question: "Beantworte die Frage.", asked: "Was kostet B?", told: "Drei."},
        {question: "Nenne die Preise.", asked: "", told: "Zwei und drei."},
    ]
    expected = [
        ("Was kostet A?", "Zwei."),
        ("Was kostet B?", "Drei."),
        ("Nenne die Preise.", "Zwei und drei."),
    ]
    assert pairs(rows) == expected
    assert taken(rows)[0][2] == {question: "Beantworte die Frage."}
    csv = "\n".join(",".join(row.values()) for row in ({n: n for n in rows[0]}, *rows))
    assert [(r.question, r.answer) for r in read(csv)[1]] == expected
    named = pairs(rows, question_column=question, answer_column=told)
    assert named[0] == ("Beantworte die Frage.", "Zwei.")


def test_instruct_data_with_instructions_of_its_own() -> None:
    rows = [
        {"instruction": f"Translate into {language}.", "input": "cat", "output": word}
        for language, word in (("French", "chat"), ("German", "Katze"), ("Spanish", "gato"))
    ]
    assert pairs(rows)[0] == ("Translate into French.", "chat")
    one = [{"instruction": "Reply politely.", "input": "Where are you?", "output": "Here."}]
    assert pairs(one) == [("Where are you?", "Here.")]
    long = [{"instruction": "x" * 20_000, "input": f"q{n}?", "output": "a"} for n in range(3)]
    assert len(pairs(long)) == 3
    _, taken_rows, gone = read_json(
        json.dumps([*long, {"instruction": "y" * 20_000, "output": "a"}])
    )
    assert len(taken_rows) == 3
    assert [row.code for row in gone] == ["field_too_long"]
