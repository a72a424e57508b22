"""The cosines of items, the thresholds beside them, and how common a code is."""

from __future__ import annotations

import pytest

import store.candidates
import store.thresholds
from services.runtime import Runtime
from store.thresholds import Thresholds
from tests.support.client import Client
from tests.support.embedder import HashEmbedder

FAQ = "question,answer\nHow do I pay?,By card.\nWhere is it?,There it is.\n"


@pytest.fixture
def runtime(client: Client) -> Runtime:
    runtime: Runtime = client.http.application.extensions["conector"]
    return runtime


def test_cosines_are_those_of_both_vectors(client: Client, runtime: Runtime) -> None:
    client.load(FAQ)
    ids = {one["question"]: one["id"] for one in client.search("How do I pay?")}
    embedder = HashEmbedder()
    query = embedder._encode("How do I pay?")
    measured = store.candidates.measure_cosines(
        runtime.pool, runtime.model, query, [*ids.values(), 10**12], None
    )
    assert measured.thresholds is None
    assert measured.cosines.keys() == set(ids.values())
    for question, answer in (("How do I pay?", "By card."), ("Where is it?", "There it is.")):
        cosines = measured.cosines[ids[question]]
        pair = embedder._encode(f"{question}\n{answer}")
        assert cosines.question == pytest.approx(query @ embedder._encode(question), abs=2e-3)
        assert cosines.pair == pytest.approx(query @ pair, abs=2e-3)


def test_the_thresholds_of_the_collection_come_along(client: Client, runtime: Runtime) -> None:
    client.load(FAQ, "/upload?collection=a")
    own = Thresholds(answer=0.8, none=0.1, constant=-0.5)
    assert store.thresholds.set_thresholds(runtime.pool, "a", own)
    query = HashEmbedder()._encode("pay")
    for name, expected in (("a", own), ("b", None), (None, None)):
        measured = store.candidates.measure_cosines(runtime.pool, runtime.model, query, [], name)
        assert (measured.cosines, measured.thresholds) == ({}, expected)


def test_codes_are_counted_as_words_of_question_or_answer(client: Client, runtime: Runtime) -> None:
    client.load(
        'question,answer\nWhat is E-1042?,No paper.\nPaper?,"See e1042."\nAnd E-10425?,No ink.\n'
        "When?,In 24 hours.\n",
        "/upload?collection=a",
    )
    counts, items = store.candidates.count_codes(
        runtime.pool, "a", ["e1042", "24", "e10425", "x9", "10"]
    )
    assert items == 4
    assert counts == {"e1042": 2, "24": 1, "e10425": 1, "x9": 0, "10": 0}
    assert store.candidates.count_codes(runtime.pool, "nil", ["x9"]) == ({"x9": 0}, 0)
