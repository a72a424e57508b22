"""Jobs as they are stored."""

from __future__ import annotations

import time
import uuid

import pytest

import store.collections
import store.jobs
from db import DatabaseUnavailable, Pool
from store.jobs import NewJob, UploadKey
from tests.support.queue import make_rows

NEW = NewJob("c", "upsert", key=UploadKey("key", "digest"))


def test_an_upload_waits_for_another_with_its_key_but_not_for_long(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = store.jobs.KEY_SECONDS
    monkeypatch.setattr(store.jobs, "KEY_SECONDS", 1)
    with pool.transaction() as conn, conn.cursor() as cursor:
        store.collections.make_collection(cursor, "c")
    with pool.transaction() as conn:
        assert store.jobs.insert_job(conn, uuid.uuid4(), NEW)
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="same Idempotency-Key"):
            store.jobs.create_job(pool, NEW, make_rows(1))
        assert time.monotonic() - started < usual


def test_only_the_wait_for_a_key_has_a_bound(pool: Pool) -> None:
    with pool.transaction() as conn, conn.cursor() as cursor:
        store.collections.make_collection(cursor, "c")
        store.jobs.insert_job(conn, uuid.uuid4(), NEW)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
