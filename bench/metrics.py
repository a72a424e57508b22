"""How long /metrics takes with 100,000 items and 1,000 jobs, over HTTP.

`python -m bench.metrics` fills a database of its own by SQL, and prints the figures.
"""

from __future__ import annotations

import http.client
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import db
from bench.database import run_postgres
from db import Pool
from local_service import Service

ITEMS, JOBS, SCRAPES = 100_000, 1_000, 200
CREDENTIALS = {"API_USERNAME": "admin", "API_PASSWORD": "a bench's password"}

_FILL = f"""
INSERT INTO collections (name) SELECT 'c' || n FROM generate_series(1, 20) n;
INSERT INTO models (identity, dimension) VALUES ('bench', 384);
INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash, question, answer,
                   position)
SELECT 1 + n % 20, gen_random_uuid(), 0, gen_random_uuid(), gen_random_uuid(), 'question ' || n,
       repeat('answer ', 30) || n, n FROM generate_series(1, {ITEMS}) n;
INSERT INTO item_vectors
SELECT i.id, 1, k, i.collection_id, array_fill(0.1::real, ARRAY[384])::vector::halfvec
FROM items i, (VALUES ('question'), ('pair')) v (k);
INSERT INTO jobs (id, status, collection, mode, file, total, inserted, finished_at)
SELECT gen_random_uuid(), CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'succeeded' END, 'c1', 'upsert',
       jsonb_build_object('columns', repeat('x', 300)), 100, 100, now()
FROM generate_series(1, {JOBS}) n;
"""


def fill(folder: Path) -> None:
    """Store the items and jobs in the embedded server of a data folder."""
    with run_postgres(folder) as dsn, closing(Pool(dsn, 2)) as pool:
        db.apply_schema(pool)
        with pool.transaction(600) as conn, conn.cursor() as cur:
            cur.execute(_FILL)
        with pool.reading(600) as conn, conn.cursor() as cur:
            cur.execute("ANALYZE")


def measure(port: int) -> list[float]:
    """Return the milliseconds of each scrape, on one connection as Prometheus keeps it."""
    token = b64encode(":".join(CREDENTIALS.values()).encode()).decode()
    taken = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as conn:
        for _ in range(SCRAPES):
            began = time.perf_counter()
            conn.request("GET", "/metrics", headers={"Authorization": f"Basic {token}"})
            answer = conn.getresponse()
            answer.read()
            taken.append((time.perf_counter() - began) * 1000)
            if answer.status != 200:
                sys.exit(f"/metrics answered {answer.status}")
            time.sleep(0.02)
    return sorted(taken[5:])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder)
        settings = CREDENTIALS | {"DATA_DIR": str(folder), "INDEX_MIN_ITEMS": "1000000"}
        # Which model it has makes no difference: it is not asked.
        service = Service([sys.executable, "-m", "bench.small_service"], settings)
        try:
            service.wait_until_ready()
            taken = measure(service.port)
        finally:
            service.stop()
    print(
        f"/metrics with {ITEMS:,} items and {JOBS:,} jobs: half {statistics.median(taken):.1f} ms,"
        f" 95 % {taken[int(len(taken) * 0.95)]:.1f} ms, fastest {taken[0]:.1f} ms"
    )


if __name__ == "__main__":
    main()
