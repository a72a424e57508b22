"""All that the service stores, read in one moment, and put back into a database.

The tables are those of schema.sql, in its order, in which none refers to a later one. Their rows
go as COPY's binary form, which holds no number of a PostgreSQL version and is the same on each
machine (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"). So a snapshot goes
from any major version to any other, and needs no program of PostgreSQL and no rights but the
owner's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg2
from psycopg2.extensions import connection
from psycopg2.sql import SQL, Composed, Identifier

import db
from db import Pool
from messages import Explained, say

# PostgreSQL, or whoever reads or writes the file, may be silent for so long.
COPY_SECONDS = 600.0
# Creating the schema, and the figures for the planner.
RESTORE_SECONDS = 3_600.0
# PostgreSQL asks for the rows in pieces of so many bytes.
PIECE_BYTES = 1 << 16
# What each start writes by itself. It alone makes a database no less empty.
_OF_A_START = {"schema_version", "models", "backfills"}
_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS (\w+)", re.MULTILINE)
_VIEW = re.compile(r"^CREATE OR REPLACE VIEW (\w+)", re.MULTILINE)


class Readable(Protocol):
    """What COPY reads from."""

    def read(self, size: int, /) -> bytes: ...

    def readline(self, size: int, /) -> bytes: ...


class Writable(Protocol):
    """What COPY writes to."""

    def write(self, piece: bytes, /) -> Any: ...


class RestoreError(Explained):
    """The database can't take the snapshot, and is as it was; the text is one line."""


@dataclass(frozen=True)
class Content:
    """A table of a snapshot: its columns, and what copies its rows into a stream."""

    table: str
    columns: Sequence[str]
    copy: Callable[[Writable], int]


@dataclass(frozen=True)
class Snapshot:
    """The schema's version and its SQL, the tables, and where the sequences stand.

    `read_sequences` is for the end: what was written meanwhile only counts further.
    """

    version: int
    schema: str
    contents: Iterator[Content]
    read_sequences: Callable[[], dict[str, int]]


@contextmanager
def open_snapshot(pool: Pool) -> Iterator[Snapshot]:
    """Yield all that is stored at one moment. Nobody waits for it, and it waits for nobody.

    Raises RestoreError where the schema is that of a later version.
    """
    with pool.transaction(COPY_SECONDS) as conn, conn.cursor() as cur:
        cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        version, schema = db.read_version(conn), db.read_schema()
        if version != _read_own_version(schema):
            raise RestoreError(
                say(
                    "The database has the schema of another version of the service ({version}): "
                    "make the backup with that version.",
                    version=version,
                )
            )
        contents = (_describe_table(pool, conn, table) for table in list_tables(schema))
        yield Snapshot(version, schema, contents, lambda: _read_sequences(conn, schema))


def list_tables(schema: str) -> list[str]:
    """Return the names of the tables that a schema makes, in its order."""
    return [name for name in _TABLE.findall(schema) if name != "schema_version"]


def _read_own_version(schema: str) -> int:
    found = re.search(r"INSERT INTO schema_version \(version\) VALUES \((\d+)\)", schema)
    return int(found[1]) if found else 0


def _describe_table(pool: Pool, conn: connection, table: str) -> Content:
    columns = _list_columns(conn, table)

    def copy(target: Writable) -> int:
        with conn.cursor() as cur:
            statement = SQL("COPY {} TO STDOUT (FORMAT binary)").format(_name(table, columns))
            cur.copy_expert(statement, _Touching(pool, conn, target))
            return int(cur.rowcount)

    return Content(table, columns, copy)


def _list_columns(conn: connection, table: str) -> list[str]:
    """Return the columns that hold what was written, none that PostgreSQL computes."""
    with conn.cursor() as cur:
        cur.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            (table,),
        )
        return [name for (name,) in cur.fetchall()]


def _name(table: str, columns: Sequence[str]) -> Composed:
    names = SQL(", ").join(map(Identifier, columns))
    return SQL("{} ({})").format(Identifier(table), names)


class _Touching:
    """A stream that moves the connection's deadline with each piece."""

    def __init__(self, pool: Pool, conn: connection, stream: Any) -> None:
        self._pool = pool
        self._conn = conn
        self._stream = stream

    def write(self, piece: bytes, /) -> None:
        self._pool.touch(self._conn)
        self._stream.write(piece)

    def read(self, size: int, /) -> bytes:
        self._pool.touch(self._conn)
        piece: bytes = self._stream.read(size)
        return piece

    readline = read


def _read_sequences(conn: connection, schema: str) -> dict[str, int]:
    """Return the next number of each identity column, as `table.column`."""
    found = {}
    with conn.cursor() as cur:
        for table, column, sequence in _list_sequences(conn, schema):
            cur.execute(SQL("SELECT last_value + is_called::int FROM {}").format(sequence))
            found[f"{table}.{column}"] = int(db.fetch_row(cur)[0])
    return found


