"""The prepared SQL that ranks items by their distance to a query, and how it is run.

A page is cut from a ranking that does not depend on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName
from psycopg2.extensions import cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier, Placeholder
from psycopg2.sql import Literal as SqlLiteral

from db import Connection
from store.models import Model

# The index ranks the items of so many vectors at most. It may give up before: then it has looked at
# so many vectors that comparing with all that a filter keeps takes no longer.
MOST_FROM_INDEX = 1_000
MOST_VISITED = 5_000
# Rankings are prepared for so many vectors; the last number is for the largest limit and offset.
PREPARED_VECTORS = (10, 20, 50, 200, 1_000, 5_000, 20_200)

Method = Literal["indexed", "compared", "both"]


@dataclass(frozen=True)
class Ranking:
    """A ranking by the index, by comparing with each item, or by the index and then the rest.

    `filters` are names in _FILTERS. The number of vectors is part of the text: a value that could
    be any number would look large to the planner.
    """

    method: Method
    model: int
    dimension: int
    vectors: int
    filters: tuple[str, ...] = ()

    @property
    def types(self) -> dict[str, str]:
        """Return the types of the values by their names."""
        types = {"query": "halfvec", "limit": "bigint", "offset": "bigint"}
        return types | {name: _FILTERS[name][0] for name in self.filters}

    def compose(self, values: Mapping[str, Composable]) -> Composed:
        """Return the query of a page, with what stands for each of the values."""
        most = SqlLiteral(MOST_FROM_INDEX)
        indexed = _INDEXED.format(
            # Items that a filter keeps are named for the comparison alone.
            distances=self._compose_distances(values, set(self.filters) - {"items"}),
            most=most,
            vectors=SqlLiteral(self.vectors) if self.method == "indexed" else most,
        )
        compared = _COMPARED.format(
            distances=self._compose_distances(values, set(self.filters) & {"items"}),
            vectors=SqlLiteral(self.vectors),
        )
        ranked = _RANKED[self.method].format(indexed=indexed, compared=compared, most=most)
        return _PAGE.format(ranked=ranked, limit=values["limit"], offset=values["offset"])

    def _compose_distances(
        self, values: Mapping[str, Composable], filters: Iterable[str]
    ) -> Composed:
        return _DISTANCES.format(
            dimension=SqlLiteral(self.dimension),
            model=SqlLiteral(self.model),
            query=values["query"],
            filters=Composed(_FILTERS[name][1].format(values[name]) for name in sorted(filters)),
        )


def rank_page(method: Method, model: Model, items: int, filters: tuple[str, ...] = ()) -> Ranking:
    """Return the ranking from which a page can be cut that ends with the item number `items`."""
    # Each item has two vectors, so the nearest 2n vectors hold the nearest n items.
    vectors = next(most for most in PREPARED_VECTORS if most >= 2 * items)
    if method == "indexed":
        vectors = min(vectors, MOST_FROM_INDEX)
    return Ranking(method, model.id, model.dimension, vectors, filters)


# The cast and the model are written as in the index, so that the planner can take it.
_DISTANCES = SQL("""
    SELECT v.item_id, v.kind,
           v.embedding::halfvec({dimension}) <=> {query}::halfvec({dimension}) AS distance
    FROM item_vectors v
    WHERE v.model_id = {model}{filters}
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
# The inner limit is always the same, so that the same vectors come in the same order, however many
# of them the outer one takes. Their numbers give the order of the items: the index has rounded the
# vectors, so that its order is not quite that of the distances.
_INDEXED = SQL("""
    SELECT DISTINCT ON (item_id) item_id, kind, distance, n
    FROM (
        SELECT item_id, kind, distance, row_number() OVER () AS n
        FROM ({distances} ORDER BY distance, item_id, kind DESC LIMIT {most}) nearest
        LIMIT {vectors}
    ) numbered
    ORDER BY item_id, n
""")
# A subquery with OFFSET is not inlined, so no index can give its order.
_COMPARED = SQL("""
    SELECT DISTINCT ON (item_id) item_id, kind, distance
    FROM (
        SELECT * FROM ({distances} OFFSET 0) each
        ORDER BY distance, item_id, kind DESC LIMIT {vectors}
    ) nearest
    ORDER BY item_id, distance, kind DESC
""")
_RANKED = {
    "indexed": SQL("WITH ranked AS MATERIALIZED ({indexed})"),
    "compared": SQL("""
        WITH compared AS MATERIALIZED ({compared}), ranked AS (
            SELECT *, row_number() OVER (ORDER BY distance, item_id) AS n FROM compared
        )
    """),
    "both": SQL("""
        WITH indexed AS MATERIALIZED ({indexed}), compared AS MATERIALIZED ({compared}), ranked AS (
            SELECT item_id, kind, distance, n FROM indexed
            UNION ALL
            SELECT item_id, kind, distance, {most} + row_number() OVER (ORDER BY distance, item_id)
            FROM compared c WHERE NOT EXISTS (SELECT FROM indexed i WHERE i.item_id = c.item_id)
        )
    """),
}
# GREATEST: rounding gives an identical vector a distance just below 0.
_PAGE = SQL("""
{ranked}
SELECT i.id, i.question, i.answer, c.name, i.metadata, GREATEST(p.distance, 0), p.kind
FROM (SELECT * FROM ranked ORDER BY n LIMIT {limit} OFFSET {offset}) p
JOIN items i ON i.id = p.item_id
JOIN collections c ON c.id = i.collection_id
""")


