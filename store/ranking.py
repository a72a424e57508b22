"""The prepared SQL that ranks items by their distance to a query, and how it is run.

A page is cut from a ranking that does not depend on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from psycopg2.extensions import cursor
from psycopg2.sql import SQL, Composable, Composed, Placeholder
from psycopg2.sql import Literal as SqlLiteral

from db import Connection
from store.index import estimate_bytes, index_name
from store.models import Model
from store.prepared import Statement, compose_prepared, run_composed

# An index finds the nearest vectors among so many candidates: the more vectors, the more it takes
# (bench/results/exactness.md). With fewer for each vector, one that grew to 20,000 items row by row
# would give 99.5 % of the first hits or less. pgvector allows no more than 1,000. At most the items
# of half as many are ranked, since the index misses some of the farther ones. The nearest items,
# which are measured, are found among fewer.
LEAST_CANDIDATES, MOST_CANDIDATES = 250, 1_000
LEAST_FOR_NEAREST = 125
VECTORS_PER_CANDIDATE = 60
MOST_FROM_INDEX = 500
# Rankings are prepared for so many vectors; None is for all of them.
PREPARED_VECTORS = (50, 200, 1_000, 5_000, 50_000, None)

Method = Literal["indexed", "compared", "both"]


@dataclass(frozen=True)
class Ranking:
    """A ranking by an index, by comparing with each item, or by the index and then the rest.

    It ranks the items of the nearest `vectors`, of all if that is None. The number is part of the
    text: a value that could be any number would look large to the planner. So is `collection`, the
    id of one that is searched alone: only so can the planner take the collection's own index.
    `filters` are names in _FILTERS. A page that is `measured` has each item's distances, too.
    """

    method: Method
    model: Model
    vectors: int | None
    collection: int | None = None
    filters: tuple[str, ...] = ()
    measured: bool = False

    @property
    def types(self) -> dict[str, str]:
        """Return the types of the values by their names."""
        types = {"query": "halfvec", "limit": "bigint", "offset": "bigint", "without": "bigint[]"}
        return types | {name: _FILTERS[name][0] for name in self.filters}

    def compose(self, values: Mapping[str, Composable]) -> Composed:
        """Return the query of a page, with what stands for each of the values."""
        # Items that a filter keeps are named for the comparison, where that is by metadata.
        named = {"items"} if "items" in self.filters else set(self.filters)
        indexed = _INDEXED.format(
            distances=self._compose_distances(values, _AS_INDEXED, ()),
            most=SqlLiteral(MOST_FROM_INDEX),
            filters=self._compose_filters(values, set(self.filters) - {"items"}),
            vectors=SqlLiteral(self.vectors if self.method == "indexed" else MOST_FROM_INDEX),
        )
        compared = _COMPARED.format(
            distances=self._compose_distances(values, _AS_STORED, named),
            vectors=SqlLiteral(self.vectors),
        )
        ranked = _RANKED[self.method].format(
            indexed=indexed,
            compared=compared,
            most=SqlLiteral(MOST_FROM_INDEX),
            share=_SHARE,
        )
        return _PAGE.format(
            ranked=ranked,
            without=values["without"],
            limit=values["limit"],
            offset=values["offset"],
            question=self._compose_nearest(values, SQL("NOT")),
            pair=self._compose_nearest(values, SQL("")),
        )

    def _compose_nearest(self, values: Mapping[str, Composable], negation: SQL) -> Composable:
        if not self.measured:
            return SQL("NULL::float8")
        return _NEAREST.format(
            model=SqlLiteral(self.model.id), query=values["query"], negation=negation
        )

    def _compose_distances(
        self, values: Mapping[str, Composable], embedding: SQL, filters: Iterable[str]
    ) -> Composed:
        own = SQL(" AND v.collection_id = {}").format(SqlLiteral(self.collection))
        return _DISTANCES.format(
            embedding=embedding.format(dimension=SqlLiteral(self.model.dimension)),
            model=SqlLiteral(self.model.id),
            query=values["query"],
            collection=SQL("") if self.collection is None else own,
            filters=self._compose_filters(values, filters),
        )

    def _compose_filters(self, values: Mapping[str, Composable], names: Iterable[str]) -> Composed:
        return Composed(_FILTERS[name][1].format(values[name]) for name in sorted(names))


def count_vectors(items: int) -> int | None:
    """Return how many of the nearest vectors to rank first, for that many items.

    An item has two vectors or more, so they may hold fewer items: then more must be ranked.
    """
    return next(most for most in PREPARED_VECTORS if most is None or most >= 4 * items)


# The cast and the model are written as in the index, so that the planner can take it. Each cast
# takes a tenth of the time of a comparison, for every vector.
_AS_INDEXED, _AS_STORED = SQL("v.embedding::halfvec({dimension})"), SQL("v.embedding")
_DISTANCES = SQL("""
    SELECT v.item_id, v.kind, v.collection_id, {embedding} <=> {query} AS distance
    FROM item_vectors v
    WHERE v.model_id = {model}{collection}{filters}
