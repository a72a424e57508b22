"""`make bench-exactness`: whether searches find what comparing with every vector finds.

It takes real texts, because made-up vectors can't show what is lost: questions in another language
than the stored ones lie outside of what an index has seen. Each CSV file of FOLDER is a collection,
with the columns question, answer and, perhaps, asked: a question that the row answers, in other
words or another language. A row without question only asks. Each size takes the first rows of each
file, as many of each as it can. The vectors stay beside the files, because making them takes long.
"""

from __future__ import annotations

import csv
import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pgvector import HalfVector
from psycopg2.extras import Json, execute_values

import db
import store.index
import store.models
import store.search
from bench.database import run_postgres
from bench.measures import percentile
from bench.report import RESULTS, describe_machine
from config import Settings
from db import Pool
from embedders.loading import load_model
from embedders.sentence import SentenceModel
from embeddings import FloatArray, pair_text
from services.confidence import CANDIDATES
from store.filters import Condition
from store.models import Model

SIZES = [100, 1_000, 2_000, 5_000, 8_000, 10_000, 20_000, 50_000, 100_000]
# Of 400, three that are missed would be too many.
QUESTIONS = 2_000
LIMIT = 10
BATCH = 64
CHUNK = 1_000
BUILD_MB = 4_096
# What both ways of computing a distance may differ by.
TOLERANCE = 2e-5
LEAST_FIRST, LEAST_RECALL = 99.5, 99.0


@dataclass(frozen=True)
class Collection:
    """Real texts with their vectors: questions and pairs, shape (items, dimension) each."""

    name: str
    questions: FloatArray
    pairs: FloatArray
    asked: FloatArray


@dataclass(frozen=True)
class Case:
    """Questions, a filter, and which of the stored items it keeps, shape (items,)."""

    name: str
    asked: FloatArray
    kept: Any
    filters: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """How often the first hit and the ten nearest are the exact ones, in %, and times in ms."""

    items: int
    case: str
    first: float
    recall: float
    p50: float
    p95: float

    @property
    def kept(self) -> bool:
        return self.first >= LEAST_FIRST and self.recall >= LEAST_RECALL

    def format(self) -> str:
        note = "" if self.kept else " **missed**"
        return (
            f"| {self.items:,} | {self.case}{note} | {self.first:.2f} | {self.recall:.2f} "
            f"| {self.p50:.1f} | {self.p95:.1f} |"
        )


def main() -> int:
    folder = Path(sys.argv[1])
    sizes = [int(size) for size in sys.argv[2:]] or SIZES
    collections = _read_collections(folder)
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="exact-", dir=os.environ.get("BENCH_DIR")) as data,
        run_postgres(Path(data)) as dsn,
    ):
        for size in sizes:
            for row in _measure_size(dsn, collections, size):
                print(row.format(), flush=True)
                rows.append(row)
            _write(rows)
    return 0 if all(row.kept for row in rows) else 1


def _write(rows: list[Row]) -> None:
    lines = [
        describe_machine(),
        "",
        f"How many of the first hits, to be ≥ {LEAST_FIRST} %, and of the nearest ten, to be ≥ "
        f"{LEAST_RECALL} %, are those of comparing with all.",
        "",
        "| items | question | first, % | ten, % | p50, ms | p95, ms |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    (RESULTS / "exactness.md").write_text(
        "\n".join([*lines, *(row.format() for row in rows)]) + "\n", "utf-8"
    )


def _read_collections(folder: Path) -> list[Collection]:
    settings = Settings()
    model = load_model(None, "auto", settings.data_dir)
    return [_read_collection(path, model) for path in sorted(folder.glob("*.csv"))]


def _read_collection(path: Path, model: SentenceModel) -> Collection:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    questions = [row["question"] for row in rows if row["question"]]
    pairs = [pair_text(row["question"], row["answer"]) for row in rows if row["question"]]
    asked = [row["asked"] for row in rows if row.get("asked")]
    return Collection(
        path.stem,
        _encode(path, model, questions, query=False),
        _encode(path, model, pairs, query=False),
        _encode(path, model, asked, query=True),
    )


def _encode(path: Path, model: SentenceModel, texts: list[str], *, query: bool) -> FloatArray:
    """Return the vectors of the texts, shape (len(texts), dimension), from a file if it is there.

    They are rounded as they are stored.
    """
    digest = hashlib.sha256(f"{model.identity} {query} {texts}".encode()).hexdigest()[:16]
    file = path.with_name(f"{path.stem}-{digest}.npy")
    if not file.exists():
        encode = model.encode_queries if query else model.encode_passages
        vectors = np.empty((len(texts), model.dimension), np.float16)
        order = np.argsort([len(text) for text in texts])
        for start in range(0, len(texts), BATCH):
            chosen = order[start : start + BATCH]
            vectors[chosen] = encode([texts[n] for n in chosen])
        np.save(file, vectors)
    rounded: FloatArray = np.load(file).astype(np.float32)
    return rounded


def _measure_size(dsn: str, collections: list[Collection], size: int) -> Iterator[Row]:
    parts = _take(collections, size)
    if sum(len(part.questions) for part in parts) < size:
        print(f"{size:,} items: there are not so many in the files", flush=True)
        return
    with closing(Pool(dsn, 2)) as pool:
        with pool.transaction() as conn, conn.cursor() as cur:
            cur.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        db.apply_schema(pool)
        model = store.models.register_model(pool, "real", parts[0].questions.shape[1])
        _store(pool, model, parts)
        settings = Settings()
        store.index.build_index(pool, model, 2 * settings.index_min_items, BUILD_MB)
        for case in _list_cases(parts):
            yield _measure(pool, model, parts, size, case)


