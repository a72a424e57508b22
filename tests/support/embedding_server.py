"""A server of the OpenAI embeddings API that can be sick in every way that was seen."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.embedder import HashEmbedder

Vectors = list[list[float]]
# Status and body instead of the right answer.
Answer = tuple[int, bytes]
# So long a server says nothing that hangs.
HANG_SECONDS = 3.0

SICK: dict[str, Callable[[Vectors], Answer]] = {
    "html": lambda _: (200, b"<html>We are down for maintenance</html>"),
    "redirect": lambda _: (302, b""),
    "error": lambda _: (200, b'{"error": "the model is loading"}'),
    "array": lambda _: (200, b"[]"),
    "nested": lambda _: (200, b"[" * 100_000),
    "NaN": lambda vectors: (200, compose([[math.nan] * len(v) for v in vectors])),
    "huge": lambda vectors: (200, compose([[1e300] * len(v) for v in vectors])),
    "zeros": lambda vectors: (200, compose([[0.0] * len(v) for v in vectors])),
    "count": lambda vectors: (200, compose(vectors[:-1])),
    "dimension": lambda vectors: (200, compose([[*v, 1.0] for v in vectors])),
    "another model": lambda vectors: (200, compose([v[::-1] for v in vectors])),
    "400": lambda _: (400, b'{"error": "the model is loading"}'),
    "429": lambda _: (429, b""),
    "500": lambda _: (500, b"x"),
    "503": lambda _: (503, b""),
}


def compose(vectors: Vectors) -> bytes:
    data = [{"index": n, "embedding": vector} for n, vector in enumerate(vectors)]
    return json.dumps({"data": data[::-1]}).encode()


class EmbeddingServer(ThreadingHTTPServer):
    """Gives the small embedder's vectors, three times as long.

    `sick` is one of SICK, or "hang", or "drip". Texts with the word poison are answered as `poison`
    says.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sick: str | None = None
        self.poison = "400"
        self.requests: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: EmbeddingServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({**body, "key": self.headers.get("Authorization")})
        sick = self.server.sick
        if any("poison" in text for text in body["input"]):
            sick = self.server.poison
        if sick == "hang":
            time.sleep(HANG_SECONDS)
        vectors = [(3 * v).tolist() for v in HashEmbedder().encode_passages(body["input"])]
        status, answer = SICK[sick](vectors) if sick in SICK else (200, compose(vectors))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        size = 10 if sick == "drip" else len(answer) or 1
        for start in range(0, len(answer), size):
            self.wfile.write(answer[start : start + size])
            if sick == "drip":
                time.sleep(0.1)

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(OSError):  # the client did not wait
            super().handle()
