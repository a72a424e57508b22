"""The search among the items' vectors.

Each search with a filter first asks how many items the filter keeps. The query is compared with
each of them if they are few. Otherwise, and without a filter, PostgreSQL may take the nearest
vectors from the index (store/index.py). The index may give up before the page is full: because a
filter keeps little, or because many vectors were deleted and not yet vacuumed. Then the query is
compared with everything that the filter keeps.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import Json
from psycopg2.sql import SQL, Composed, Identifier, Literal, Placeholder

from db import Connection, Pool, fetch_row
from embeddings import FloatArray
from store.models import Model
from store.vectors import format_halfvec

# A filter that keeps no more items is narrow: comparing with them takes less time than looking for
# them in the index among others (bench/results/scale.md).
NARROW_ITEMS = 1_000
# The index may give up before it finds more vectors than this (hnsw.max_scan_tuples in db.py).
MOST_FROM_INDEX = 1_000
# Searches are prepared for so many vectors; the last number is for the largest limit and offset.
PREPARED_VECTORS = (10, 20, 50, 200, 1_000, 5_000, 20_200)
# A connection lives long, and the table grows: it asks for the table's size again now and then.
TUNED_SECONDS = 60.0


@dataclass(frozen=True)
class Hit:
    """One item that a search found. `distance` is the cosine distance, 0 to 2."""

    id: int
    question: str
    answer: str
    collection: str
    metadata: dict[str, str]
    distance: float
    matched: str


def search(
    pool: Pool,
    model: Model,
    query: FloatArray,
    *,
    limit: int,
    offset: int = 0,
    collections: Sequence[str] | None = None,
    metadata: Mapping[str, str] | None = None,
    max_distance: float | None = None,
) -> list[Hit]:
    """Return the items nearest to `query` (shape (dimension,)), nearest first.

    An item's distance is that of the nearer of its two vectors; ties go by item id. `limit` and
    `offset` are at most 10,100 together.
    """
    values = {
        "query": format_halfvec(query),
        "limit": limit,
        "offset": offset,
        "collections": None if collections is None else list(collections),
        "metadata": Json(dict(metadata)) if metadata else None,
    }
    with pool.reading() as conn, conn.cursor() as cur:
        hits = _find_hits(conn, cur, model, values)
    return [hit for hit in hits if max_distance is None or hit.distance <= max_distance]


def _find_hits(conn: Connection, cur: cursor, model: Model, values: dict[str, Any]) -> list[Hit]:
    filters = tuple(name for name in ("collections", "metadata") if values[name] is not None)
    # Each item has two vectors, so the nearest 2n vectors hold the nearest n items.
    wanted = 2 * (values["limit"] + values["offset"])
    vectors = next(most for most in PREPARED_VECTORS if most >= wanted)
    kept = _select_kept(cur, values, NARROW_ITEMS + 1) if filters else None
    narrow = kept is not None and kept.items <= NARROW_ITEMS
    if not narrow and vectors <= MOST_FROM_INDEX:
        nearest = _Statement(model.id, model.dimension, vectors, filters)
        hits = _run(conn, cur, nearest, values)
        if len(hits) >= values["limit"]:
            return hits
    if kept is None:
        return _run(conn, cur, _Statement(model.id, model.dimension, vectors, exact=True), values)
    if not narrow:
        kept = _select_kept(cur, values, None)
    among = _Statement(model.id, model.dimension, vectors, ("items",), exact=True)
    return _run(conn, cur, among, values | {"items": kept.ids})


@dataclass(frozen=True)
class _Kept:
    """How many items a filter keeps, and their ids as PostgreSQL's text of an array.

    The text goes back as it came: a thousand numbers need not become Python's.
    """

    items: int
    ids: str


def _select_kept(cur: cursor, values: dict[str, Any], most: int | None) -> _Kept:
    """Return the items that the filter keeps, and at most `most` of them."""
    by_metadata = values["metadata"] is not None
    cur.execute(_KEPT_BY_METADATA if by_metadata else _KEPT_BY_COLLECTION, values | {"most": most})
    return _Kept(*fetch_row(cur))


# Not prepared: the planner must see the values, because it knows how common each of them is.
_KEPT_BY_METADATA = """
SELECT count(*), coalesce(array_agg(id), '{}')::text FROM (
    SELECT id FROM items
    WHERE metadata @> %(metadata)s
      AND (%(collections)s IS NULL OR collection_id = ANY (ARRAY(
          SELECT id FROM collections WHERE name = ANY (%(collections)s))))
    LIMIT %(most)s
) kept
"""
# In the order of an index, so that a small collection is never looked for among all items.
_KEPT_BY_COLLECTION = """
SELECT count(*), coalesce(array_agg(id), '{}')::text FROM (
    SELECT i.id FROM collections c CROSS JOIN LATERAL (
        SELECT id FROM items WHERE collection_id = c.id ORDER BY position, id LIMIT %(most)s
    ) i
    WHERE c.name = ANY (%(collections)s) LIMIT %(most)s
) kept
"""


def _run(conn: Connection, cur: cursor, statement: _Statement, values: dict[str, Any]) -> list[Hit]:
    """Run a statement, prepared once for each connection: planning takes as long as running it."""
    if time.monotonic() - conn.tuned_at > TUNED_SECONDS:
        cur.execute(_TUNE)
        conn.tuned_at = time.monotonic()
    if statement not in conn.prepared:
        cur.execute(statement.prepare())
        conn.prepared[statement] = statement.execute().as_string(cur)
    cur.execute(conn.prepared[statement], values)
    return [Hit(*row) for row in cur.fetchall()]


# With so many candidates a search finds 0.98 of the nearest at any size that was measured
# (bench/results/scale.md).
_TUNE = """
SELECT set_config('hnsw.ef_search', CASE WHEN reltuples < 50000 THEN '100'
                                         WHEN reltuples < 500000 THEN '150' ELSE '250' END, false)
