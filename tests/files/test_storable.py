"""No text that a reader gives a row holds a character that PostgreSQL does not take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.errors import FileError
from tests.support.files import Taken, jsonl, read, read_csv, read_json
from texts import is_storable

ODD = st.text(st.sampled_from("\0\ud800\udc00ab\\u0 \n|"), min_size=1, max_size=6)
# Names that mean something to a reader, and values in which it looks for texts.
NAMES = st.one_of(
    ODD,
    st.sampled_from(
        [
            *("question", "answer", "alternatives", "id", "tags", "answers", "patterns", "tag"),
            *("responses", "name", "acceptedAnswer", "text", "fields", "messages", "role", "pt"),
        ]
    ),
)
TEXTS = st.one_of(ODD, st.sampled_from(["Why?", "So.", "user"]), ODD.map(lambda t: json.dumps([t])))
VALUES = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4).map(
    lambda more: {"question": "Why?", "answer": "So."} | more
)


def texts_of(taken: Taken) -> Iterator[str]:
    """Yield all that is stored of a file."""
    table, rows, gone = taken
    yield from (*table.description.columns, *table.description.alternatives_columns)
    for row in rows:
        yield from (row.id or "", row.question, row.answer, *(row.alternatives or ()))
        yield from (text for pair in row.metadata.items() for text in pair)
    for rejection in gone:
        yield from (rejection.error, json.dumps(rejection.error.as_json(), ensure_ascii=False))
        yield from rejection.fields


def hold_storable(taken: Taken) -> None:
    bad = [text for text in texts_of(taken) if not is_storable(text)]
    assert bad == []


@given(st.lists(OBJECTS, min_size=1, max_size=3))
def test_objects_give_rows_that_can_be_stored(objects: list[dict[str, Any]]) -> None:
    good = {"question": "Where?", "answer": "Here."}
    for text in (json.dumps([good, *objects]), json.dumps({"all": [good, *objects]})):
        hold_storable(read_json(text))
    hold_storable(read_json("".join(json.dumps(o) + "\n" for o in (good, *objects))))


@given(TEXTS, TEXTS)
def test_cells_give_rows_that_can_be_stored(one: str, other: str) -> None:
    def quote(text: str) -> str:
        return '"' + text.encode("utf-8", "replace").decode().replace('"', '""') + '"'

    cells = f"{quote(one)},{quote(other)}"
    for file in (
        f"question,answer,alternatives,tag\nWhy?,So.,{cells}\nWo?,Da.,x,y\n",
        f"q,a,indexes\nWhy?,So.,{cells}\nWo?,Da.,x,y\n",
        f"question,answer,{cells}\nWhy?,So.,x,y\n",
    ):
        # Some cells make another table of the file.
        with suppress(FileError):
            hold_storable(read_csv(file, encoding="utf-8"))


UNFIT = ["x\0y", "x\ud800y"]


@pytest.mark.parametrize("unfit", UNFIT)
@pytest.mark.parametrize(
    "more",
    [
        {"alternatives": ["a", "@"]},
        {"alternatives": '["@"]'},
        {"question": ["Why?", "@"]},
        {"answers": ["So.", "@"], "question": ["Why?"], "answer": None},
        {"tags": ["@"]},
        {"tags": {"k": ["@"]}},
        {"tags": {"@": "v"}},
    ],
)
def test_a_row_with_such_a_character_in_a_list_is_rejected(
    more: dict[str, Any], unfit: str
) -> None:
    def fill(value: Any) -> Any:
        escaped = json.dumps(unfit)[1:-1]
        packed = isinstance(value, str) and value.startswith("[")
        if isinstance(value, dict):
            return {fill(name): fill(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner) for inner in value]
        return value.replace("@", escaped if packed else unfit) if value else value

    row = {"question": "Why?", "answer": "So."} | fill(more)
    row = {name: value for name, value in row.items() if value is not None}
    other = dict.fromkeys(row, "Here.")
    for text in (json.dumps([other, row]), f"{json.dumps(other)}\n{json.dumps(row)}\n"):
        _, rows, gone = read_json(text)
        assert len(rows) == 1
        assert [(rejection.line, rejection.code) for rejection in gone] == [
            (2, "invalid_character")
        ]


@pytest.mark.parametrize(
    "file",
    [
        "- question: Wo?\n  answer: Da.\n"
        '- question: Why?\n  answer: So.\n  alternatives: ["x\\0"]\n',
        'nlu:\n- intent: a\n  examples: "- A\\n- B\\0"\n- intent: b\n  examples: "- C\\n- D"\n'
        "responses:\n  utter_a:\n  - text: So.\n  utter_b:\n  - text: Here.\n",
        'question,answer,alternatives\nWhy?,So.,"[""x\\u0000""]"\nWo?,Da.,x\n',
        'question,answer,alternatives\nWhy?,So.,"[""x\\ud800""]"\nWo?,Da.,x\n',
        "q,a,indexes\nWhy?,So.,x,y\0z\nWo?,Da.,x\n",
    ],
)
def test_so_it_is_in_other_formats(file: str) -> None:
    _, rows, gone = read(file)
    assert len(rows) == 1
    assert [rejection.code for rejection in gone] == ["invalid_character"]


def test_text_that_only_looks_like_such_a_character_stays() -> None:
    value = [{"question": "Why?", "answer": "So.", "tags": [r"\u0000"]}]
    for text in (json.dumps(value), jsonl(value)):
        _, (row,), gone = read_json(text)
        assert (row.metadata, gone) == ({"tags": r'["\\u0000"]'}, [])


def test_names_are_shown_as_far_as_they_can_be() -> None:
    line = '{"question": "Why?", "answer": "So.", "x\\ud800": "v", "y\\u0000": "w"}\n'
    table, (row,), _ = read_json(line)
    assert row.metadata == {"x?": "v", "y\ufffd": "w"}
    assert table.description.columns == ["question", "answer", "x?", "y\ufffd"]


def test_a_list_among_texts_is_no_error_of_the_service() -> None:
    with pytest.raises(FileError) as raised:
        read_json('[{"foo": ["x"], "bar": 1}, {"foo": "[x", "bar": 2}]')
    assert raised.value.code == "missing_column"
