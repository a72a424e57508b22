"""Tables that imports rewrite are vacuumed, so that their space is used again."""

from __future__ import annotations

import psycopg2.extensions

import db
import store.finishing
import store.vacuuming
from db import Pool
from store.models import Model
from tests.support.client import eventually
from tests.support.queue import claim, count, start, write


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


def replace(pool: Pool, model: Model, prefix: str, rows: int = store.vacuuming.LEAST_DEAD) -> None:
    """Embed all rows of a replacing job, so that it can end."""
    start(pool, model, rows, mode="replace", prefix=prefix)
    write(pool, model, claim(pool, rows))


def leave_waiting(pool: Pool, model: Model) -> None:
    """Let a replacing job wait with its end for the dead rows of the one before."""
    for prefix in ("a", "b"):
        replace(pool, model, prefix)
        assert store.finishing.finish_job(pool, model) is not None
    replace(pool, model, "c")
    eventually(lambda: count_dead(pool, "item_vectors") > store.vacuuming.LEAST_DEAD)
    assert store.finishing.finish_job(pool, model) is None


def test_a_replacing_job_ends_when_the_space_of_the_one_before_is_free(
    pool: Pool, model: Model
) -> None:
    leave_waiting(pool, model)
    size = read_size(pool, "item_vectors")
    store.vacuuming.vacuum_tables(pool)
    assert store.finishing.finish_job(pool, model) is not None
    assert count(pool, "items") == store.vacuuming.LEAST_DEAD
    assert read_size(pool, "item_vectors") <= size


def test_a_job_does_not_wait_for_rows_that_no_vacuum_can_free(
    pool: Pool, model: Model, dsn: str
) -> None:
    replace(pool, model, "a")
    assert store.finishing.finish_job(pool, model) is not None
    with Pool(dsn, 1).transaction() as conn, conn.cursor() as cursor:
        # As pg_dump does, while it writes.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM items")
        replace(pool, model, "b")
        assert store.finishing.finish_job(pool, model) is not None
        replace(pool, model, "c")
        eventually(lambda: count_dead(pool, "items") >= store.vacuuming.LEAST_DEAD)
        store.vacuuming.vacuum_tables(pool)
        assert count_dead(pool, "item_vectors") > store.vacuuming.LEAST_DEAD
        assert store.finishing.finish_job(pool, model) is not None


def test_a_job_waits_no_longer_than_that(pool: Pool, model: Model) -> None:
    leave_waiting(pool, model)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs SET rate_at = rate_at - make_interval(secs => %s) WHERE"
            " status = 'processing'",
            (store.vacuuming.MOST_WAITING_SECONDS,),
        )
    assert store.finishing.finish_job(pool, model) is not None


def test_a_job_does_not_wait_where_nobody_here_may_vacuum(
    pool: Pool, model: Model, dsn: str
) -> None:
    leave_waiting(pool, model)
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "CREATE ROLE guest;"
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO guest;"
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO guest"
        )
    guest = Pool(psycopg2.extensions.make_dsn(dsn, options="-c role=guest"), 2)
    assert store.finishing.finish_job(guest, model) is not None
    guest.close()
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("DROP OWNED BY guest; DROP ROLE guest")