FROM pg_class WHERE oid = 'vectors'::regclass
"""


@dataclass(frozen=True)
class _Statement:
    """A prepared search. Its filters are names in _FILTERS.

    The number of vectors is part of its text: a value that could be any number would look large to
    the planner, and it would pass over the index.
    """

    model: int
    dimension: int
    vectors: int
    filters: tuple[str, ...] = ()
    exact: bool = False

    @property
    def name(self) -> str:
        parts = [self.model, self.dimension, self.vectors, *self.filters]
        return "_".join(map(str, ["search", *parts, "exact" if self.exact else "nearest"]))

    @property
    def types(self) -> dict[str, str]:
        """Return the types of the values by their names."""
        types = {"query": "halfvec", "limit": "bigint", "offset": "bigint"}
        return types | {name: _FILTERS[name][0] for name in self.filters}

    def prepare(self) -> Composed:
        values = {name: SQL(f"${number}") for number, name in enumerate(self.types, 1)}
        return SQL("PREPARE {name}({types}) AS {search}").format(
            name=Identifier(self.name),
            types=SQL(", ").join(map(SQL, self.types.values())),
            search=_SEARCH.format(
                model=Literal(self.model),
                dimension=Literal(self.dimension),
                vectors=Literal(self.vectors),
                filters=Composed(_FILTERS[name][1].format(values[name]) for name in self.filters),
                # A subquery with OFFSET is not inlined, so no index can give its order.
                fence=SQL("OFFSET 0" if self.exact else ""),
                query=values["query"],
                limit=values["limit"],
                offset=values["offset"],
            ),
        )

    def execute(self) -> Composed:
        return SQL("EXECUTE {}({})").format(
            Identifier(self.name), SQL(", ").join(map(Placeholder, self.types))
        )


# The cast and the model are written as in the index, so that the planner can take it. GREATEST:
# rounding gives an identical vector a distance just below 0.
_SEARCH = SQL("""
WITH nearest AS MATERIALIZED (
    SELECT item_id, kind, distance FROM (
        SELECT v.item_id, v.kind,
               v.embedding::halfvec({dimension}) <=> {query}::halfvec({dimension}) AS distance
        FROM vectors v
        WHERE v.model_id = {model}{filters}
        {fence}
    ) compared
    ORDER BY distance, item_id
    LIMIT {vectors}
), best AS (
    SELECT DISTINCT ON (item_id) item_id, kind, GREATEST(distance, 0) AS distance
    FROM nearest
    ORDER BY item_id, distance, kind DESC
)
SELECT i.id, i.question, i.answer, c.name, i.metadata, b.distance, b.kind
FROM best b
JOIN items i ON i.id = b.item_id
JOIN collections c ON c.id = i.collection_id
ORDER BY b.distance, b.item_id
LIMIT {limit} OFFSET {offset}
""")
# The type of each filter's value, and its condition.
_FILTERS = {
    "collections": (
        "text[]",
        SQL(" AND v.collection_id = ANY (ARRAY(SELECT id FROM collections WHERE name = ANY ({})))"),
    ),
    # Asked for each vector that the index gives: not of all items beforehand.
    "metadata": (
        "jsonb",
        SQL(" AND (SELECT i.metadata @> {} FROM items i WHERE i.id = v.item_id)"),
    ),
    "items": ("bigint[]", SQL(" AND v.item_id = ANY ({})")),
}
