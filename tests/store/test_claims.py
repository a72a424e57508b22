"""Claims: rows leased, held, given back, and tried alone."""

from __future__ import annotations

import db
import store.claims
import store.matching
import store.results
from db import Pool
from store.models import Model
from tests.support.queue import claim, expire_leases, make_job, set_clock_back, start


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


def test_rows_are_claimed_again_after_the_clock_was_set_back(pool: Pool, model: Model) -> None:
    """A process died with them, so nobody renews their lease."""
    start(pool, model, 3)
    batch = claim(pool, seconds=20)
    assert store.claims.claim_batch(pool, 20, 10) is None
    set_clock_back(pool)
    again = claim(pool)
    assert again.numbers == batch.numbers
    assert store.claims.extend_lease(pool, batch, 20) is False
    assert store.claims.claim_batch(pool, 20, 10) is None


def test_a_clock_that_is_set_back_a_little_ends_no_lease(pool: Pool, model: Model) -> None:
    start(pool, model, 3)
    claim(pool, seconds=20)
    set_clock_back(pool, 3)
    assert store.claims.claim_batch(pool, 20, 10) is None


def test_a_renewed_lease_holds_by_the_clock_that_was_set_back(pool: Pool, model: Model) -> None:
    start(pool, model, 3)
    batch = claim(pool, seconds=20)
    set_clock_back(pool)
    assert store.claims.extend_lease(pool, batch, 20) is True
    assert store.claims.claim_batch(pool, 20, 10) is None


def test_rows_given_back_before_the_clock_was_set_back_are_free(pool: Pool, model: Model) -> None:
    start(pool, model, 3)
    store.claims.release_batch(pool, claim(pool), blame=False)
    set_clock_back(pool)
    assert claim(pool).numbers == [1, 2, 3]


def test_a_lease_of_an_older_version_ends_after_the_clock_was_set_back(
    pool: Pool, model: Model
) -> None:
    """That version does not note when a lease begins."""
    start(pool, model, 3)
    batch = claim(pool, seconds=20)
    _forget_beginnings(pool)
    assert store.claims.claim_batch(pool, 20, 10) is None
    set_clock_back(pool, 2 * 3_600)
    assert claim(pool).numbers == batch.numbers


def test_suspects_are_tried_after_the_clock_was_set_back(pool: Pool, model: Model) -> None:
    start(pool, model, 1)
    for _ in range(store.claims.SUSPECT_ATTEMPTS):
        claim(pool)
        set_clock_back(pool)
    for _ in range(store.claims.MOST_ATTEMPTS - store.claims.SUSPECT_ATTEMPTS):
        assert store.claims.claim_suspect(pool, 20) is not None
        assert store.claims.claim_suspect(pool, 20) is None
        set_clock_back(pool)
    assert store.claims.claim_suspect(pool, 20) is None
    assert store.results.reject_killers(pool) == 1


def test_jobs_take_turns_after_the_clock_was_set_back(pool: Pool, model: Model) -> None:
    first = make_job(pool, 20, collection="c")
    store.matching.start_job(pool, model)
    assert claim(pool, 5).job_id == first
    set_clock_back(pool)
    second = make_job(pool, 20, collection="d")
    store.matching.start_job(pool, model)
    assert [claim(pool, 5).job_id for _ in range(4)] == [first, second] * 2


def _forget_beginnings(pool: Pool) -> None:
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE job_rows SET leased_at = NULL")
