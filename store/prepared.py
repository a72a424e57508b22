"""Statements that each connection prepares once, since planning takes as long as running them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName
from psycopg2.extensions import cursor

from db import Connection


@dataclass(frozen=True)
class Statement:
    """A statement as it is, how it is prepared, and how it runs then."""

    text: str
    prepare: str
    execute: str


def make_statement(text: str, **types: str) -> Statement:
    """Return a statement with the parameters %(name)s, of which `types` names each one's type."""
    name = f"ready_{blake2b(text.encode(), digest_size=12).hexdigest()}"
    numbered = text % {parameter: f"${number}" for number, parameter in enumerate(types, 1)}
    values = ", ".join(f"%({parameter})s" for parameter in types)
    return Statement(
        text,
        f"PREPARE {name}({', '.join(types.values())}) AS {numbered}",
        f"EXECUTE {name}({values})",
    )


def run(conn: Connection, cur: cursor, statement: Statement, values: Mapping[str, Any]) -> None:
    """Run it. Behind a pooler, another connection of the server may run it each time."""
    if conn.pooled:
        cur.execute(statement.text, values)
        return
    try:
        if statement not in conn.prepared:
            cur.execute(statement.prepare)
            conn.prepared[statement] = statement.execute
        cur.execute(statement.execute, values)
    except (InvalidSqlStatementName, DuplicatePreparedStatement):
        # There is a pooler that gives away the number of the server's process (db.py).
        cur.execute(statement.text, values)
