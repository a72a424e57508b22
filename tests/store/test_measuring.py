"""The cosines that come with the hits of a search."""

from __future__ import annotations

import pytest

import store.search
from services.runtime import Runtime
from tests.support.client import Client
from tests.support.embedder import HashEmbedder

FAQ = (
    "question,answer,alternatives\nHow do I pay?,By card.,Which cards?\n"
    "Where is it?,There it is.,\n"
)


@pytest.fixture
def runtime(client: Client) -> Runtime:
    runtime: Runtime = client.http.application.extensions["conector"]
    return runtime


def test_cosines_are_those_of_the_nearest_wording_and_of_the_pair(
    client: Client, runtime: Runtime
) -> None:
    client.load(FAQ)
    embedder = HashEmbedder()
    query = embedder._encode("Which cards?")
    hits = store.search.search_measured(runtime.pool, runtime.model, query, limit=5)
    assert [one.hit for one in hits] == store.search.search(
        runtime.pool, runtime.model, query, limit=5
    )
    cosines = {one.hit.question: one.cosines for one in hits}
    assert cosines.keys() == {"How do I pay?", "Where is it?"}
    for question, near, pair in (
        ("How do I pay?", "Which cards?", "How do I pay?\nBy card."),
        ("Where is it?", "Where is it?", "Where is it?\nThere it is."),
    ):
        measured = cosines[question]
        assert measured is not None
        assert measured.question == pytest.approx(query @ embedder._encode(near), abs=2e-3)
        assert measured.pair == pytest.approx(query @ embedder._encode(pair), abs=2e-3)


def test_an_item_that_misses_a_vector_has_no_cosines(client: Client, runtime: Runtime) -> None:
    client.load(FAQ)
    with runtime.pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            "DELETE FROM item_vectors WHERE kind = 'pair' AND item_id IN "
            "(SELECT id FROM items WHERE question = 'Where is it?')"
        )
    query = HashEmbedder()._encode("Where is it?")
    hits = store.search.search_measured(runtime.pool, runtime.model, query, limit=5)
    assert [one.hit.question for one in hits if one.cosines is None] == ["Where is it?"]
