"""The whole main job on samples/: start the service, upload, wait, ask, stop. Run by `make demo`.

The service runs as its users run it, `python app.py`, on a free port; what it stores is in the
collection `demo`, which goes at the end.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tqdm import tqdm

HERE = Path(__file__).parent
SAMPLE = HERE / "samples" / "faq_pt.csv"
QUESTIONS = (
    "Como acompanho minha encomenda?",
    "Perdi o acesso porque não lembro a senha",
    "Can I get my money back?",
)
START_SECONDS = 180


class Service:
    """A service of our own on a free port, and calls to it."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{_free_port()}"
        user, password = "demo", secrets.token_urlsafe(18)
        self._auth = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        settings = {
            "HOST": "127.0.0.1",
            "PORT": self.url.rpartition(":")[2],
            "API_USERNAME": user,
            "API_PASSWORD": password,
            "LOG_LEVEL": "WARNING",
        }
        self._process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=HERE,
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
        )

    def wait_until_ready(self) -> None:
        """Return when the service can take a request. Raises SystemExit where it does not start."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=5).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise SystemExit("The service did not start: its messages are above.")

    def call(self, method: str, path: str, body: bytes | None = None, media: str = "") -> Any:
        """Return the JSON answer. Raises SystemExit with the service's error."""
        request = urllib.request.Request(f"{self.url}{path}", body, method=method)
        request.add_header("Authorization", self._auth)
        if media:
            request.add_header("Content-Type", media)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.read().decode()}") from error

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


def upload(service: Service) -> None:
    """Upload the sample and show the job's progress up to its end."""
    query = "/upload?collection=demo&mode=replace"
    job = service.call("POST", query, SAMPLE.read_bytes(), "text/csv")["job"]
    with tqdm(total=job["rows"]["total"], unit=" rows", desc=SAMPLE.name) as bar:
        while job["finished_at"] is None:
            time.sleep(0.1)
            job = service.call("GET", f"/jobs/{job['id']}")
            bar.update(job["rows"]["done"] - bar.n)
    if job["status"] != "succeeded":
        raise SystemExit(f"The job {job['status']}: {job['error']}")


def ask(service: Service, question: str) -> None:
    """Search, and print the nearest pair."""
    body = json.dumps({"question": question, "collection": "demo", "limit": 1}).encode()
    answer = service.call("POST", "/search", body, "application/json")
    best = answer["results"][0]
    print(f"\n? {question}")
    print(f"= {best['question']}  (distance {best['distance']:.3f}, {answer['took_ms']:.0f} ms)")
    print(f"  {best['answer']}")


def main() -> None:
    print("Starting the service; the first start converts the model and takes up to a minute …")
    service = Service()
    try:
        service.wait_until_ready()
        upload(service)
        for question in QUESTIONS:
            ask(service, question)
        service.call("DELETE", "/collections/demo")
    finally:
        service.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
