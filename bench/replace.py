"""`make bench-replace`: what many replacing imports leave in tables and indexes.

One collection is replaced again and again by files of as many rows, each beginning when the one
before has ended. The embedder takes no work, but the time of a model of a hundred pairs a second,
twice as fast as the bundled one on two cores, or of `--pairs-per-second`, of which 0 stands for no
time at all. Sizes are taken after each import, and, after each ten, also when the service has come
to rest. Searches run all the while.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

import store.jobs
import store.search
from bench.measures import percentile
from bench.report import Report
from config import Settings
from db import DatabaseUnavailable, Pool
from embeddings import FloatArray, Window
from services.process import end_on_signals
from services.runtime import Runtime, start_runtime
from store.jobs import NewJob
from store.staging import StagedRow
from store.vectors import format_halfvec
from texts import answer_hash, question_hash

ROWS, RUNS, EVERY = 10_000, 100, 10
PAIRS_PER_SECOND = 100.0
TEXTS_OF_A_PAIR = 2
# Vectors as long as the bundled model's, that lie near a surface of few dimensions as real ones do.
DIMENSION, INNER = 384, 24
QUESTIONS = 100
LIMIT = 10
# What both ways of computing a distance may differ by.
TOLERANCE = 2e-5
MOST = 2.0


class SurfaceEmbedder:
    """Makes a vector of a text's digest, near a surface of INNER dimensions."""

    identity = "surface"
    dimension = DIMENSION

    def __init__(self, pairs_per_second: float = 0) -> None:
        """Let each pair take its share of a second, or no time if that is 0."""
        texts = TEXTS_OF_A_PAIR * pairs_per_second
        self._text_seconds = 1 / texts if texts else 0.0
        self._surface = np.random.default_rng(1).standard_normal((INNER, DIMENSION))

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), DIMENSION)."""
        digests = [blake2b(text.encode(), digest_size=INNER).digest() for text in texts]
        inner = np.frombuffer(b"".join(digests), np.int8).reshape(-1, INNER) + 0.5
        vectors = inner @ self._surface
        result: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return result.astype(np.float32)

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Return each text as one window."""
        return [[Window(text, 1 + len(text) // 4)] for text in texts]

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(windows), DIMENSION)."""
        time.sleep(self._text_seconds * len(windows))
        return self.encode_queries(windows)


@dataclass(frozen=True)
class Sizes:
    """Bytes: of all tables with their TOAST and indexes, and of parts of that."""

    total: int
    tables: int
    trees: int
    graphs: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.replace", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of a file (%(default)s)")
    parser.add_argument("--runs", type=int, default=RUNS, help="imports (%(default)s)")
    parser.add_argument("--every", type=int, default=EVERY, help="when to look (%(default)s)")
    parser.add_argument(
        "--pairs-per-second",
        type=float,
        default=PAIRS_PER_SECOND,
        help="how fast the embedder is, 0 without a limit (%(default)s)",
    )
    parser.add_argument("--only", choices=CHANGES, help="the one kind of change to measure")
    given = parser.parse_args()
    end_on_signals()
    report = Report()
    for name, parts in CHANGES.items():
        if given.only in (None, name):
            with _run_service(given.rows, given.pairs_per_second) as runtime:
                _measure(report, runtime, name, parts, given)
    if given == parser.parse_args([]):
        report.write("replace")
    return 0 if report.kept else 1


# One of so many rows is another one in the next file.
CHANGES = {"all rows change": 1, "a tenth changes": 10}


@contextmanager
def _run_service(rows: int, pairs_per_second: float) -> Iterator[Runtime]:
    with tempfile.TemporaryDirectory(prefix="replace-") as folder:
        settings = Settings(data_dir=Path(folder), index_min_items=rows // 2)
        runtime = start_runtime(settings, SurfaceEmbedder(pairs_per_second), with_users=False)
        try:
            # Another collection, so that the one that is replaced has an index of its own.
            _import(runtime, _texts(rows, 1, 0, "other"), "other")
            yield runtime
        finally:
            runtime.close()


def _measure(
    report: Report, runtime: Runtime, name: str, parts: int, given: argparse.Namespace
) -> None:
    rows, runs = given.rows, given.runs
    _import(runtime, _texts(rows, parts, 0))
    fresh = _settle(runtime)
    report.add(
        f"{name}: {rows:,} rows, freshly loaded beside as many others", fresh.total / 1e6, "MB"
    )
    report.add("  of which HNSW indexes", fresh.graphs / 1e6, "MB")
    largest, took = 0.0, []
    for run in range(1, runs + 1):
        with closing(_Searches(runtime)) as searches:
            started = time.monotonic()
            _import(runtime, _texts(rows, parts, run))
            took.append(time.monotonic() - started)
        sizes = _read_sizes(runtime.pool)
        largest = max(largest, sizes.total / fresh.total)
        print(f"import {run}: {_compare_sizes(sizes, fresh)}, {took[-1]:.0f} s", flush=True)
        if run % given.every == 0:
            _report(report, run, _settle(runtime), fresh)
            found = _measure_recall(runtime)
            report.add("    recall@10 after it", 100 * found, "%", least=99.0)
            report.add("    searches during the last one, p50", searches.get_percentile(50), "ms")
            report.add("    p95", searches.get_percentile(95), "ms")
    report.add(
        f"{name}: the largest of all {runs} sizes, right after an import", largest, "×", most=MOST
    )
    report.add("  seconds of an import, median", statistics.median(took), "s")


def _report(report: Report, run: int, sizes: Sizes, fresh: Sizes) -> None:
    report.add(f"  after {run} imports", sizes.total / fresh.total, "×", most=MOST)
    report.add("    tables with TOAST", sizes.tables / fresh.tables, "×")
    report.add("    B-trees and GIN indexes", sizes.trees / fresh.trees, "×")
    report.add("    HNSW indexes", sizes.graphs / fresh.graphs, "×")


def _compare_sizes(sizes: Sizes, fresh: Sizes) -> str:
    return (
        f"{sizes.total / fresh.total:.2f} × (tables {sizes.tables / fresh.tables:.2f},"
        f" trees {sizes.trees / fresh.trees:.2f}, HNSW {sizes.graphs / fresh.graphs:.2f})"
    )


def _texts(rows: int, parts: int, run: int, prefix: str = "row") -> list[tuple[str, str]]:
    """Return the pairs of a file; those of one part are other ones than in the run before."""
    changed = [run - (run - n) % parts for n in range(rows)]
    return [
        (f"Question {n} of {prefix}, {v}?", f"{'An answer. ' * 20}{n} {v}")
        for n, v in enumerate(changed)
    ]


def _import(runtime: Runtime, pairs: list[tuple[str, str]], collection: str = "c") -> None:
    job = store.jobs.create_job(runtime.pool, NewJob(collection, "replace"), _stage(pairs))
    runtime.workers.wake()
    while job.finished_at is None:
        time.sleep(0.1)
        now = store.jobs.get_job(runtime.pool, job.id)
        if now is not None:
            job = now
    if job.status != "succeeded":
        raise RuntimeError(f"the import was {job.status}: {job.error}")


def _stage(pairs: list[tuple[str, str]]) -> Iterator[StagedRow]:
    for n, (question, answer) in enumerate(pairs):
        key = question_hash(question)
        yield StagedRow(n + 2, None, key, key, answer_hash(answer), question, answer, {"n": str(n)})


def _settle(runtime: Runtime) -> Sizes:
    """Return the sizes once they stay for 20 seconds and PostgreSQL neither builds nor vacuums."""
    sizes, since = _read_sizes(runtime.pool), time.monotonic()
    while time.monotonic() - since < 20:
        time.sleep(1)
        now = _read_sizes(runtime.pool)
        if now != sizes or _is_tidying(runtime.pool):
            sizes, since = now, time.monotonic()
    return sizes


def _is_tidying(pool: Pool) -> bool:
    with pool.reading(60) as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
            " AND (query ~* '^(CREATE|DROP|VACUUM|ANALYZE|autovacuum)')"
        )
        return cur.rowcount > 0


def _read_sizes(pool: Pool) -> Sizes:
    with pool.reading(60) as conn, conn.cursor() as cur:
        cur.execute(_SIZES)
        row = cur.fetchone() or ()
    return Sizes(*map(int, row))


_SIZES = """
SELECT sum(pg_total_relation_size(c.oid)), sum(pg_table_size(c.oid)),
       sum(pg_indexes_size(c.oid)) - g.bytes, g.bytes
FROM pg_class c, (
    SELECT coalesce(sum(pg_relation_size(i.oid)), 0) AS bytes FROM pg_class i
    JOIN pg_am a ON a.oid = i.relam WHERE a.amname = 'hnsw'
) g
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY g.bytes
"""


class _Searches:
    """A thread that searches without a pause, until it is closed."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._asked = SurfaceEmbedder().encode_queries([f"Anything {n}" for n in range(QUESTIONS)])
        self._times: list[float] = []
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        n = 0
        while not self._closed.wait(0.05):
            started = time.perf_counter()
            try:
                _search(self._runtime, self._asked[n % QUESTIONS])
            except DatabaseUnavailable:
                print("a search failed", flush=True)
            self._times.append((time.perf_counter() - started) * 1000)
            n += 1

    def get_percentile(self, share: int) -> float:
        return percentile(self._times, share)

    def close(self) -> None:
        self._closed.set()
        self._thread.join()


def _search(runtime: Runtime, query: FloatArray) -> list[float]:
    hits = store.search.search(runtime.pool, runtime.model, query, limit=LIMIT, collections=["c"])
    return [hit.distance for hit in hits]


def _measure_recall(runtime: Runtime) -> float:
    """Return the share of the ten nearest items that searches find, by their distances."""
    asked = SurfaceEmbedder().encode_queries([f"Anything {n}" for n in range(QUESTIONS)])
    shares = []
    for query in asked:
        nearest = _compare(runtime.pool, query)
        found = [d for d in _search(runtime, query) if d <= nearest[-1] + TOLERANCE]
        shares.append(len(found) / len(nearest))
    return float(np.mean(shares))


def _compare(pool: Pool, query: FloatArray) -> list[float]:
    """Return the distances of the nearest items, without any index."""
    with pool.reading(60) as conn, conn.cursor() as cur:
        cur.execute(_COMPARE, (format_halfvec(query), LIMIT))
        return [distance for (distance,) in cur.fetchall()]


_COMPARE = f"""
SELECT min(v.embedding::halfvec({DIMENSION}) <=> %s::halfvec({DIMENSION})) FROM item_vectors v
JOIN collections c ON c.id = v.collection_id WHERE c.name = 'c'
GROUP BY v.item_id ORDER BY 1 LIMIT %s
"""


if __name__ == "__main__":
    raise SystemExit(main())
