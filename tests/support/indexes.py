"""What PostgreSQL knows of the approximate indexes."""

from __future__ import annotations

import db
import store.index
from db import Pool
from store.models import Model


def read_indexes(pool: Pool) -> list[str]:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT relname FROM pg_class WHERE relname ~ '^vectors_hnsw' ORDER BY 1")
        return [name for (name,) in cur.fetchall()]


def count_scans(pool: Pool, name: str) -> int:
    """Return how often an index was used."""
    return _read_count(pool, name, "idx_scan")


def count_reads(pool: Pool, index: str) -> tuple[int, int]:
    """Return how many vectors an index gave so far, and how often all items were read."""
    vectors = _read_count(pool, index, "idx_tup_read")
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'items'")
        return vectors, int(db.fetch_row(cur)[0])


def _read_count(pool: Pool, index: str, column: str) -> int:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cur.execute(f"SELECT {column} FROM pg_stat_user_indexes WHERE indexrelname = %s", (index,))
        return int(db.fetch_row(cur)[0])


def read_insert_candidates(pool: Pool, model: Model) -> int:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT option_value FROM pg_class, pg_options_to_table(reloptions)"
            " WHERE oid = %s::regclass AND option_name = 'ef_construction'",
            (store.index.index_name(model),),
        )
        return int(db.fetch_row(cur)[0])


def read_index_size(pool: Pool, model: Model) -> int:
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass)", (store.index.index_name(model),))
        return int(db.fetch_row(cursor)[0])