def _list_sequences(conn: connection, schema: str) -> list[tuple[str, str, Composed]]:
    with conn.cursor() as cur:
        cur.execute(
            "SELECT t.name, a.attname, n.nspname, s.relname"
            " FROM unnest(%s) t (name) JOIN pg_attribute a ON a.attrelid = to_regclass(t.name)"
            " JOIN pg_class s ON s.oid = pg_get_serial_sequence(t.name, a.attname)::regclass"
            " JOIN pg_namespace n ON n.oid = s.relnamespace"
            " WHERE a.attidentity <> '' ORDER BY 1, 2",
            (list_tables(schema),),
        )
        return [
            (table, column, SQL(".").join([Identifier(space), Identifier(name)]))
            for table, column, space, name in cur.fetchall()
        ]


@dataclass(frozen=True)
class Saved:
    """A snapshot as it was kept: what each table's columns are, and what opens its rows."""

    version: int
    schema: str
    columns: Mapping[str, Sequence[str]]
    open_rows: Callable[[str], Readable]
    sequences: Mapping[str, int]


def restore(pool: Pool, saved: Saved, *, replace: bool) -> int:
    """Put a snapshot into the database, all of it or nothing; return the schema's version then.

    Where the snapshot is of an older version, the migrations follow. Raises RestoreError where the
    database holds something and `replace` is false, where a service runs on it, or where it refuses
    the content.
    """
    if saved.version > _read_own_version(db.read_schema()):
        raise RestoreError(
            say(
                "The backup is of a later version of the service (schema {version}): restore it "
                "with that version.",
                version=saved.version,
            )
        )
    try:
        with pool.transaction(RESTORE_SECONDS) as conn:
            _require_room(conn, replace=replace)
            _make_schema(conn, saved)
            for table, columns in saved.columns.items():
                _copy_in(pool, conn, saved, table, columns)
            _set_sequences(conn, saved)
            version = db.migrate(conn)
            _analyze(conn)
            return version
    except psycopg2.DatabaseError as error:
        raise _refuse(error) from error


def _refuse(error: psycopg2.Error) -> RestoreError:
    detail = str(error).strip().splitlines()[0]
    return RestoreError(
        say("PostgreSQL refuses the backup, and stays as it was: {detail}", detail=detail)
    )


def _require_room(conn: connection, *, replace: bool) -> None:
    """Hold the schema, and see that nobody works on it and that nothing would be lost."""
    with conn.cursor() as cur:
        db.lock_schema(cur)
        cur.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'conector-pgvector' AND pid <> pg_backend_pid()"
        )
        if others := int(db.fetch_row(cur)[0]):
            raise RestoreError(
                say(
                    "A service or a worker uses this database ({others} connections): stop it, "
                    "restore, and start it again.",
                    others=others,
                )
            )
        for table in list_tables(db.read_schema()):
            cur.execute("SELECT to_regclass(%s)", (table,))
            if db.fetch_row(cur)[0] is None or table in _OF_A_START or replace:
                continue
            cur.execute(SQL("SELECT EXISTS (SELECT FROM {})").format(Identifier(table)))
            if db.fetch_row(cur)[0]:
                raise RestoreError(
                    say(
                        "The database holds something already (in {table}): restore into an empty "
                        "one, or replace everything in it with --replace.",
                        table=table,
                    )
                )


def _make_schema(conn: connection, saved: Saved) -> None:
    """Make the empty tables of the snapshot's version instead of those that are there."""
    own = db.read_schema()
    with conn.cursor() as cur:
        for view in _VIEW.findall(own):
            cur.execute(SQL("DROP VIEW IF EXISTS {}").format(Identifier(view)))
        names = SQL(", ").join(Identifier(name) for name in _TABLE.findall(own))
        cur.execute(SQL("DROP TABLE IF EXISTS {}").format(names))
        cur.execute(saved.schema)


def _copy_in(
    pool: Pool, conn: connection, saved: Saved, table: str, columns: Sequence[str]
) -> None:
    statement = SQL("COPY {} FROM STDIN (FORMAT binary)").format(_name(table, columns))
    source = _Touching(pool, conn, saved.open_rows(table))
    with conn.cursor() as cur:
        # What the schema itself put there.
        cur.execute(SQL("DELETE FROM {}").format(Identifier(table)))
        cur.copy_expert(statement, source, size=PIECE_BYTES)


def _set_sequences(conn: connection, saved: Saved) -> None:
    with conn.cursor() as cur:
        for name, number in saved.sequences.items():
            table, _, column = name.partition(".")
            cur.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s, false)", (table, column, number)
            )


def _analyze(conn: connection) -> None:
    """Let the planner know the tables at once."""
    with conn.cursor() as cur:
        for table in list_tables(db.read_schema()):
            cur.execute(SQL("ANALYZE {}").format(Identifier(table)))
