"""Searches, whoever asks for them."""

from __future__ import annotations

import io

from services.imports import ImportOptions, Upload, import_file
from services.runtime import Runtime
from services.search import Query, answer_each, answer_query
from store.search import Hit
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
