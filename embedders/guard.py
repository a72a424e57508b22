"""A guard in front of a model: it believes no wrong answer, and leaves a sick model alone.

A call fails because of its texts, or because the model is sick. To tell which, the guard asks for
the vector of a probe, a text that every model takes, in the same way. If the answer is right, the
texts are at fault, and the error passes through: the caller may divide them. Otherwise the model is
sick. Then all calls fail at once with EmbedderBusy, and now and then one of them asks for the probe
again.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings import PROBE, Embedder, FloatArray, Window, WrongAnswer
from messages import Message, explain, say
from turns import EmbedderBusy

logger = logging.getLogger(__name__)

# The probe's vector is computed alone, so it hardly changes: quantised models stay above 0.998.
# Two texts, or two models, are far below.
SAME_MODEL_COSINE = 0.98
# A sick model may give one reason after another; so many of them are logged.
LOGGED_REASONS = 5


@dataclass(frozen=True)
class Backoff:
    """How long a sick model is left alone: each time twice as long, within two bounds."""

    first_seconds: float = 1.0
    most_seconds: float = 10.0

    def seconds(self, failures: int) -> float:
        """Return the wait after so many failures, 1 or more."""
        return min(self.most_seconds, self.first_seconds * 2.0 ** min(failures - 1, 20))


DEFAULT_BACKOFF = Backoff()


class GuardedModel:
    """An `Embedder` that checks another one's answers. As thread-safe as that one.

    `reference` is the vector that the model gave for the probe when it started; if it gives another
    one later, another model answers. Raises WrongAnswer and the model's own errors for texts that
    are at fault, and EmbedderBusy while the model is sick.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        reference: FloatArray | None = None,
        backoff: Backoff = DEFAULT_BACKOFF,
    ) -> None:
        self._embedder = embedder
        self.backend: str = getattr(embedder, "backend", "other")
        self.identity = embedder.identity
        self.dimension = embedder.dimension
        self._reference = reference
        log = _Log()
        # A server may take queries and refuse passages, so each of them has a side of its own.
        self._queries = _Side(self._probe_queries, backoff, log)
        self._passages = _Side(self._probe_passages, backoff, log)

    def passage_windows(self, texts: Sequence[str]) -> list[list[Window]]:
        """Cut each text to store into windows."""
        return self._embedder.passage_windows(texts)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return checked vectors of unit length, shape (len(texts), dimension).

        Somebody waits for the answer, so a model that is late counts as sick without a probe.
        """
        try:
            return self._encode(self._queries, self._embedder.encode_queries, texts)
        except TimeoutError as error:
            raise self._queries.leave_alone(explain(error)) from error

    def encode_windows(self, windows: Sequence[str]) -> FloatArray:
        """Return the checked vectors of passages' windows, shape (len(windows), dimension)."""
        try:
            return self._encode(self._passages, self._embedder.encode_windows, windows)
        except TimeoutError:
            self._passages.ask_probe()
            raise

    def _encode(
        self, side: _Side, encode: Callable[[Sequence[str]], FloatArray], texts: Sequence[str]
    ) -> FloatArray:
        side.require_well()
        try:
            vectors = encode(texts)
            self._check(vectors, len(texts))
        except EmbedderBusy as error:
            raise side.leave_alone(error.message) from error
        except TimeoutError:
            raise
        except Exception:
            side.ask_probe()
            raise
        if side.note_success():
            # What brought this side back may have brought back the other one.
            for other in (self._queries, self._passages):
                other.try_soon()
        return vectors

    def _probe_queries(self) -> None:
        vectors = self._embedder.encode_queries([PROBE])
        self._check(vectors, 1)
        if self._reference is not None and float(vectors[0] @ self._reference) < SAME_MODEL_COSINE:
            raise WrongAnswer(
                say(
                    "The model's vectors are not those that it gave at the start: another model "
                    "answers. Restart the service, or bring back that model."
                )
            )

    def _probe_passages(self) -> None:
        (windows,) = self._embedder.passage_windows([PROBE])
        vectors = self._embedder.encode_windows([window.text for window in windows])
        self._check(vectors, len(windows))

    def _check(self, vectors: FloatArray, count: int) -> None:
        """Raise WrongAnswer unless these are so many vectors that can be compared with others."""
        if vectors.ndim != 2 or len(vectors) != count:
            raise WrongAnswer(
                say(
                    "The model gave {given} vectors for {count} texts.",
                    given=len(vectors),
                    count=count,
                )
            )
        if vectors.shape[1] != self.dimension:
            raise WrongAnswer(
                say(
                    "The model gave vectors of {given} dimensions instead of {dimension}.",
                    given=vectors.shape[1],
                    dimension=self.dimension,
                )
            )
        if not np.isfinite(vectors).all():
            raise WrongAnswer(say("The model gave vectors with numbers that are not finite."))
        if not (np.abs(np.linalg.norm(vectors, axis=1) - 1) < 0.01).all():
            raise WrongAnswer(say("The model gave vectors that are not of unit length."))


