"""Claims: rows leased, held, given back, and tried alone."""

from __future__ import annotations

import db
import store.claims
import store.matching
from db import Pool
from store.models import Model
from tests.support.queue import claim, expire_leases, make_job, start


def test_a_claim_takes_no_more_than_its_limit_and_never_twice(pool: Pool, model: Model) -> None:
    start(pool, model, 25)
    first, second, third = claim(pool), claim(pool), claim(pool)
    assert [first.numbers, second.numbers, third.numbers] == [
        list(range(1, 11)),
        list(range(11, 21)),
        list(range(21, 26)),
    ]
    assert store.claims.claim_batch(pool, 60, 10) is None


def test_a_renewed_lease_holds_and_a_lost_one_says_so(pool: Pool, model: Model) -> None:
    start(pool, model, 3)
    batch = claim(pool)
    expire_leases(pool)
    assert store.claims.extend_lease(pool, batch, 60) is True
    assert store.claims.claim_batch(pool, 60, 10) is None
    expire_leases(pool)
    claim(pool)
    assert store.claims.extend_lease(pool, batch, 60) is False


def test_rows_given_back_are_free_at_once(pool: Pool, model: Model) -> None:
    start(pool, model, 3)
    batch = claim(pool)
    store.claims.release_batch(pool, batch, blame=False)
    assert claim(pool).numbers == batch.numbers


def test_jobs_of_different_collections_take_turns(pool: Pool, model: Model) -> None:
    jobs = [make_job(pool, 20, collection=name) for name in ("c", "d")]
    for _ in jobs:
        store.matching.start_job(pool, model)
    assert [claim(pool, 5).job_id for _ in range(4)] == jobs * 2


def test_the_indexes_know_how_many_attempts_make_a_row_suspect(pool: Pool) -> None:
    with pool.reading() as conn, conn.cursor() as cursor:
        for index, bound in (("job_rows_waiting", "<"), ("job_rows_suspect", ">=")):
            cursor.execute("SELECT pg_get_indexdef(%s::regclass)", (index,))
            expected = f"attempts {bound} {store.claims.SUSPECT_ATTEMPTS})"
            assert expected in db.fetch_row(cursor)[0]
