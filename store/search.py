"""The search among the items' vectors.

All pages of a query are cut from one list, so that no item comes twice or never. First come the
items that the index (store/index.py) gives, in its order; then all others, by comparing the query
with each. How far the index goes depends on the query and its filter, never on the page: it stops
after MOST_FROM_INDEX vectors, or where it gives up. Without an index, PostgreSQL compares for the
first part too. A filter that keeps few items needs no index: the query is compared with each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor

from db import Connection, Pool, fetch_row
from embeddings import FloatArray
from store.filters import Condition, compose_path
from store.models import Model
from store.ranking import MOST_FROM_INDEX, Ranking, rank_page, run
from store.vectors import format_halfvec

# A filter that keeps no more items is narrow: comparing with them takes less time than looking for
# them in the index among others (bench/results/scale.md).
NARROW_ITEMS = 1_000


@dataclass(frozen=True)
class Hit:
    """One item that a search found. `distance` is the cosine distance, 0 to 2.

    `matched` says what was nearest: `question`, `alternative` or `pair`. `matched_text` is that
    wording of the question; None for a pair.
    """

    id: int
    question: str
    answer: str
    collection: str
    metadata: dict[str, str]
    distance: float
    matched: str
    matched_text: str | None


def search(
    pool: Pool,
    model: Model,
    query: FloatArray,
    *,
    limit: int,
    offset: int = 0,
    collections: Sequence[str] | None = None,
    metadata: Sequence[Condition] | None = None,
    max_distance: float | None = None,
) -> list[Hit]:
    """Return a page of the items nearest to `query` (shape (dimension,)), nearest first.

    An item's distance is that of the nearest of its vectors; ties go by item id. `limit` and
    `offset` are at most 10,100 together.
    """
    values = {
        "query": format_halfvec(query),
        "limit": limit,
        "offset": offset,
        "collections": None if collections is None else list(collections),
        "metadata": compose_path(metadata) if metadata else None,
    }
    with pool.reading() as conn, conn.cursor() as cur:
        hits = [Hit(*row) for row in _find_page(conn, cur, model, values)]
    # The index orders by vectors that it rounded itself.
    hits.sort(key=lambda hit: (hit.distance, hit.id))
    return [hit for hit in hits if max_distance is None or hit.distance <= max_distance]


def has_items(
    pool: Pool, collections: Sequence[str] | None, metadata: Sequence[Condition] | None
) -> bool:
    """Return whether the collections have an item that meets the conditions."""
    values = {
        "collections": None if collections is None else list(collections),
        "metadata": compose_path(metadata) if metadata else None,
    }
    with pool.reading() as conn, conn.cursor() as cur:
        return _select_kept(cur, values, 1).items > 0


def _find_page(
    conn: Connection, cur: cursor, model: Model, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    filters = tuple(name for name in ("collections", "metadata") if values[name] is not None)
    end = values["limit"] + values["offset"]
    kept = _select_kept(cur, values, NARROW_ITEMS + 1) if filters else None
    if kept is not None and kept.items <= NARROW_ITEMS:
        ranking = rank_page("compared", model, end, ("items",))
        return _fill_page(conn, cur, ranking, values | {"items": kept.ids})
    if 2 * end <= MOST_FROM_INDEX:
        ranking = rank_page("indexed", model, end, filters)
        # Once more with more vectors, if a few items have most of the nearest ones.
        for one in dict.fromkeys((ranking, ranking.take(MOST_FROM_INDEX))):
            rows = run(conn, cur, one, values)
            if len(rows) == values["limit"]:
                return rows
    if filters:
        values = values | {"items": _select_kept(cur, values, None).ids}
        filters = (*filters, "items")
    return _fill_page(conn, cur, rank_page("both", model, end, filters), values)


def _fill_page(
    conn: Connection, cur: cursor, ranking: Ranking, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return a page, which is only short where there are no more items."""
    rows = run(conn, cur, ranking, values)
    if len(rows) == values["limit"]:
        return rows
    return run(conn, cur, ranking.take(None), values)


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
    WHERE (visible_metadata IS NULL AND metadata @@ %(metadata)s::jsonpath
           OR visible_metadata @@ %(metadata)s::jsonpath)
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
