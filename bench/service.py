"""The service as its users run it, in a data folder of its own, and what its processes take."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import psutil

from local_service import APP, LocalServiceError, Service, free_port, gunicorn_command

START_SECONDS = 300.0
# A process's memory is looked at so often.
LOOK_SECONDS = 0.02


class MeasuredService(Service):
    """A running service. `ready_seconds` is the time from its start to /readyz 200."""

    def __init__(self, data_dir: Path, *, processes: int = 0) -> None:
        """Start `python app.py`, or gunicorn with so many processes."""
        port = free_port()
        started = time.perf_counter()
        super().__init__(
            gunicorn_command(port, processes) if processes else APP,
            {"DATA_DIR": str(data_dir), "LOG_LEVEL": "WARNING"},
            port=port,
        )
        try:
            self.wait_until_ready(START_SECONDS)
        except LocalServiceError:
            self.kill()
            raise
        self.ready_seconds = time.perf_counter() - started

    def import_file(self, csv: bytes, collection: str) -> dict[str, Any]:
        """Upload, wait for the end, return the job."""
        return self.wait_for_job(self.upload(csv, f"?collection={collection}")["id"])

    def memory_mb(self) -> float:
        """Return the resident memory of the service's process, in MB, without PostgreSQL's."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def workers_mb(self) -> list[float]:
        """Return the resident memory of each of gunicorn's processes, in MB."""
        command = psutil.Process(self.process.pid).cmdline()
        children = psutil.Process(self.process.pid).children()
        return [p.memory_info().rss / 1e6 for p in children if p.cmdline() == command]


class PeakMemory:
    """The highest resident memory of a process above its memory at the beginning."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._most = self._process.memory_info().rss
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self._most = max(self._most, self._process.memory_info().rss)

    def stop(self) -> float:
        """Stop watching and return it, in MB."""
        self._stopped.set()
        self._thread.join()
        return float(self._most - self._before) / 1e6
