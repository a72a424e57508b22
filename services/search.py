"""Searches: a question becomes a vector, and the database finds the items nearest to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import store.search
from embeddings import FloatArray
from services.runtime import Runtime
from store.filters import Condition
from store.search import Hit


@dataclass(frozen=True)
class Query:
    """A question, and which items may answer it; None keeps all of them.

    `metadata` are the conditions that an item must meet; `max_distance` is the largest
    cosine distance, 0 to 2.
    """

    question: str
    limit: int
    offset: int = 0
    collections: Sequence[str] | None = None
    metadata: Sequence[Condition] | None = None
    max_distance: float | None = None


def find_hits(runtime: Runtime, query: Query) -> list[Hit]:
    """Return the items nearest to the question, nearest first.

    Raises EmbeddingFailed, EmbedderBusy.
    """
    return _search(runtime, query, runtime.embeddings.embed_query(query.question))


def find_hits_of_each(runtime: Runtime, queries: Sequence[Query]) -> Iterator[list[Hit]]:
    """Embed all questions together, then yield the hits of one after the other.

    Raises as `find_hits`.
    """
    vectors = runtime.embeddings.embed_queries([query.question for query in queries])
    for query, vector in zip(queries, vectors, strict=True):
        yield _search(runtime, query, vector)


def _search(runtime: Runtime, query: Query, vector: FloatArray) -> list[Hit]:
    return store.search.search(
        runtime.pool,
        runtime.model,
        vector,
        limit=query.limit,
        offset=query.offset,
        collections=query.collections,
        metadata=query.metadata,
        max_distance=query.max_distance,
    )
