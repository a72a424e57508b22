"""A service of one's own on this machine: a process on a free port, and calls to it.

The demo, the benchmarks and the tests start the service by this.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
APP = (sys.executable, str(ROOT / "app.py"))
START_SECONDS = 180.0
STOP_SECONDS = 60.0
CALL_SECONDS = 600.0
POLL_SECONDS = 0.05
FIRST_PORT, LAST_PORT = 20_000, 32_767

_calls = itertools.count()


class LocalServiceError(Exception):
    """The service did not start or do what was asked; the text is for a person."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response whose body is JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Client:
    """One client with one kept-alive connection. Not thread-safe."""

    def __init__(
        self, port: int, username: str, password: str, *, seconds: float = CALL_SECONDS
    ) -> None:
        """Wait for each answer up to `seconds`."""
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer, whatever its status. Raises OSError if nobody answers."""
        try:
            self._connection.request(method, path, body, self._headers | dict(headers or {}))
            response = self._connection.getresponse()
            answer = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"the answer was cut off: {error}") from error
        parsed = json.loads(answer) if answer else None
        return Answer(response.status, parsed, dict(response.getheaders()))

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the JSON of the answer. Raises LocalServiceError if it is an error."""
        answer = self.send(method, path, body, headers)
        if answer.status >= 400:
            raise LocalServiceError(f"{method} {path}: {answer.status} {json.dumps(answer.body)}")
        return answer.body

    def search(self, question: str, **fields: Any) -> dict[str, Any]:
        """Return the answer of POST /search."""
        body = json.dumps({"question": question, **fields}).encode()
        answer: dict[str, Any] = self.call(
            "POST", "/search", body, {"Content-Type": "application/json"}
        )
        return answer

    def upload(
        self, file: bytes, query: str = "", *, media_type: str = "text/csv"
    ) -> dict[str, Any]:
        """Upload a file and return its job. `query` has the options, such as "?collection=a"."""
        headers = {"Content-Type": media_type}
        job: dict[str, Any] = self.call("POST", f"/upload{query}", file, headers)["job"]
        return job

    def close(self) -> None:
        self._connection.close()


def has_ended(job: Mapping[str, Any]) -> bool:
    return job["finished_at"] is not None


class Service:
    """The service as a process of its own. Its calls can be made by any thread."""

    def __init__(
        self,
        command: Sequence[str] = APP,
        settings: Mapping[str, str] | None = None,
        *,
        folder: Path = ROOT,
        port: int | None = None,
        log: Path | None = None,
    ) -> None:
        """Start `command` in `folder`, with `settings` over the environment's.

        The service is told its port, and a user with a random password, where `settings` name
        none. Its output goes to the file `log`; without one, errors go to our own standard error.
        """
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "API_USERNAME": "admin",
            "API_PASSWORD": secrets.token_urlsafe(18),
        } | dict(settings or {})
        self._credentials = own["API_USERNAME"], own["API_PASSWORD"]
        with nullcontext(subprocess.DEVNULL) if log is None else log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | own,
                stdout=output,
                stderr=None if log is None else output,
            )

    def client(self, *, seconds: float = CALL_SECONDS) -> Client:
        """Return a client of its own connection; its caller closes it."""
        return Client(self.port, *self._credentials, seconds=seconds)

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when the service can take a request. Raises LocalServiceError if it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.send("GET", "/readyz").status == 200:
                    return
            except OSError:
                pass
            time.sleep(POLL_SECONDS)
        said = self.log.read_text("utf-8", "replace") if self.log else "its messages are above."
        raise LocalServiceError(f"The service did not start: {said}")

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer, whatever its status. Raises OSError if nobody answers."""
        with closing(self.client()) as client:
            return client.send(method, path, body, headers)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the JSON of the answer. Raises LocalServiceError if it is an error."""
        with closing(self.client()) as client:
            return client.call(method, path, body, headers)

    def upload(
        self, file: bytes, query: str = "", *, media_type: str = "text/csv"
    ) -> dict[str, Any]:
        """Upload a file and return its job. `query` has the options, such as "?collection=a"."""
        with closing(self.client()) as client:
            return client.upload(file, query, media_type=media_type)

    def wait_for_job(
        self,
        job_id: str,
        *,
        seconds: float = CALL_SECONDS,
        fits: Callable[[Mapping[str, Any]], bool] = has_ended,
    ) -> dict[str, Any]:
        """Return the job once it `fits`. Raises LocalServiceError if that takes too long."""
        deadline = time.monotonic() + seconds
        while True:
            job: dict[str, Any] = self.call("GET", f"/jobs/{job_id}")
            if fits(job):
                return job
            if time.monotonic() > deadline:
                raise LocalServiceError(f"The job did not come so far in {seconds} s: {job}")
            time.sleep(POLL_SECONDS)

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """End the process by SIGTERM, as an operator does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End the process by SIGKILL, as a crash does."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)


def gunicorn_command(port: int, processes: int, app: str = "app:create_app()") -> list[str]:
    """Return the command that serves `app` by gunicorn, with ROOT among Python's paths."""
    options = ["-w", str(processes), "--threads", "8", "--bind", f"127.0.0.1:{port}"]
    options += ["--config", str(ROOT / "gunicorn.conf.py")]
    return [sys.executable, "-m", "gunicorn", *options, app]


def free_port() -> int:
    """Return a port of this machine that nobody listens on.

    It is none of those that a system gives to connections that go out (on Linux from 32768 on), one
    of which might take it before it is listened on. Each process begins somewhere else.
    """
    while True:
        port = FIRST_PORT + (os.getpid() * 97 + next(_calls)) % (LAST_PORT - FIRST_PORT + 1)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
