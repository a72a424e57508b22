"""How common a code is."""

from __future__ import annotations

import pytest

import store.codes
from services.runtime import Runtime
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
