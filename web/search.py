"""The routes of searches: one question, or many at once."""

from __future__ import annotations

import time

from apiflask import APIBlueprint
from flask import Response

import services.search
from services.search_warnings import SearchWarnings
from store.search import Hit
from web.auth import auth
from web.context import current_runtime
from web.responses import answer_json
from web.schemas import BatchRequest, BatchResponse, SearchRequest, SearchResponse, SearchResult

routes = APIBlueprint("search", __name__, tag="Search")


@routes.post("/search")
@routes.auth_required(auth)
@routes.input(SearchRequest, location="json_or_form", arg_name="asked")
@routes.output(SearchResponse)
@routes.doc(summary="Find the pairs that mean the same as a question")
def search(asked: SearchRequest) -> Response:
    started = time.perf_counter()
    query = asked.as_query()
    hits = services.search.find_hits(current_runtime(), query)
    warnings = SearchWarnings(current_runtime()).find(query, hits)
    return answer_json(describe_hits(asked, hits, started, warnings))


@routes.post("/search/batch")
@routes.auth_required(auth)
@routes.input(BatchRequest, location="json", arg_name="batch")
@routes.output(BatchResponse)
@routes.doc(summary="Search for up to 100 questions at once")
def search_batch(batch: BatchRequest) -> Response:
    started = time.perf_counter()
    queries = [asked.as_query() for asked in batch.queries]
    each = services.search.find_hits_of_each(current_runtime(), queries)
    warnings = SearchWarnings(current_runtime())
    results = [
        describe_hits(asked, hits, started, warnings.find(query, hits))
        for asked, query, hits in zip(batch.queries, queries, each, strict=True)
    ]
    return answer_json(BatchResponse(results=results))


def describe_hits(
    asked: SearchRequest, hits: list[Hit], started: float, warnings: list[str]
) -> SearchResponse:
    """Return the answer to a question that was asked at `started`, by time.perf_counter."""
    results = [SearchResult(**vars(hit), score=1 - hit.distance) for hit in hits]
    took_ms = round((time.perf_counter() - started) * 1000, 3)
    return SearchResponse(
        question=asked.question, results=results, took_ms=took_ms, warnings=warnings
    )
