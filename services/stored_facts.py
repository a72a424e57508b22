"""What the metrics tell of PostgreSQL and of the process that answers, read when it is asked for.

They are facts of the whole service, so they are told once, however many processes count
(metrics.py).
"""

from __future__ import annotations

import logging
import platform
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

import store.facts
from db import DatabaseUnavailable, Pool
from services.runtime import Runtime
from store.facts import Facts

logger = logging.getLogger(__name__)

# They are told even where no job is in them, so that an alert sees a number and no gap.
_UNFINISHED = ("enqueued", "processing")
_INDEX_STATES = ("valid", "building", "invalid")

Row = tuple[list[str], float]


class Build(NamedTuple):
    """What runs: the version, and the folder of its data."""

    version: str
    data_dir: Path


class ProcessFacts(Collector):
    """Tells what is the same in all processes of one service."""

    def __init__(self, runtime: Runtime, build: Build) -> None:
        self._runtime = runtime
        self._build = build

    def collect(self) -> Iterator[GaugeMetricFamily]:
        said = [
            self._build.version,
            platform.python_version(),
            self._runtime.model.identity,
            self._runtime.embeddings.backend,
        ]
        yield _gauge(
            "conector_build_info",
            "What runs; the value is always 1.",
            ["version", "python", "model", "backend"],
            [(said, 1)],
        )
        try:
            disk = shutil.disk_usage(self._build.data_dir)
        except OSError:
            return  # a service with its own PostgreSQL may have no such folder
        yield _gauge("conector_disk_bytes", "The disk of DATA_DIR.", [], [([], disk.total)])
        yield _gauge(
            "conector_disk_free_bytes", "What is free on the disk of DATA_DIR.", [],
            [([], disk.free)],
        )  # fmt: skip


class StoredFacts(Collector):
    """Tells what PostgreSQL holds, or that it is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[GaugeMetricFamily]:
        facts = None
        try:
            facts = store.facts.read_facts(self._pool)
        except DatabaseUnavailable as error:
            logger.warning("The metrics are without the database: %s", error)
        up = 0 if facts is None else 1
        yield _gauge(
            "conector_database_up", "Whether PostgreSQL answered (1) or is away (0).", [],
            [([], up)],
        )  # fmt: skip
        if facts is not None:
            yield from _tell_items(facts)
            yield from _tell_jobs(facts)
            yield from _tell_tables(facts)


def _tell_items(facts: Facts) -> Iterator[GaugeMetricFamily]:
    models = facts.models
    yield _gauge("conector_items", "Stored items.", [], [([], facts.items)])
    yield _gauge(
        "conector_vectors",
        "Stored vectors, by the model that made them.",
        ["model"],
        [([model.identity], model.vectors) for model in models],
    )
    yield _gauge(
        "conector_model_items",
        "Items that have vectors, by the model that made those.",
        ["model"],
        [([model.identity], model.items) for model in models],
    )
    indexes = {(model.identity, state): 0 for model in models for state in _INDEX_STATES}
    indexes |= {(identity, state): number for identity, state, number in facts.indexes}
    yield _gauge(
        "conector_indexes",
        "Approximate indexes, by the model of their vectors and their state.",
        ["model", "state"],
        [([*labels], number) for labels, number in indexes.items()],
    )


def _tell_jobs(facts: Facts) -> Iterator[GaugeMetricFamily]:
    jobs = {(kind, status): 0 for kind in ("import", "evaluation") for status in _UNFINISHED}
    jobs |= {(job.kind, job.status): job.jobs for job in facts.jobs}
    yield _gauge(
        "conector_jobs",
        "Stored jobs, by kind and status.",
        ["kind", "status"],
        [([*labels], number) for labels, number in jobs.items()],
    )
    ages = dict.fromkeys(_UNFINISHED, 0.0)
    for job in facts.jobs:
        if job.status in ages:
            ages[job.status] = max(ages[job.status], job.oldest_seconds)
    yield _gauge(
        "conector_oldest_job_age_seconds",
        "Seconds since the oldest job in this status came; 0 where there is none.",
        ["status"],
        [([status], age) for status, age in ages.items()],
    )
    yield _gauge(
        "conector_job_rows",
        "Rows of all stored imports, by what became of them; waiting are those still to be done.",
        ["state"],
        [([state], number) for state, number in facts.rows.items()],
    )


def _tell_tables(facts: Facts) -> Iterator[GaugeMetricFamily]:
    for name, help_text, column in (
        ("conector_table_bytes", "Disk that a table takes, without its indexes.", 1),
        ("conector_table_index_bytes", "Disk that the indexes of a table take.", 2),
        ("conector_table_live_rows", "Rows of a table, as PostgreSQL estimates.", 3),
        ("conector_table_dead_rows", "Rows that VACUUM is to remove, as PostgreSQL estimates.", 4),
    ):
        rows = [([table.name], float(table[column])) for table in facts.tables]
        yield _gauge(name, help_text, ["table"], rows)


def _gauge(
    name: str, help_text: str, labels: list[str], rows: Iterable[Row | tuple[list[str], int]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family
