"""The housekeeper works beside the workers, and outlives errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import services.housekeeper
import store.retention
from db import DatabaseUnavailable, Pool
from messages import say
from services.housekeeper import Housekeeper
from tests.support.client import eventually
from tests.support.queue import count


@pytest.fixture
def housekeeper(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Housekeeper]:
    monkeypatch.setattr(services.housekeeper, "LOOK_SECONDS", 0.05)
    housekeeper = Housekeeper(pool, days=1)
    yield housekeeper
    housekeeper.stop()


def insert_old_jobs(pool: Pool, jobs: int) -> None:
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs (id, status, collection, mode, finished_at) SELECT"
            " gen_random_uuid(), 'canceled', 'c', 'upsert', clock_timestamp() - interval '2 days'"
            " FROM generate_series(1, %s)",
            (jobs,),
        )


def test_it_removes_what_is_over_and_goes_on_after_an_error(
    pool: Pool, housekeeper: Housekeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, errors = store.retention.remove_part, [DatabaseUnavailable(say("Away.")), OSError()]

    def fail_first(pool: Pool, days: int) -> int:
        if errors:
            raise errors.pop()
        return remove(pool, days)

    monkeypatch.setattr(store.retention, "remove_part", fail_first)
    insert_old_jobs(pool, store.retention.PART_ROWS + 1)
    housekeeper.start()
    eventually(lambda: count(pool, "jobs") == 0)
    assert errors == []
