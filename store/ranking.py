"""The prepared SQL that ranks items by their distance to a query, and how it is run.

A page is cut from a ranking that does not depend on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from psycopg2.extensions import cursor
from psycopg2.sql import SQL, Composable, Composed, Placeholder
from psycopg2.sql import Literal as SqlLiteral

from db import Connection
from store.index import estimate_bytes, index_name
from store.models import Model
from store.prepared import Statement, compose_prepared, run_composed
from store.ranking_sql import (
    ALL_SO_FAR,
    ALWAYS,
    AS_INDEXED,
    AS_STORED,
    CANDIDATES,
    COMPARED,
    DISTANCES,
    FILTERS,
    INDEXED,
    KEPT_SO_FAR,
    MEASURED,
    NEAREST_KEPT,
    PAGE,
    RANKED,
    SETTINGS,
    STEPWISE,
)

# An index finds the nearest vectors among so many candidates: the more vectors, the more it takes
# (bench/results/exactness.md). With fewer for each vector, one that grew to 20,000 items row by row
# would give 99.5 % of the first hits or less. pgvector gives no more than 1,000 at once. At most
# the items of half as many are ranked, since the index misses some of the farther ones.
LEAST_CANDIDATES, MOST_CANDIDATES = 250, 1_000
VECTORS_PER_CANDIDATE = 60
MOST_FROM_INDEX = 500
# The nearest items alone are found step by step, so many candidates at once: with fewer in a step,
# as many steps as reach 400 take a quarter longer. Where they are not clear, all steps of a small
# index take half a millisecond. A large one gives more than 1,000 so: among 100,000 items, these
# have 99.46 % of the first hits, and 1,800 have 99.71 %.
STEP, LEAST_STEPWISE, MOST_STEPWISE = 100, 300, 1_800
VECTORS_PER_FURTHER_CANDIDATE = 110
# In a collection, or with another filter, comparing with all that it keeps is mostly cheaper than
# further steps, and misses nothing; where even MOST_SPARSE candidates would not fill the page, it
# is cheaper than all of them.
MOST_FILTERED, MOST_SPARSE = 500, 300
# An item has two vectors or more.
VECTORS_OF_ITEM = 2


class Clear(NamedTuple):
    """When the nearest items are clear, as shares of the distance of the last vector looked at.

    The nearest vector must be as near as `nearest`, and the one that fills the page as `last`. An
    index misses the more, the larger it is, and the fewer of its candidates were looked at: so
    `large` is taken off by the share of MOST_CANDIDATES that it may be asked for, once at most, and
    `later` is added by the share of its candidates that were looked at.
    """

    nearest: float
    large: float
    later: float
    last: float


# Of all items, and of those that a filter keeps (bench/results/exactness.md). Those are compared
# with the query where they are not clear, which takes longer than further steps.
CLEAR_OF_ALL = Clear(nearest=0.74, large=0.15, later=0.225, last=0.97)
CLEAR_OF_KEPT = Clear(nearest=0.75, large=0.06, later=0.17, last=0.96)
# Rankings are prepared for so many vectors; None is for all of them.
PREPARED_VECTORS = (50, 200, 1_000, 5_000, 50_000, None)

Method = Literal["stepwise", "indexed", "compared", "both"]


@dataclass(frozen=True)
class Ranking:
    """A ranking by an index, by comparing with each item, or by the index and then the rest.

    | method | what it ranks |
    |---|---|
    | stepwise | what an index gives step by step, until the nearest `limit` items are clear, or |
    | | until it is clear that there are too few of them |
    | indexed | the nearest `vectors` that an index gives |
    | compared | the nearest `vectors`, of all if that is None |
    | both | the nearest MOST_FROM_INDEX that an index gives, and then the nearest `vectors` |

    `vectors` is part of the text: a value that could be any number would look large to the planner.
    So is `collection`, the id of one that is searched alone: only so can the planner take the
    collection's own index. `filters` are names in FILTERS. A page that is `measured` has each
    item's distances, too.
    """

    method: Method
    model: Model
    vectors: int | None
    collection: int | None = None
    filters: tuple[str, ...] = ()
    measured: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Return whether only a part of the items is searched."""
        return bool(self.filters) or self.collection is not None

    @property
    def clear(self) -> Clear:
        return CLEAR_OF_KEPT if self.is_narrowed else CLEAR_OF_ALL

    @property
    def read_ahead(self) -> int:
        """Return how many rows PostgreSQL reads ahead where the steps end: one for each window."""
        return 3 if self.filters else 2

    @property
    def types(self) -> dict[str, str]:
        """Return the types of the values by their names."""
        types = {"query": "halfvec", "limit": "bigint", "offset": "bigint", "without": "bigint[]"}
        return types | {name: FILTERS[name][0] for name in self.filters}

    def compose(self, values: Mapping[str, Composable]) -> Composed:
        """Return the query of a page, with what stands for each of the values."""
        # Items that a filter keeps are named for the comparison, where that is by metadata.
        named = {"items"} if "items" in self.filters else set(self.filters)
        indexed = INDEXED.format(
            distances=self._compose_distances(values, AS_INDEXED, ()),
            most=SqlLiteral(MOST_FROM_INDEX),
            filters=self._compose_filters(values, set(self.filters) - {"items"}),
            vectors=SqlLiteral(self.vectors if self.method == "indexed" else MOST_FROM_INDEX),
        )
        compared = COMPARED.format(
            distances=self._compose_distances(values, AS_STORED, named),
            vectors=SqlLiteral(self.vectors),
        )
        ranked = RANKED[self.method].format(
            stepwise=self._compose_steps(values),
            indexed=indexed,
            compared=compared,
            most=SqlLiteral(MOST_FROM_INDEX),
            step=SqlLiteral(STEP),
            read_ahead=SqlLiteral(self.read_ahead),
            vectors_of_item=SqlLiteral(VECTORS_OF_ITEM),
            limit=values["limit"],
            last_share=SqlLiteral(self.clear.last),
        )
        measured = MEASURED.format(model=SqlLiteral(self.model.id), query=values["query"])
        return PAGE.format(
            ranked=ranked,
            without=values["without"],
            limit=values["limit"],
            offset=values["offset"],
            question=SQL("measured.question" if self.measured else "NULL::float8"),
            pair=SQL("measured.pair" if self.measured else "NULL::float8"),
            measured=measured if self.measured else SQL(""),
        )

    def _compose_steps(self, values: Mapping[str, Composable]) -> Composed:
        is_kept = ALWAYS + self._compose_filters(values, self.filters)
        sizes = {"vectors_of_item": SqlLiteral(VECTORS_OF_ITEM), "limit": values["limit"]}
        candidates = CANDIDATES.format(
            distances=self._compose_distances(values, AS_INDEXED, (), is_kept),
            most=SqlLiteral(MOST_FILTERED if self.is_narrowed else MOST_STEPWISE),
            so_far=KEPT_SO_FAR if self.filters else ALL_SO_FAR.format(**sizes),
            **sizes,
        )
        return STEPWISE.format(
            looked_at=NEAREST_KEPT.format(candidates=candidates) if self.filters else candidates,
            step=SqlLiteral(STEP),
            read_ahead=SqlLiteral(self.read_ahead),
            most_sparse=SqlLiteral(MOST_SPARSE),
            nearest_share=SqlLiteral(self.clear.nearest),
            nearest_large=SqlLiteral(self.clear.large),
            large=SqlLiteral(MOST_CANDIDATES),
            nearest_later=SqlLiteral(self.clear.later),
            last_share=SqlLiteral(self.clear.last),
        )

    def _compose_distances(
        self,
        values: Mapping[str, Composable],
        embedding: SQL,
        filters: Iterable[str],
        is_kept: Composable = ALWAYS,
    ) -> Composed:
        own = SQL(" AND v.collection_id = {}").format(SqlLiteral(self.collection))
        return DISTANCES.format(
            embedding=embedding.format(dimension=SqlLiteral(self.model.dimension)),
            model=SqlLiteral(self.model.id),
            query=values["query"],
            collection=SQL("") if self.collection is None else own,
            is_kept=is_kept,
            filters=self._compose_filters(values, filters),
        )

    def _compose_filters(self, values: Mapping[str, Composable], names: Iterable[str]) -> Composed:
        return Composed(FILTERS[name][1].format(values[name]) for name in sorted(names))


