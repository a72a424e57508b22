"""Numbers of what is stored, read by one cheap statement, for the metrics.

Items and vectors are counted up to a limit. Beyond it, the numbers are PostgreSQL's own: the rows
that it counts as they are written (n_live_tup, in pg_stat_user_tables), and of those the shares of
each model by the statistics of ANALYZE (pg_stats), which are some percent off.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
    """Return the numbers, by one statement: each more would wait for its turn on a busy machine.

    Raises DatabaseUnavailable.
    """
    with pool.reading(READ_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(_SELECT, {"most": COUNTED + 1})
        tables, items, counted, shares, jobs, indexes = fetch_row(cur)
    found = [TableFacts(*row) for row in tables]
    live = {table.name: table.live_rows for table in found}
    return Facts(
        tables=found,
        items=items if items <= COUNTED else max(items, live["items"]),
        models=_choose_models(counted, shares, live["item_vectors"]),
        jobs=[JobFacts(*row[:4]) for row in jobs],
        rows=_sum_rows([row[4:] for row in jobs if row[0] == "import"]),
        indexes=[(identity, state, number) for identity, state, number in indexes],
    )


def _choose_models(counted: list[Any], shares: list[Any], live: int) -> list[ModelFacts]:
    """Return what was counted, or where that is not all, the models' shares of the live rows."""
    if sum(vectors for _, vectors, _ in counted) <= COUNTED:
        return [ModelFacts(*row) for row in counted]
    return [
        ModelFacts(identity, round(live * share), round(live * share * questions))
        for identity, share, questions in shares
    ]


def _sum_rows(imports: list[Any]) -> dict[str, int]:
    states = ("waiting", "inserted", "updated", "unchanged", "rejected")
    return {state: int(sum(row[n] for row in imports)) for n, state in enumerate(states)}


# Each list is one of arrays. A clock that was set back makes an age negative. Each item has one
# vector of the kind `question`, of each model alike.
_SELECT = """
WITH shares AS MATERIALIZED (
    SELECT s.attname, value, share FROM pg_stats s,
           unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS common (value, share)
    WHERE s.schemaname = (SELECT relnamespace::regnamespace::text FROM pg_class
                          WHERE oid = 'item_vectors'::regclass)
      AND s.tablename = 'item_vectors' AND s.attname IN ('model_id', 'kind')
)
SELECT
    (SELECT json_agg(json_build_array(relname, pg_table_size(oid), pg_indexes_size(oid),
                pg_stat_get_live_tuples(oid), pg_stat_get_dead_tuples(oid)) ORDER BY relname)
     FROM pg_class WHERE relkind = 'r' AND relnamespace = (
        SELECT relnamespace FROM pg_class WHERE oid = 'items'::regclass)),
    (SELECT count(*) FROM (SELECT FROM items LIMIT %(most)s) i),
    (SELECT coalesce(json_agg(json_build_array(identity, vectors, items)), '[]') FROM (
        SELECT m.identity, count(v.model_id) AS vectors,
               count(*) FILTER (WHERE v.kind = 'question') AS items
        FROM models m
        LEFT JOIN (SELECT model_id, kind FROM item_vectors LIMIT %(most)s) v ON v.model_id = m.id
        GROUP BY m.id ORDER BY m.id) counted),
    (SELECT coalesce(json_agg(json_build_array(m.identity, coalesce(s.share, 0), coalesce((
                SELECT share FROM shares WHERE attname = 'kind' AND value = 'question'), 0.5))
            ORDER BY m.id), '[]')
     FROM models m LEFT JOIN shares s ON s.attname = 'model_id' AND s.value = m.id::text),
    (SELECT coalesce(json_agg(json_build_array(kind, status, jobs, age, waiting, inserted, updated,
                unchanged, rejected)), '[]')
     FROM (SELECT kind, status, count(*) AS jobs,
                  greatest(0, extract(epoch FROM clock_timestamp() - min(created_at))) AS age,
                  coalesce(sum(total - inserted - updated - unchanged - rejected)
                           FILTER (WHERE finished_at IS NULL), 0) AS waiting,
                  sum(inserted) AS inserted, sum(updated) AS updated, sum(unchanged) AS unchanged,
                  sum(rejected) AS rejected
           FROM jobs GROUP BY kind, status) states),
    (SELECT coalesce(json_agg(json_build_array(identity, state, number)), '[]')
     FROM (SELECT m.identity, count(*) AS number,
                  CASE WHEN x.indisvalid THEN 'valid'
                       WHEN p.index_relid IS NOT NULL THEN 'building' ELSE 'invalid' END AS state
           FROM pg_index x
           JOIN pg_class c ON c.oid = x.indexrelid
           JOIN models m ON c.relname ~ ('^vectors_hnsw_' || m.id || '(_[0-9]+)?$')
           LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = x.indexrelid
           WHERE x.indrelid = 'item_vectors'::regclass
           GROUP BY m.identity, state) found)
"""
