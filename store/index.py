"""The approximate index: HNSW on the vectors of one model, built while the service works.

A search does not name the index. PostgreSQL's planner takes it where that is cheaper than comparing
the query with every vector (store/search.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection, cursor
from psycopg2.sql import SQL, Identifier, Literal

from db import Connection, Pool, fetch_row
from store.models import Model

logger = logging.getLogger(__name__)

# An index that is built with twice pgvector's own 64 candidates misses half as much, and its build
# takes 1.6 times as long. Later rows are inserted with 64 candidates, twice as fast as with 128.
M, BUILD_CANDIDATES, INSERT_CANDIDATES = 16, 128, 64
BUILD_SECONDS = 24 * 3_600.0
# The advisory lock of builds: any number that no other program on the same database uses.
_INDEX_LOCK = 0x636F6E66
# A job with so many rows to come is large: with an index, each of its rows would cost more.
LARGE_JOB_ROWS = 5_000


def index_name(model: Model) -> str:
    """Return the name of a model's index."""
    return f"vectors_hnsw_{model.id}"


def build_index(pool: Pool, model: Model, min_vectors: int, memory_mb: int = 1_024) -> bool:
    """Build the model's index if it is worth it; return whether this process did.

    An index that is missing, or that was left INVALID, is worth building from `min_vectors` vectors
    on. While a large job adds rows, the build waits: it costs a tenth of what inserting the same
    rows one by one into an index does. From ten times `min_vectors` on, searches can't wait for the
    end of the job. If several processes try, one of them builds.

    PostgreSQL builds several times slower if the graph does not fit into `memory_mb`. A vector of
    384 dimensions takes 1.3 kB. Behind a pooler the server's own maintenance_work_mem counts: it
    can't be set for a transaction, because CREATE INDEX CONCURRENTLY runs in none.
    """
    with pool.reading(seconds=BUILD_SECONDS) as conn:
        if _is_valid(conn, model) or not _is_worth_it(conn, model, min_vectors):
            return False
        with _hold_builds(pool, conn) as held:
            # A build whose process died goes on for a while, behind a pooler up to its end.
            if not held or _is_valid(conn, model) or _is_being_built(conn):
                return False
            _build(conn, model, memory_mb)
    return True


@contextmanager
def _hold_builds(pool: Pool, conn: Connection) -> Iterator[bool]:
    """Hold the lock of builds, and yield whether it was free.

    Behind a pooler no lock outlives a transaction, so one is open beside the build. It reads
    nothing meanwhile, so the build does not wait for it.
    """
    if conn.pooled:
        with pool.transaction(BUILD_SECONDS) as holder, holder.cursor() as cur:
            cur.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cur.execute("SELECT pg_try_advisory_xact_lock(%s)", (_INDEX_LOCK,))
            yield bool(fetch_row(cur)[0])
        return
    if not lock_builds(conn):
        yield False
        return
    try:
        yield True
    finally:
        with conn.cursor() as cur:
            cur.execute("SELECT pg_advisory_unlock(%s)", (_INDEX_LOCK,))
            cur.execute("RESET maintenance_work_mem")


def _is_valid(conn: connection, model: Model) -> bool:
    with conn.cursor() as cur:
        cur.execute(
            "SELECT EXISTS (SELECT FROM pg_index"
            " WHERE indisvalid AND indexrelid = to_regclass(%s))",
            (index_name(model),),
        )
        return bool(fetch_row(cur)[0])


def _is_being_built(conn: connection) -> bool:
    with conn.cursor() as cur:
        cur.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index"
            " WHERE datname = current_database() AND relid = 'item_vectors'::regclass)"
        )
        return bool(fetch_row(cur)[0])


def _is_worth_it(conn: connection, model: Model, min_vectors: int) -> bool:
    with conn.cursor() as cur:
        # It counts no further than it must, since counting millions takes long.
        cur.execute(
            "SELECT count(*) FROM (SELECT FROM item_vectors WHERE model_id = %s LIMIT %s) v",
            (model.id, 10 * min_vectors),
        )
        vectors = int(fetch_row(cur)[0])
        if vectors < min_vectors:
            return False
        cur.execute(
            "SELECT coalesce(sum(total - inserted - updated - unchanged - rejected), 0) FROM jobs"
            " WHERE status = 'processing'"
        )
        return vectors >= 10 * min_vectors or int(fetch_row(cur)[0]) < LARGE_JOB_ROWS


def lock_builds(conn: connection) -> bool:
    """Take the lock of builds for this session, and return whether it was free."""
    with conn.cursor() as cur:
        cur.execute("SELECT pg_try_advisory_lock(%s)", (_INDEX_LOCK,))
        return bool(fetch_row(cur)[0])


def _build(conn: Connection, model: Model, memory_mb: int) -> None:
    """Build CONCURRENTLY, so that neither searches nor uploads wait."""
    name = Identifier(index_name(model))
    with conn.cursor() as cur:
        # A build that died leaves an INVALID index, which costs every insert and serves nobody.
        cur.execute(SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name))
        if not conn.pooled:
            cur.execute("SET maintenance_work_mem = %s", (f"{memory_mb}MB",))
        logger.info("the index of the model %s is being built", model.identity)
        cur.execute(
            SQL(
                "CREATE INDEX CONCURRENTLY {} ON item_vectors"
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
        cur.execute("ANALYZE item_vectors")
        set_insert_candidates(cur, name)
        logger.info("the index of the model %s is built", model.identity)


def set_insert_candidates(cur: cursor, name: Identifier) -> None:
    """Lower what inserting into the index costs, unless the index is in use.

    The change needs the index for itself for a moment. If it waited for a long search, all others
    would wait behind it. Both statements go in one message, so in one transaction.
    """
    try:
        cur.execute(
            SQL("SET LOCAL lock_timeout = '1s'; ALTER INDEX {} SET (ef_construction = {})").format(
                name, Literal(INSERT_CANDIDATES)
            )
        )
    except LockNotAvailable:
        logger.warning("the index is in use: rows are inserted with as many candidates as built")
