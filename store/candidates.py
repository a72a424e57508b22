"""What a decision needs to know of the items that a search found, in one statement.

And how common a code is in a collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName
from psycopg2.extensions import cursor

from db import Connection, Pool, fetch_row
from embeddings import FloatArray
from store.models import Model
from store.thresholds import Thresholds
from store.vectors import format_halfvec

# So many of a collection's items show how common a code is. Their keys are digests, so the first
# ones by key are a sample without a choice.
SAMPLE_ITEMS = 400
SAMPLE_CHARS = 5_000


@dataclass(frozen=True)
class Cosines:
    """The cosines between a query and an item's two vectors, -1 to 1.

    An item with several vectors of a kind has the cosine of the nearest.
    """

    question: float
    pair: float


@dataclass(frozen=True)
class Measured:
    """The items' cosines by id, and the thresholds of the collection, if it has its own."""

    cosines: dict[int, Cosines]
    thresholds: Thresholds | None


def measure_cosines(
    pool: Pool, model: Model, query: FloatArray, items: Sequence[int], collection: str | None
) -> Measured:
    """Measure `items` against `query`, shape (dimension,); read the thresholds of `collection`.

    Items that are gone, or miss a vector, are left out.
    """
    values = {
        "query": format_halfvec(query),
        "model": model.id,
        "items": list(items),
        "collection": collection,
    }
    with pool.reading() as conn, conn.cursor() as cur:
        _run_measuring(conn, cur, values)
        ids, questions, pairs, own = fetch_row(cur)
    cosines = {
        item: Cosines(question, pair)
        for item, question, pair in zip(ids, questions, pairs, strict=True)
        if question is not None and pair is not None
    }
    return Measured(cosines, None if own is None else Thresholds.from_json(own))


# A vector of any kind but those of pairs is of a wording of the question.
_MEASURE = """
SELECT coalesce(array_agg(item_id), '{}'), coalesce(array_agg(1 - question), '{}'),
       coalesce(array_agg(1 - pair), '{}'),
       (SELECT decision FROM collections WHERE name = %(collection)s)
FROM (
    SELECT item_id, min(distance) FILTER (WHERE kind NOT LIKE 'pair%%') AS question,
           min(distance) FILTER (WHERE kind LIKE 'pair%%') AS pair
    FROM (
        SELECT item_id, kind, embedding <=> %(query)s::halfvec AS distance
        FROM item_vectors WHERE item_id = ANY (%(items)s) AND model_id = %(model)s
    ) each GROUP BY item_id
) measured
"""


_DIGEST = blake2b(_MEASURE.encode(), digest_size=12).hexdigest()
_PREPARE = f"PREPARE measure_{_DIGEST}(halfvec, smallint, bigint[], text) AS " + _MEASURE % {
    "query": "$1",
    "model": "$2",
    "items": "$3",
    "collection": "$4",
}
_EXECUTE = f"EXECUTE measure_{_DIGEST}(%(query)s, %(model)s, %(items)s, %(collection)s)"


def _run_measuring(conn: Connection, cur: cursor, values: Mapping[str, Any]) -> None:
    """Prepare the statement once for each connection, since planning takes as long as running it.

    Behind a pooler, another connection of the server may run it each time.
    """
    if conn.pooled:
        cur.execute(_MEASURE, values)
        return
    try:
        if _PREPARE not in conn.prepared:
            cur.execute(_PREPARE)
            conn.prepared[_PREPARE] = _EXECUTE
        cur.execute(_EXECUTE, values)
    except (InvalidSqlStatementName, DuplicatePreparedStatement):
        # There is a pooler that gives away the number of the server's process (db.py).
        cur.execute(_MEASURE, values)


def count_codes(pool: Pool, collection: str, codes: Sequence[str]) -> tuple[dict[str, int], int]:
    """Return in how many items of a sample of the collection each code stands, and its size.

    A code is letters and digits in lower case; marks inside it do not count.
    """
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            _COUNT_CODES,
            {
                "collection": collection,
                "codes": list(codes),
                "items": SAMPLE_ITEMS,
                "chars": SAMPLE_CHARS,
            },
        )
        rows = cur.fetchall()
    return {code: count for code, count, _ in rows}, rows[0][2] if rows else 0


_COUNT_CODES = r"""
WITH sample AS MATERIALIZED (
    SELECT translate(lower(question || ' ' || left(answer, %(chars)s)), '-./,', '') AS text
    FROM items WHERE collection_id = (SELECT id FROM collections WHERE name = %(collection)s)
    ORDER BY item_key, place LIMIT %(items)s
)
-- A regular expression takes much longer than strpos, which spares nearly all texts it.
SELECT code, (SELECT count(*) FROM sample
              WHERE strpos(text, code) > 0 AND text ~ ('\m' || code || '\M')),
       (SELECT count(*) FROM sample)
FROM unnest(%(codes)s) code
"""
