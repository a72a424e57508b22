"""Statements that each connection prepares once, since planning takes as long as running them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName
from psycopg2.extensions import cursor

from db import Connection


@dataclass(frozen=True)
class Statement:
    """A statement as it runs unprepared, how it is prepared, and how it runs then."""

    text: str
    prepare: str
    execute: str


def make_statement(text: str, **types: str) -> Statement:
    """Return a statement with the parameters %(name)s, of which `types` names each one's type."""
    numbered = text % {parameter: f"${number}" for number, parameter in enumerate(types, 1)}
    return Statement(text, *compose_prepared(numbered, types))


def compose_prepared(query: str, types: Mapping[str, str]) -> tuple[str, str]:
    """Return what prepares a query, and what runs it then, with the parameters %(name)s.

    The query has $1, $2 and so on for them, in the order of `types`.
    """
    # Services of several versions may share a connection of the server.
    name = f"ready_{blake2b(query.encode(), digest_size=12).hexdigest()}"
    values = ", ".join(f"%({parameter})s" for parameter in types)
    return f"PREPARE {name}({', '.join(types.values())}) AS {query}", f"EXECUTE {name}({values})"


def run(conn: Connection, cur: cursor, statement: Statement, values: Mapping[str, Any]) -> None:
    """Run a statement, as `run_composed` does."""
    run_composed(conn, cur, statement, lambda: statement, values)


def run_composed(
    conn: Connection,
    cur: cursor,
    key: object,
    compose: Callable[[], Statement],
    values: Mapping[str, Any],
) -> None:
    """Run the statement that `key` stands for; each connection composes it once.

    Behind a pooler, another connection of the server may run it each time, so it is not prepared.
    """
    try:
        execute = conn.prepared.get(key)
        if execute is None:
            statement = compose()
            execute = statement.text if conn.pooled else statement.execute
            conn.prepared[key] = execute
            if not conn.pooled:
                cur.execute(statement.prepare)
        cur.execute(execute, values)
    except (InvalidSqlStatementName, DuplicatePreparedStatement):
        # There is a pooler that gives away the number of the server's process (db.py).
        cur.execute(compose().text, values)
