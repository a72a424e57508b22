"""The thread that looks after the index: it looks at once where a job makes an index come or go."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence

import pytest

import services.indexer
import store.index
from config import Settings
from embeddings import FloatArray
from services.imports import ImportOptions, Upload, import_file
from services.runtime import Runtime, start_runtime
from tests.support.client import eventually
from tests.support.embedder import HashEmbedder


class Gate(HashEmbedder):
    """Makes passages' vectors while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()
        self.opened.set()

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        assert self.opened.wait(120)
        return super().encode_windows(windows)


def load(runtime: Runtime, first: int, count: int) -> None:
    rows = "".join(f"Question {n}?,Answer {n}.\n" for n in range(first, first + count))
    file = io.BytesIO(f"question,answer\n{rows}".encode())
    import_file(runtime, Upload(file, None), ImportOptions("c", "upsert"))


def has_index(runtime: Runtime) -> bool:
    with runtime.pool.reading() as conn, conn.cursor() as cur:
        cur.execute("SELECT to_regclass(%s)", (store.index.index_name(runtime.model),))
        return cur.fetchone() != (None,)


def test_an_index_goes_when_a_large_job_begins_and_comes_when_it_has_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.indexer, "LOOK_SECONDS", 3_600)
    monkeypatch.setattr(store.index, "LARGE_JOB_ROWS", 20)
    gate = Gate()
    runtime = start_runtime(
        settings.model_copy(update={"index_min_items": 10}), gate, with_users=False
    )
    try:
        load(runtime, 0, 10)
        eventually(lambda: has_index(runtime))
        gate.opened.clear()
        load(runtime, 10, 20)
        eventually(lambda: not has_index(runtime))
        gate.opened.set()
        eventually(lambda: has_index(runtime))
    finally:
        gate.opened.set()
        runtime.close()