def _take(collections: list[Collection], size: int) -> list[Collection]:
    """Return the collections' first items, `size` in all, as many of each as can be."""
    parts, left = [], size
    ordered = sorted(collections, key=lambda one: len(one.questions))
    for n, one in enumerate(ordered):
        count = min(len(one.questions), left // (len(ordered) - n))
        left -= count
        parts.append(
            Collection(one.name, one.questions[:count], one.pairs[:count], _choose(one.asked))
        )
    return parts


def _choose(asked: FloatArray) -> FloatArray:
    chosen = np.random.default_rng(1).permutation(len(asked))[:QUESTIONS]
    vectors: FloatArray = asked[chosen]
    return vectors


def _store(pool: Pool, model: Model, parts: list[Collection]) -> None:
    rows = [
        (part.name, question, pair)
        for part in parts
        for question, pair in zip(part.questions, part.pairs, strict=True)
    ]
    # As they would come over years: not one collection after another.
    order = np.random.default_rng(3).permutation(len(rows))
    with pool.transaction(seconds=3_600) as conn, conn.cursor() as cur:
        for part in parts:
            cur.execute("INSERT INTO collections (name) VALUES (%s)", (part.name,))
        for start in range(0, len(rows), CHUNK):
            chosen = order[start : start + CHUNK]
            items = [(int(n) + 1, *_describe(rows[n][0], int(n))) for n in chosen]
            execute_values(cur, _INSERT_ITEMS, items, _ITEM, page_size=CHUNK)
            vectors = list(_vectors(model, rows, chosen))
            execute_values(cur, _INSERT_VECTORS, vectors, page_size=CHUNK)
    with pool.reading(seconds=3_600) as conn, conn.cursor() as cur:
        cur.execute("VACUUM ANALYZE items, item_vectors")


def _describe(name: str, n: int) -> tuple[str, Json]:
    return name, Json({"language": name, "tenth": str(n % 10)})


def _vectors(model: Model, rows: list[Any], chosen: Any) -> Iterator[tuple[Any, ...]]:
    for n in chosen:
        name, question, pair = rows[n]
        yield int(n) + 1, model.id, "question", name, HalfVector(question)
        yield int(n) + 1, model.id, "pair", name, HalfVector(pair)


_ITEM = "(%s::bigint, %s, %s::jsonb)"
_INSERT_ITEMS = """
INSERT INTO items (id, collection_id, item_key, place, question_hash, answer_hash, question, answer,
                   metadata, position)
OVERRIDING SYSTEM VALUE
SELECT v.n, c.id, md5(v.n::text)::uuid, 0, md5(v.n::text)::uuid, md5(v.n::text)::uuid,
       'Question ' || v.n, 'Answer', v.metadata, v.n
FROM (VALUES %s) v (n, name, metadata) JOIN collections c USING (name)
"""
_INSERT_VECTORS = """
INSERT INTO item_vectors (item_id, model_id, kind, collection_id, embedding)
SELECT v.item, v.model, v.kind, c.id, v.embedding::halfvec
FROM (VALUES %s) v (item, model, kind, name, embedding) JOIN collections c USING (name)
"""


def _list_cases(parts: list[Collection]) -> Iterator[Case]:
    names = np.concatenate([[part.name] * len(part.questions) for part in parts])
    everything = np.ones(len(names), bool)
    tenth = np.arange(len(names)) % 10 == 3
    everyone = _choose(np.concatenate([part.asked for part in parts]))
    yield Case("no filter", everyone, everything, {})
    yield Case("a tenth by metadata", everyone, tenth, {"metadata": [Condition("tenth", ("3",))]})
    for part in parts:
        kept = names == part.name
        for other in parts:
            asks = f"{part.name} asked by {other.name}"
            yield Case(f"collection {asks}", other.asked, kept, {"collections": [part.name]})
            if other is not part:
                metadata = [Condition("language", (part.name,))]
                yield Case(f"metadata {asks}", other.asked, kept, {"metadata": metadata})


def _measure(pool: Pool, model: Model, parts: list[Collection], size: int, case: Case) -> Row:
    exact = _Exact(parts, case)
    first = recall = 0.0
    times = []
    for n, query in enumerate(case.asked):
        started = time.perf_counter()
        hits = store.search.search_measured(pool, model, query, limit=CANDIDATES, **case.filters)
        times.append((time.perf_counter() - started) * 1000)
        found = exact.distances(n, [one.hit.id for one in hits[:LIMIT]])
        nearest = exact.nearest(n)
        first += bool(found[0] <= nearest[0] + TOLERANCE)
        recall += float(np.mean(found <= nearest[-1] + TOLERANCE)) * len(found) / len(nearest)
    count = len(case.asked)
    return Row(
        size,
        case.name,
        100 * first / count,
        100 * recall / count,
        statistics.median(times),
        percentile(times, 95),
    )


class _Exact:
    """The distances of a case's questions to all items that its filter keeps."""

    def __init__(self, parts: list[Collection], case: Case) -> None:
        asked = _normalise(case.asked)
        near = [
            np.maximum(asked @ _normalise(p.questions).T, asked @ _normalise(p.pairs).T)
            for p in parts
        ]
        self._all = 1 - np.concatenate(near, axis=1)
        self._kept = self._all[:, case.kept]

    def distances(self, question: int, ids: list[int]) -> FloatArray:
        found: FloatArray = self._all[question, np.array(ids) - 1]
        return found

    def nearest(self, question: int) -> FloatArray:
        row = self._kept[question]
        count = min(LIMIT, len(row))
        nearest: FloatArray = np.sort(np.partition(row, count - 1)[:count])
        return nearest


def _normalise(vectors: FloatArray) -> FloatArray:
    result: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
