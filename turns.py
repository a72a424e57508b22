"""Turns at the model: who runs it now, and who waits for how long.

Queries go first, and those that wait together run together. Ingestion goes in small pieces in
between. While the model is sick, one caller of each kind tries it, and the others fail at once.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

import metrics
from messages import Explained, Message, say

T = TypeVar("T")
# Vectors of the texts, in their order.
Encode = Callable[[list[str]], NDArray[np.float32]]

# Queries that wait together are embedded together, up to so many texts.
QUERY_BATCH = 32
# So long the end waits for the call in hand: one of a large batch takes a second.
CLOSE_SECONDS = 10.0


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


class EmbedderBusy(Explained):
    """The model can't be asked now, or not within the bound; `retry_after` is in seconds."""

    def __init__(self, message: Message, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def repeat(self) -> EmbedderBusy:
        """Return the same error for another caller: each needs one of its own to raise."""
        return EmbedderBusy(self.message, self.retry_after)


class _Ticket:
    """The queries of one caller, and later their vectors or the error."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.since = time.monotonic()
        self.vectors: NDArray[np.float32] | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.vectors is not None or self.error is not None


class Turns:
    """Lets callers take turns. Thread-safe.

    A caller whose turn it is runs the model itself, with the queries of all that wait. So a query
    that is alone waits for nobody, and no further thread stands between it and the model. At most
    one piece of ingestion goes before a query. Where `parallel`, queries and ingestion do not wait
    for each other: the model is elsewhere.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, parallel: bool = False) -> None:
        self._limits = limits
        self._parallel = parallel
        self._turn = threading.Condition()
        self._querying = False
        self._ingesting = False
        self._closed = False
        self._waiting: deque[_Ticket] = deque()
        # The time when the ingestion that has waited longest began to wait.
        self._ingestion_since: float | None = None
        self.last_query = -math.inf
        # The time when the last piece of ingestion was done.
        self.progress_at = -math.inf
        # Why the model could not be asked the last time, if it could not, by kind.
        self.query_trouble: EmbedderBusy | None = None
        self.ingestion_trouble: EmbedderBusy | None = None

    @property
    def waiting_texts(self) -> int:
        """Return how many queries wait for their turn."""
        return sum(len(ticket.texts) for ticket in self._waiting)

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Turn away the callers that wait and all that still come.

        Return when no caller runs the model, or after `seconds`: the libraries of a model abort a
        process that ends in the middle of a call. A model that is elsewhere is not waited for.
        """
        with self._turn:
            self._closed = True
            self._turn.notify_all()
            if not self._parallel:
                self._turn.wait_for(lambda: not (self._querying or self._ingesting), seconds)

    def _require_open(self) -> None:
        if self._closed:
            raise EmbedderBusy(say("The service is stopping."))

    def ask(self, texts: Sequence[str], encode: Encode) -> NDArray[np.float32]:
        """Wait for the vectors of queries; run `encode` when it is this caller's turn.

        Raises EmbedderBusy, and what `encode` raises for these texts alone.
        """
        ticket = _Ticket(list(texts))
        deadline = time.monotonic() + self._limits.query_seconds
        with self._turn:
            if self.query_trouble is not None and self._querying:
                raise self.query_trouble.repeat()
            self._require_open()
            waiting = self.waiting_texts
            if waiting and waiting + len(texts) > self._limits.query_texts:
                raise EmbedderBusy(say("Too many questions wait for the model."))
            self._waiting.append(ticket)
            self.last_query = time.monotonic()
        while not ticket.done:
            batch = self._take_queries(ticket, deadline)
            if batch:
                self._run_queries(batch, encode)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.vectors is not None  # noqa: S101, for the type checker: done says so
        return ticket.vectors

    def _take_queries(self, ticket: _Ticket, deadline: float) -> list[_Ticket]:
        """Wait for this caller's turn and return the batch; it is empty once `ticket` is done."""
        with self._turn:
            while not ticket.done and self._is_query_held():
                remaining = deadline - time.monotonic()
                if self._closed or remaining <= 0:
                    if ticket in self._waiting:
                        self._waiting.remove(ticket)
                        raise EmbedderBusy(say("The model did not get to the question in time."))
                    remaining = self._limits.query_seconds  # its batch runs: the end is near
                self._turn.wait(remaining)
            if ticket.done:
                return []
            self._querying = True
            batch = [self._waiting.popleft()]
            size = len(batch[0].texts)
            while self._waiting and size + len(self._waiting[0].texts) <= QUERY_BATCH:
                batch.append(self._waiting.popleft())
                size += len(batch[-1].texts)
        now = time.monotonic()
        for each in batch:
            metrics.MODEL_WAIT.labels("query").observe(now - each.since)
        return batch

    def _is_query_held(self) -> bool:
        """Return whether a query must wait for another call of the model."""
        if self._querying or self._parallel:
            return self._querying
        since, patience = self._ingestion_since, self._limits.patience_seconds
        return self._ingesting or (since is not None and time.monotonic() > since + patience)

    def _run_queries(self, batch: list[_Ticket], encode: Encode) -> None:
        """Give each ticket its vectors or its error; if the batch fails, try each ticket alone."""
        try:
            if self._answer(batch, encode) is not None:
                for ticket in batch:
                    # Not before: whoever waits takes the first error that its ticket has.
                    ticket.error = self._answer([ticket], encode) or ticket.error
        finally:
            with self._turn:
                self._querying = False
                self._turn.notify_all()

    def _answer(self, batch: list[_Ticket], encode: Encode) -> Exception | None:
        """Give each ticket its vectors; return what the model raises for these texts."""
        try:
            vectors = encode([text for ticket in batch for text in ticket.texts])
            self.query_trouble = None
            for ticket in batch:
                ticket.vectors, vectors = np.split(vectors, [len(ticket.texts)])
        except EmbedderBusy as error:
            with self._turn:
                self.query_trouble = error
                # Those that wait would hear the same, one after another.
                for ticket in [*batch, *self._waiting]:
                    ticket.error = error.repeat()
                self._waiting.clear()
        except Exception as error:  # noqa: BLE001, the caller of each ticket raises it
            return error
        return None

    def ingest(self, run: Callable[[], T], seconds: float = math.inf) -> T:
        """Run one piece of ingestion when no query waits, or when it has waited long enough.

        Raises EmbedderBusy after waiting for `seconds`, at once while the model is sick and another
        caller tries it, and once it is closed.
        """
        since = time.monotonic()
        with self._turn:
            self._require_open()
            while self._is_ingestion_held(since):
                if self._ingesting and self.ingestion_trouble is not None:
                    raise self.ingestion_trouble.repeat()
                if time.monotonic() > since + seconds:
                    raise EmbedderBusy(say("The model did not get to the text in time."))
                if self._ingestion_since is None:
                    self._ingestion_since = since
                self._turn.wait(self._limits.patience_seconds)
                self._require_open()
            self._ingesting = True
            self._ingestion_since = None
        metrics.MODEL_WAIT.labels("passage").observe(time.monotonic() - since)
        try:
            return run()
        except EmbedderBusy as error:
            self.ingestion_trouble = error
            raise
        finally:
            self.progress_at = time.monotonic()
            with self._turn:
                self._ingesting = False
                self._turn.notify_all()

    def _is_ingestion_held(self, since: float) -> bool:
        """Return whether ingestion that has waited since then must wait for another call."""
        if self._ingesting or self._parallel:
            return self._ingesting
        patient = time.monotonic() < since + self._limits.patience_seconds
        return self._querying or (bool(self._waiting) and patient)
