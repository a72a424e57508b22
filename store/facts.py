"""Numbers of what is stored, read in few and cheap statements, for the metrics.

Items and vectors are counted up to a limit. Beyond it, the numbers are PostgreSQL's own: the rows
that it counts as they are written (n_live_tup, in pg_stat_user_tables), and of those the shares of
each model by the statistics of ANALYZE (pg_stats), which are some percent off.
"""

from __future__ import annotations

from typing import NamedTuple

from psycopg2.extensions import cursor

from db import Pool, fetch_row

# So many items, and vectors, are counted one by one.
COUNTED = 2_000
# PostgreSQL counts as away when it says nothing for so long.
READ_SECONDS = 2.0


class TableFacts(NamedTuple):
    """A table: its bytes, those of its indexes, and the rows that live or wait for VACUUM."""

    name: str
    bytes: int
    index_bytes: int
    live_rows: int
    dead_rows: int


class ModelFacts(NamedTuple):
    """What a model made: vectors, and items that have some."""

    identity: str
    vectors: int
    items: int


class JobFacts(NamedTuple):
    """Jobs of one kind and status, and the seconds since the oldest one came."""

    kind: str
    status: str
    jobs: int
    oldest_seconds: float


class Facts(NamedTuple):
    """All numbers. `rows` are those of all stored imports by state, `indexes` (model, state)."""

    tables: list[TableFacts]
    items: int
    models: list[ModelFacts]
    jobs: list[JobFacts]
    rows: dict[str, int]
    indexes: list[tuple[str, str, int]]


def read_facts(pool: Pool) -> Facts:
    """Return the numbers. Raises DatabaseUnavailable."""
    with pool.reading(READ_SECONDS) as conn, conn.cursor() as cur:
        tables = _read_tables(cur)
        live = {table.name: table.live_rows for table in tables}
        cur.execute("SELECT count(*) FROM (SELECT FROM items LIMIT %s) i", (COUNTED + 1,))
        items = _choose_count(fetch_row(cur)[0], live.get("items", 0))
        models = _read_models(cur, live.get("item_vectors", 0))
        jobs, rows = _read_jobs(cur)
        cur.execute(_SELECT_INDEXES)
        return Facts(tables, items, models, jobs, rows, cur.fetchall())


def _choose_count(counted: int, live: int) -> int:
    return counted if counted <= COUNTED else max(counted, live)


def _read_tables(cur: cursor) -> list[TableFacts]:
    cur.execute(
        """
        SELECT relname, pg_table_size(oid), pg_indexes_size(oid), pg_stat_get_live_tuples(oid),
               pg_stat_get_dead_tuples(oid)
        FROM pg_class WHERE relkind = 'r' AND relnamespace = (
            SELECT relnamespace FROM pg_class WHERE oid = 'items'::regclass)
        ORDER BY relname
        """
    )
    return [TableFacts(*row) for row in cur.fetchall()]


def _read_models(cur: cursor, live: int) -> list[ModelFacts]:
    cur.execute(_COUNT_VECTORS, (COUNTED + 1,))
    counted = cur.fetchall()
    if sum(vectors for _, vectors, _ in counted) > COUNTED:
        cur.execute(_ESTIMATE_VECTORS, {"live": live})
        counted = cur.fetchall()
    return [ModelFacts(*row) for row in counted]


_COUNT_VECTORS = """
SELECT m.identity, count(v.model_id), count(*) FILTER (WHERE v.kind = 'question')
FROM models m LEFT JOIN (SELECT model_id, kind FROM item_vectors LIMIT %s) v ON v.model_id = m.id
GROUP BY m.id, m.identity ORDER BY m.id
"""

# Each item has one vector of the kind `question`, of each model alike.
_ESTIMATE_VECTORS = """
WITH shares AS MATERIALIZED (
    SELECT s.attname, value, share FROM pg_stats s,
           unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS common (value, share)
    WHERE s.schemaname = (SELECT relnamespace::regnamespace::text FROM pg_class
                          WHERE oid = 'item_vectors'::regclass)
      AND s.tablename = 'item_vectors' AND s.attname IN ('model_id', 'kind')
), questions AS (
    SELECT coalesce((SELECT share FROM shares WHERE attname = 'kind' AND value = 'question'), 0.5)
           AS share
), made AS (
    SELECT m.id, m.identity, %(live)s * coalesce(s.share, 0) AS vectors
    FROM models m LEFT JOIN shares s ON s.attname = 'model_id' AND s.value = m.id::text
)
SELECT identity, round(vectors)::bigint, round(vectors * questions.share)::bigint
FROM made, questions ORDER BY id
"""


def _read_jobs(cur: cursor) -> tuple[list[JobFacts], dict[str, int]]:
    cur.execute(_SELECT_JOBS)
    found = cur.fetchall()
    imports = [row for row in found if row[0] == "import"]
    states = ("waiting", "inserted", "updated", "unchanged", "rejected")
    rows = {state: int(sum(row[4 + n] for row in imports)) for n, state in enumerate(states)}
    return [JobFacts(*row[:4]) for row in found], rows


# A clock that was set back makes an age negative.
_SELECT_JOBS = """
SELECT kind, status, count(*),
       greatest(0, extract(epoch FROM clock_timestamp() - min(created_at)))::float8,
       coalesce(sum(total - inserted - updated - unchanged - rejected)
                FILTER (WHERE finished_at IS NULL), 0),
       sum(inserted), sum(updated), sum(unchanged), sum(rejected)
FROM jobs GROUP BY kind, status
"""

_SELECT_INDEXES = """
SELECT m.identity,
       CASE WHEN x.indisvalid THEN 'valid'
            WHEN p.index_relid IS NOT NULL THEN 'building' ELSE 'invalid' END AS state,
       count(*)::integer
FROM pg_index x
JOIN pg_class c ON c.oid = x.indexrelid
JOIN models m ON c.relname ~ ('^vectors_hnsw_' || m.id || '(_[0-9]+)?$')
LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = x.indexrelid
WHERE x.indrelid = 'item_vectors'::regclass
GROUP BY m.id, m.identity, state ORDER BY m.id, state
"""
