"""`make bench-uploads`: what an upload costs without the model. Results go to bench/results.

The service runs with an embedder that costs nearly nothing, so only reading, checking, staging and
writing are measured.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook

from bench.report import Report
from bench.service import START_SECONDS, PeakMemory
from local_service import ROOT, Service

LARGE_ROWS, LARGE_ROW_BYTES = 1_000_000, 300
ROWS, ROW_BYTES = 100_000, 120
PROGRAM = "bench.small_service"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Target:
    """The service to measure: its checkout, and the program there that serves."""

    folder: Path
    program: str

    @property
    def command(self) -> list[str]:
        """Return the command: a path is run as a script, a dotted name as a module."""
        own = self.folder / ".venv" / "bin" / "python"
        python = str(own) if own.exists() else sys.executable
        if self.program.endswith(".py"):
            return [python, str(self.folder / self.program)]
        return [python, "-m", self.program]

    @contextmanager
    def run(self, **settings: str) -> Iterator[Service]:
        """Run the service in a folder of its own, with an embedded database of its own."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            own = {
                "DATA_DIR": f"{folder}/data",
                "LEASE_SECONDS": "20",
                "PYTHONPATH": str(self.folder),
            }
            log = Path(folder) / "service.log"
            service = Service(self.command, own | settings, folder=Path(folder), log=log)
            try:
                service.wait_until_ready(START_SECONDS)
                yield service
            finally:
                service.stop()


def main() -> None:
    """Measure; write the results when all was measured at full size."""
    parser = argparse.ArgumentParser(prog="python -m bench.uploads", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of most files (%(default)s)")
    parser.add_argument(
        "--large-rows", type=int, default=LARGE_ROWS, help="rows of the large file (%(default)s)"
    )
    parser.add_argument(
        "--service", type=Path, default=ROOT, help="another checkout, whose .venv runs it"
    )
    parser.add_argument(
        "--program", default=PROGRAM, help="its module, or its script, that serves (%(default)s)"
    )
    parser.add_argument("--only", choices=PARTS, help="the one part to measure")
    given = parser.parse_args()
    target = Target(given.service.resolve(), given.program)
    report = Report()
    for name, measure in PARTS.items():
        if given.only in (None, name):
            measure(report, target, given.large_rows if name == "large" else given.rows)
    if given == parser.parse_args([]):
        report.write("uploads")


def _measure_large(report: Report, target: Target, rows: int) -> None:
    size, seconds, memory = _stage(target, "CSV", rows, LARGE_ROW_BYTES)
    report.add(f"upload of {size / 1e6:.0f} MB, {rows:,} rows", seconds, "s")
    report.add("  checked and staged", rows / seconds, "rows/s", least=50_000)
    report.add("  additional memory, at its peak", memory, "MB", most=400)


def _measure_again(report: Report, target: Target, rows: int) -> None:
    body = _make_csv(_pairs(rows, ROW_BYTES, "Pergunta"))
    with target.run() as service:

        def upload(query: str = "") -> None:
            job = service.wait_for_job(service.upload(body, query)["id"])
            assert job["status"] == "succeeded", job

        took = _time(upload)
        report.add(f"import of {rows:,} rows without a model", rows / took, "rows/s")
        report.add("  the same file again, to the end of its job", _time(upload), "s", most=20)
        took = _time(lambda: upload("?mode=replace"))
        report.add("  again with mode=replace", took, "s", most=20)
        headers = {"Content-Type": "text/csv"}
        took = _time(lambda: service.call("POST", "/upload?dry_run=true", body, headers))
        report.add("  as a dry run", took, "s")


def _measure_formats(report: Report, target: Target, rows: int) -> None:
    """Measure the same rows in each format, each in a process of its own: memory is not reused."""
    for name in FORMATS:
        _, seconds, memory = _stage(target, name, rows, ROW_BYTES)
        report.add(f"{rows:,} rows as {name}, checked and staged", rows / seconds, "rows/s")
        report.add("  additional memory, at its peak", memory, "MB")


PARTS: dict[str, Callable[[Report, Target, int], None]] = {
    "large": _measure_large,
    "again": _measure_again,
    "formats": _measure_formats,
}


def _pairs(rows: int, size: int, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield questions and answers of some `size` bytes together."""
    filler = "x" * (size - len(prefix) - 30)
    return ((f"{prefix} {n:09d}?", f"{filler} {n:09d}") for n in range(rows))


def _make_csv(pairs: Iterable[tuple[str, str]]) -> bytes:
    lines = (f"{question},{answer}\n" for question, answer in pairs)
    return ("question,answer\n" + "".join(lines)).encode()


def _make_json(pairs: Iterable[tuple[str, str]]) -> bytes:
    return json.dumps([{"question": q, "answer": a} for q, a in pairs], indent=1).encode()


def _make_json_lines(pairs: Iterable[tuple[str, str]]) -> bytes:
    return "".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in pairs).encode()


def _make_workbook(pairs: Iterable[tuple[str, str]]) -> bytes:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.append(["question", "answer"])
    for pair in pairs:
        sheet.append(pair)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Iterable[tuple[str, str]]], bytes]]] = {
    "CSV": ("text/csv", _make_csv),
    "JSON": ("application/json", _make_json),
    "JSON Lines": ("application/x-ndjson", _make_json_lines),
    "Excel": (XLSX, _make_workbook),
}


def _stage(target: Target, name: str, rows: int, size: int) -> tuple[int, float, float]:
    """Upload a file up to the 202; return its bytes, the seconds, and the additional memory in MB.

    A small file goes before it: the check of the password and the imports of a first upload are
    not measured.
    """
    media_type, make = FORMATS[name]
    body = make(_pairs(rows, size, "Question"))
    with target.run(WORKER_THREADS="0") as service:
        service.upload(make(_pairs(10, size, "First")), media_type=media_type)
        memory = PeakMemory(service.process.pid)
        try:
            seconds = _time(lambda: service.upload(body, media_type=media_type))
        finally:
            most = memory.stop()
    return len(body), seconds, most


def _time(run: Callable[[], object]) -> float:
    """Return how many seconds it took."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
