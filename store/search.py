"""The search among the items' vectors.

All pages of a query are cut from one list, so that no item comes twice or never. First come the
items of the nearest vectors that an index gives (store/index.py), as far as the filter keeps them,
in the index's order; then all others, by comparing the query with each. How far the index goes
never depends on the page. Without an index, PostgreSQL compares for the first part too.

| the filter keeps | the query is compared first with |
|---|---|
| no more than NARROW_ITEMS | each item that it keeps |
| no more than FAR_ITEMS, and few of the index's nearest | each item that it keeps |
| more | the nearest that the index gives |

`search` returns any page of it. The nearest items are mostly clear among a few candidates of an
index, so `search_measured` goes through it step by step, and no further than until they are clear.
What comes after them is the list above without them (`search`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from psycopg2.extensions import cursor

from db import Connection, Pool, fetch_row
from embeddings import FloatArray
from store.filters import Condition, compose_path
from store.index import index_name
from store.models import Model
from store.ranking import MOST_FROM_INDEX, Page, Ranking, count_vectors, run
from store.vectors import format_halfvec

# Comparing with so few items takes no longer than two steps through an index.
FEW_ITEMS = 2_000
# A filter that keeps no more items is narrow: comparing with each of them misses nothing and takes
# no longer than all candidates of an index would (bench/results/exactness.md).
NARROW_ITEMS = 10_000
# A filter that keeps less than this share of the index's nearest vectors lies far from the query,
# as one for texts in another language does: the index has not seen enough of what it keeps. With a
# twentieth, 98.3 % of the first hits in 50,000 real items would be those of comparing; with a
# tenth, 99.8 %.
FAR_SHARE = 0.1
# Comparing with more items would take too long.
FAR_ITEMS = 60_000


class Hit(NamedTuple):
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

    @property
    def score(self) -> float:
        """1 - distance, 1 to -1."""
        return 1 - self.distance


class Cosines(NamedTuple):
    """The cosines between a query and an item's two vectors, -1 to 1.

    An item with several vectors of a kind has the cosine of the nearest.
    """

    question: float
    pair: float


class MeasuredHit(NamedTuple):
    """A hit with its cosines; None while it misses a vector, because it is being written."""

    hit: Hit
    cosines: Cosines | None


def search(
    pool: Pool,
    model: Model,
    query: FloatArray,
    *,
    limit: int,
    offset: int = 0,
    without: Sequence[int] = (),
    collections: Sequence[str] | None = None,
    metadata: Sequence[Condition] | None = None,
) -> list[Hit]:
    """Return a page of the items nearest to `query` (shape (dimension,)), nearest first.

    The list that it is cut from does not have the items whose ids are `without`. An item's distance
    is that of the nearest of its vectors; ties go by item id. `limit` and `offset` are at most
    10,100 together.
    """
    values = _bind(model, query, limit, collections, metadata)
    values |= {"offset": offset, "without": list(without)}
    ranking = _make_ranking(model, values, measured=False)
    with pool.reading() as conn, conn.cursor() as cur:
        hits = [Hit(*row[:-2]) for row in _find_page(conn, cur, ranking, values)]
    # The index orders by vectors that it rounded itself.
    hits.sort(key=lambda hit: (hit.distance, hit.id))
    return hits


def search_measured(
    pool: Pool,
    model: Model,
    query: FloatArray,
    *,
    limit: int,
    collections: Sequence[str] | None = None,
    metadata: Sequence[Condition] | None = None,
) -> list[MeasuredHit]:
    """Return the items nearest to `query`, nearest first, each measured against it.

    In the same statement: another one would take as long again to get there and back.
    """
    values = _bind(model, query, limit, collections, metadata)
    ranking = _make_ranking(model, values, measured=True)
    with pool.reading() as conn, conn.cursor() as cur:
        rows = _find_nearest(conn, cur, ranking, values)
    hits = [MeasuredHit(Hit(*row[:-2]), _measure(*row[-2:])) for row in rows]
    return sorted(hits, key=lambda one: (one.hit.distance, one.hit.id))


def _bind(
    model: Model,
    query: FloatArray,
    limit: int,
    collections: Sequence[str] | None,
    metadata: Sequence[Condition] | None,
) -> dict[str, Any]:
    return {
        "query": format_halfvec(query),
        "index": f"{index_name(model)}_",
        "limit": limit,
        "offset": 0,
        "without": [],
        "collections": None if collections is None else list(collections),
        "metadata": compose_path(metadata) if metadata else None,
    }


def _measure(question: float | None, pair: float | None) -> Cosines | None:
    if question is None or pair is None:
        return None
    return Cosines(1 - question, 1 - pair)


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


def _make_ranking(model: Model, values: dict[str, Any], *, measured: bool) -> Ranking:
    filters = tuple(name for name in ("collections", "metadata") if values[name] is not None)
    return Ranking("indexed", model, None, filters=filters, measured=measured)


def _find_nearest(
    conn: Connection, cur: cursor, ranking: Ranking, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return the first page of the nearest items, from few candidates where it is clear."""
    own = ranking
    if ranking.filters:
        kept = _select_kept(cur, values, FEW_ITEMS + 1)
        if kept.items <= FEW_ITEMS:
            return _compare_kept(conn, cur, ranking, values, kept)
        own = _take_own_index(ranking, kept)
    page = run(conn, cur, replace(own, method="stepwise"), values)
    found = ("clear",) if own.is_narrowed else ("clear", "all")
    if len(page.rows) == values["limit"] and page.end in found:
        return page.rows
    if own.collection is not None and not own.filters:
        kept = _select_kept(cur, values, FAR_ITEMS + 1)
        if kept.items <= FAR_ITEMS:
            return _compare_kept(conn, cur, ranking, values, kept)
    return _find_page(conn, cur, ranking, values)


