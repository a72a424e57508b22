"""The service as its users run it, `python app.py`, in a data folder of its own."""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
START_SECONDS = 300


class Service:
    """A running service. `ready_seconds` is the time from its start to /readyz 200."""

    def __init__(self, data_dir: Path, *, processes: int = 0, **settings: str) -> None:
        """Start `python app.py`, or gunicorn with so many processes."""
        self.port = free_port()
        user, password = "bench", secrets.token_urlsafe(12)
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        }
        own = {
            "PORT": str(self.port),
            "API_USERNAME": user,
            "API_PASSWORD": password,
            "DATA_DIR": str(data_dir),
            "LOG_LEVEL": "WARNING",
        }
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command(processes),
            cwd=ROOT,
            env=os.environ | own | settings,
            stdout=subprocess.DEVNULL,
        )
        self._wait()
        self.ready_seconds = time.perf_counter() - started

    def _command(self, processes: int) -> list[str]:
        if not processes:
            return [sys.executable, "app.py"]
        workers = ["-w", str(processes), "--threads", "8", "--bind", f"127.0.0.1:{self.port}"]
        return [sys.executable, "-m", "gunicorn", *workers, "--timeout", "120", "app:create_app()"]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if Caller(self).call("GET", "/readyz")["status"] == "ok":
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the service did not start")

    def memory_mb(self) -> float:
        """Return the resident memory of the service's process, in MB, without PostgreSQL's."""
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    def workers_mb(self) -> list[float]:
        """Return the resident memory of each of gunicorn's processes, in MB."""
        command = psutil.Process(self._process.pid).cmdline()
        children = psutil.Process(self._process.pid).children()
        return [p.memory_info().rss / 1e6 for p in children if p.cmdline() == command]

    def upload(self, csv: bytes, collection: str) -> dict[str, Any]:
        """Upload, wait for the end, return the job."""
        caller = Caller(self)
        job: dict[str, Any] = caller.call(
            "POST", f"/upload?collection={collection}", csv, "text/csv"
        )["job"]
        while job["finished_at"] is None:
            time.sleep(0.02)
            job = caller.call("GET", f"/jobs/{job['id']}")
        return job

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


class Caller:
    """One client with one kept-alive connection."""

    def __init__(self, service: Service) -> None:
        self._headers = service.headers
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=120)

    def call(self, method: str, path: str, body: bytes = b"", media: str = "") -> Any:
        """Return the JSON answer. Raises RuntimeError on an error's status."""
        headers = self._headers | ({"Content-Type": media} if media else {})
        self._connection.request(method, path, body or None, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
        return json.loads(answer)

    def search(self, question: str, **fields: Any) -> list[dict[str, Any]]:
        body = json.dumps({"question": question, **fields}).encode()
        results: list[dict[str, Any]] = self.call("POST", "/search", body, "application/json")[
            "results"
        ]
        return results


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
