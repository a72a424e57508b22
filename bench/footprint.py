"""What the service takes of a machine: its data folder, its memory, and how long a start takes.

`python -m bench.footprint` starts the real service in an empty folder, stops it, starts it again
and imports a file, and measures the service's process and its children apart from PostgreSQL's. It
writes bench/results/footprint.md, and fails where a bound is passed. `--service` measures another
checkout, with that checkout's `.venv`; then nothing is written.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from local_service import ROOT, Service

RESULT = ROOT / "bench" / "results" / "footprint.md"
SAMPLE = ROOT / "samples" / "faq_pt.csv"
# A peak is looked for this often.
LOOK_SECONDS = 0.02
MB = 1e6


@dataclass(frozen=True)
class Figure:
    """One measured number, with the bound that it must keep, if there is one."""

    name: str
    value: float
    unit: str
    most: float | None = None

    @property
    def holds(self) -> bool:
        return self.most is None or self.value <= self.most

    def describe(self) -> str:
        bound = "" if self.most is None else f"≤ {self.most:,.0f} {self.unit}"
        digits = 1 if self.unit == "s" else 0
        mark = "" if self.holds else " **passed**"
        return f"| {self.name} | {self.value:,.{digits}f} {self.unit}{mark} | {bound} |"


class Watch(threading.Thread):
    """Looks for the peak of the memory of a process and its children, without PostgreSQL's."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._process = psutil.Process(process_id)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            with suppress(psutil.Error):
                self.peak = max(self.peak, sum(map(resident, list_processes(self._process))))

    def stop(self) -> float:
        """Return the peak in MB, with that of the service alone, which the kernel remembers."""
        self._ended.set()
        self.join()
        return max(self.peak, read_status(self._process.pid, "VmHWM"))


def list_processes(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and its children, without those of PostgreSQL."""
    found = [process, *process.children(recursive=True)]
    return [each for each in found if not each.name().startswith(("postgres", "initdb", "pg_ctl"))]


def resident(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_info().rss) / MB
    return 0.0


def read_status(process_id: int, name: str) -> float:
    """Return a line of /proc/…/status in MB, such as VmHWM, the peak of the resident memory."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / MB
    raise LookupError(name)


def proportional(process: psutil.Process) -> float:
    """Return the memory in MB in which shared pages count by share (PSS)."""
    with suppress(psutil.Error):
        return float(process.memory_full_info().pss) / MB
    return 0.0


def folder_size(folder: Path) -> float:
    """Return the disk that a folder takes in MB."""
    blocks = [path.lstat().st_blocks for path in folder.rglob("*") if not path.is_dir()]
    return sum(blocks) * 512 / MB


def postgres_memory(data: Path) -> float:
    """Return the memory of the server of that data folder in MB, what its processes share once."""
    process_id = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(process_id)
    return sum(map(proportional, [server, *server.children(recursive=True)]))


@contextmanager
def started(command: Sequence[str], folder: Path) -> Iterator[Service]:
    service = Service(
        command, {"DATA_DIR": str(folder / "data")}, folder=folder, log=folder / "log"
    )
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


def measure(command: Sequence[str], folder: Path) -> list[Figure]:
    return [
        *measure_first_start(command, folder),
        Figure("data folder after the first start", folder_size(folder / "data"), "MB", 350),
        *measure_later_start(command, folder),
    ]


def measure_first_start(command: Sequence[str], folder: Path) -> list[Figure]:
    began = time.perf_counter()
    with started(command, folder) as service:
        watch = Watch(service.process.pid)
        watch.start()
        service.wait_until_ready(600)
        seconds = time.perf_counter() - began
        peak = watch.stop()
    return [
        Figure("first start: until it is ready", seconds, "s"),
        Figure("first start: peak of the service and its conversion", peak, "MB", 1_300),
    ]


def measure_later_start(command: Sequence[str], folder: Path) -> list[Figure]:
    began = time.perf_counter()
    with started(command, folder) as service:
        service.wait_until_ready(600)
        seconds = time.perf_counter() - began
        process = psutil.Process(service.process.pid)
        figures = [
            Figure("later start: until it is ready", seconds, "s"),
            Figure("later start: resident (VmRSS)", resident(process), "MB", 620),
            Figure("later start: proportional (PSS)", proportional(process), "MB"),
            Figure("later start: peak until then (VmHWM)", read_status(process.pid, "VmHWM"), "MB"),
        ]
        service.wait_for_job(service.upload(SAMPLE.read_bytes())["id"])
        figures += [
            Figure("after an import: resident (VmRSS)", resident(process), "MB"),
            Figure(
                "after an import: of it a cache of the file (RssFile)",
                read_status(process.pid, "RssFile"),
                "MB",
            ),
            Figure(
                "the embedded PostgreSQL beside it (PSS)", postgres_memory(folder / "data"), "MB"
            ),
        ]
    return figures


def measure_commands(python: str, root: Path, folder: Path) -> list[Figure]:
    """Return how long flask commands take, the best of three times."""
    settings = {"API_USERNAME": "admin", "API_PASSWORD": "x", "DATA_DIR": str(folder / "data")}

    def time_command(*args: str) -> float:
        times = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run(
                [python, "-m", "flask", "--app", str(root / "app.py"), *args],
                cwd=folder, env=settings, capture_output=True, check=False,
            )  # fmt: skip
            times.append(time.perf_counter() - began)
        return min(times)

    return [
        Figure(
            "`flask import` of a file that is not there", time_command("import", "none"), "s", 1
        ),
        Figure("`flask import --dry-run`", time_command("import", str(SAMPLE), "--dry-run"), "s"),
        Figure("`flask search`", time_command("search", "Quando abre?"), "s"),
    ]


def write_table(figures: Sequence[Figure], say: Callable[[str], object]) -> None:
    say("| | measured | bound |\n|---|---|---|")
    for figure in figures:
        say(figure.describe())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", type=Path, default=ROOT, help="another checkout")
    root = parser.parse_args().service.absolute()
    python = sys.executable if root == ROOT else str(root / ".venv" / "bin" / "python")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)  # the embedded server may be another user
        figures = measure([python, str(root / "app.py")], folder)
        figures += measure_commands(python, root, folder)
    lines: list[str] = []
    write_table(figures, lines.append)
    print("\n".join(lines))
    if root == ROOT:
        RESULT.write_text(
            "# What the service takes\n\nWritten by `make bench-footprint`, with the bundled model "
            f"on OpenVINO, on {psutil.cpu_count()} cores "
            f"under a load of {psutil.getloadavg()[0]:.1f}.\n\n" + "\n".join(lines) + "\n",
            "utf-8",
        )
    sys.exit(0 if all(figure.holds for figure in figures) else 1)


if __name__ == "__main__":
    main()
