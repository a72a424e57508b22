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
