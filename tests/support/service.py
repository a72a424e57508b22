"""The real service in a process of its own, with a small embedder, for tests that kill it.

Run as a program it serves; imported it starts and ends that program. EMBED_SECONDS makes each batch
of the embedder slow, KILL_AT ends the process by SIGKILL at a named point, KILL_ON does so on a
word in a text to embed; each text embedded is a line `embeds <text>` in the log. With
PROGRAM=worker the program has no web part; PROGRAM=gunicorn is that server with the real app.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "admin", "a test's password"
START_SECONDS = 60


class ServiceProcess:
    """A service on a free port. `settings` are environment variables."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        own = {
            "PORT": str(self.port),
            "API_USERNAME": USER,
            "API_PASSWORD": PASSWORD,
            "DATA_DIR": str(folder / "data"),
            "LEASE_SECONDS": "2",
            "PYTHONPATH": str(ROOT),
        }
        with (folder / f"{self.port}.log").open("wb") as log:
            self.process = subprocess.Popen(
                self._command(settings.get("PROGRAM", "")),
                cwd=folder,
                env=os.environ | own | settings,
                stdout=log,
                stderr=log,
            )
        self.log = folder / f"{self.port}.log"

    def _command(self, program: str) -> list[str]:
        if program != "gunicorn":
            return [sys.executable, "-m", "tests.support.service"]
        options = ["-w", "2", "--threads", "8", "--bind", f"127.0.0.1:{self.port}"]
        return [sys.executable, "-m", "gunicorn", *options, "--timeout", "120", "app:create_app()"]

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the service is not ready: {self.log.read_text()}")

    def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Return status and JSON. Raises OSError where nobody answers."""
        request = urllib.request.Request(f"{self.url}{path}", body, method=method)
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                answer = json.load(error)
                answer["headers"] = dict(error.headers)
                return error.code, answer

    def get(self, path: str) -> tuple[int, Any]:
        return self.call("GET", path)

    def upload(self, csv: str, query: str = "") -> dict[str, Any]:
        status, answer = self.call("POST", f"/upload{query}", csv.encode(), Content_Type="text/csv")
        assert status == 202, answer
        job: dict[str, Any] = answer["job"]
        return job

    def until(
        self, job_id: str, fits: Callable[[dict[str, Any]], bool], seconds: float = 30
    ) -> dict[str, Any]:
        """Return the job once it fits."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status, job = self.get(f"/jobs/{job_id}")
            if status == 200 and fits(job):
                return dict(job)
            time.sleep(0.05)
        raise AssertionError(f"the job did not come so far within {seconds} s: {job}")

    def ended(self, job_id: str, seconds: float = 30) -> dict[str, Any]:
        return self.until(job_id, lambda job: job["finished_at"] is not None, seconds)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds: float = 30) -> int:
        """End it by SIGTERM and return its exit status."""
        self.process.terminate()
        return self.process.wait(seconds)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# The points keep their names where their functions move, so that reports can be compared.
KILL_POINTS = {
    "db_jobs.create_job": "store.jobs.create_job",
    "db_start.start_job": "store.matching.start_job",
    "db_work.claim_batch": "store.claims.claim_batch",
    "db_work.finish_batch": "store.results.finish_batch",
    "db_finish.finish_job": "store.finishing.finish_job",
}


def _kill_at(point: str) -> None:
    """End this process at one of KILL_POINTS: "before <point>" or "after <point>"."""
    when, _, name = point.partition(" ")
    module_name, _, function_name = KILL_POINTS[name].rpartition(".")
    module = importlib.import_module(module_name)
    original = getattr(module, function_name)

    def killing(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if result:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, function_name, killing)


def _serve() -> None:
    import logging

    import app
    import config
    import services.process
    import web.server
    import worker
    from tests.support.embedder import HashEmbedder

    class Slow(HashEmbedder):
        def encode_windows(self, windows: Any) -> Any:
            time.sleep(float(os.environ.get("EMBED_SECONDS", "0")))
            deadly = os.environ.get("KILL_ON")
            for window in windows:
                if deadly and deadly in window:
                    os.kill(os.getpid(), signal.SIGKILL)
                if "LOG_TEXTS" in os.environ:
                    sys.stderr.write(f"embeds {window!r}\n")
            return super().encode_windows(windows)

    logging.basicConfig(level="INFO")
    if "KILL_AT" in os.environ:
        _kill_at(os.environ["KILL_AT"])
    services.process.end_on_signals()
    settings = config.read_settings(config.environment())
    if os.environ.get("PROGRAM") == "worker":
        worker.run(settings, Slow())
        return
    service = app.create_app(settings, Slow())
    try:
        web.server.serve(service, settings.host, settings.port, threads=16, max_body_bytes=1 << 30)
    finally:
        service.extensions["conector"].close()


if __name__ == "__main__":
    _serve()
