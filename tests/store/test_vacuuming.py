"""Tables that imports rewrite are vacuumed, so that their space is used again."""

from __future__ import annotations

import db
import store.vacuuming
from db import Pool
from store.models import Model
from tests.support.client import eventually
from tests.support.queue import start


def read_size(pool: Pool, table: str) -> int:
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass)", (table,))
        return int(db.fetch_row(cursor)[0])


def count_dead(pool: Pool, table: str) -> int:
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute(
            "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = %s::regclass", (table,)
        )
        return int(db.fetch_row(cursor)[0])


def test_a_table_of_dead_rows_is_vacuumed_and_others_are_not(pool: Pool, model: Model) -> None:
    job_id = start(pool, model, 3 * store.vacuuming.LEAST_DEAD)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("ALTER TABLE job_rows SET (autovacuum_enabled = off)")
        cursor.execute("DELETE FROM job_rows WHERE job_id = %s", (job_id,))
    assert read_size(pool, "job_rows") > 0
    # PostgreSQL counts dead rows a moment after the transaction.
    eventually(lambda: store.vacuuming.vacuum_tables(pool) == ["job_rows"])
    assert read_size(pool, "job_rows") == 0
    assert store.vacuuming.vacuum_tables(pool) == []


def test_a_table_that_somebody_has_locked_is_left_alone(pool: Pool, model: Model) -> None:
    start(pool, model, 3 * store.vacuuming.LEAST_DEAD)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("ALTER TABLE job_rows SET (autovacuum_enabled = off)")
        cursor.execute("DELETE FROM job_rows")
    # Counted before the lock: it may take the connection that still has to tell PostgreSQL.
    eventually(lambda: count_dead(pool, "job_rows") > store.vacuuming.LEAST_DEAD)
    with pool.transaction() as conn, conn.cursor() as cursor:
        # As CREATE INDEX CONCURRENTLY does.
        cursor.execute("LOCK TABLE job_rows IN SHARE UPDATE EXCLUSIVE MODE")
        assert store.vacuuming.vacuum_tables(pool) == ["job_rows"]
        assert read_size(pool, "job_rows") > 0
