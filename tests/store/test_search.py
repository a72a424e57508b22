"""Searches, without an index."""

from __future__ import annotations

import numpy as np
import pytest

import db
import store.models
import store.search
from db import Pool
from tests.support.client import Client
from tests.support.embedder import HashEmbedder


def test_search_ignores_the_length_of_the_query(client: Client) -> None:
    client.load("question,answer\nOne thing?,Yes.\n")
    runtime = client.http.application.extensions["conector"]
    query = HashEmbedder()._encode("One thing?") * np.float32(7)
    (hit,) = store.search.search(runtime.pool, runtime.model, query, limit=5)
    assert hit.distance == pytest.approx(0, abs=2e-3)


def test_a_search_is_prepared_once_for_each_connection(dsn: str) -> None:
    pool = Pool(dsn, 1)
    model = store.models.register_model(pool, "small", 3)
    query = np.ones(3, np.float32)
    for _ in range(2):
        for limit in (1, 5, 100):
            assert store.search.search(pool, model, query, limit=limit) == []
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT count(*), min(generic_plans) FROM pg_prepared_statements")
        # From the index for one number of vectors, and by comparing with all for two.
        assert db.fetch_row(cursor) == (3, 2)
        assert len(conn.prepared) == 3
    pool.close()


def test_a_pooler_may_exchange_the_server_s_connections(dsn: str) -> None:
    pool = Pool(dsn, 1)
    model = store.models.register_model(pool, "small", 3)
    query = np.ones(3, np.float32)
    assert store.search.search(pool, model, query, limit=5) == []
    with pool.reading() as conn, conn.cursor() as cursor:
        # What was prepared is not there.
        cursor.execute("DEALLOCATE ALL")
    assert store.search.search(pool, model, query, limit=5) == []
    with pool.reading() as conn:
        # What is there was prepared by somebody else.
        conn.prepared.clear()
    assert store.search.search(pool, model, query, limit=5) == []
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SHOW enable_sort")
        assert db.fetch_row(cursor)[0] == "on"
    pool.close()
