"""Searches, whoever asks for them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

import store.search
from embeddings import EmbeddingFailed, FloatArray
from messages import cite
from services.imports import ImportOptions, Upload, import_file
from services.runtime import Runtime
from services.search import Query, answer_each, answer_query
from store.search import Hit, MeasuredHit
from tests.support.client import eventually

FAQ = b"question,answer\nHow do I pay?,By card.\nWhere is it?,There.\n"


def find_hits(runtime: Runtime, query: Query) -> list[Hit]:
    return answer_query(runtime.searcher, query).hits


def load(runtime: Runtime) -> None:
    import_file(runtime, Upload(io.BytesIO(FAQ), None), ImportOptions("c", "upsert"))
    eventually(lambda: len(find_hits(runtime, Query("pay", limit=5))) == 2)


def test_hits_come_nearest_first_and_as_far_as_they_are_asked_for(runtime: Runtime) -> None:
    load(runtime)
    first, second = find_hits(runtime, Query("How do I pay?", limit=5))
    assert first.answer == "By card."
    assert first.distance < second.distance
    assert find_hits(runtime, Query("How do I pay?", limit=5, offset=1)) == [second]
    assert find_hits(runtime, Query("How do I pay?", limit=5, max_distance=0.01)) == [first]
    assert find_hits(runtime, Query("How do I pay?", limit=5, collections=["d"])) == []


def test_many_questions_are_answered_in_their_order(runtime: Runtime) -> None:
    load(runtime)
    queries = [Query("Where is it?", limit=1), Query("How do I pay?", limit=1)]
    answers = [reply.hits[0].answer for reply in answer_each(runtime.searcher, queries)]
    assert answers == ["There.", "By card."]


def test_where_the_model_fails_on_a_stored_abbreviation_the_other_spelling_is_searched(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO(b"question,answer\nQual o sla?,Um dia.\nQual o prazo?,Dois.\n")
    import_file(runtime, Upload(file, None), ImportOptions("c", "upsert"))
    query = Query("Qual o sla?", limit=5)
    eventually(lambda: len(find_hits(runtime, query)) == 2)
    assert find_hits(runtime, query)[0].distance == pytest.approx(0, abs=1e-3)

    def fail(_text: str) -> FloatArray:
        raise EmbeddingFailed(cite("The model failed."))

    monkeypatch.setattr(runtime.searcher.embeddings, "embed_query", fail)
    first, _ = find_hits(runtime, query)
    assert first.distance > 0.01


def test_what_the_nearest_items_miss_comes_after_them_once(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"What about number {n}?,Answer {n}.\n" for n in range(120))
    file = io.BytesIO(f"question,answer\n{rows}".encode())
    import_file(runtime, Upload(file, None), ImportOptions("c", "upsert"))
    query = Query("What of 7?", limit=10)
    eventually(lambda: len(find_hits(runtime, replace(query, limit=100, offset=20))) == 100)
    expected = find_hits(runtime, replace(query, limit=100))
    find_nearest = store.search.search_measured

    def find_most(*args: Any, limit: int, **kwargs: Any) -> list[MeasuredHit]:
        # So may an index: it misses the second and the fifth.
        found = find_nearest(*args, limit=limit + 2, **kwargs)
        return [one for number, one in enumerate(found) if number not in (1, 4)]

    monkeypatch.setattr(store.search, "search_measured", find_most)
    pages = [find_hits(runtime, replace(query, offset=offset)) for offset in range(0, 120, 10)]
    ids = [hit.id for page in pages for hit in page]
    assert len(ids) == len(set(ids)) == 120
    assert {expected[1].id, expected[4].id} <= set(ids[20:30])
    # Larger pages are cut from the same list.
    assert set(ids[:35]) == {hit.id for hit in find_hits(runtime, replace(query, limit=35))}
