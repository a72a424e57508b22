"""Statements that are prepared once for each connection, and run without that where it is gone."""

from __future__ import annotations

from typing import Any

from db import Connection, Pool
from store.prepared import make_statement, run

ADD = make_statement("SELECT %(a)s::int + %(b)s::int", b="integer", a="integer")


def add(conn: Connection) -> Any:
    with conn.cursor() as cur:
        run(conn, cur, ADD, {"a": 1, "b": 2})
        return cur.fetchone()


def count_prepared(conn: Connection) -> Any:
    with conn.cursor() as cur:
        cur.execute("SELECT count(*) FROM pg_prepared_statements")
        return cur.fetchone()


def test_a_statement_is_prepared_once(pool: Pool) -> None:
    with pool.reading() as conn:
        assert [add(conn), add(conn)] == [(3,), (3,)]
        assert count_prepared(conn) == (1,)


def test_it_runs_where_another_connection_of_the_server_has_it_not(pool: Pool) -> None:
    with pool.reading() as conn:
        add(conn)
        with conn.cursor() as cur:
            cur.execute("DEALLOCATE ALL")
        assert add(conn) == (3,)


def test_what_the_server_has_already_runs_by_its_name_from_then_on(pool: Pool) -> None:
    with pool.reading() as conn, conn.cursor() as cur:
        add(conn)
        conn.prepared.clear()
        assert [add(conn), add(conn)] == [(3,), (3,)]
        cur.execute("SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements")
        # The second of the three is told that the name is taken, and runs without it.
        assert cur.fetchone() == (2,)


def test_behind_a_pooler_nothing_is_prepared(pool: Pool) -> None:
    with pool.reading() as conn:
        conn.pooled = True
        assert add(conn) == (3,)
        assert count_prepared(conn) == (0,)
