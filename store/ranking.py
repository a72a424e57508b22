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
# of half as many are ranked, since the index misses some of the farther ones.
LEAST_CANDIDATES, MOST_CANDIDATES = 250, 1_000
VECTORS_PER_CANDIDATE = 60
MOST_FROM_INDEX = 500
# The nearest items alone are found step by step, so many candidates at once: with fewer in a step,
# as many steps as reach 400 take a quarter longer.
STEP = 100
# PostgreSQL reads so many rows ahead where a stepwise ranking ends.
READ_AHEAD = 2
# An item has two vectors or more.
VECTORS_OF_ITEM = 2
# How near the nearest vector must be, and the one that fills the page, as a share of the distance
# of the last one that was looked at. An index misses more, the larger it is and the fewer of its
# candidates were looked at: NEAREST_LARGE is taken off by the share of MOST_CANDIDATES that it is
# asked for at most, NEAREST_LATER is added by the share of those that were looked at.
NEAREST_SHARE, NEAREST_LARGE, NEAREST_LATER, LAST_SHARE = 0.78, 0.09, 0.17, 0.96
# Rankings are prepared for so many vectors; None is for all of them.
PREPARED_VECTORS = (50, 200, 1_000, 5_000, 50_000, None)

Method = Literal["stepwise", "indexed", "compared", "both"]


