"""A SentenceTransformer, computed by torch: what OpenVINO can't run, or what a GPU runs faster."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from embeddings import FloatArray

_OPTIONS = {"show_progress_bar": False, "convert_to_numpy": True, "normalize_embeddings": True}


def load_transformer(place: str, prompts: Mapping[str, str] | None = None) -> Any:
    """Return the SentenceTransformer of that folder or name, with `prompts` over its own.

    Raises an error of any kind where it can't be loaded.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _silence_libraries()
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(place, prompts=None if prompts is None else dict(prompts))


class TorchEncoder:
    """An `Encoder` (embedders/sentence.py) by a loaded SentenceTransformer. Not thread-safe."""

    backend = "torch"

    def __init__(self, transformer: Any, identity: str) -> None:
        self.transformer = transformer
        self.identity = identity
        self.dimension: int = transformer.get_embedding_dimension()
        self.max_tokens: int = transformer.max_seq_length or 512
        self.prompts: Mapping[str, str] = transformer.prompts or {}
        self._tokenizer = transformer.tokenizer
        self.special_tokens: int = self._tokenizer.num_special_tokens_to_add()
        # Besides running the modules, `encode` moves tensors between devices, sorts, cuts and shows
        # progress, which takes longer than tokenising. So the modules are called directly, unless
        # they want to know what they encode.
        self._plain = (
            transformer.device.type == "cpu"
            and not transformer.truncate_dim
            and not transformer.get_model_kwargs()
        )

    def find_tokens(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return where each token of each text begins and ends, without special tokens."""
        encoded = self._tokenizer(
            list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        offsets: list[list[tuple[int, int]]] = encoded["offset_mapping"]
        return offsets

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        return self._encode(self.transformer.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        return self._encode(self.transformer.encode_document, texts)

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str]) -> FloatArray:
        # The texts have their prompts already.
        if self._plain:
            return _run_modules(self.transformer, list(texts))
        vectors: FloatArray = encode(
            list(texts), prompt="", batch_size=max(len(texts), 1), **_OPTIONS
        )
        return vectors


def _run_modules(transformer: Any, texts: list[str]) -> FloatArray:
    """Run a SentenceTransformer's modules on texts and return the vectors, normalised."""
    import torch

    with torch.inference_mode():
        vectors = transformer.forward(transformer.preprocess(texts))["sentence_embedding"]
        result: FloatArray = torch.nn.functional.normalize(vectors.float(), dim=1).numpy()
    return result


def _silence_libraries() -> None:
    """Keep progress bars and notes of the libraries out of the service's log."""
    import transformers

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for name in ("sentence_transformers", "httpx"):
        logging.getLogger(name).setLevel(logging.ERROR)
