"""The database: its schema and its models, and what the other db_*.py share.

One function a query or transaction; what goes wrong comes out as DatabaseUnavailable (db_pool.py)
or ValueError.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
from numpy.typing import NDArray
from psycopg2.extensions import connection
from psycopg2.extras import register_uuid

from db_pool import DatabaseUnavailable, Pool

logger = logging.getLogger(__name__)

register_uuid()  # type: ignore[no-untyped-call]

FloatArray = NDArray[np.float32]

HERE = Path(__file__).parent
# Any number that no other program on the same database uses for its advisory locks.
_SCHEMA_LOCK = 0x636F6E65


class SchemaError(Exception):
    """The database can't hold our schema; one line for a person."""


@dataclass(frozen=True)
class Model:
    """A model as the database knows it."""

    id: int
    identity: str
    dimension: int


def wait_for(pool: Pool, seconds: float) -> None:
    """Return once PostgreSQL answers. Raises DatabaseUnavailable after `seconds` without."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ping(pool)
        except DatabaseUnavailable as error:
            if time.monotonic() > deadline:
                raise
            logger.info("Waiting for the database: %s", error)
            time.sleep(0.5)


def ping(pool: Pool) -> None:
    """Raise DatabaseUnavailable unless PostgreSQL answers."""
    with pool.reading(seconds=2.0) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT 1")


def apply_schema(pool: Pool, migrations: Path = HERE / "migrations") -> int:
    """Bring the schema up to date and return its version; processes starting at once take turns.

    A new database gets schema.sql, an older one the files `migrations/NNNN_*.sql` above its
    version. A newer one is left alone: migrations only add, so that an older service works on it.
    """
    try:
        with pool.transaction() as conn, conn.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
            if _schema_version(conn) == 0:
                cursor.execute((HERE / "schema.sql").read_text("utf-8"))
            for version, path in _migrations(migrations):
                if version > _schema_version(conn):
                    cursor.execute(path.read_text("utf-8"))
                    cursor.execute("INSERT INTO schema_version VALUES (%s)", (version,))
            return _schema_version(conn)
    except psycopg2.Error as error:
        detail = str(error).strip().splitlines()[0]
        raise SchemaError(
            f"The schema can't be applied: {detail}. PostgreSQL 14 or newer with pgvector 0.8 or "
            "newer is needed, and a user who may create the extension `vector` or has it already."
        ) from error


def _schema_version(conn: connection) -> int:
    """Return the schema's version, 0 where there is none."""
    with conn.cursor() as cursor:
        cursor.execute("SELECT to_regclass('schema_version')")
        if one_row(cursor)[0] is None:
            return 0
        cursor.execute("SELECT coalesce(max(version), 0) FROM schema_version")
        return int(one_row(cursor)[0])


def _migrations(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.name[:4]), path) for path in folder.glob("[0-9]*_*.sql"))


def register_model(pool: Pool, identity: str, dimension: int) -> Model:
    """Return the model's row, made where there was none.

    Raises ValueError where the stored model of that name has another dimension.
    """
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO models (identity, dimension) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (identity, dimension),
        )
        cursor.execute("SELECT id, dimension FROM models WHERE identity = %s", (identity,))
        model_id, stored = one_row(cursor)
    if stored != dimension:
        raise ValueError(f"the model {identity} is stored with {stored} dimensions: {dimension}")
    return Model(model_id, identity, dimension)


def items_without_vectors(pool: Pool, model: Model) -> tuple[int, list[str]]:
    """Count the items that `model` made no vectors of; name the models that made theirs."""
    with pool.reading(seconds=60.0) as conn, conn.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM items i WHERE NOT EXISTS (
                SELECT FROM vectors v WHERE v.item_id = i.id AND v.model_id = %s)
            """,
            (model.id,),
        )
        missing = int(one_row(cursor)[0])
        if not missing:
            return 0, []
        cursor.execute(
            """
            SELECT m.identity FROM models m
            WHERE m.id <> %s AND EXISTS (SELECT FROM vectors v WHERE v.model_id = m.id)
            ORDER BY m.id
            """,
            (model.id,),
        )
        return missing, [identity for (identity,) in cursor.fetchall()]


def halfvec_text(vector: FloatArray) -> str:
    """Return pgvector's text form of a vector, rounded to halfvec's 16 bits, for a search.

    Three times as fast as pgvector's own HalfVector.to_text, which a search would show. With 11
    bits of significand, five digits tell any two of its numbers apart.
    """
    numbers = tuple(vector.astype(np.float16).tolist())
    return "[" + ",".join(["%.5g"] * len(numbers)) % numbers + "]"


def one_row(cursor: psycopg2.extensions.cursor) -> Any:
    """Return the row of a query that always gives one."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("a query that gives one row gave none")
    return row
