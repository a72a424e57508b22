"""Keys of programs: written, listed, and looked up by the digest of the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg2.sql import SQL

from db import Pool, fetch_row
from store.prepared import make_statement, run


@dataclass(frozen=True)
class Key:
    """A key as an admin sees it. `collections` is None where all may be seen."""

    id: int
    name: str
    role: str
    collections: list[str] | None
    prefix: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class NewKey(NamedTuple):
    """What is stored of a key that was just made. `digest` has 32 bytes."""

    name: str
    role: str
    collections: Sequence[str] | None
    prefix: str
    digest: bytes
    expires_at: datetime | None


class FoundKey(NamedTuple):
    """What a key that is shown allows."""

    id: int
    name: str
    role: str
    collections: list[str] | None


_COLUMNS = SQL("id, name, role, collections, prefix, created_at, last_used_at, expires_at")


def find_key(pool: Pool, digest: bytes) -> FoundKey | None:
    """Return the key of that digest; None where there is none, or it has expired."""
    with pool.reading() as conn, conn.cursor() as cur:
        run(conn, cur, _FIND_KEY, {"digest": digest})
        row = cur.fetchone()
    return None if row is None else FoundKey(*row)


_FIND_KEY = make_statement(
    "SELECT id, name, role, collections FROM keys"
    " WHERE digest = %(digest)s AND (expires_at IS NULL OR expires_at > clock_timestamp())",
    digest="bytea",
)


def list_keys(pool: Pool) -> list[Key]:
    """Return all keys, expired ones too, in the order in which they were made."""
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(SQL("SELECT {} FROM keys ORDER BY id").format(_COLUMNS))
        return [Key(*row) for row in cur.fetchall()]


def insert_key(pool: Pool, new: NewKey) -> Key:
    """Store a key, and return it."""
    values = new._replace(collections=None if new.collections is None else list(new.collections))
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            SQL(
                "INSERT INTO keys (name, role, collections, prefix, digest, expires_at)"
                " VALUES (%s, %s, %s, %s, %s, %s) RETURNING {}"
            ).format(_COLUMNS),
            values,
        )
        return Key(*fetch_row(cur))


def delete_key(pool: Pool, key_id: int) -> bool:
    """Delete a key; return whether there was one."""
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM keys WHERE id = %s", (key_id,))
        return cur.rowcount == 1


def note_uses(pool: Pool, key_ids: Sequence[int]) -> None:
    """Write that these keys are being used, unless that was written within the last minute."""
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(
            """
            UPDATE keys SET last_used_at = clock_timestamp()
            WHERE id = ANY (%s)
              AND (last_used_at IS NULL OR last_used_at NOT BETWEEN
                   clock_timestamp() - interval '1 minute' AND clock_timestamp())
            """,
            (list(key_ids),),
        )
