"""`make bench-scale`: how the cost of a search grows with the items, without a model.

Vectors are clustered as real ones are. Topics lie around one common direction, an item lies around
its topic, and its second vector lies beside its first; all are near a space of few dimensions.
Queries are reworded items.
"""

from __future__ import annotations

import os
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql

import db
import store.index
import store.models
import store.search
from bench.database import run_postgres
from bench.measures import percentile, timed
from bench.report import Report
from db import Pool
from embeddings import FloatArray
from services.confidence import CANDIDATES
from store.filters import Condition
from store.models import Model

DIMENSION = 384
TOPICS = 2_000
LATENT = 24
SEARCHES = 200
EXACT_SEARCHES = 50
CHUNK = 20_000
# The graph of the largest size fits.
BUILD_MB = 4_096


class Vectors:
    """Makes the vectors of items, and queries, the same for the same seed.

    With the bundled model, the vectors of 6,000 real texts have an intrinsic dimension of 6 to 10
    (TwoNN: Facco et al., "Estimating the intrinsic dimension of datasets by a minimal neighborhood
    information", 2017) and a mean distance of 0.17. These have 14 to 20, so they are harder to
    index, and 0.18.
    """

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        axes, _ = np.linalg.qr(self._rng.standard_normal((DIMENSION, 1 + LATENT)))
        self._common, self._axes = axes[:, 0], axes[:, 1:].T * 0.082
        self._topics = self._rng.standard_normal((TOPICS, LATENT))

    def items(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Return `count` items' question and pair vectors, shape (count, DIMENSION) each."""
        topics = self._topics[self._rng.integers(TOPICS, size=count)]
        places = topics + 0.7 * self._rng.standard_normal((count, LATENT))
        beside = places + 0.4 * self._rng.standard_normal((count, LATENT))
        return self._vectors(places), self._vectors(beside)

    def queries(self, questions: FloatArray) -> FloatArray:
        """Return reworded questions."""
        moved = 0.8 * self._rng.standard_normal((len(questions), LATENT)) @ self._axes
        return _normalise(questions + moved)

    def _vectors(self, places: NDArray[np.float64]) -> FloatArray:
        noise = 0.1 * self._rng.standard_normal((len(places), DIMENSION)) / DIMENSION**0.5
        return _normalise(self._common + places @ self._axes + noise)


def _normalise(vectors: NDArray[Any]) -> FloatArray:
    result: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float32
    )
    return result


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [2_000, 10_000, 100_000]
    report = Report()
    # BENCH_DIR, since /tmp may be memory.
    with (
        tempfile.TemporaryDirectory(prefix="scale-", dir=os.environ.get("BENCH_DIR")) as folder,
        run_postgres(Path(folder)) as dsn,
    ):
        with closing(Pool(dsn, 4)) as pool:
            db.apply_schema(pool)
        _grow(report, dsn, sizes)
    report.write("scale")