class _Side:
    """Whether one way of asking the model goes well, and when it is tried again. Thread-safe."""

    def __init__(self, probe: Callable[[], None], backoff: Backoff, log: _Log) -> None:
        self._probe = probe
        self._backoff = backoff
        self._log = log
        self._lock = threading.Lock()
        # Why the model is sick, if it is.
        self._trouble: Message | None = None
        # The failures since the last call that went well. The probe does not count as such: a model
        # may answer it and fail on everything else.
        self._failures = 0
        self._retry_at = -math.inf
        self._probing = False

    def require_well(self) -> None:
        """Return if the model is well, or if the probe shows it now. Raises EmbedderBusy."""
        with self._lock:
            if self._trouble is None:
                return
            if self._probing or time.monotonic() < self._retry_at:
                raise self._busy(self._trouble)
            self._probing = True
        try:
            self.ask_probe()
        finally:
            with self._lock:
                self._probing = False

    def ask_probe(self) -> None:
        """Return if the model gives the right vector of the probe. Raises EmbedderBusy."""
        try:
            self._probe()
        except Exception as error:
            raise self.leave_alone(_describe(error)) from error
        with self._lock:
            self._trouble = None

    def leave_alone(self, reason: Message) -> EmbedderBusy:
        """Note that the model is sick, and return the error that says so."""
        self._log.note_trouble(reason)
        with self._lock:
            self._trouble = reason
            self._failures += 1
            self._retry_at = time.monotonic() + self._backoff.seconds(self._failures)
            return self._busy(reason)

    def note_success(self) -> bool:
        """Note that the model answered; return whether it had been sick."""
        if not self._failures:
            return False
        self._log.note_success(self._failures)
        with self._lock:
            self._trouble = None
            self._failures = 0
        return True

    def try_soon(self) -> None:
        """Let the next call try a sick model, without waiting for its time."""
        with self._lock:
            self._retry_at = -math.inf

    def _busy(self, reason: Message) -> EmbedderBusy:
        return EmbedderBusy(reason, math.ceil(max(1.0, self._retry_at - time.monotonic())))


class _Log:
    """Says each reason once until the model is well again, and not at each try."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: set[str] = set()

    def note_trouble(self, reason: Message) -> None:
        with self._lock:
            if reason in self._said or len(self._said) >= LOGGED_REASONS:
                return
            self._said.add(reason)
        logger.warning("%s Rows wait, and searches are answered 503.", reason)

    def note_success(self, failures: int) -> None:
        with self._lock:
            if not self._said:
                return
            self._said.clear()
        logger.info("The model answers again, after %d failures", failures)


def _describe(error: Exception) -> Message:
    """Return an error as a sentence. A library's own text may hold what was embedded."""
    if isinstance(error, EmbedderBusy | TimeoutError | WrongAnswer):
        return explain(error)
    return say("The model fails ({kind}).", kind=type(error).__name__)
