"""A model behind a server that speaks the OpenAI embeddings API, POST <url>/v1/embeddings.

text-embeddings-inference, infinity, vLLM and others speak it. While the server is away, its calls
raise EmbedderBusy: searches are answered 503, and rows wait and are not rejected.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import urllib3

from embeddings import EmbedderBusy, FloatArray, ModelLoadError, Window, mean_vector

logger = logging.getLogger(__name__)

# A server's model takes 512 tokens or more, and a token of most languages has 3 characters or
# more. A longer text is embedded in windows; its vector is their mean, weighted by length.
WINDOW_CHARS = 1_500
BATCH_TEXTS = 32
RETRY_AFTER = 5
_RETRIES = urllib3.Retry(
    total=3,
    backoff_factor=0.3,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=None,  # POST too: the same texts give the same vectors again
    raise_on_status=False,
    # A worker or a request that has its turn at the model can't wait for a long Retry-After.
    respect_retry_after_header=False,
)


@dataclass(frozen=True)
class RemoteOptions:
    """How to ask a server. Prompts go before the texts; `input_types` are for query and passage."""

    url: str
    model: str
    api_key: str | None = None
    query_prompt: str = ""
    passage_prompt: str = ""
    input_types: tuple[str, str] | None = None


class RemoteModel:
    """An `Embedder` over HTTP. Thread-safe. `identity` is the model's name and its prompts."""

    def __init__(self, options: RemoteOptions) -> None:
        """Ask the server for one vector. Raises ModelLoadError if it gives none."""
        self._options = options
        self._url = options.url.rstrip("/").removesuffix("/v1") + "/v1/embeddings"
        self._headers = {"Content-Type": "application/json"}
        if options.api_key:
            self._headers["Authorization"] = f"Bearer {options.api_key}"
        self._http = urllib3.PoolManager(
            retries=_RETRIES, timeout=urllib3.Timeout(connect=2.0, read=20.0)
        )
        prompts = json.dumps([options.query_prompt, options.passage_prompt, options.input_types])
        self.identity = f"remote:{options.model} {prompts}"
        try:
            self.dimension = int(self._embed(["dimension"], 0).shape[1])
        except (EmbedderBusy, ValueError) as error:
            raise ModelLoadError(
                f"EMBEDDING_URL={options.url} gives no vectors: {error}"
            ) from error

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors of unit length, shape (len(texts), dimension)."""
        split = [_cut(self._options.query_prompt + text) for text in texts]
        vectors = self._embed([window.text for windows in split for window in windows], 0)
        ends = np.cumsum([len(windows) for windows in split])[:-1]
        parts = zip(split, np.split(vectors, ends), strict=True)
        return np.stack([mean_vector(windows, part) for windows, part in parts])

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Cut each text to store, with its prompt, into windows."""
        return [_cut(self._options.passage_prompt + text) for text in texts]

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return the vectors of passages' windows, shape (len(windows), dimension)."""
        return self._embed(windows, 1)

    def _embed(self, texts: Sequence[str], side: int) -> FloatArray:
        """Return vectors of unit length; `side` is 0 for queries and 1 for passages."""
        batches = [texts[n : n + BATCH_TEXTS] for n in range(0, len(texts), BATCH_TEXTS)]
        vectors = np.concatenate([self._ask(list(batch), side) for batch in batches])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        result: FloatArray = vectors / np.maximum(norms, 1e-12)
        return result

    def _ask(self, texts: list[str], side: int) -> FloatArray:
        """Return the server's vectors. Raises EmbedderBusy, and ValueError for a wrong answer."""
        body: dict[str, object] = {"model": self._options.model, "input": texts}
        if self._options.input_types:
            body["input_type"] = self._options.input_types[side]
        try:
            response = self._http.request(
                "POST", self._url, body=json.dumps(body).encode(), headers=self._headers
            )
        except urllib3.exceptions.HTTPError as error:
            logger.warning("The embedding server does not answer: %s", error)
            raise EmbedderBusy("The embedding server does not answer.", RETRY_AFTER) from error
        if response.status in (401, 403, 404, 408, 429) or response.status >= 500:
            logger.warning("The embedding server answered %d", response.status)
            raise EmbedderBusy(f"The embedding server answered {response.status}.", RETRY_AFTER)
        if response.status != 200:
            raise ValueError(f"the embedding server answered {response.status}")
        return _read_vectors(response.data, len(texts))


def _read_vectors(answer: bytes, count: int) -> FloatArray:
    """Return the vectors of an answer, shape (count, dimension). Raises ValueError."""
    try:
        entries = sorted(json.loads(answer)["data"], key=lambda entry: int(entry["index"]))
        vectors = np.array([_read_vector(entry["embedding"]) for entry in entries], np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the embedding server's answer is no list of vectors: {error}") from error
    if vectors.ndim != 2 or len(vectors) != count:
        raise ValueError(f"the embedding server gave {len(entries)} vectors for {count} texts")
    return vectors


def _read_vector(embedding: str | list[float]) -> FloatArray:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), "<f4")
    return np.array(embedding, np.float32)


def _cut(text: str) -> list[Window]:
    """Cut a text at spaces into windows of at most WINDOW_CHARS."""
    windows: list[Window] = []
    while len(text) > WINDOW_CHARS:
        cut = text.rfind(" ", WINDOW_CHARS // 2, WINDOW_CHARS)
        cut = cut if cut > 0 else WINDOW_CHARS
        windows.append(_make_window(text[:cut]))
        text = text[cut:]
    if text.strip() or not windows:
        windows.append(_make_window(text))
    return windows


def _make_window(text: str) -> Window:
    return Window(text, 1 + len(text) // 4)
