"""The patterns of the description take and refuse what the service takes and refuses."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from texts import COLUMN_NAME, STORABLE, VISIBLE
from web.schemas import MetadataName, Question
from web.validation import Text

# Letters, white space of all kinds, invisible marks, a character of control and one that joins.
TEXTS = st.text(
    st.sampled_from("aIdD_ \t\n\x1c\x85\xa0\u2003\u3000\xad\u200b\u2060\ufeff\x00\x01\u0301é"),
    max_size=6,
)
KINDS = {
    "storable": (STORABLE, TypeAdapter(Text)),
    "visible": (VISIBLE, TypeAdapter(Question)),
    "column": (COLUMN_NAME, TypeAdapter(MetadataName)),
}


def takes(adapter: TypeAdapter[str], text: str) -> bool:
    try:
        adapter.validate_python(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
@given(text=TEXTS | st.text(max_size=6))
@example(text="_line")
@example(text="_Error")
@example(text="ID")
def test_a_pattern_says_what_its_validator_does(kind: str, text: str) -> None:
    pattern, adapter = KINDS[kind]
    # In JSON Schema, `$` is the very end; in Python it may stand before a line feed too.
    assert bool(re.search(pattern.replace("$", r"\Z"), text)) == takes(adapter, text)
