"""A model of this process as an embedder: prompts, and the windows of long texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from embeddings import FloatArray, Window, mean_vector


class Encoder(Protocol):
    """What computes: tokens and vectors of texts that have their prompts. Need not be thread-safe.

    `identity` names the space of the vectors and does not depend on the encoder. `max_tokens` is
    the longest text that it takes whole, with its `special_tokens`; it cuts longer ones.
    """

    identity: str
    dimension: int
    max_tokens: int
    special_tokens: int
    prompts: Mapping[str, str]

    def find_tokens(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return where each token of each text begins and ends, without special tokens."""

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""


class SentenceModel:
    """An `Embedder` (embeddings.py) of an encoder. Not thread-safe."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.backend: str = getattr(encoder, "backend", "other")
        self.identity = encoder.identity
        self.dimension = encoder.dimension
        self.max_tokens = encoder.max_tokens

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without prompt and special tokens."""
        if not texts:
            return []
        return [len(offsets) for offsets in self.encoder.find_tokens(texts)]

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        split = self._split(texts, self._prompt("query"))
        return self._combine(split, self.encoder.encode_queries)

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        return self._combine(self.passage_windows(texts), self.encode_windows)

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Cut each text to store, with its prompt, into windows of the model's length.

        Nearly all texts have one window. `mean_vector` makes the vector of a text from those of
        its windows.
        """
        return self._split(texts, self._prompt("document"))

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return the vectors of passages' windows, shape (len(windows), dimension)."""
        # The first window of a text begins with the prompt already, and the others have none.
        return self.encoder.encode_passages(windows)

    def _prompt(self, name: str) -> str:
        return self.encoder.prompts.get(name) or ""

    def _combine(
        self, split: list[list[Window]], encode: Callable[[Sequence[str]], FloatArray]
    ) -> FloatArray:
        """Return the vectors of texts; encode the windows of a long text a few at a time."""
        short = [windows[0].text for windows in split if len(windows) == 1]
        vectors = iter(encode(short) if short else ())
        result = np.empty((len(split), self.dimension), np.float32)
        for n, windows in enumerate(split):
            if len(windows) == 1:
                result[n] = next(vectors)
                continue
            texts = [window.text for window in windows]
            parts = [encode(texts[start : start + 4]) for start in range(0, len(texts), 4)]
            result[n] = mean_vector(windows, np.concatenate(parts))
        return result

    def _split(self, texts: Sequence[str], prompt: str) -> list[list[Window]]:
        if not texts:
            return []
        prompted = [prompt + text for text in texts]
        room = self.max_tokens - self.encoder.special_tokens
        # Cutting a long text may make two tokens of one: some room is left for them.
        return [
            [Window(text, len(offsets))]
            if len(offsets) <= room
            else _cut(text, [start for start, _ in offsets], room - 2)
            for text, offsets in zip(prompted, self.encoder.find_tokens(prompted), strict=True)
        ]


def _cut(text: str, starts: list[int], size: int) -> list[Window]:
    """Cut a text into windows of `size` tokens; `starts` are the places of its tokens."""
    cuts = [*(starts[n] for n in range(0, len(starts), size)), len(text)]
    cuts[0] = 0
    windows = [
        Window(text[a:b], min(size, len(starts) - n * size))
        for n, (a, b) in enumerate(pairwise(cuts))
    ]
    return [window for window in windows if window.text.strip()]
