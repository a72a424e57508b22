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


def test_behind_a_pooler_nothing_is_prepared(pool: Pool) -> None:
    with pool.reading() as conn:
        conn.pooled = True
        assert add(conn) == (3,)
        assert count_prepared(conn) == (0,)
