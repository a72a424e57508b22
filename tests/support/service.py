"""The real service in a process of its own, with a small embedder, for tests that kill it.

EMBED_SECONDS makes each batch of the embedder slow, KILL_AT ends the process by SIGKILL at a named
point, KILL_ON does so on a word in a text to embed; each text embedded is a line `embeds <text>` in
the log where LOG_TEXTS is set. With PROGRAM=worker the program has no web part; PROGRAM=gunicorn is
that server with two processes of the real app, or of what APP names.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_service import ROOT, Service, free_port, gunicorn_command
from tests.support.client import PASSWORD, USER

__all__ = ["PASSWORD", "ROOT", "USER", "ServiceProcess", "free_port"]

START_SECONDS = 60
CALL_SECONDS = 60.0


class ServiceProcess(Service):
    """A service with its log in `folder`. `settings` are environment variables."""

    def __init__(self, folder: Path, **settings: str) -> None:
        port = free_port()
        own = {
            "API_USERNAME": USER,
            "API_PASSWORD": PASSWORD,
            "DATA_DIR": str(folder / "data"),
            "LEASE_SECONDS": "2",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "tests.support.service_program"]
        if settings.get("PROGRAM") == "gunicorn":
            command = gunicorn_command(port, 2, settings.get("APP", "app:create_app()"))
        super().__init__(
            command, own | settings, folder=folder, port=port, log=folder / f"{port}.log"
        )

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        super().wait_until_ready(seconds)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Return status and JSON, with the headers where it is an error."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = self.client(seconds=CALL_SECONDS)
        try:
            answer = client.send(method, path, body, named)
        finally:
            client.close()
        if answer.status >= 400:
            return answer.status, answer.body | {"headers": dict(answer.headers)}
        return answer.status, answer.body

    def get(self, path: str) -> tuple[int, Any]:
        return self.ask("GET", path)

    def load(self, csv: str, query: str = "") -> dict[str, Any]:
        """Upload a CSV and return its job."""
        return self.upload(csv.encode(), query)

    def until(
        self, job_id: str, fits: Callable[[dict[str, Any]], bool], seconds: float = 120
    ) -> dict[str, Any]:
        """Return the job once it fits; the service may be away meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status, job = self.get(f"/jobs/{job_id}")
            if status == 200 and fits(job):
                return dict(job)
            time.sleep(0.05)
        raise AssertionError(f"the job did not come so far within {seconds} s: {job}")

    def ended(self, job_id: str, seconds: float = 120) -> dict[str, Any]:
        return self.until(job_id, lambda job: job["finished_at"] is not None, seconds)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)
