"""What a check reads of a collection."""

from __future__ import annotations

import json

import numpy as np
import pytest

import store.contents
from services.runtime import Runtime
from store.contents import PAIR
from tests.support.client import Client
from tests.support.embedder import HashEmbedder


@pytest.fixture
def runtime(client: Client) -> Runtime:
    runtime: Runtime = client.http.application.extensions["conector"]
    return runtime


def load(client: Client) -> None:
    rows = [
        {"question": "How do I pay?", "answer": "By card.", "alternatives": ["Payment?", "Pix?"]},
        {"question": "Where is it?", "answer": "x" * 1_500 + "end"},
    ]
    client.load(json.dumps(rows), "/upload?collection=a")


def test_items_come_in_their_order_with_the_beginnings_of_their_texts(
    client: Client, runtime: Runtime
) -> None:
    load(client)
    first, second = store.contents.read_items(runtime.pool, "a", 10)
    assert (first.question, first.alternatives) == ("How do I pay?", ["Payment?", "Pix?"])
    assert (first.answer, first.ending, first.length) == ("By card.", "By card.", 8)
    assert (len(second.answer), second.ending[-4:], second.length) == (1_000, "xend", 1_503)
    (newest,) = store.contents.read_items(runtime.pool, "a", 1)
    assert newest == second
    assert store.contents.read_items(runtime.pool, "b", 10) == []


def test_vectors_are_those_that_were_stored(client: Client, runtime: Runtime) -> None:
    load(client)
    item = store.contents.read_items(runtime.pool, "a", 10)[0].id
    stored = store.contents.read_vectors(runtime.pool, runtime.model, [item])
    texts = {0: "How do I pay?", 1: "Payment?", 2: "Pix?", PAIR: "How do I pay?\nBy card."}
    assert sorted(stored.numbers.tolist()) == sorted(texts)
    assert set(stored.items.tolist()) == {item}
    for number, vector in zip(stored.numbers.tolist(), stored.vectors, strict=True):
        assert vector == pytest.approx(HashEmbedder()._encode(texts[number]), abs=2e-3)


def test_no_items_have_no_vectors(runtime: Runtime) -> None:
    stored = store.contents.read_vectors(runtime.pool, runtime.model, [])
    assert stored.vectors.shape == (0, runtime.model.dimension)
    assert np.all(stored.items == 0)