def _grow(report: Report, dsn: str, sizes: list[int]) -> None:
    with closing(Pool(dsn, 1)) as pool:
        model = store.models.register_model(pool, "synthetic", DIMENSION)
    vectors = Vectors()
    stored, sample = 0, np.empty((0, DIMENSION), np.float32)
    for size in sizes:
        # New connections for each size: what they prepare depends on it.
        pool = Pool(dsn, 4)
        _drop_index(pool, model)
        while stored < size:
            count = min(CHUNK, size - stored)
            questions, pairs = vectors.items(count)
            _store(pool, model, stored + 1, questions, pairs)
            sample = np.concatenate([sample, questions[: max(1, count // 50)]])
            stored += count
        _vacuum(pool)
        chosen = np.random.default_rng(2).choice(
            len(sample), SEARCHES, replace=len(sample) < SEARCHES
        )
        _measure(report, pool, model, vectors, size, vectors.queries(sample[chosen]))
        pool.close()


def _measure(
    report: Report, pool: Pool, model: Model, vectors: Vectors, size: int, queries: FloatArray
) -> None:
    exact_queries = queries[: EXACT_SEARCHES if size > 10_000 else SEARCHES]
    expected, times = _search(pool, model, exact_queries)
    report.add(f"{size:,} items: exact search p50", statistics.median(times), "ms")
    report.add("  p95", percentile(times, 95), "ms")
    if size <= 100_000:
        rate = _insert_rate(pool, model, vectors, size)
        report.add("  inserted without an index", rate, "vectors/s")
    seconds = timed(lambda: store.index.build_index(pool, model, 1, BUILD_MB)) / 1000
    report.add("  index built", seconds, "s")
    report.add("  index size", _index_mb(pool, model), "MB")
    _search(pool, model, queries)  # to warm up
    found, times = _search(pool, model, queries)
    report.add("  indexed search p50", statistics.median(times), "ms")
    report.add("  p95", percentile(times, 95), "ms")
    report.add("  taken by the planner", 100 * _uses_index(pool, model), "%")
    hits = sum(len(set(a) & set(b)) for a, b in zip(expected, found, strict=False))
    report.add("  recall@10", hits / (10 * len(expected)), "", least=0.98)
    for share in (100, 1_000):
        few, times = _search(pool, model, queries[:50], [Condition("tag", (f"1/{share}",))])
        page = min(10, size // share)
        full = statistics.mean(len(ids) == page for ids in few)
        report.add(f"  a filter that keeps 1/{share}: p50", statistics.median(times), "ms")
        report.add("  p95", percentile(times, 95), "ms")
        report.add("  full pages", 100 * full, "%", least=100)
    rate = _insert_rate(pool, model, vectors, size)
    report.add("  inserted into the index", rate, "vectors/s")


def _search(
    pool: Pool, model: Model, queries: FloatArray, metadata: Sequence[Condition] | None = None
) -> tuple[list[list[int]], list[float]]:
    found, times = [], []
    for query in queries:
        started = time.perf_counter()
        hits = store.search.search_measured(pool, model, query, limit=CANDIDATES, metadata=metadata)
        times.append((time.perf_counter() - started) * 1000)
        found.append([one.hit.id for one in hits[:10]])
    return found, times


def _store(pool: Pool, model: Model, first: int, questions: FloatArray, pairs: FloatArray) -> None:
    with pool.transaction(seconds=3_600) as conn, conn.cursor() as cur:
        cur.execute("INSERT INTO collections (name) VALUES ('scale') ON CONFLICT DO NOTHING")
        cur.execute(
            """
            INSERT INTO items (id, collection_id, item_key, place, question_hash, answer_hash,
                               question, answer, metadata, position)
            OVERRIDING SYSTEM VALUE
            SELECT n, (SELECT id FROM collections WHERE name = 'scale'), md5(n::text)::uuid, 0,
                   md5(n::text)::uuid, md5(n::text)::uuid, 'Question ' || n || '?',
                   repeat('An answer of some length. ', 8) || n,
                   jsonb_build_object('tag', CASE WHEN n %% 1000 = 0 THEN '1/1000'
                       WHEN n %% 100 = 1 THEN '1/100' ELSE 'other' END), n
            FROM generate_series(%s, %s) n
            """,
            (first, first + len(questions) - 1),
        )
        cur.execute("SELECT id FROM collections WHERE name = 'scale'")
        collection_id = db.fetch_row(cur)[0]
        cur.copy_expert(
            "COPY item_vectors (item_id, model_id, kind, collection_id, embedding) FROM STDIN"
            " WITH (FORMAT binary)",
            _Stream(_rows(model.id, collection_id, first, questions, pairs)),
        )


def _rows(
    model_id: int, collection_id: int, first: int, questions: FloatArray, pairs: FloatArray
) -> Iterator[bytes]:
    yield b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
    for kind, vectors in ((b"question", questions), (b"pair", pairs)):
        halves = vectors.astype(">f2")
        for n, half in enumerate(halves):
            floats = half.tobytes()
            yield (
                struct.pack("!hiqih", 5, 8, first + n, 2, model_id)
                + struct.pack("!i", len(kind))
                + kind
                + struct.pack("!ii", 4, collection_id)
                + struct.pack("!iHH", 4 + len(floats), DIMENSION, 0)
                + floats
            )
    yield struct.pack("!h", -1)


class _Stream:
    """A file from which COPY reads the pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _size: int = 0) -> bytes:
        return b"".join(piece for _, piece in zip(range(64), self._pieces, strict=False))

    def readline(self, size: int = 0) -> bytes:
        return self.read(size)


def _insert_rate(pool: Pool, model: Model, vectors: Vectors, size: int) -> float:
    """Insert 64 items as an import does, a few times, and undo it; return vectors a second."""
    questions, pairs = vectors.items(64)
    times = []
    for n in range(8):
        first = size + 1 + n * 64
        times.append(timed(lambda f=first: _store(pool, model, f, questions, pairs)))  # type: ignore[misc]
    with pool.transaction(seconds=3_600) as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM items WHERE id > %s", (size,))
    return 128 / (statistics.median(times) / 1000)


def _vacuum(pool: Pool) -> None:
    with pool.reading(seconds=3_600) as conn, conn.cursor() as cur:
        cur.execute("VACUUM ANALYZE items, item_vectors")


def _drop_index(pool: Pool, model: Model) -> None:
    with pool.transaction(seconds=3_600) as conn, conn.cursor() as cur:
        name = sql.Identifier(store.index.index_name(model))
        cur.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(name))


def _index_mb(pool: Pool, model: Model) -> float:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT pg_relation_size(%s::regclass)", (store.index.index_name(model),))
        return float(db.fetch_row(cur)[0]) / 1e6


def _uses_index(pool: Pool, model: Model) -> bool:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT pg_stat_force_next_flush()")
        cur.execute("SELECT pg_stat_clear_snapshot()")
        cur.execute(
            "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = %s",
            (store.index.index_name(model),),
        )
        return int(db.fetch_row(cur)[0]) > 0


if __name__ == "__main__":
    main()