@dataclass(frozen=True)
class Ranking:
    """A ranking by an index, by comparing with each item, or by the index and then the rest.

    | method | what it ranks |
    |---|---|
    | stepwise | what an index gives step by step, until the nearest `limit` items are clear |
    | indexed | the nearest `vectors` that an index gives |
    | compared | the nearest `vectors`, of all if that is None |
    | both | the nearest MOST_FROM_INDEX that an index gives, and then the nearest `vectors` |

    `vectors` is part of the text: a value that could be any number would look large to the planner.
    So is `collection`, the id of one that is searched alone: only so can the planner take the
    collection's own index.
    `filters` are names in _FILTERS. A page that is `measured` has each item's distances, too.
    """

    method: Method
    model: Model
    vectors: int | None
    collection: int | None = None
    filters: tuple[str, ...] = ()
    measured: bool = False

    @property
    def least_if_more(self) -> int | None:
        """Return how many vectors there are at least where there are perhaps more; None: never."""
        return STEP - READ_AHEAD - 1 if self.method == "stepwise" else self.vectors

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
            stepwise=self._compose_steps(values),
            indexed=indexed,
            compared=compared,
            most=SqlLiteral(MOST_FROM_INDEX),
        )
        return _PAGE.format(
            ranked=ranked,
            without=values["without"],
            limit=values["limit"],
            offset=values["offset"],
            question=self._compose_nearest(values, SQL("NOT")),
            pair=self._compose_nearest(values, SQL("")),
        )

    def _compose_steps(self, values: Mapping[str, Composable]) -> Composed:
        return _STEPWISE.format(
            distances=self._compose_distances(values, _AS_INDEXED, ()),
            step=SqlLiteral(STEP),
            read_ahead=SqlLiteral(READ_AHEAD),
            vectors_of_item=SqlLiteral(VECTORS_OF_ITEM),
            limit=values["limit"],
            nearest_share=SqlLiteral(NEAREST_SHARE),
            nearest_large=SqlLiteral(NEAREST_LARGE),
            most=SqlLiteral(MOST_CANDIDATES),
            nearest_later=SqlLiteral(NEAREST_LATER),
            last_share=SqlLiteral(LAST_SHARE),
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
# What an index misses lies hardly nearer than what it gives last. So the nearest vector must be
# much nearer than the last one of a step, and the page's last item somewhat; the rule is that of
# Distance Adaptive Beam Search (Al-Jazzazi and others, 2025). From PostgreSQL 15 on, the count's
# run condition ends the scan there. Each of the two windows has read a row ahead by then, and the
# first row of the next step would cost the whole of it.
_STEPWISE = SQL("""
    nearest AS MATERIALIZED (
        SELECT item_id, kind, distance FROM (
            SELECT step.*, count(CASE WHEN mod(n + {read_ahead}, {step}) = 0
                AND nearest <= distance * ({nearest_share}
                    - {nearest_large} * (candidates / {most}) + {nearest_later} * (n / candidates))
                AND last <= {last_share} * distance THEN 1 END) OVER seen AS clear
            FROM (
                SELECT v.*, candidates, row_number() OVER seen AS n,
                       min(distance) OVER seen AS nearest,
                       nth_value(distance, {vectors_of_item} * {limit}::integer) OVER seen AS last
                FROM (
                    {distances} ORDER BY distance
                    LIMIT current_setting('conector.candidates')::integer
                ) v, (SELECT current_setting('conector.candidates')::float8 AS candidates) most
                WINDOW seen AS (ROWS UNBOUNDED PRECEDING)
            ) step
            WINDOW seen AS (ROWS UNBOUNDED PRECEDING)
        ) v WHERE clear < 1
    ), stepwise AS MATERIALIZED (
        SELECT DISTINCT ON (item_id) item_id, kind, distance FROM nearest
        ORDER BY item_id, distance, kind DESC
    )
""")
_RANKED = {
    "stepwise": SQL("""
        WITH {stepwise}, ranked AS (
            SELECT *, row_number() OVER (ORDER BY distance, item_id) AS n FROM stepwise
        ), taken AS (SELECT count(*), min(distance), max(distance) FROM nearest)
    """),
    "indexed": SQL("""
        WITH {indexed}, ranked AS (SELECT * FROM indexed),
        taken AS (SELECT count(*), min(distance), max(distance) FROM nearest)
    """),
    "compared": SQL("""
        WITH {compared}, ranked AS (
            SELECT *, row_number() OVER (ORDER BY distance, item_id) AS n FROM compared
        ), taken AS (SELECT count(*), 0, 0 FROM nearest_compared)
    """),
    "both": SQL("""
        WITH {indexed}, {compared}, ranked AS (
            SELECT item_id, kind, distance, n FROM indexed
            UNION ALL
            SELECT item_id, kind, distance, {most} + row_number() OVER (ORDER BY distance, item_id)
            FROM compared c WHERE NOT EXISTS (SELECT FROM indexed i WHERE i.item_id = c.item_id)
        ), taken AS (SELECT count(*), 0, 0 FROM nearest_compared)
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
    """

    rows: list[tuple[Any, ...]]
    vectors: int
    more: bool
    nearest: float = 0.0
    farthest: float = 0.0


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
    vectors, nearest, farthest = rows[0][:3]
    more = ranking.least_if_more is not None and vectors >= ranking.least_if_more
    found = [row[3:] for row in rows if row[3] is not None]
    return Page(found, vectors, more, nearest or 0.0, farthest or 0.0)


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
    them, and the questions of one collection may be in another language than its items. A stepwise
    ranking takes them in whole steps.
    """
    is_stepwise = ranking.method == "stepwise"
    is_filtered = ranking.filters or ranking.collection is not None
    least = 2 * STEP if is_stepwise else LEAST_CANDIDATES
    per_candidate = VECTORS_PER_CANDIDATE * estimate_bytes(ranking.model.dimension)
    return _SETTINGS.format(
        index=SqlLiteral(index_name(ranking.model)),
        per_candidate=SqlLiteral(round(per_candidate)),
        least=SqlLiteral(MOST_CANDIDATES if is_filtered else least),
        most=SqlLiteral(MOST_CANDIDATES),
        step=SqlLiteral(STEP if is_stepwise else 1),
        at_once=SqlLiteral(STEP) if is_stepwise else SQL("enough"),
        scan=SqlLiteral("relaxed_order" if is_stepwise else "off"),
    )


# ef_search: the index may be gone in this moment.
# iterative_scan: the next candidates of an index come in no right order, so only steps take them.
# max_scan_tuples: the number of candidates is the limit.
# enable_sort: off, so that the index is taken wherever there is one, for any page.
# plan_cache_mode: the plan of a prepared ranking is made once.
# conector.candidates: how many vectors a stepwise ranking takes at most.
_SETTINGS = SQL("""
SELECT set_config('hnsw.ef_search', ({at_once})::text, true),
       set_config('hnsw.iterative_scan', {scan}, true),
       set_config('hnsw.max_scan_tuples', '1000000', true),
       set_config('conector.candidates', enough::text, true),
       set_config('enable_sort', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
FROM (SELECT {step} * ceil(LEAST({most}, GREATEST({least}, coalesce(
          pg_relation_size(to_regclass({index})) / {per_candidate}, {most}
      )))::float8 / {step})::integer AS enough) c
""")
