"""Counts of what happened lately: in the storage that several processes share, or in memory.

The counts are those of `limits`, the library behind Flask-Limiter, in its sliding windows: what
happened in the window before counts by the share of it that is still less than a window ago. All of
these storages have them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from math import ceil
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from limits import RateLimitItem
from limits.errors import ConfigurationError, StorageError
from limits.storage import SlidingWindowCounterSupport, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import MEMORY, ConfigError
from messages import say

logger = logging.getLogger(__name__)

# A storage that is away is asked again after so long; an answer may take so long.
AWAY_SECONDS = 10.0
ANSWER_SECONDS = 1.0

# The storages whose clients the service brings.
SCHEMES = (
    "memory",
    "memcached",
    "redis",
    "rediss",
    "redis+unix",
    "redis+cluster",
    "redis+sentinel",
)

T = TypeVar("T")


def storage_options(uri: str) -> dict[str, Any]:
    """Return by which options a storage's client gives up soon, rather than wait and try again."""
    scheme = urlsplit(uri).scheme
    if scheme.startswith("redis"):
        return {
            "socket_timeout": ANSWER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
    if scheme == "memcached":
        return {"timeout": ANSWER_SECONDS, "connect_timeout": ANSWER_SECONDS}
    return {}


def open_counts(uri: str) -> SlidingWindowCounterRateLimiter:
    """Return the counts in a storage, which is not asked yet. Raises ConfigError."""
    try:
        parts = urlsplit(uri)
        if parts.scheme not in SCHEMES or (uri != MEMORY and not parts.netloc + parts.path):
            raise ConfigurationError
        storage = storage_from_string(uri, wrap_exceptions=True, **storage_options(uri))
        return SlidingWindowCounterRateLimiter(storage)
    except (ConfigurationError, NotImplementedError, ValueError) as error:
        # Their texts may quote the address, and so its password.
        raise ConfigError(
            say(
                "RATELIMIT_STORAGE_URI is not the address of a storage that can be used here, such "
                "as memory://, redis://host:6379/0 or memcached://host:11211."
            )
        ) from error


def seconds_until_room(
    counts: SlidingWindowCounterRateLimiter, item: RateLimitItem, cost: int, *names: str
) -> int:
    """Return after how many seconds, at least 1, the item takes `cost` more if nothing else comes.

    `cost` is at most the item's amount. The count is `previous * left / window + current`, where
    `left` is what is left until all of the previous window is a whole window ago. What is counted
    in the current window expires a window after its end.
    """
    window = item.get_expiry()
    storage = cast(SlidingWindowCounterSupport, counts.storage)
    previous, left, current, expires = storage.get_sliding_window(item.key_for(*names), window)
    room = item.amount - cost
    if current > room:
        seconds = max(0.0, expires - window) + window * (1 - room / current)
    elif previous:
        seconds = left - window * (room - current) / previous
    else:
        seconds = 0.0
    return max(1, ceil(seconds))


class SharedCounts:
    """Counts in a storage. While that is away, this process counts in its memory. Thread-safe.

    Calls may wait for the storage, up to ANSWER_SECONDS.
    """

    def __init__(self, uri: str = MEMORY) -> None:
        """Raises ConfigError."""
        self._shared = open_counts(uri)
        self._own = self._shared if uri == MEMORY else open_counts(MEMORY)
        self._lock = threading.Lock()
        self._away = False
        self._ask_at = 0.0

    def add(self, item: RateLimitItem, *names: str) -> None:
        """Count one more."""
        self._ask(lambda counts: counts.hit(item, *names))

    def wait_seconds(self, item: RateLimitItem, *names: str) -> int:
        """Return 0 where the item has room for one more, or after how many seconds it has."""

        def wait(counts: SlidingWindowCounterRateLimiter) -> int:
            if counts.test(item, *names):
                return 0
            return seconds_until_room(counts, item, 1, *names)

        return self._ask(wait)

    def close(self) -> None:
        """Close the connection to the storage, if it has one."""
        client: Any = getattr(self._shared.storage, "storage", None)
        if hasattr(client, "close"):
            client.close()

    def _ask(self, question: Callable[[SlidingWindowCounterRateLimiter], T]) -> T:
        if time.monotonic() >= self._ask_at:
            try:
                answer = question(self._shared)
            except (StorageError, OSError) as error:  # memcached's client lets the latter through
                self._note(error)
            else:
                self._note(None)
                return answer
        return question(self._own)

    def _note(self, error: Exception | None) -> None:
        """Log that the storage is away, or there again, once each."""
        with self._lock:
            before, self._away = self._away, error is not None
            if error is not None:
                self._ask_at = time.monotonic() + AWAY_SECONDS
        if error is not None and not before:
            logger.warning(
                "RATELIMIT_STORAGE_URI does not answer (%s): this process counts for itself",
                type(getattr(error, "storage_error", error)).__name__,
            )
        elif error is None and before:
            logger.warning("RATELIMIT_STORAGE_URI answers again: all processes count together")
