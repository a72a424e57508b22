"""Searches: the items nearest to a question, and whether one of them is its answer.

The decision looks at the CANDIDATES nearest items under the query's collections and filter. So it
depends on neither page, order nor largest distance. All pages are cut from one list: the nearest
items in the order that is asked for, then those that follow by distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import metrics
import store.codes
import store.search
import store.thresholds
from db import Pool
from embeddings import EmbeddingFailed, EmbeddingService, FloatArray
from messages import Message, say
from services.abbreviations import expand_abbreviations, find_abbreviations
from services.access import narrow
from services.calibration import Calibration
from services.confidence import (
    CANDIDATES,
    DEFAULT_THRESHOLDS,
    Candidate,
    Confidence,
    Decision,
    Relevant,
    decide,
    estimate_confidence,
    rank_candidates,
)
from services.conflicts import find_difference
from services.wording import Wording, Wordings
from store.filters import Condition
from store.models import Constants, Model
from store.search import Hit, MeasuredHit
from store.thresholds import Thresholds

Order = Literal["distance", "relevance"]

# A code is rare if it stands in no more items than this, or in no larger share of them.
RARE_ITEMS = 2
RARE_SHARE = 0.1
NOT_MEASURED = say(
    "The model is new and its distances are being measured, so no confidence is known yet: "
    "the decision is ambiguous for a moment."
)


@dataclass(frozen=True)
class Searcher:
    """What a search needs."""

    pool: Pool
    model: Model
    embeddings: EmbeddingService
    calibration: Calibration
    wordings: Wordings


@dataclass(frozen=True)
class Query:
    """A question, and which items may answer it; None keeps all of them.

    `metadata` are the conditions that an item must meet; `max_distance` is the largest cosine
    distance, 0 to 2, and `min_score` the smallest score, 1 to -1. `min_confidence` stands for the
    threshold `answer`. Collections that are not among the `visible` ones are not there for who
    asks; None lets all be seen.
    """

    question: str
    limit: int
    offset: int = 0
    collections: Sequence[str] | None = None
    metadata: Sequence[Condition] | None = None
    max_distance: float | None = None
    min_score: float | None = None
    order: Order = "distance"
    min_confidence: float | None = None
    visible: frozenset[str] | None = None

    @property
    def searched(self) -> list[str] | None:
        """The collections that are searched; None for all."""
        return narrow(self.collections, self.visible)


@dataclass(frozen=True)
class Judgement:
    """What a bot should do, and why. `best` is the first by relevance; None if nothing is there."""

    decision: Decision
    confidence: Confidence
    thresholds: Thresholds
    best: Hit | None
    warnings: Sequence[Message] = ()


@dataclass(frozen=True)
class Reply:
    """A page of hits, and the judgement, which does not depend on the page."""

    judgement: Judgement
    hits: list[Hit]


@dataclass(frozen=True)
class Asked:
    """A query with the text that is searched, which has no abbreviations, and its vector."""

    query: Query
    text: str
    vector: FloatArray


@dataclass(frozen=True)
class Inspection:
    """What was asked in the end, the nearest items by distance and by relevance, and the judgement
    on them.
    """

    asked: Asked
    nearest: list[Hit]
    ranked: list[Relevant]
    judgement: Judgement


def answer_query(searcher: Searcher, query: Query) -> Reply:
    """Search, and judge what is found. Raises EmbeddingFailed, EmbedderBusy."""
    (reply,) = answer_each(searcher, [query])
    return reply


def answer_each(searcher: Searcher, queries: Sequence[Query]) -> Iterator[Reply]:
    """Embed all questions together, then yield the reply to one after the other.

    Raises as `answer_query`.
    """
    texts = [expand_abbreviations(query.question) for query in queries]
    vectors = searcher.embeddings.embed_queries(texts)
    for query, text, vector in zip(queries, texts, vectors, strict=True):
        reply = _answer(searcher, Asked(query, text, vector))
        metrics.SEARCHES.labels(reply.judgement.decision).inc()
        yield reply


def _answer(searcher: Searcher, asked: Asked) -> Reply:
    found = inspect(searcher, asked)
    relevant = [one.candidate.hit for one in found.ranked]
    head = relevant if asked.query.order == "relevance" else found.nearest
    return Reply(found.judgement, _cut_page(searcher, found.asked, head))


def inspect(searcher: Searcher, asked: Asked) -> Inspection:
    """Find the nearest items and judge them. Raises EmbedderBusy."""
    nearest = _find_nearest(searcher, asked)
    other = _keep_stored_abbreviations(searcher, asked, nearest)
    if other is not None:
        asked, nearest = other, _find_nearest(searcher, other)
    # Once: they may become known in between.
    constants = searcher.calibration.get_constants()
    ranked = _rank(searcher, constants, asked, nearest)
    thresholds = _choose_thresholds(searcher.pool, asked.query)
    judgement = judge(searcher, constants, asked.text, ranked, thresholds)
    return Inspection(asked, [one.hit for one in nearest], ranked, judgement)


def _keep_stored_abbreviations(
    searcher: Searcher, asked: Asked, nearest: Sequence[MeasuredHit]
) -> Asked | None:
    """Return what to search instead, if a question's abbreviations stand in the nearest wordings.

    If the model fails on that text, what was found by the other one stands.
    """
    question = asked.query.question
    if asked.text == question:
        return None
    wordings = (one.hit.matched_text or one.hit.question for one in nearest)
    text = expand_abbreviations(question, kept=find_abbreviations(question, wordings))
    if text == asked.text:
        return None
    try:
        return Asked(asked.query, text, searcher.embeddings.embed_query(text))
    except EmbeddingFailed:
        return None


def _find_nearest(searcher: Searcher, asked: Asked) -> list[MeasuredHit]:
    return store.search.search_measured(
        searcher.pool,
        searcher.model,
        asked.vector,
        limit=CANDIDATES,
        collections=asked.query.searched,
        metadata=asked.query.metadata,
    )


def _cut_page(searcher: Searcher, asked: Asked, head: list[Hit]) -> list[Hit]:
    """Return the page of the list that begins with `head`, the nearest items in any order."""
    query = asked.query
    end = query.offset + query.limit
    near = [hit for hit in head if _is_near(hit, query)]
    page = near[query.offset : end]
    # What follows is farther than the nearest CANDIDATES items, but for what an index missed.
    if end <= CANDIDATES or len(near) < CANDIDATES:
        return page
    start = max(query.offset, CANDIDATES)
    tail = store.search.search(
        searcher.pool,
        searcher.model,
        asked.vector,
        limit=end - start,
        offset=start - CANDIDATES,
        without=[hit.id for hit in near],
        collections=query.searched,
        metadata=query.metadata,
    )
    return page + [hit for hit in tail if _is_near(hit, query)]


def _is_near(hit: Hit, query: Query) -> bool:
    if query.max_distance is not None and hit.distance > query.max_distance:
        return False
    return query.min_score is None or hit.score >= query.min_score


def _rank(
    searcher: Searcher,
    constants: Constants | None,
    asked: Asked,
    nearest: Sequence[MeasuredHit],
) -> list[Relevant]:
    """Return the nearest items by relevance, without those that miss a vector.

    While the model's constants are not known, the items stay in their order.
    """
    candidates = [
        Candidate(one.hit, one.cosines.question, one.cosines.pair)
        for one in nearest
        if one.cosines is not None
    ]
    if constants is None:
        return [Relevant(one, one.nearer) for one in candidates]
    return rank_candidates(Wording(asked.text), candidates, constants, searcher.wordings)


def _find_only(query: Query) -> str | None:
    """Return the collection whose own thresholds count: that which alone is named, or is seen."""
    searched = query.searched
    named = searched if query.collections is None else query.collections
    return searched[0] if searched and named and len(set(named)) == 1 else None


def _choose_thresholds(pool: Pool, query: Query) -> Thresholds:
    """Return the thresholds of the only collection that is searched, or of the query."""
    only = _find_only(query)
    _, own = (True, None) if only is None else store.thresholds.get_thresholds(pool, only)
    thresholds = own or DEFAULT_THRESHOLDS
    if query.min_confidence is None:
        return thresholds
    return replace(thresholds, answer=query.min_confidence)


def judge(
    searcher: Searcher,
    constants: Constants | None,
    text: str,
    ranked: Sequence[Relevant],
    thresholds: Thresholds,
) -> Judgement:
    """Return the judgement on the candidates of a question, most relevant first.

    `constants` are those that they were ranked by, and `text` is the question without
    abbreviations.
    """
    if not ranked:
        return Judgement("none", Confidence(0.0, 0.0), thresholds, None)
    best = ranked[0].candidate.hit
    if constants is None:
        return Judgement("ambiguous", Confidence(0.0, 0.0), thresholds, best, [NOT_MEASURED])
    confidence = estimate_confidence(ranked, constants, thresholds.constant)
    decision = decide(confidence, thresholds)
    if decision == "answer" and _must_ask_back(searcher, text, ranked):
        decision = "ambiguous"
    return Judgement(decision, confidence, thresholds, best)


def _must_ask_back(searcher: Searcher, text: str, ranked: Sequence[Relevant]) -> bool:
    """Return whether question and first item differ in what turns the meaning (conflicts.py).

    How rare a code is, is counted in a sample of the item's collection, and only if codes differ.
    """
    best, *others = [one.candidate.hit for one in ranked]
    wording = best.matched_text or best.question
    nearby = [
        searcher.wordings.read_question(other).stems
        for other in (hit.matched_text or hit.question for hit in others)
        if other != wording
    ]
    # How an abbreviation is written turns no meaning.
    spelt = expand_abbreviations(wording, kept=find_abbreviations(text, [wording]))
    difference = find_difference(text, spelt, best.answer, nearby)
    if difference.opposite or not difference.codes.asked:
        return difference.opposite
    codes = [*difference.codes.asked, *difference.codes.stored]
    counts, items = store.codes.count_codes(searcher.pool, best.collection, codes)
    most = max(RARE_ITEMS, RARE_SHARE * items)
    rare = frozenset(code for code in codes if counts.get(code, 0) <= most)
    return difference.codes.conflict(rare)
