"""The approximate index: HNSW on the vectors of one model, built beside the work.

Searches need not know of it: PostgreSQL's planner takes it where it is cheaper than comparing with
every vector (store/search.py).
"""

from __future__ import annotations

import logging

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection, cursor
from psycopg2.sql import SQL, Identifier, Literal

from db import Pool, one_row
from store.models import Model

logger = logging.getLogger(__name__)

# Built with twice as many candidates as pgvector's own 64, searches miss half as much, and the
# build takes 1.6 times as long. Later rows are inserted with 64, twice as fast as with 128.
M, BUILD_CANDIDATES, INSERT_CANDIDATES = 16, 128, 64
BUILD_SECONDS = 24 * 3_600.0
# Any number that no other program on the same database uses; schema.sql's is its neighbour.
_INDEX_LOCK = 0x636F6E66
# A job with so many rows to come would make the index again, or pay for each of its rows.
LARGE_JOB_ROWS = 5_000


def index_name(model: Model) -> str:
    """Return the name of a model's index."""
    return f"vectors_hnsw_{model.id}"


def build_index(pool: Pool, model: Model, min_vectors: int, memory_mb: int = 1_024) -> bool:
    """Build the model's index where it is missing or was left INVALID, and is worth it.

    It is worth it from `min_vectors` vectors on, while no large job adds to them: building costs a
    tenth of what inserting the same rows one by one does. From ten times as many on, searches can't
    wait for the job's end. Of several processes one builds. Return whether this one did.

    Where the graph does not fit into `memory_mb` (1.3 kB a vector of 384 dimensions), PostgreSQL
    builds several times slower.
    """
    with pool.reading(seconds=BUILD_SECONDS) as conn:
        if _is_valid(conn, model) or not _is_worth_it(conn, model, min_vectors):
            return False
        if not _locks(conn):
            return False
        try:
            _build(conn, model, memory_mb)
        finally:
            with conn.cursor() as cur:
                cur.execute("SELECT pg_advisory_unlock(%s)", (_INDEX_LOCK,))
                cur.execute("RESET maintenance_work_mem")
    return True


def _is_valid(conn: connection, model: Model) -> bool:
    with conn.cursor() as cur:
        cur.execute(
            "SELECT EXISTS (SELECT FROM pg_index"
            " WHERE indisvalid AND indexrelid = to_regclass(%s))",
            (index_name(model),),
        )
        return bool(one_row(cur)[0])


def _is_worth_it(conn: connection, model: Model, min_vectors: int) -> bool:
    with conn.cursor() as cur:
        # No further than needed: a count of millions would be work of its own.
        cur.execute(
            "SELECT count(*) FROM (SELECT FROM vectors WHERE model_id = %s LIMIT %s) v",
            (model.id, 10 * min_vectors),
        )
        vectors = int(one_row(cur)[0])
        if vectors < min_vectors:
            return False
        cur.execute(
            "SELECT coalesce(sum(total - inserted - updated - unchanged - rejected), 0) FROM jobs"
            " WHERE status = 'processing'"
        )
        return vectors >= 10 * min_vectors or int(one_row(cur)[0]) < LARGE_JOB_ROWS


def _locks(conn: connection) -> bool:
    with conn.cursor() as cur:
        cur.execute("SELECT pg_try_advisory_lock(%s)", (_INDEX_LOCK,))
        return bool(one_row(cur)[0])


def _build(conn: connection, model: Model, memory_mb: int) -> None:
    """Build CONCURRENTLY, so that neither searches nor uploads wait."""
    name = Identifier(index_name(model))
    with conn.cursor() as cur:
        # A build that died leaves an INVALID index, which costs every insert and serves nobody.
        cur.execute(SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name))
        cur.execute("SET maintenance_work_mem = %s", (f"{memory_mb}MB",))
        logger.info("the index of the model %s is being built", model.identity)
        cur.execute(
            SQL(
                "CREATE INDEX CONCURRENTLY {} ON vectors"
                " USING hnsw ((embedding::halfvec({})) halfvec_cosine_ops)"
                " WITH (m = {}, ef_construction = {}) WHERE model_id = {}"
            ).format(
                name,
                Literal(model.dimension),
                Literal(M),
                Literal(BUILD_CANDIDATES),
                Literal(model.id),
            )
        )
        cur.execute("ANALYZE vectors")
        set_insert_candidates(cur, name)
        logger.info("the index of the model %s is built", model.identity)


def set_insert_candidates(cur: cursor, name: Identifier) -> None:
    """Lower what inserting costs; leave it where the index is in use.

    It wants the index for itself, for a moment: not behind a long search, with others behind it.
    """
    cur.execute("SET lock_timeout = '1s'")
    try:
        cur.execute(
            SQL("ALTER INDEX {} SET (ef_construction = {})").format(
                name, Literal(INSERT_CANDIDATES)
            )
        )
    except LockNotAvailable:
        logger.warning("the index is in use: rows are inserted with as many candidates as built")
    finally:
        cur.execute("RESET lock_timeout")
