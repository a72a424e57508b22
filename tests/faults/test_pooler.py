"""PgBouncer in transaction mode between the service and PostgreSQL: case 44 of the faults.

It gives each transaction any connection of the server, so nothing that is set, prepared or locked
for a session is there in the next one.
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import db
import store.index
import store.models
from db import DatabaseUnavailable, Pool
from store.models import Model
from tests.support.client import eventually
from tests.support.pooler import Pooler
from tests.support.postgres import OwnPostgres, check, drained, file_of
from tests.support.queue import DIMENSION, store_items
from tests.support.service import ServiceProcess


def search(service: ServiceProcess, question: str, **fields: Any) -> tuple[int, Any]:
    body = json.dumps({"question": question, **fields}).encode()
    return service.ask("POST", "/search", body, Content_Type="application/json")


def test_everything_works_behind_a_pooler(
    own_postgres: OwnPostgres, pooler: Pooler, start_service: Any, saw: Any
) -> None:
    service = start_service(pooler.dsn, INDEX_MIN_ITEMS="300")
    rows = "".join(f"Question {n}?,Answer {n},t{n % 3}\n" for n in range(700))
    first = service.load("question,answer,tag\n" + rows)
    assert service.ended(first["id"])["rows"]["inserted"] == 700

    def ask(n: int) -> list[Any]:
        kept: dict[str, Any] = {} if n % 2 else {"filter": {"tag": f"t{n % 3}"}}
        answers = [search(service, f"Question {n}?", limit=1 + 7 * (n % 15), **kept)]
        answers.append(service.get(f"/items?limit=5&offset={n}"))
        answers.append(service.get("/jobs"))
        assert {status for status, _ in answers} == {200}, answers
        # The small embedder gives some questions the same vector.
        assert answers[0][1]["results"][0]["distance"] < 0.01
        return answers

    with ThreadPoolExecutor(16) as executor:
        asked = len(list(executor.map(ask, range(300))))
    replaced = service.load("question,answer,tag\n" + rows, "?mode=replace")
    assert service.ended(replaced["id"])["rows"]["unchanged"] == 700
    item = b'{"question": "One more?", "answer": "Yes."}'
    assert service.ask("POST", "/items", item, Content_Type="application/json")[0] == 201
    dry = service.ask("POST", "/upload?dry_run=true", file_of(5).encode(), Content_Type="text/csv")
    assert dry[0] == 200
    valid = (
        "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'hnsw' AND i.indisvalid"
    )
    deadline = time.monotonic() + 60
    while own_postgres.query(valid) != [(1,)]:
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.2)
    check(own_postgres, 701)
    log = service.log.read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
    saw(44, f"{3 * asked} requests of 16 threads over 3 connections, uploads, an index: all right")


def test_nothing_that_the_service_sets_stays_for_others(
    own_postgres: OwnPostgres, pooler: Pooler
) -> None:
    pool = Pool(pooler.dsn, 4)
    db.apply_schema(pool)
    names = ("jit", "random_page_cost", "client_connection_check_interval", "lock_timeout")
    expected = [own_postgres.query(f"SHOW {name}")[0][0] for name in names]
    model = store.models.register_model(pool, "hash-32", DIMENSION)
    store_items(pool, model, 30)
    assert store.index.build_index(pool, model, 1)
    inside = []
    with pool.transaction() as conn, conn.cursor() as cur:
        assert conn.pooled
        for name in names[:3]:
            cur.execute(f"SHOW {name}")
            inside.append(db.fetch_row(cur)[0])
    assert inside == ["off", "1.1", "5s"]
    seen = set()
    for _ in range(4):
        with pool.reading() as conn, conn.cursor() as cur:
            found = []
            for name in names:
                cur.execute(f"SHOW {name}")
                found.append(db.fetch_row(cur)[0])
            seen.add(tuple(found))
    assert seen == {tuple(expected)}
    pool.close()


def test_a_direct_connection_is_no_pooler(own_postgres: OwnPostgres) -> None:
    pool = Pool(own_postgres.dsn, 1)
    with pool.reading() as conn, conn.cursor() as cur:
        assert not conn.pooled
        cur.execute("SHOW jit")
        assert db.fetch_row(cur)[0] == "off"
    pool.close()


def test_of_two_builders_behind_a_pooler_one_builds(
    own_postgres: OwnPostgres, pooler: Pooler
) -> None:
    pools = [Pool(pooler.dsn, 4) for _ in range(3)]
    db.apply_schema(pools[0])
    model = store.models.register_model(pools[0], "hash-32", DIMENSION)
    store_items(pools[0], model, 300)
    with ThreadPoolExecutor(3) as executor:
        built = executor.map(lambda pool: store.index.build_index(pool, model, 1), pools)
        assert sorted(built) == [False, False, True]
    # One that builds without a pooler has the same lock.
    direct = Pool(own_postgres.dsn, 2)
    own_postgres.query(f"DROP INDEX {store.index.index_name(model)}")
    with direct.reading() as conn:
        assert store.index.lock_builds(conn)
        assert not store.index.build_index(pools[0], model, 1)
    direct.close()
    eventually(lambda: store.index.build_index(pools[0], model, 1))
    for pool in pools:
        pool.close()


def test_a_build_whose_process_died_is_not_begun_twice(
    own_postgres: OwnPostgres, pooler: Pooler
) -> None:
    pool = Pool(pooler.dsn, 4)
    db.apply_schema(pool)
    model = store.models.register_model(pool, "hash-32", DIMENSION)
    store_items(pool, model, 30)
    holder = Pool(own_postgres.dsn, 1)
    with holder.transaction() as conn, conn.cursor() as cur:
        # CREATE INDEX CONCURRENTLY waits for whoever wrote into the table.
        cur.execute("UPDATE vectors SET kind = kind WHERE item_id = 1")
        thread = threading.Thread(target=_build, args=(pool, model))
        thread.start()
        deadline = time.monotonic() + 60
        progress = "SELECT count(*) FROM pg_stat_progress_create_index"
        while own_postgres.query(progress) != [(1,)]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # Its lock goes with its process, and the server goes on building.
        own_postgres.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE '%%pg_try_advisory_xact_lock%%' AND pid <> pg_backend_pid()"
        )
        assert not store.index.build_index(pool, model, 1)
    thread.join(60)
    assert own_postgres.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    holder.close()
    pool.close()


def _build(pool: Pool, model: Model) -> None:
    with suppress(DatabaseUnavailable):
        store.index.build_index(pool, model, 1)


def test_the_server_and_the_pooler_restart(
    own_postgres: OwnPostgres, pooler: Pooler, start_service: Any, saw: Any
) -> None:
    service = start_service(pooler.dsn, EMBED_SECONDS="0.05")
    service.load(file_of(600))
    time.sleep(0.5)
    own_postgres.restart()
    service.kill()
    again = start_service(pooler.dsn)
    pooler.restart()
    drained(own_postgres, 60)
    check(own_postgres, 600)
    again.wait_until_ready()
    saw(44, "PostgreSQL restarted and the service killed behind it: 600 rows stored once")