def _find_page(
    conn: Connection, cur: cursor, ranking: Ranking, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return any page of the list that this module describes."""
    if ranking.filters:
        kept = _select_kept(cur, values, NARROW_ITEMS + 1)
        if kept.items <= NARROW_ITEMS:
            return _compare_kept(conn, cur, ranking, values, kept)
        ranking = _take_own_index(ranking, kept)
    page = _take_from_index(conn, cur, ranking, values)
    if ranking.filters and page.vectors < FAR_SHARE * MOST_FROM_INDEX:
        kept = _select_kept(cur, values, FAR_ITEMS + 1)
        if kept.items <= FAR_ITEMS:
            return _compare_kept(conn, cur, ranking, values, kept)
    if len(page.rows) == values["limit"]:
        return page.rows
    if "metadata" in ranking.filters:
        values = values | {"items": _select_kept(cur, values, None).ids}
    return _compare(conn, cur, replace(ranking, method="both"), values)


def _take_own_index(ranking: Ranking, kept: _Kept) -> Ranking:
    """Return the ranking by the collection's own index, if it has one."""
    if kept.collection is None:
        return ranking
    others = tuple(name for name in ranking.filters if name != "collections")
    return replace(ranking, collection=kept.collection, filters=others)


def _take_from_index(
    conn: Connection, cur: cursor, ranking: Ranking, values: dict[str, Any]
) -> Page:
    """Return what an index has of the page; with a filter, of all that it keeps there."""
    first = _count_first(values)
    if not ranking.filters:
        if first is None or first > MOST_FROM_INDEX:
            return Page([], 0, more=True)
        page = run(conn, cur, replace(ranking, vectors=first), values)
        if len(page.rows) == values["limit"] or not page.more:
            return page
    return run(conn, cur, replace(ranking, vectors=MOST_FROM_INDEX), values)


def _count_first(values: dict[str, Any]) -> int | None:
    return count_vectors(values["limit"] + values["offset"] + len(values["without"]))


def _compare_kept(
    conn: Connection, cur: cursor, ranking: Ranking, values: dict[str, Any], kept: _Kept
) -> list[tuple[Any, ...]]:
    ranking = replace(ranking, method="compared")
    return _compare(conn, cur, ranking, values | {"items": kept.ids})


def _compare(
    conn: Connection, cur: cursor, ranking: Ranking, values: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Return the page, comparing with each item that the filter keeps."""
    if "metadata" in ranking.filters:
        ranking = replace(ranking, filters=(*ranking.filters, "items"))
    vectors = _count_first(values)
    page = run(conn, cur, replace(ranking, vectors=vectors), values)
    while page.more and len(page.rows) < values["limit"]:
        vectors = None if vectors is None else count_vectors(vectors)
        page = run(conn, cur, replace(ranking, vectors=vectors), values)
    return page.rows


@dataclass(frozen=True)
class _Kept:
    """How many items a filter keeps, and their ids as PostgreSQL's text of an array.

    The text goes back as it came: a thousand numbers need not become Python's. `collection` is the
    id of the one that the filter names, if it has an index of its own.
    """

    items: int
    ids: str
    collection: int | None


def _select_kept(cur: cursor, values: dict[str, Any], most: int | None) -> _Kept:
    """Return the items that the filter keeps, and at most `most` of them."""
    by_metadata = values["metadata"] is not None
    query = _KEPT_BY_METADATA if by_metadata else _KEPT_BY_COLLECTION
    cur.execute(query + _COLLECTION, {"index": None} | values | {"most": most})
    return _Kept(*fetch_row(cur))


# Not prepared: the planner must see the values, because it knows how common each of them is.
_KEPT_BY_METADATA = """
WITH kept AS (
    SELECT count(*), coalesce(array_agg(id), '{}')::text AS ids FROM (
        SELECT id FROM items
        WHERE (visible_metadata IS NULL AND metadata @@ %(metadata)s::jsonpath
               OR visible_metadata @@ %(metadata)s::jsonpath)
          AND (%(collections)s IS NULL OR collection_id = ANY (ARRAY(
              SELECT id FROM collections WHERE name = ANY (%(collections)s))))
        LIMIT %(most)s
    ) i
)
"""
# In the order of an index, so that a small collection is never looked for among all items. The ids
# are not needed.
_KEPT_BY_COLLECTION = """
WITH kept AS (
    SELECT count(*), '{}' AS ids FROM (
        SELECT FROM collections c CROSS JOIN LATERAL (
            SELECT FROM items WHERE collection_id = c.id ORDER BY position, id LIMIT %(most)s
        ) i
        WHERE c.name = ANY (%(collections)s) LIMIT %(most)s
    ) i
)
"""
_COLLECTION = """
SELECT kept.count, kept.ids, (
    SELECT c.id FROM collections c
    JOIN pg_index x ON x.indexrelid = to_regclass(%(index)s || c.id) AND x.indisvalid
    WHERE ARRAY[c.name] = %(collections)s
) FROM kept
"""
