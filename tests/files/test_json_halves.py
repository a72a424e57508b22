r"""Halves of surrogate pairs in JSON: `\ud800` without its other half."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.json_halves import mark_halves
from tests.support.files import read

PARTS = [
    "\\",
    "\\\\",
    '\\"',
    "\\ud83d",
    "\\uDE00",
    "\\u00e7",
    "\\u",
    "d83d",
    "x",
    "ç",
    "\\ud8",
    "0",
]


@given(st.lists(st.sampled_from(PARTS)), st.integers(1, 20))
def test_only_halves_are_marked_however_the_text_is_cut(parts: list[str], size: int) -> None:
    text = "".join(parts)
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    each = list(mark_halves(chunks))
    assert all(each)
    marked = "".join(each)
    assert marked == "".join(mark_halves([text]))
    try:
        value = json.loads(f'"{text}"')
    except ValueError:
        return
    assert json.loads(f'"{marked}"') == re.sub("[\ud800-\udfff]", "\0", value)


@pytest.mark.parametrize("form", ["[{}]", '{{"faq": [{}]}}', "{}"])
def test_an_item_with_half_a_pair_is_rejected_and_not_changed(form: str) -> None:
    items = (
        '{"question": "a\\ud800b", "answer": "c"}, {"question": "d", "answer": "e\\uDFFF"}, '
        '{"question": "\\ud83d\\ude00?", "answer": "\\\\ud800"}'
    )
    text = form.format(items) if form != "{}" else items.replace("}, {", "}\n{")
    _, rows, rejected = read(text)
    assert [(row.question, row.answer) for row in rows] == [("😀?", "\\ud800")]
    assert [row.code for row in rejected] == ["invalid_character"] * 2
