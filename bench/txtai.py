"""txtai's API server with the same model, if it is installed: another system for the same job.

It is looked for in `.venv-txtai`, an environment of its own (bench/README.md has the commands).
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import urlencode

from local_service import ROOT, free_port

PYTHON = ROOT / ".venv-txtai" / "bin" / "python"
START_SECONDS = 120
# Texts in one request to add.
ADDED = 500


class Txtai:
    """A running server; `model` is the folder of a SentenceTransformer."""

    def __init__(self, folder: Path, model: Path) -> None:
        config = folder / "txtai.yml"
        prompts = {"query": "query: ", "data": "passage: "}
        embeddings = {"path": str(model), "instructions": prompts, "content": True}
        config.write_text(json.dumps({"writable": True, "embeddings": embeddings}), "utf-8")
        self.port = free_port()
        self._process = subprocess.Popen(
            [PYTHON, "-m", "uvicorn", "txtai.api:app", "--port", str(self.port)],
            env=os.environ | {"CONFIG": str(config)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=5).connect()
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("txtai did not start")

    def store(self, pairs: list[tuple[str, str]]) -> None:
        """Add pairs, each as one text, and index them."""
        caller = TxtaiCaller(self)
        texts = [{"id": n, "text": f"{q}\n{a}"} for n, (q, a) in enumerate(pairs)]
        for start in range(0, len(texts), ADDED):
            caller.call("POST", "/add", json.dumps(texts[start : start + ADDED]).encode())
        caller.call("GET", "/index")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


class TxtaiCaller:
    """One client with one kept-alive connection."""

    def __init__(self, server: Txtai) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the answer. Raises RuntimeError on an error's status."""
        headers = {"Content-Type": "application/json"} if body else {}
        self._connection.request(method, path, body or None, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:300]!r}")
        return answer

    def search(self, question: str) -> None:
        self.call("GET", f"/search?{urlencode({'query': question, 'limit': 5})}")
