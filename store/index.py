"""The approximate indexes: HNSW on the vectors of one model, built while the service works.

One has all vectors of the model. A large collection has another one of its own, if there are many
vectors in other collections: else a question may lie nearer to so many of those that the index
never comes to this collection, above all if they are in the question's language and it is not.

A search does not name an index. PostgreSQL's planner takes it where that is cheaper than comparing
the query with every vector (store/search.py).
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection, cursor
from psycopg2.sql import SQL, Composed, Identifier, Literal

from db import Connection, Pool, fetch_row
from store.models import Model

logger = logging.getLogger(__name__)

# With 32 neighbours a search finds as much among 500 candidates as with 16 among 1,000, in the same
# time. But a later row costs six times as much: 3.2 ms of a core for each vector instead of 0.6 in
# 8,000 items, 8.8 instead of 1.4 in 100,000, where embedding an item takes 10 ms. Built with 400
# candidates, an index gives more of the nearest than with 200, for 1.2 to 1.5 times the time of a
# build. Built with 800, it gives as much among 500 as one built with 400 does among 700; but a
# search then takes a fifth longer for as many (bench/results/exactness.md). So one is built with
# more where a search asks for many: from MANY_VECTORS on as many as pgvector gives at once
# (store/ranking.py).
M, BUILD_CANDIDATES, INSERT_CANDIDATES = 16, 400, 64
MANY_VECTORS, MANY_BUILD_CANDIDATES = 60_000, 800
BUILD_SECONDS = 24 * 3_600.0
# The advisory lock of builds: any number that no other program on the same database uses.
_INDEX_LOCK = 0x636F6E66
# A job that writes so many rows is large: with an index, each of them would cost a tenth more.
LARGE_JOB_ROWS = 500
# Comparing with fewer vectors takes 10 ms or less. So a collection of fewer needs no index of its
# own: the query is compared with all of it (NARROW_ITEMS in store/search.py). And while a large job
# adds rows, an index of fewer is dropped, so that the job goes on as fast as without it.
FEW_VECTORS = 20_000
# From so many times that number on, searches can't wait for the end of such a job.
MOST_WAITING = 5
# Vectors that are gone leave their places in an index, and searches still go over them. An index of
# more than so many times the size that its vectors need is built anew.
MOST_BLOAT = 1.5
# Later rows are inserted among fewer candidates, so an index that grew to so many times the size
# that it was built with is built anew. In 20,000 items, searches gave 99.5 % of the first hits; 0.1
# less where a sixth came later, and 0.3 less where a third did.
MOST_GROWTH = 1.2
# An index of fewer bytes is not worth the while.
LEAST_WORN = 1 << 20
# The comment of an index: its file and its size when it was built.
_AS_BUILT_TEXT = "built as file {} with {} bytes"
_AS_BUILT = re.compile(_AS_BUILT_TEXT.replace("{}", r"(\d+)"))
# The rest of a page of PostgreSQL, without its header and what pgvector keeps at its end.
PAGE_BYTES, PAGE_ROOM = 8_192, 8_160


def index_name(model: Model, collection: int | None = None) -> str:
    """Return the name of the index of all of a model's vectors, or of a collection's."""
    return f"vectors_hnsw_{model.id}" + ("" if collection is None else f"_{collection}")


def build_index(pool: Pool, model: Model, min_vectors: int, memory_mb: int = 1_024) -> bool:
    """Build the indexes that are worth it and missing; return whether this process built one.

    An index that was left INVALID, or that an older version shaped, is missing, too; and one that
    has many vectors that are gone or that came later, which serves until the new one is there. It
    is worth building from `min_vectors` vectors on; that of a collection from FEW_VECTORS on, if
    the others have as many together. One of a collection that fell below half of that is dropped.
    While a large job adds rows, builds wait, so that it need not insert them into an index one by
    one. If several processes try, one of them builds.

    | while a large job adds rows | an index that is there | a missing one |
    |---|---|---|
    | fewer than FEW_VECTORS | is dropped | waits for the end of the job |
    | fewer than MOST_WAITING times as many | stays | waits for the end of the job |
    | more | stays | is built |

    `min_vectors` takes the place of FEW_VECTORS where it is larger. A bloated or grown index that
    stays is built anew after the job: VACUUM would have to wait for the build.

    PostgreSQL builds several times slower if the graph does not fit into `memory_mb`. A vector of
    384 dimensions takes 1.3 kB. Behind a pooler the server's own maintenance_work_mem counts: it
    can't be set for a transaction, because CREATE INDEX CONCURRENTLY runs in none.
    """
    with pool.reading(seconds=BUILD_SECONDS) as conn:
        if not any(_find_work(conn, model, min_vectors)):
            return False
        with _hold_builds(pool, conn) as held:
            # A build whose process died goes on for a while, behind a pooler up to its end.
            if not held or _is_being_built(conn):
                return False
            missing, useless = _find_work(conn, model, min_vectors)
            for name in useless:
                _drop(conn, name)
            if missing:
                _free_rows(conn)
            for collection in missing:
                _build(conn, model, collection, memory_mb)
    return bool(missing)


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


def _find_work(
    conn: connection, model: Model, min_vectors: int
) -> tuple[list[int | None], list[str]]:
    """Return whose indexes are to be built, and the names of those to be dropped.

    None stands for all collections together.
    """
    enough = max(FEW_VECTORS, min_vectors)
    vectors = _count_vectors(conn, model, enough)
    total = sum(vectors.values())
    own = {collection: min(count, total - count) for collection, count in vectors.items()}
    wanted = [None, *(collection for collection, count in own.items() if count >= enough)]
    kept = {index_name(model, c) for c, count in own.items() if count >= enough / 2}
    built = _read_indexes(conn, model)
    is_quiet = not _are_rows_coming(conn)
    if is_quiet or total >= enough:
        kept.add(index_name(model))
    missing = [
        collection
        for collection in wanted
        if (is_quiet and _is_worn(conn, model, collection))
        or (
            not built.get(index_name(model, collection))
            and _is_worth_it(conn, model, collection, min_vectors)
        )
    ]
    return missing, [name for name in built if name not in kept]


def _count_vectors(conn: connection, model: Model, most: int) -> dict[int, int]:
    """Return how many vectors each collection has, counted to `most`: millions would take long."""
    with conn.cursor() as cur:
        cur.execute(
            "SELECT c.id, v.count FROM collections c CROSS JOIN LATERAL (SELECT count(*) FROM ("
            "  SELECT FROM item_vectors WHERE collection_id = c.id AND model_id = %s LIMIT %s"
            ") counted) v ORDER BY c.id",
            (model.id, most),
        )
        return dict(cur.fetchall())


def _read_indexes(conn: connection, model: Model) -> dict[str, bool]:
    """Return the names of the model's indexes, and whether they are valid and of today's shape."""
    with conn.cursor() as cur:
        cur.execute(
            "SELECT c.relname, x.indisvalid AND %s = ANY (c.reloptions)"
            " FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid"
            " WHERE x.indrelid = 'item_vectors'::regclass AND c.relname ~ %s",
            (f"m={M}", f"^{index_name(model)}(_[0-9]+)?(_new|_old)?$"),
        )
        return dict(cur.fetchall())


def _is_being_built(conn: connection) -> bool:
    with conn.cursor() as cur:
        cur.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index"
            " WHERE datname = current_database() AND relid = 'item_vectors'::regclass)"
        )
        return bool(fetch_row(cur)[0])


def _is_worth_it(conn: connection, model: Model, collection: int | None, min_vectors: int) -> bool:
    many = MOST_WAITING * max(FEW_VECTORS, min_vectors)
    vectors = _count_up_to(conn, model, collection, many)
    return vectors >= many or (vectors >= min_vectors and not _are_rows_coming(conn))


def _count_up_to(conn: connection, model: Model, collection: int | None, most: int) -> int:
    """Return how many vectors an index would have, or `most`: counting millions takes long."""
    with conn.cursor() as cur:
        cur.execute(
            SQL("SELECT count(*) FROM (SELECT FROM item_vectors WHERE {} LIMIT {}) v").format(
                _compose_condition(model, collection), Literal(most)
            )
        )
        return int(fetch_row(cur)[0])


def _are_rows_coming(conn: connection) -> bool:
    """Return whether a large job writes rows or will, or several that are large together."""
    with conn.cursor() as cur:
        cur.execute(
            "SELECT coalesce(sum(total - unchanged - rejected), 0) FROM jobs"
            " WHERE status IN ('enqueued', 'processing') AND kind = 'import'"
        )
        return int(fetch_row(cur)[0]) >= LARGE_JOB_ROWS


def _is_worn(conn: connection, model: Model, collection: int | None) -> bool:
    return _has_changed(conn, model, collection) or _is_bloated(conn, model, collection)


def _has_changed(conn: connection, model: Model, collection: int | None) -> bool:
    """Return whether an index grew much since `_build`, or PostgreSQL built it anew by itself.

    That does it with as few candidates as later rows have: in a restore, REINDEX or VACUUM FULL.
    """
    with conn.cursor() as cur:
        cur.execute(
            "SELECT pg_relation_size(oid), pg_relation_filenode(oid),"
            " obj_description(oid, 'pg_class') FROM pg_class WHERE oid = to_regclass(%s)",
            (index_name(model, collection),),
        )
        size, file, comment = cur.fetchone() or (0, None, None)
    built = _AS_BUILT.fullmatch(comment or "")
    if size < LEAST_WORN:
        return False
    return built is None or int(built[1]) != file or size > MOST_GROWTH * int(built[2])


def _note_size(cur: cursor, index: Identifier) -> None:
    """Write down how an index was built, for `_has_changed`."""
    cur.execute(
        SQL(
            "SELECT pg_relation_filenode(oid), pg_relation_size(oid)"
            " FROM to_regclass({}::text) AS oid"
        ).format(Literal(index.string))
    )
    note = Literal(_AS_BUILT_TEXT.format(*fetch_row(cur)))
    cur.execute(SQL("COMMENT ON INDEX {} IS {}").format(index, note))


def _is_bloated(conn: connection, model: Model, collection: int | None) -> bool:
    """Return whether most of the index is of vectors that are gone; False where there is no index.

    PostgreSQL's estimate is asked first, because counting millions of vectors takes long.
    """
    room = MOST_BLOAT * estimate_bytes(model.dimension)
    with conn.cursor() as cur:
        cur.execute(
            "SELECT pg_relation_size(oid), reltuples FROM pg_class"
            " WHERE oid = to_regclass(%s) AND reltuples >= 0",
            (index_name(model, collection),),
        )
        size, estimate = cur.fetchone() or (0, 0)
    if size < LEAST_WORN or size <= estimate * room:
        return False
    needed = int(size / room)
    return _count_up_to(conn, model, collection, needed) < needed


def _free_rows(conn: connection) -> None:
    """Free the space of dead rows, but not their places in the indexes, which takes long.

    While an index is built, the table can't be vacuumed.
    """
    with conn.cursor() as cur:
        cur.execute("VACUUM (INDEX_CLEANUP OFF, SKIP_LOCKED) item_vectors")


def estimate_bytes(dimension: int) -> float:
    """Return how many bytes a vector takes in an index that was just built.

    An element has a head of 72 bytes and the vector, its neighbours 6 bytes each, twice M of them
    on the lowest level (pgvector, src/hnsw.h: HnswElementTupleData, HnswNeighborTupleData). Both
    lie on one page, if they fit. Equal vectors share an element, and take less.
    """
    element = 72 + 8 * math.ceil((8 + 2 * dimension) / 8) + 4
    neighbours = 8 * math.ceil((4 + 6 * (2 * M + M / (M - 1))) / 8) + 4
    if element + neighbours > PAGE_ROOM:
        return PAGE_BYTES + neighbours
    return PAGE_BYTES / (PAGE_ROOM // (element + neighbours))


def lock_builds(conn: connection) -> bool:
    """Take the lock of builds for this session, and return whether it was free."""
    with conn.cursor() as cur:
        cur.execute("SELECT pg_try_advisory_lock(%s)", (_INDEX_LOCK,))
        return bool(fetch_row(cur)[0])


def _compose_condition(model: Model, collection: int | None) -> Composed:
    """Return the condition of an index, which store/ranking_sql.py has word for word."""
    condition = SQL("model_id = {}").format(Literal(model.id))
    if collection is None:
        return condition
    return condition + SQL(" AND collection_id = {}").format(Literal(collection))


def _drop(conn: connection, name: str) -> None:
    with conn.cursor() as cur:
        cur.execute(SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(Identifier(name)))


def _build(conn: Connection, model: Model, collection: int | None, memory_mb: int) -> None:
    """Build CONCURRENTLY, so that neither searches nor uploads wait, and put it in its place.

    One that is there serves meanwhile. A build that died leaves an INVALID index, which costs every
    insert and serves nobody; `build_index` drops it at its next look.
    """
    name = index_name(model, collection)
    old, new = Identifier(f"{name}_old"), Identifier(f"{name}_new")
    many = _count_up_to(conn, model, collection, MANY_VECTORS) == MANY_VECTORS
    candidates = MANY_BUILD_CANDIDATES if many else BUILD_CANDIDATES
    with conn.cursor() as cur:
        if not conn.pooled:
            cur.execute("SET maintenance_work_mem = %s", (f"{memory_mb}MB",))
        logger.info("the index %s of the model %s is being built", name, model.identity)
        cur.execute(_compose_creation(model, collection, new, candidates))
        cur.execute("ANALYZE item_vectors")
        set_insert_candidates(cur, new)
        _note_size(cur, new)
        # In one message, so in one transaction: a search always sees one of them.
        cur.execute(
            SQL(
                "ALTER INDEX IF EXISTS {name} RENAME TO {old}; ALTER INDEX {new} RENAME TO {name}"
            ).format(name=Identifier(name), old=old, new=new)
        )
        _drop(conn, f"{name}_old")
        logger.info("the index %s of the model %s is built", name, model.identity)


def _compose_creation(
    model: Model, collection: int | None, name: Identifier, candidates: int
) -> Composed:
    return SQL(
        "CREATE INDEX CONCURRENTLY {} ON item_vectors"
        " USING hnsw ((embedding::halfvec({})) halfvec_cosine_ops)"
        " WITH (m = {}, ef_construction = {}) WHERE {}"
    ).format(
        name,
        Literal(model.dimension),
        Literal(M),
        Literal(candidates),
        _compose_condition(model, collection),
    )


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
