"""A converted model, computed by OpenVINO: texts in, vectors out.

Its folder has all that is needed (embedders/conversion.py writes it): the network, which takes
tokens and gives vectors, the tokenizer, and the facts. So torch, transformers and
SentenceTransformer are not imported; they take 0.4 GB and several seconds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings import FloatArray

IntArray = NDArray[np.int64]

NETWORK, TOKENIZER, FACTS = "model.xml", "tokenizer.json", "model.json"
# For 250 texts in many languages, the worst vector has a cosine of 0.9993 to torch's. Groups of 64
# give 0.9996 and are 5 % slower; groups of 128 give 0.9991 and are no faster. 96 divides the widths
# 384 and 768.
GROUP = 96
# LATENCY uses all cores for one request. THROUGHPUT halved the rate of requests in a row. There is
# no cache of compiled models: it would double the folder to save a second of a start.
_OPTIONS = {"PERFORMANCE_HINT": "LATENCY", "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(GROUP)}


@dataclass(frozen=True)
class Facts:
    """What the network and the tokenizer do not say themselves.

    `max_tokens` includes the special ones; `prompts` has "query" and "document", where there are
    any; `form` names the form that was chosen.
    """

    identity: str
    dimension: int
    max_tokens: int
    prompts: dict[str, str]
    form: str = ""

    def save(self, folder: Path) -> None:
        (folder / FACTS).write_text(json.dumps(asdict(self), indent=1), "utf-8")


def read_facts(folder: Path) -> Facts | None:
    """Return the facts of a converted model's folder; None where it is no such folder."""
    try:
        return Facts(**json.loads((folder / FACTS).read_text("utf-8")))
    except (OSError, TypeError, ValueError):
        return None


def import_openvino() -> Any:
    """Return the module `openvino`, kept from sending anything to its makers.

    By default it tells Google Analytics of each import and conversion, in forked processes. Where
    it can't import openvino_telemetry, it does nothing instead.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def compile_network(network: Any) -> Any:
    """Compile a network, or the file of one. Raises RuntimeError where it can't be read."""
    return import_openvino().Core().compile_model(network, "CPU", _OPTIONS)


class OpenVinoEncoder:
    """An `Encoder` (embedders/sentence.py) by a compiled network and a tokenizer of `tokenizers`.

    Not thread-safe: it has one inference request, and each run reuses its output memory.
    """

    backend = "openvino"

    def __init__(self, facts: Facts, tokenizer: Any, compiled: Any) -> None:
        self.identity = facts.identity
        self.dimension = facts.dimension
        self.max_tokens = facts.max_tokens
        self.prompts: Mapping[str, str] = facts.prompts
        self.special_tokens: int = tokenizer.num_special_tokens_to_add(False)
        self._tokenizer = tokenizer
        self._takes_types = any("token_type_ids" in port.names for port in compiled.inputs)
        self._infer: Callable[..., Any] = compiled.create_infer_request().infer

    @classmethod
    def load(cls, folder: Path) -> OpenVinoEncoder:
        """Load a folder. Raises an error of any kind where something in it can't be read."""
        from tokenizers import Tokenizer

        facts = read_facts(folder)
        if facts is None:
            raise RuntimeError(f"{folder / FACTS} can't be read")
        # Before the tokenizer, which takes the most memory: compiling needs some for a while.
        compiled = compile_network(str(folder / NETWORK))
        return cls(facts, Tokenizer.from_file(str(folder / TOKENIZER)), compiled)

    def find_tokens(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return where each token of each text begins and ends, without special tokens."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.offsets for encoding in encoded]

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension).

        Only texts of one length run together, so that a text's vector does not depend on those
        beside it. Among longer ones its numbers would be added up in another order, and since the
        network rounds them to bytes, the vector would differ (a cosine of 0.9999).
        """
        encoded = self._tokenizer.encode_batch(list(texts))
        tokens = [_shorten(encoding, self.max_tokens) for encoding in encoded]
        lengths = np.array([_pad_length(len(one)) for one in tokens])
        vectors = np.empty((len(tokens), self.dimension), np.float32)
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            vectors[rows] = self._run(_stack([tokens[row] for row in rows], length))
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def _run(self, inputs: dict[str, IntArray]) -> FloatArray:
        if self._takes_types:
            inputs["token_type_ids"] = np.zeros_like(inputs["input_ids"])
        vectors: FloatArray = self._infer(inputs, share_inputs=True, share_outputs=True)[0]
        return vectors


def _shorten(encoding: Any, most: int) -> list[int]:
    """Return a text's tokens, cut to `most`; the special ones at the end stay."""
    ids: list[int] = encoding.ids
    if len(ids) <= most:
        return ids
    mask = encoding.special_tokens_mask
    tail = next((n for n, special in enumerate(reversed(mask)) if not special), 0)
    return ids[: most - tail] + ids[len(ids) - tail :]


def _pad_length(tokens: int) -> int:
    """Return the next multiple of 8 or 16.

    For each new shape OpenVINO makes new kernels, which takes longer than a query; so there are to
    be few shapes.
    """
    return tokens + -tokens % (8 if tokens <= 64 else 16)


def _stack(texts: Sequence[Sequence[int]], length: int) -> dict[str, IntArray]:
    """Return the inputs, each of shape (texts, length); the added tokens are masked."""
    ids = np.zeros((len(texts), length), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(texts):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {"input_ids": ids, "attention_mask": mask}
