"""Users: written, listed, and looked up by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg2.extensions import cursor
from psycopg2.sql import SQL

from db import Pool
from store.prepared import make_statement, run


@dataclass(frozen=True)
class User:
    """A user as an admin sees it. `collections` is None where all may be seen."""

    name: str
    role: str
    collections: list[str] | None
    created_at: datetime
    changed_at: datetime


class Login(NamedTuple):
    """What a login of a user is checked against, and what it allows."""

    password_hash: str
    role: str
    collections: list[str] | None


_COLUMNS = SQL("name, role, collections, created_at, changed_at")


def find_login(pool: Pool, name: str) -> Login | None:
    """Return what a login by this name is checked against, or None."""
    with pool.reading() as conn, conn.cursor() as cur:
        run(conn, cur, _FIND_LOGIN, {"name": name})
        row = cur.fetchone()
    return None if row is None else Login(*row)


_FIND_LOGIN = make_statement(
    "SELECT password_hash, role, collections FROM users WHERE name = %(name)s", name="text"
)


def list_users(pool: Pool) -> list[User]:
    """Return all users, by name."""
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(SQL('SELECT {} FROM users ORDER BY name COLLATE "C"').format(_COLUMNS))
        return [User(*row) for row in cur.fetchall()]


def insert_user(
    pool: Pool, name: str, password_hash: str, role: str, collections: Sequence[str] | None
) -> User | None:
    """Store a user, and return it; None where there is one of that name."""
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            SQL(
                "INSERT INTO users (name, password_hash, role, collections)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING {}"
            ).format(_COLUMNS),
            (name, password_hash, role, None if collections is None else list(collections)),
        )
        return _fetch_user(cur)


def set_password(pool: Pool, name: str, password_hash: str) -> bool:
    """Give a user another password; return whether there is such a user."""
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE users SET password_hash = %s, changed_at = clock_timestamp() WHERE name = %s",
            (password_hash, name),
        )
        return cur.rowcount == 1


def delete_user(pool: Pool, name: str) -> bool:
    """Delete a user; return whether there was one."""
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM users WHERE name = %s", (name,))
        return cur.rowcount == 1


def _fetch_user(cur: cursor) -> User | None:
    row = cur.fetchone()
    return None if row is None else User(*row)
