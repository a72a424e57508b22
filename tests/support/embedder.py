"""A small deterministic embedder for tests of the plumbing: words hashed into few dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from embeddings import FloatArray, Window


class HashEmbedder:
    """Texts that share words are near each other; the same text gives the same vector."""

    max_tokens = 512

    def __init__(self, dimension: int = 32, identity: str = "hash") -> None:
        self.dimension = dimension
        self.identity = f"{identity}-{dimension}"

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [1 + len(text.split()) for text in texts]

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return np.stack([self._encode(text) for text in texts])

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        counts = self.token_counts(texts)
        return [[Window(text, count)] for text, count in zip(texts, counts, strict=True)]

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        return self.encode_passages(windows)

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        return np.stack([self._encode(text) for text in texts])

    def _encode(self, text: str) -> FloatArray:
        vector = np.zeros(self.dimension, np.float32)
        for word in text.lower().split() or [""]:
            digest = blake2b(word.strip("?.,!").encode(), digest_size=8).digest()
            vector[digest[0] % self.dimension] += 1 if digest[1] % 2 else -1
            vector[digest[2] % self.dimension] += 0.5
        return vector / max(float(np.linalg.norm(vector)), 1e-6)
