"""The worker threads: what they hold, when they are stuck, how they end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence

import pytest

import store.claims
import store.jobs
import store.matching
import store.models
from db import Pool
from embeddings import EmbeddingService, FloatArray
from services.workers import Workers
from store.models import Model
from tests.support.client import eventually
from tests.support.embedder import HashEmbedder
from tests.support.queue import DIMENSION, claim, count, expire_leases, make_job, start


@pytest.fixture
def model(pool: Pool) -> Model:
    return store.models.register_model(pool, "hash-32", DIMENSION)


def test_workers_have_nothing_in_hand_beside_a_suspect(pool: Pool, model: Model) -> None:
    """What dies with a row that kills is blamed with it: rows beside it would be rejected too."""
    start(pool, model, 8)
    for _ in range(store.claims.SUSPECT_ATTEMPTS):
        claim(pool)
        expire_leases(pool)
    make_job(pool, 300, collection="d")
    in_hand: list[dict[int, int]] = []

    class Watched(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> FloatArray:
            with pool.reading() as conn, conn.cursor() as cursor:
                cursor.execute(
                    "SELECT attempts, count(*) FROM job_rows WHERE outcome IS NULL"
                    " AND leased_until > clock_timestamp() GROUP BY attempts"
                )
                in_hand.append(dict(cursor.fetchall()))
            time.sleep(0.05)
            return super().encode_passages(texts)

    workers = Workers(pool, model, EmbeddingService(Watched()), threads=3, lease_seconds=60)
    workers.start()
    try:
        deadline = time.monotonic() + 60
        while count(pool, "items") < 308:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        workers.stop()
    tried = store.claims.SUSPECT_ATTEMPTS + 1
    beside = [rows_by_attempts for rows_by_attempts in in_hand if tried in rows_by_attempts]
    assert beside == [{tried: 1}] * 8


def test_a_worker_without_a_model_is_stuck(pool: Pool, model: Model) -> None:
    entered, leave = threading.Event(), threading.Event()

    class Held(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> FloatArray:
            entered.set()
            leave.wait(60)
            return super().encode_passages(texts)

    workers = Workers(pool, model, EmbeddingService(Held()), threads=1, lease_seconds=60)
    assert workers.stuck_seconds() == 0
    make_job(pool, 5)
    workers.start()
    try:
        assert entered.wait(60)
        time.sleep(0.3)
        assert 0.2 < workers.stuck_seconds() < 60
        leave.set()
        eventually(lambda: count(pool, "items") == 5)
        assert workers.stuck_seconds() == 0
    finally:
        leave.set()
        workers.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_workers_of_which_one_died_are_stuck_for_ever(pool: Pool, model: Model) -> None:
    class Deadly(HashEmbedder):
        def encode_passages(self, texts: Sequence[str]) -> FloatArray:
            raise SystemExit

    workers = Workers(pool, model, EmbeddingService(Deadly()), threads=1, lease_seconds=60)
    make_job(pool, 5)
    workers.start()
    try:
        eventually(lambda: workers.stuck_seconds() == math.inf)
        workers.wake()
        assert workers.stuck_seconds() == math.inf
        assert count(pool, "items") == 0
    finally:
        workers.stop()


def test_the_loop_outlives_errors(
    pool: Pool, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings = EmbeddingService(HashEmbedder())
    workers = Workers(pool, model, embeddings, threads=1, lease_seconds=60)
    calls = iter([RuntimeError("once"), None])
    real = store.matching.start_job

    def failing(*args: object) -> object:
        error = next(calls, None)
        if error is not None:
            raise error
        return real(pool, model)

    monkeypatch.setattr(store.matching, "start_job", failing)
    job_id = make_job(pool, 5)
    workers.start()
    deadline = time.monotonic() + 60
    while (job := store.jobs.get_job(pool, job_id)) and job.status != "succeeded":
        assert time.monotonic() < deadline
        workers.wake()
        time.sleep(0.02)
    workers.stop()
    assert job is not None
    assert job.status == "succeeded"


def test_stop_gives_back_what_it_can_not_finish(pool: Pool, model: Model) -> None:
    entered, leave = threading.Event(), threading.Event()

    class SlowEmbedder(HashEmbedder):
        def encode_passages(self, texts):  # type: ignore[no-untyped-def]
            entered.set()
            leave.wait(60)
            return super().encode_passages(texts)

    workers = Workers(pool, model, EmbeddingService(SlowEmbedder()), threads=1, lease_seconds=60)
    make_job(pool, 5)
    workers.start()
    assert entered.wait(60)
    workers.stop(seconds=0.1)
    try:
        assert claim(pool).numbers == [1, 2, 3, 4, 5]
    finally:
        leave.set()
