"""How common a code is."""

from __future__ import annotations

import pytest

import store.codes
from services.runtime import Runtime
from services.wording import split_words
from tests.support.client import Client


@pytest.fixture
def runtime(client: Client) -> Runtime:
    runtime: Runtime = client.http.application.extensions["conector"]
    return runtime


def test_codes_are_counted_as_words_of_question_or_answer(client: Client, runtime: Runtime) -> None:
    client.load(
        'question,answer\nWhat is E-1042?,No paper.\nPaper?,"See e1042."\nAnd E-10425?,No ink.\n'
        "When?,In 24 hours.\n",
        "/upload?collection=a",
    )
    counts, items = store.codes.count_codes(
        runtime.pool, "a", ["e1042", "24", "e10425", "x9", "10"]
    )
    assert items == 4
    assert counts == {"e1042": 2, "24": 1, "e10425": 1, "x9": 0, "10": 0}
    assert store.codes.count_codes(runtime.pool, "nil", ["x9"]) == ({"x9": 0}, 0)


@pytest.mark.parametrize(
    "text",
    [
        "12/2024", "modelo-E1042", "a/E1042,b", "e-1042.", "E10-42", "1.042,50", "x-1042", "1042-7",
        "2024-01-31", "e1042-7", "300mb", "v2.0.1", "2,5 kg",
    ],
)  # fmt: skip
def test_a_code_is_found_where_its_words_have_it(
    client: Client, runtime: Runtime, text: str
) -> None:
    client.post("/items", json={"question": "a?", "answer": text})
    codes = ["12", "2024", "e1042", "1042", "104250", "x1042", "e10427", "300mb", "v201", "25", "7"]
    counts, _ = store.codes.count_codes(runtime.pool, "default", codes)
    assert {code for code in codes if counts[code]} == set(codes) & set(split_words(text))
