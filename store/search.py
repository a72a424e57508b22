"""The search among the items' vectors.

Each search first asks how many items its filter keeps. Few are compared with one by one; among
many, or without a filter, the nearest vectors are taken from the index (store/index.py) where there
is one. It may give up before the page is full (a filter that keeps little, many deleted vectors
that are not yet vacuumed); then the query is compared with all that the filter keeps.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import Json

from db import Connection, Pool, one_row
from embeddings import FloatArray
from store.models import Model
from store.vectors import halfvec_text

# A filter that keeps no more items is narrow: to compare with them takes less time than to look for
# them in the index among others (bench/results/scale.md).
NARROW_ITEMS = 1_000
# More vectors than this the index may not find before it gives up (db.py).
MOST_FROM_INDEX = 1_000


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
        "query": halfvec_text(query),
        "limit": limit,
        "offset": offset,
        "collections": None if collections is None else list(collections),
        "metadata": Json(dict(metadata)) if metadata else None,
    }
    filtered = collections is not None or bool(metadata)
    # Each item has two vectors, so the nearest 2n vectors hold the nearest n items.
    vectors = next(most for most in _VECTORS if most >= 2 * (limit + offset))
    exact = _Statement(model.id, model.dimension, vectors, exact=True, among_items=filtered)
    nearest = _Statement(
        model.id,
        model.dimension,
        vectors,
        in_collections=collections is not None,
        with_metadata=bool(metadata),
    )
    with pool.reading() as conn, conn.cursor() as cur:
        narrow = filtered and _count_kept(cur, values, NARROW_ITEMS) <= NARROW_ITEMS
        hits: list[Hit] = []
        if not narrow and vectors <= MOST_FROM_INDEX:
            hits = _found(conn, cur, nearest, values)
        if len(hits) < limit:
            if filtered and not narrow:
                _count_kept(cur, values, None)
            hits = _found(conn, cur, exact, values)
    return [hit for hit in hits if max_distance is None or hit.distance <= max_distance]


def _count_kept(cur: cursor, values: dict[str, Any], most: int | None) -> int:
    """Put the items that the filter keeps into `values`; return how many, at most `most` + 1."""
    values["most"] = None if most is None else most + 1
    cur.execute(_KEPT_BY_METADATA if values["metadata"] else _KEPT_BY_COLLECTION, values)
    count, values["items"] = one_row(cur)
    return int(count)


# The items go back as they came, as text: a thousand numbers need not become Python's. The planner
# must see the value: it knows how common each is.
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


def _found(
    conn: Connection, cur: cursor, statement: _Statement, values: dict[str, Any]
) -> list[Hit]:
    """Run a statement, prepared once for each connection: planning takes as long as running it."""
    if time.monotonic() - conn.tuned_at > _TUNED_SECONDS:
        cur.execute(_CANDIDATES)
        conn.tuned_at = time.monotonic()
    if statement not in conn.prepared:
        cur.execute(statement.prepare())
        conn.prepared.add(statement)
    cur.execute(statement.execute(), values)
    return [Hit(*row) for row in cur.fetchall()]


# So many candidates find 0.98 of the nearest at any size measured (bench/results/scale.md). A
# connection lives long, and the table grows: each asks again now and then.
_TUNED_SECONDS = 60.0
_CANDIDATES = """
SELECT set_config('hnsw.ef_search', CASE WHEN reltuples < 50000 THEN '100'
                                         WHEN reltuples < 500000 THEN '150' ELSE '250' END, false)
FROM pg_class WHERE oid = 'vectors'::regclass
"""

# For so many vectors searches are prepared, the last is what the largest limit and offset want.
_VECTORS = (10, 20, 50, 200, 1_000, 5_000, 20_200)


@dataclass(frozen=True)
class _Statement:
    """A search's statement, the same but for its values.

    The number of vectors is part of it: of a value that may be any the planner would think it
    large, and pass over the index.
    """

    model: int
    dimension: int
    vectors: int
    in_collections: bool = False
    with_metadata: bool = False
    among_items: bool = False
    exact: bool = False

    @property
    def values(self) -> dict[str, str]:
        """Return the types of the values by their names."""
        return {"query": "halfvec", "limit": "bigint", "offset": "bigint"} | {
            name: kind
            for name, kind, used in (
                ("collections", "text[]", self.in_collections),
                ("metadata", "jsonb", self.with_metadata),
                ("items", "bigint[]", self.among_items),
            )
            if used
        }

    @property
    def name(self) -> str:
        return "search_" + "_".join(str(int(part)) for part in vars(self).values())

    def prepare(self) -> str:
        text = _SEARCH
        text = text.replace("<where>", "".join(_WHERE.get(name, "") for name in self.values))
        # What is not inlined has no index that could order it.
        text = text.replace("<fence>", "OFFSET 0" if self.exact else "")
        for part in ("model", "dimension", "vectors"):
            text = text.replace(f"<{part}>", str(getattr(self, part)))
        for number, name in enumerate(self.values, 1):
            text = text.replace(f"<{name}>", f"${number}")
        return f"PREPARE {self.name}({', '.join(self.values.values())}) AS {text}"

    def execute(self) -> str:
        return f"EXECUTE {self.name}({', '.join(f'%({name})s' for name in self.values)})"


# The cast and the model are written as in the index, so that the planner can take it. GREATEST:
# rounding gives an identical vector a distance just below 0.
_SEARCH = """
WITH nearest AS MATERIALIZED (
    SELECT item_id, kind, distance FROM (
        SELECT v.item_id, v.kind,
               v.embedding::halfvec(<dimension>) <=> <query>::halfvec(<dimension>) AS distance
        FROM vectors v
        WHERE v.model_id = <model><where>
        <fence>
    ) compared
    ORDER BY distance, item_id
    LIMIT <vectors>
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
LIMIT <limit> OFFSET <offset>
"""
_WHERE = {
    "collections": " AND v.collection_id = ANY (ARRAY("
    "SELECT id FROM collections WHERE name = ANY (<collections>)))",
    # Asked for each vector that the index gives, rather than of all items beforehand.
    "metadata": " AND (SELECT i.metadata @> <metadata> FROM items i WHERE i.id = v.item_id)",
    "items": " AND v.item_id = ANY (<items>)",
}