""")
# The type of each filter's value, and its condition on `v`.
_FILTERS = {
    "collections": (
        "text[]",
        SQL(" AND v.collection_id = ANY (ARRAY(SELECT id FROM collections WHERE name = ANY ({})))"),
    ),
    # Asked for each vector that the index gives: not of all items beforehand.
    "metadata": (
        "jsonpath",
        SQL(
            " AND (SELECT coalesce(i.visible_metadata, i.metadata) @@ {}"
            " FROM items i WHERE i.id = v.item_id)"
        ),
    ),
    "items": ("bigint[]", SQL(" AND v.item_id = ANY ({})")),
}
# A filter chooses among the nearest of all vectors. If the index went on until it found enough that
# the filter keeps, it would miss many of the nearest ones. The numbers give the order of the items:
# the index has rounded the vectors, so that its order is not quite that of the distances.
_INDEXED = SQL("""
    nearest AS MATERIALIZED (
        SELECT v.item_id, v.kind, v.distance, v.n FROM (
            SELECT each.*, row_number() OVER () AS n
            FROM ({distances} ORDER BY distance, item_id, kind DESC LIMIT {most}) each
        ) v
        WHERE true{filters} LIMIT {vectors}
    ), indexed AS MATERIALIZED (
        SELECT DISTINCT ON (item_id) item_id, kind, distance, n FROM nearest ORDER BY item_id, n
    )
""")
# A subquery with OFFSET is not inlined, so no index can give its order.
_COMPARED = SQL("""
    nearest_compared AS MATERIALIZED (
        SELECT * FROM ({distances} OFFSET 0) each
        ORDER BY distance, item_id, kind DESC LIMIT {vectors}
    ), compared AS MATERIALIZED (
        SELECT DISTINCT ON (item_id) item_id, kind, distance FROM nearest_compared
        ORDER BY item_id, distance, kind DESC
    )
