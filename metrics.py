"""What the processes count of themselves, for Prometheus.

No label has values that a caller chooses: a route is its rule and not the path, and nothing is told
of a collection, a user or a key. What PostgreSQL knows is read when it is asked for
(services/stored_facts.py).

Several processes on one machine are summed where the variable PROMETHEUS_MULTIPROC_DIR names a
folder of theirs: each then keeps its values in files there. The library looks at the variable when
it is imported. gunicorn.conf.py sets it; a folder of somebody else's choice is made here.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

MULTIPROCESS_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR") or None
if MULTIPROCESS_FOLDER is not None:
    # The first metric opens a file in it.
    Path(MULTIPROCESS_FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)

from prometheus_client import (  # noqa: E402, the folder comes first
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402
from prometheus_client.registry import Collector  # noqa: E402

# They double the number of series, and nobody asks for them.
disable_created_metrics()  # type: ignore[no-untyped-call]

# Where a route has no name: an unknown address, a request that can't be read.
OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_own = CollectorRegistry()
# Searches take some 10 ms, uploads seconds or minutes.
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_MODEL_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUESTS = Counter(
    "conector_http_requests",
    "Requests that were answered, by the route's rule, the method and the status.",
    ["route", "method", "status"],
    registry=_own,
)
REQUEST_SECONDS = Histogram(
    "conector_http_request_duration_seconds",
    "Time from a request's headers until its answer is ready to be sent.",
    ["route", "method"],
    buckets=_REQUEST_BUCKETS,
    registry=_own,
)
REFUSED = Counter(
    "conector_http_refused",
    "Requests among those that the server refused on its own, before the app saw them.",
    ["status"],
    registry=_own,
)
FAILED_LOGINS = Counter(
    "conector_logins_failed", "Names or passwords that were checked and wrong.", registry=_own
)
THROTTLED_LOGINS = Counter(
    "conector_logins_throttled",
    "Logins refused unchecked, because too many wrong ones came before.",
    registry=_own,
)
SEARCHES = Counter(
    "conector_searches", "Questions that were answered, by decision.", ["decision"], registry=_own
)
CACHED_QUESTIONS = Counter(
    "conector_query_cache_hits", "Questions whose vector was in memory.", registry=_own
)
EMBEDDED_QUESTIONS = Counter(
    "conector_query_cache_misses", "Questions whose vector the model made.", registry=_own
)
MODEL_SECONDS = Histogram(
    "conector_embedding_duration_seconds",
    "Time that the model took for one batch: of questions (query), or of texts to store (passage).",
    ["kind"],
    buckets=_MODEL_BUCKETS,
    registry=_own,
)
MODEL_TEXTS = Histogram(
    "conector_embedding_batch_texts",
    "Texts that the model took in one batch.",
    ["kind"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
    registry=_own,
)
MODEL_WAIT = Histogram(
    "conector_embedding_wait_seconds",
    "Time that a caller waited for its turn at the model.",
    ["kind"],
    buckets=_MODEL_BUCKETS,
    registry=_own,
)
MODEL_FAILURES = Counter(
    "conector_embedding_failures", "Batches that the model failed on.", ["kind"], registry=_own
)
JOBS_ENDED = Counter(
    "conector_jobs_ended", "Imports that came to their end.", ["status"], registry=_own
)
ROWS_DONE = Counter(
    "conector_rows_done",
    "Rows of imports that came to their end, by what became of them.",
    ["outcome"],
    registry=_own,
)
POOL_SIZE = Gauge(
    "conector_db_pool_size",
    "Connections to PostgreSQL that the processes may open together.",
    multiprocess_mode="livesum",
    registry=_own,
)
POOL_USED = Gauge(
    "conector_db_pool_used",
    "Connections to PostgreSQL that are in use.",
    multiprocess_mode="livesum",
    registry=_own,
)
POOL_WAIT = Histogram(
    "conector_db_pool_wait_seconds",
    "Time that a caller waited for a connection to PostgreSQL.",
    buckets=(0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0),
    registry=_own,
)
POOL_EXHAUSTED = Counter(
    "conector_db_pool_exhausted",
    "Callers that got no connection to PostgreSQL, because all stayed in use.",
    registry=_own,
)
# What is known before it happens begins at 0: an increase from nothing to 1 would not be seen.
for _kind in ("query", "passage"):
    for _metric in (MODEL_SECONDS, MODEL_TEXTS, MODEL_WAIT, MODEL_FAILURES):
        _metric.labels(_kind)
for _decision in ("answer", "ambiguous", "none"):
    SEARCHES.labels(_decision)
for _status in ("succeeded", "failed"):
    JOBS_ENDED.labels(_status)
for _outcome in ("inserted", "updated", "unchanged", "rejected"):
    ROWS_DONE.labels(_outcome)

PROCESSES = Gauge(
    "conector_processes",
    "Processes of the service that these numbers are the sum of.",
    multiprocess_mode="livesum",
    registry=_own,
)


def count_process() -> None:
    """Count this process as one that runs. Called where its parts have started."""
    PROCESSES.set(1)


def open_registry(*collectors: Collector) -> CollectorRegistry:
    """Return all that is to be told now: what the processes counted, and what `collectors` tell."""
    registry = CollectorRegistry()
    if MULTIPROCESS_FOLDER is None:
        ProcessCollector(registry=registry)
        registry.register(_own)
    else:
        _forget_the_dead(Path(MULTIPROCESS_FOLDER))
        MultiProcessCollector(registry, MULTIPROCESS_FOLDER)  # type: ignore[no-untyped-call]
    for collector in collectors:
        registry.register(collector)
    return registry


def _forget_the_dead(folder: Path) -> None:
    """Remove the gauges of processes that are gone. What those counted goes on to count."""
    for file in folder.glob("gauge_live*_*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            file.unlink(missing_ok=True)
