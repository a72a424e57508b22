"""The database: its schema, its models, the items and the search among their vectors.

Called by app.py and worker.py; db_jobs.py holds the queue's queries. One function a query or
transaction; what goes wrong comes out as DatabaseUnavailable (db_pool.py) or ValueError.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg2
from numpy.typing import NDArray
from psycopg2.extensions import connection
from psycopg2.extras import Json, register_uuid
from psycopg2.sql import SQL, Composed, Identifier

from db_pool import Connection, DatabaseUnavailable, Pool

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


@dataclass(frozen=True)
class Hit:
    """One item that a search found. `distance` is the cosine distance, 0 to 2."""

    id: int
    question: str
    answer: str
    collection: str
    metadata: dict[str, str]
    distance: float
    matched: str


def wait_for(pool: Pool, seconds: float) -> None:
    """Return once PostgreSQL answers. Raises DatabaseUnavailable after `seconds` without."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ping(pool)
        except DatabaseUnavailable:
            if time.monotonic() > deadline:
                raise
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


def search(
    pool: Pool,
    model: Model,
    query: FloatArray,
    *,
    limit: int,
    offset: int = 0,
    collections: Sequence[str] | None = None,
    metadata: Mapping[str, str] | None = None,
    max_distance: float | None = None,
) -> list[Hit]:
    """Return the items nearest to `query` (shape (dimension,)), nearest first.

    An item's distance is that of the nearer of its two vectors; ties go by item id. Each item has
    two vectors, so the nearest 2n vectors hold the nearest n items.
    """
    wanted = 2 * (limit + offset)
    values = {
        "query": halfvec_text(query),
        "limit": limit,
        "offset": offset,
        "max_distance": max_distance,
        "collections": None if collections is None else list(collections),
        "metadata": None if metadata is None else Json(dict(metadata)),
    }
    kind = _Kind(
        model.id,
        model.dimension,
        next((most for most in _PREPARED_VECTORS if most >= wanted), wanted),
        in_collections=collections is not None,
        with_metadata=bool(metadata),
    )
    with pool.reading() as conn, conn.cursor() as cursor:
        if kind.with_metadata or kind.vectors > _PREPARED_VECTORS[-1]:
            cursor.execute(kind.statement().format(**_NAMED), values)
        else:
            kind.prepare(conn)
            cursor.execute(kind.execute(), values)
        return [Hit(*row) for row in cursor.fetchall()]


# Searches for so many vectors, and no more, are prepared: planning one costs as much as running it.
_PREPARED_VECTORS = (10, 20, 50, 200)


@dataclass(frozen=True)
class _Kind:
    """A kind of search, whose statement is the same but for its values."""

    model: int
    dimension: int
    vectors: int
    in_collections: bool
    with_metadata: bool

    def prepare(self, conn: Connection) -> None:
        """Prepare the statement on the connection, once."""
        if self in conn.prepared:
            return
        with conn.cursor() as cursor:
            cursor.execute(
                SQL("PREPARE {}(halfvec, float8, bigint, bigint{}) AS ").format(
                    self._name(), SQL(", text[]" if self.in_collections else "")
                )
                + self.statement().format(**_NUMBERED)
            )
        conn.prepared.add(self)

    def execute(self) -> Composed:
        last = ", %(collections)s" if self.in_collections else ""
        return SQL(
            "EXECUTE {}(%(query)s, %(max_distance)s, %(limit)s, %(offset)s" + last + ")"
        ).format(self._name())

    def statement(self) -> SQL:
        """Return the statement; the names in braces are still to be put in.

        The number of vectors is part of it: of a value that may be any the planner would think it
        large, and pass over the index.
        """
        where = _IN_COLLECTIONS if self.in_collections else ""
        where += _WITH_METADATA if self.with_metadata else ""
        text = _SEARCH.replace("<where>", where)
        for name in ("model", "dimension", "vectors"):
            text = text.replace(f"<{name}>", str(getattr(self, name)))
        return SQL(text)

    def _name(self) -> Identifier:
        where = "_collections" if self.in_collections else ""
        return Identifier(f"search_{self.model}_{self.vectors}{where}")


# The cast and the model are written as in the index of db_index.py, so that the planner can take
# it. GREATEST: rounding gives an identical vector a distance just below 0.
_SEARCH = """
WITH nearest AS MATERIALIZED (
    SELECT v.item_id, v.kind,
           v.embedding::halfvec(<dimension>) <=> {query}::halfvec(<dimension>) AS distance
    FROM vectors v
    WHERE v.model_id = <model><where>
    ORDER BY distance, v.item_id
    LIMIT <vectors>
), best AS (
    SELECT DISTINCT ON (item_id) item_id, kind, GREATEST(distance, 0) AS distance
    FROM nearest
    ORDER BY item_id, distance, kind DESC
)
SELECT i.id, i.question, i.answer, c.name, i.metadata, b.distance, b.kind
FROM best b
JOIN items i ON i.id = b.item_id
JOIN collections c ON c.id = i.collection_id
WHERE {max_distance}::float8 IS NULL OR b.distance <= {max_distance}
ORDER BY b.distance, b.item_id
LIMIT {limit} OFFSET {offset}
"""
_IN_COLLECTIONS = (
    " AND v.collection_id = ANY (ARRAY("
    "SELECT id FROM collections WHERE name = ANY ({collections})))"
)
_WITH_METADATA = " AND v.item_id IN (SELECT id FROM items WHERE metadata @> {metadata})"

_VALUES = ("query", "max_distance", "limit", "offset", "collections", "metadata")
_NAMED = {name: SQL(f"%({name})s") for name in _VALUES}
_NUMBERED = {name: SQL(f"${number}") for number, name in enumerate(_VALUES, 1)}


def halfvec_text(vector: FloatArray) -> str:
    """Return pgvector's text form of a vector, rounded to halfvec's 16 bits."""
    return "[" + ",".join(map(repr, vector.astype(np.float16).tolist())) + "]"


def one_row(cursor: psycopg2.extensions.cursor) -> Any:
    """Return the row of a query that always gives one."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("a query that gives one row gave none")
    return row
