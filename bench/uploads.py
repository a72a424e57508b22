"""`make bench-uploads`: what an upload costs without the model. Results go to bench/results.

The service runs with the tests' small embedder, so that only reading, checking, staging and writing
are measured.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.report import Report
from bench.texts import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from service_process import ServiceProcess

LARGE_ROWS, LARGE_BYTES = 1_000_000, 300_000_000
ROWS = 100_000


def main() -> None:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with _running(Path(folder), WORKER_THREADS="0") as service:
            _measure_large(report, service)
        with _running(Path(folder)) as service:
            _measure_again(report, service)
    report.write("uploads")


@contextmanager
def _running(folder: Path, **settings: str) -> Iterator[ServiceProcess]:
    service = ServiceProcess(folder, LEASE_SECONDS="20", **settings)
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.stop()


def _csv(rows: int, size: int, prefix: str) -> str:
    answer = "x" * (size // rows - len(prefix) - 30)
    lines = (f"{prefix} {n:09d}?,{answer} {n:09d}\n" for n in range(rows))
    return "question,answer\n" + "".join(lines)


def _measure_large(report: Report, service: ServiceProcess) -> None:
    body = _csv(LARGE_ROWS, LARGE_BYTES, "Question")
    memory = _Peak(service.process.pid)
    took = _timed(lambda: service.upload(body, "?collection=large"))
    report.add(f"upload of {len(body) / 1e6:.0f} MB, {LARGE_ROWS:,} rows", took, "s")
    report.add("  checked and staged", LARGE_ROWS / took, "rows/s", least=50_000)
    report.add("  additional memory, at its peak", memory.stop(), "MB", most=400)
    service.call("DELETE", "/collections/large")


def _measure_again(report: Report, service: ServiceProcess) -> None:
    body = _csv(ROWS, ROWS * 120, "Pergunta")

    def upload(query: str = "") -> None:
        job = service.ended(service.upload(body, query)["id"], 600)
        assert job["status"] == "succeeded", job

    took = _timed(upload)
    report.add(f"import of {ROWS:,} rows without a model", ROWS / took, "rows/s")
    report.add("  the same file again, to the end of its job", _timed(upload), "s", most=20)
    report.add("  again with mode=replace", _timed(lambda: upload("?mode=replace")), "s", most=20)
    report.add("  as a dry run", _timed(lambda: service.call(
        "POST", "/upload?dry_run=true", body.encode(), Content_Type="text/csv")), "s")  # fmt: skip


def _timed(run: Callable[[], object]) -> float:
    """Return how many seconds it took."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


class _Peak:
    """The highest resident memory of a process above its memory now."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._most = self._process.memory_info().rss
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(0.02):
            self._most = max(self._most, self._process.memory_info().rss)

    def stop(self) -> float:
        """Return it in MB."""
        self._stopped.set()
        self._thread.join()
        return (self._most - self._before) / 1e6


if __name__ == "__main__":
    main()
