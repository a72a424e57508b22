"""The service with an embedder that costs nearly nothing: `python -m bench.small_service`.

So only reading, checking, staging and writing are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

import config
import web.server
from app import create_app
from embeddings import FloatArray, Window
from services.logs import start_logging
from services.process import end_on_signals

DIMENSION = 32


class DigestEmbedder:
    """Makes a vector of a text's digest, in the same time for each text."""

    identity = "digest"
    dimension = DIMENSION

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), DIMENSION)."""
        digests = [blake2b(text.encode(), digest_size=DIMENSION).digest() for text in texts]
        vectors = np.frombuffer(b"".join(digests), np.int8).reshape(-1, DIMENSION) + 0.5
        result: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return result.astype(np.float32)

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Return each text as one window."""
        return [[Window(text, 1 + len(text) // 4)] for text in texts]

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(windows), DIMENSION)."""
        return self.encode_queries(windows)


def main() -> None:
    end_on_signals()
    settings = config.read_settings(config.environment())
    start_logging(settings.log_level, settings.log_format)
    app = create_app(settings, DigestEmbedder())
    try:
        web.server.serve(app, settings)
    finally:
        app.extensions["conector"].close()


if __name__ == "__main__":
    main()
