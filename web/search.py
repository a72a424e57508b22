"""The routes of searches: one question, or many at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import uuid4

from apiflask import APIBlueprint
from flask import Response

import services.search
from messages import Message
from services.search import Reply
from services.search_warnings import SearchWarnings
from store.search import Hit
from web.auth import auth
from web.context import current_runtime
from web.language import speak
from web.rates import charge_searches
from web.responses import answer_json
from web.schemas import (
    BatchRequest,
    BatchResponse,
    SearchRequest,
    SearchResponse,
    SearchResult,
    ThresholdsBody,
)
from web.scope import require_caller

routes = APIBlueprint("search", __name__, tag="Search")


@routes.post("/search")
@routes.auth_required(auth)
@routes.input(SearchRequest, location="json_or_form", arg_name="asked")
@routes.output(SearchResponse)
@routes.doc(
    summary="Find the pairs that mean the same as a question",
    description="`results` are the nearest pairs. `decision` says what a bot should do: give "
    "`best`, offer the first three, or pass. No match is an empty list, not an error. "
    "As JSON, or as a form (`curl -d question=…`).",
)
def search(asked: SearchRequest) -> Response:
    started = time.perf_counter()
    charge_searches(1)
    query = asked.as_query(require_caller().collections)
    reply = services.search.answer_query(current_runtime().searcher, query)
    warnings = SearchWarnings(current_runtime()).find(query, reply.hits)
    return answer_json(describe_reply(asked, reply, started, warnings))


@routes.post("/search/batch")
@routes.auth_required(auth)
@routes.input(BatchRequest, location="json", arg_name="batch")
@routes.output(BatchResponse)
@routes.doc(
    summary="Search for up to 100 questions at once",
    description="Each query is one of `/search`, and each result its answer, in the same order.",
)
def search_batch(batch: BatchRequest) -> Response:
    started = time.perf_counter()
    charge_searches(len(batch.queries))
    visible = require_caller().collections
    queries = [asked.as_query(visible) for asked in batch.queries]
    each = services.search.answer_each(current_runtime().searcher, queries)
    warnings = SearchWarnings(current_runtime())
    results = [
        describe_reply(asked, reply, started, warnings.find(query, reply.hits))
        for asked, query, reply in zip(batch.queries, queries, each, strict=True)
    ]
    return answer_json(BatchResponse(results=results))


def describe_reply(
    asked: SearchRequest, reply: Reply, started: float, warnings: Sequence[Message]
) -> SearchResponse:
    """Return the answer to a question that was asked at `started`, by time.perf_counter.

    `warnings` are those of its filter and collections.
    """
    judgement = reply.judgement
    return SearchResponse(
        question=asked.question,
        search_id=uuid4(),
        decision=judgement.decision,
        confidence=judgement.confidence.shown,
        thresholds=ThresholdsBody(
            answer=judgement.thresholds.answer, none=judgement.thresholds.none
        ),
        best=None if judgement.best is None else describe_hit(judgement.best),
        results=[describe_hit(hit) for hit in reply.hits],
        took_ms=round((time.perf_counter() - started) * 1000, 3),
        warnings=[*map(speak, judgement.warnings), *map(speak, warnings)],
    )


def describe_hit(hit: Hit) -> SearchResult:
    """Return a hit as its callers see it."""
    return SearchResult(**hit._asdict(), score=hit.score)
