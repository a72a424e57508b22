"""A loaded SentenceTransformer as an embedder: encoding, and the windows of long texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from embeddings import FloatArray, Window, mean_vector

_OPTIONS = {"show_progress_bar": False, "convert_to_numpy": True, "normalize_embeddings": True}


class SentenceModel:
    """A loaded SentenceTransformer. Not thread-safe: its tokenizer is not.

    `identity` names the space of the vectors and does not depend on the backend.
    """

    def __init__(self, transformer: Any, identity: str) -> None:
        self.transformer = transformer
        self.identity = identity
        self.dimension: int = transformer.get_embedding_dimension()
        self._tokenizer = transformer.tokenizer
        self.max_tokens: int = transformer.max_seq_length or 512
        self._special_tokens: int = self._tokenizer.num_special_tokens_to_add()
        # Besides running the modules, `encode` moves tensors between devices, sorts, cuts and shows
        # progress, which takes longer than tokenising. So the modules are called directly, unless
        # they want to know what they encode.
        self._plain = (
            transformer.device.type == "cpu"
            and not transformer.truncate_dim
            and not transformer.get_model_kwargs()
        )

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has, without prompt and special tokens."""
        if not texts:
            return []
        encoded = self._tokenizer(list(texts), add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        encode = self.transformer.encode_query
        split = self._split(texts, self._prompt("query"))
        return self._combine(split, lambda windows: self._encode(encode, windows))

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
        return self._encode(self.transformer.encode_document, windows)

    def _prompt(self, name: str) -> str:
        return (self.transformer.prompts or {}).get(name) or ""

    def _encode(self, encode: Callable[..., Any], windows: Sequence[str]) -> FloatArray:
        # The first window of a text begins with the prompt already, and the others have none.
        if self._plain:
            return _run_modules(self.transformer, list(windows))
        vectors: FloatArray = encode(
            list(windows), prompt="", batch_size=max(len(windows), 1), **_OPTIONS
        )
        return vectors

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
        encoded = self._tokenizer(
            prompted, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        room = self.max_tokens - self._special_tokens
        # Cutting a long text may make two tokens of one: some room is left for them.
        return [
            [Window(text, len(offsets))]
            if len(offsets) <= room
            else _cut(text, [start for start, _ in offsets], room - 2)
            for text, offsets in zip(prompted, encoded["offset_mapping"], strict=True)
        ]


def _run_modules(transformer: Any, texts: list[str]) -> FloatArray:
    """Run a SentenceTransformer's modules on texts and return the vectors, normalised."""
    import torch

    with torch.inference_mode():
        vectors = transformer.forward(transformer.preprocess(texts))["sentence_embedding"]
        result: FloatArray = torch.nn.functional.normalize(vectors.float(), dim=1).numpy()
    return result


def _cut(text: str, starts: list[int], size: int) -> list[Window]:
    """Cut a text into windows of `size` tokens; `starts` are the places of its tokens."""
    cuts = [*(starts[n] for n in range(0, len(starts), size)), len(text)]
    cuts[0] = 0
    windows = [
        Window(text[a:b], min(size, len(starts) - n * size))
        for n, (a, b) in enumerate(pairwise(cuts))
    ]
    return [window for window in windows if window.text.strip()]
