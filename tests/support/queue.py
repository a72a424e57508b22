"""Jobs, claims and results by hand, for tests that play the worker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import numpy as np

import db
import store.claims
import store.finishing
import store.jobs
import store.matching
import store.results
from db import Pool
from store.claims import Batch
from store.jobs import NewJob
from store.models import Model
from store.staging import StagedRow
from store.vectors import ItemVectors
from texts import answer_hash, question_hash

DIMENSION = 32


def make_rows(count: int, prefix: str = "q") -> Iterator[StagedRow]:
    """Yield rows of a file without ids, each with a question of its own."""
    for n in range(count):
        question, answer = f"{prefix}{n}", f"a{n}"
        key = question_hash(question)
        yield StagedRow(n + 2, None, key, key, answer_hash(answer), question, answer, {})


def make_job(
    pool: Pool, count: int, collection: str = "c", mode: str = "upsert", prefix: str = "q"
) -> uuid.UUID:
    """Store a job of so many rows that waits to be started."""
    new = NewJob(collection, mode)
    return store.jobs.create_job(pool, new, make_rows(count, prefix)).id


def start(
    pool: Pool, model: Model, count: int, mode: str = "upsert", prefix: str = "q"
) -> uuid.UUID:
    """Store a job of so many rows, and start it."""
    job_id = make_job(pool, count, mode=mode, prefix=prefix)
    assert store.matching.start_job(pool, model) == job_id
    return job_id


def claim(pool: Pool, limit: int = 10, seconds: int = 60) -> Batch:
    """Claim rows of which at least one waits."""
    batch = store.claims.claim_batch(pool, seconds, limit)
    assert batch is not None
    return batch


def write(pool: Pool, model: Model, batch: Batch, fail: int | None = None) -> bool:
    """Write vectors for all rows of a batch but the one that the model fails on."""
    one = np.ones(DIMENSION, np.float32)
    vectors = {n: ItemVectors(one, one) for n in batch.numbers if n != fail}
    return store.results.finish_batch(pool, model, batch, vectors)


def store_items(pool: Pool, model: Model, count: int) -> None:
    """Take a job of so many rows from its start to its end."""
    job_id = start(pool, model, count)
    write(pool, model, claim(pool, count))
    assert store.finishing.finish_job(pool, model) == job_id


def expire_leases(pool: Pool) -> None:
    """Let every lease end now."""
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE job_rows SET leased_until = clock_timestamp() - interval '1 s'")


def set_clock_back(pool: Pool, seconds: int = 3_600) -> None:
    """Let every stored time of the queue be later, as if the server's clock had been set back."""
    with pool.transaction() as conn, conn.cursor() as cursor:
        for table, column in (
            ("job_rows", "leased_at"), ("job_rows", "leased_until"), ("jobs", "started_at"),
            ("jobs", "rate_at"), ("jobs", "claimed_at"), ("jobs", "created_at"),
        ):  # fmt: skip
            cursor.execute(
                f"UPDATE {table} SET {column} = {column} + make_interval(secs => %s)", (seconds,)
            )


def count(pool: Pool, table: str) -> int:
    """Return how many rows a table has."""
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(db.fetch_row(cursor)[0])