def run(
    conn: Connection, cur: cursor, ranking: Ranking, values: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Return a page of a ranking: id, question, answer, collection, metadata, distance, kind.

    It is prepared once for each connection, because planning takes as long as running it. A pooler
    may give each transaction another connection of the server, so behind one it is planned each
    time. Over PgBouncer on the same machine, a search in 2,000 items took 1.3 times as long as a
    direct one (1.9 and 1.4 ms), and the whole request 1.1 to 1.3 times (9.4 and 7.7 ms). All goes
    in one message, so in one transaction.
    """
    try:
        if ranking not in conn.prepared:
            prepare, conn.prepared[ranking] = _compose_statements(conn, cur, ranking)
            cur.execute(prepare + conn.prepared[ranking], values)
        else:
            cur.execute(conn.prepared[ranking], values)
    except (InvalidSqlStatementName, DuplicatePreparedStatement):
        # There is a pooler that gives away the number of the server's process (db.py).
        cur.execute(_compose_unprepared(conn, cur, ranking), values)
    return cur.fetchall()


def _compose_statements(conn: Connection, cur: cursor, ranking: Ranking) -> tuple[str, str]:
    """Return the text that prepares a ranking, if it can be, and the text that runs it."""
    if conn.pooled:
        return "", _compose_unprepared(conn, cur, ranking)
    query = ranking.compose({name: SQL(f"${n}") for n, name in enumerate(ranking.types, 1)})
    # Services of several versions may share a connection of the server.
    digest = blake2b(query.as_string(cur).encode(), digest_size=12).hexdigest()
    name = Identifier(f"rank_{digest}")
    prepare = SQL("PREPARE {name}({types}) AS {query};").format(
        name=name, types=SQL(", ").join(map(SQL, ranking.types.values())), query=query
    )
    execute = SQL("{settings}; EXECUTE {name}({values})").format(
        settings=compose_settings(),
        name=name,
        values=SQL(", ").join(map(Placeholder, ranking.types)),
    )
    return prepare.as_string(cur), execute.as_string(cur)


def _compose_unprepared(conn: Connection, cur: cursor, ranking: Ranking) -> str:
    # A subquery hides a value from the planner, which would look at each of a thousand items.
    values = {
        name: SQL("(SELECT {value}::{type})::{type}").format(
            value=Placeholder(name), type=SQL(kind)
        )
        for name, kind in ranking.types.items()
    }
    statement = SQL("{settings}; {query}").format(
        settings=compose_settings(), query=ranking.compose(values)
    )
    return conn.local_settings + statement.as_string(cur)


def compose_settings() -> Composed:
    """Return the statement that tunes PostgreSQL for rankings, until the transaction ends."""
    return _SETTINGS.format(visited=SqlLiteral(str(MOST_VISITED)))


# ef_search: with so many candidates a search finds 0.98 of the nearest at any size that was
# measured (bench/results/scale.md).
# iterative_scan: with a filter, the scan of an index goes on in order of distance until the page
# is full.
# enable_sort: off, so that the index is taken wherever there is one, for any page.
# plan_cache_mode: the plan of a prepared ranking is made once.
_SETTINGS = SQL("""
SELECT set_config('hnsw.ef_search', CASE WHEN reltuples < 50000 THEN '100'
                                         WHEN reltuples < 500000 THEN '150' ELSE '250' END, true),
       set_config('hnsw.iterative_scan', 'strict_order', true),
       set_config('hnsw.max_scan_tuples', {visited}, true),
       set_config('enable_sort', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
FROM pg_class WHERE oid = 'item_vectors'::regclass
""")