""")
_SHARE = SQL(
    "current_setting('hnsw.ef_search')::float8 / current_setting('conector.candidates')::float8"
)
_RANKED = {
    "indexed": SQL("""
        WITH {indexed}, ranked AS (SELECT * FROM indexed),
        taken AS (SELECT count(*), min(distance), max(distance), {share} FROM nearest)
    """),
    "compared": SQL("""
        WITH {compared}, ranked AS (
            SELECT *, row_number() OVER (ORDER BY distance, item_id) AS n FROM compared
        ), taken AS (SELECT count(*), 0, 0, 1 FROM nearest_compared)
    """),
    "both": SQL("""
        WITH {indexed}, {compared}, ranked AS (
            SELECT item_id, kind, distance, n FROM indexed
            UNION ALL
            SELECT item_id, kind, distance, {most} + row_number() OVER (ORDER BY distance, item_id)
            FROM compared c WHERE NOT EXISTS (SELECT FROM indexed i WHERE i.item_id = c.item_id)
        ), taken AS (SELECT count(*), 0, 0, 1 FROM nearest_compared)
    """),
}
# GREATEST: rounding gives an identical vector a distance just below 0.
_PAGE = SQL("""
{ranked}
SELECT taken.*, page.* FROM taken LEFT JOIN (
    SELECT i.id, i.question, i.answer, c.name, i.metadata, GREATEST(p.distance, 0),
           split_part(p.kind, ' ', 1),
           CASE WHEN split_part(p.kind, ' ', 1) <> 'pair' THEN coalesce(
               i.alternatives[NULLIF(split_part(p.kind, ' ', 2), '')::integer], i.question) END,
           {question}, {pair}
    FROM (
        SELECT * FROM ranked WHERE item_id <> ALL ({without})
        ORDER BY n LIMIT {limit} OFFSET {offset}
    ) p
    JOIN items i ON i.id = p.item_id
    JOIN collections c ON c.id = i.collection_id
) page ON true
""")

# An item's distance by the vectors of its question's wordings, or by those of the pair.
_NEAREST = SQL("""(
    SELECT min(v.embedding <=> {query}) FROM item_vectors v
    WHERE v.item_id = i.id AND v.model_id = {model} AND {negation} starts_with(v.kind, 'pair')
)""")


@dataclass(frozen=True)
class Page:
    """Rows in no order: id, question, answer, collection, metadata, distance, the kind of the
    nearest vector, its wording of the question (None for a pair), and the distances of the
    question's wordings and of the pair, where the ranking is measured.

    `vectors` is how many were ranked; `more` says that there are perhaps further ones, and items.
    From an index, `nearest` and `farthest` are the distances of the first and the last of them.
    `share`, 0 to 1, says how many candidates it looked at, of those that it would be asked for.
    """

    rows: list[tuple[Any, ...]]
    vectors: int
    more: bool
    nearest: float = 0.0
    farthest: float = 0.0
    share: float = 1.0


def run(conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]) -> Page:
    """Return a page of a ranking.

    It is prepared once for each connection, because planning takes as long as running it. A pooler
    may give each transaction another connection of the server, so behind one it is planned each
    time. Over PgBouncer on the same machine, a search in 2,000 items took 1.3 times as long as a
    direct one (1.9 and 1.4 ms), and the whole request 1.1 to 1.3 times (9.4 and 7.7 ms). It goes
    in one message with its settings, so in one transaction.
    """
    run_composed(conn, cur, ranking, lambda: _compose_statement(conn, cur, ranking), values)
    rows = cur.fetchall()
    vectors, nearest, farthest, share = rows[0][:4]
    more = ranking.vectors is not None and vectors >= ranking.vectors
    found = [row[4:] for row in rows if row[4] is not None]
    return Page(found, vectors, more, nearest or 0.0, farthest or 0.0, share)


def _compose_statement(conn: Connection, cur: cursor, ranking: Ranking) -> Statement:
    query = ranking.compose({name: SQL(f"${n}") for n, name in enumerate(ranking.types, 1)})
    prepare, execute = compose_prepared(query.as_string(cur), ranking.types)
    settings = compose_settings(ranking).as_string(cur)
    return Statement(
        text=f"{conn.local_settings}{settings}; {_compose_unprepared(cur, ranking)}",
        prepare=prepare,
        execute=f"{settings}; {execute}",
    )


def _compose_unprepared(cur: cursor, ranking: Ranking) -> str:
    # A subquery hides a value from the planner, which would look at each of a thousand items.
    values = {
        name: SQL("(SELECT {value}::{type})::{type}").format(
            value=Placeholder(name), type=SQL(kind)
        )
        for name, kind in ranking.types.items()
    }
    return ranking.compose(values).as_string(cur)


def compose_settings(ranking: Ranking) -> Composed:
    """Return the statement that tunes PostgreSQL for a ranking, until the transaction ends.

    Without a filter the number of candidates follows the size of the index, which is read with each
    search. That takes 0.01 ms, and it is never stale, as an estimate of the rows would be while an
    import adds to them. With a filter it is as large as can be, since the filter chooses among
    them, and the questions of one collection may be in another language than its items. The value
    `candidates` takes its place if the model's index is there and its size asks for twice as many
    or more; None never does.
    """
    least = LEAST_FOR_NEAREST if ranking.measured else LEAST_CANDIDATES
    is_filtered = ranking.filters or ranking.collection is not None
    per_candidate = VECTORS_PER_CANDIDATE * estimate_bytes(ranking.model.dimension)
    return _SETTINGS.format(
        index=SqlLiteral(index_name(ranking.model)),
        per_candidate=SqlLiteral(round(per_candidate)),
        least=SqlLiteral(MOST_CANDIDATES if is_filtered else least),
        most=SqlLiteral(MOST_CANDIDATES),
        candidates=Placeholder("candidates"),
    )


# ef_search: the index may be gone in this moment.
# iterative_scan: off, since the next candidates of an index would come in no right order.
# enable_sort: off, so that the index is taken wherever there is one, for any page.
# plan_cache_mode: the plan of a prepared ranking is made once.
# conector.candidates: how many the ranking would take, for `taken`.
_SETTINGS = SQL("""
SELECT set_config('hnsw.ef_search', CASE
           WHEN 2 * {candidates} <= asked AND 2 * {candidates} <= {most} THEN {candidates}
           ELSE enough
       END::text, true),
       set_config('conector.candidates', enough::text, true),
       set_config('hnsw.iterative_scan', 'off', true),
       set_config('enable_sort', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
FROM (SELECT asked, LEAST({most}, GREATEST({least}, coalesce(asked, {most}))) AS enough
      FROM (SELECT pg_relation_size(to_regclass({index})) / {per_candidate} AS asked) i) c
""")