def count_vectors(items: int) -> int | None:
    """Return how many of the nearest vectors to rank first, for that many items.

    An item has two vectors or more, so they may hold fewer items: then more must be ranked.
    """
    return next(most for most in PREPARED_VECTORS if most is None or most >= 4 * items)


@dataclass(frozen=True)
class Page:
    """Rows in no order: id, question, answer, collection, metadata, distance, the kind of the
    nearest vector, its wording of the question (None for a pair), and the distances of the
    question's wordings and of the pair, where the ranking is measured.

    `vectors` is how many were looked at; `more` says that there are perhaps further ones, and
    items. `end` is where a stepwise ranking ended: after all of its steps, or sooner, because the
    nearest items are clear, or because there are too few of them.
    """

    rows: list[tuple[Any, ...]]
    vectors: int
    more: bool
    end: Literal["all", "clear", "sparse"] = "all"


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
    vectors, end = rows[0][:2]
    more = ranking.vectors is not None and vectors >= ranking.vectors
    found = [row[2:] for row in rows if row[2] is not None]
    return Page(found, vectors, more, end)


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
    ranking takes them in whole steps; with a filter it takes none without an index.
    """
    is_stepwise = ranking.method == "stepwise"
    least = LEAST_STEPWISE if is_stepwise else LEAST_CANDIDATES
    without_index = LEAST_STEPWISE if is_stepwise else MOST_CANDIDATES
    if is_stepwise and ranking.filters:
        without_index = 0
    if ranking.collection is not None or (ranking.is_narrowed and not is_stepwise):
        least = without_index = MOST_CANDIDATES
    may_go_on = is_stepwise and not ranking.is_narrowed
    bytes_a_vector = estimate_bytes(ranking.model.dimension)
    return SETTINGS.format(
        index=SqlLiteral(index_name(ranking.model)),
        per_candidate=SqlLiteral(round(VECTORS_PER_CANDIDATE * bytes_a_vector)),
        per_further=SqlLiteral(round(VECTORS_PER_FURTHER_CANDIDATE * bytes_a_vector)),
        least=SqlLiteral(least),
        large=SqlLiteral(MOST_CANDIDATES),
        most=SqlLiteral(MOST_STEPWISE if may_go_on else MOST_CANDIDATES),
        without_index=SqlLiteral(without_index),
        step=SqlLiteral(STEP if is_stepwise else 1),
        at_once=SqlLiteral(STEP) if is_stepwise else SQL("enough"),
        scan=SqlLiteral("relaxed_order" if is_stepwise else "off"),
    )
