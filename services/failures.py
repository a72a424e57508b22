"""Wrong passwords, counted by the address that they come from and by the name that they are for."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from ipaddress import IPv6Address
from math import ceil
from typing import NoReturn

from limits import RateLimitItemPerMinute

import metrics
from config import MEMORY
from messages import Explained, Message, say
from services.addresses import parse_address
from services.counts import SharedCounts

logger = logging.getLogger(__name__)

# An address may give so many wrong passwords a minute, for any names: more than the few tries of a
# misconfigured client.
MAX_FAILURES = 30
# A name may get so many in NAME_MINUTES, from all addresses; that makes 9,600 guesses a day, which
# find no password but one of the common ones. From then on, each address may give it only so few.
MAX_OF_NAME, MAX_OF_BOTH = 100, 3
NAME_MINUTES = 15
# A flood of many addresses is bounded by the queue of passwords too: 8 are checked in a second.
MAX_REMEMBERED = 10_000

_OF_NAME = RateLimitItemPerMinute(MAX_OF_NAME, NAME_MINUTES)
_OF_BOTH = RateLimitItemPerMinute(MAX_OF_BOTH, NAME_MINUTES)
# What the counts are of, in a storage that other things may share.
_WHAT = "conector-wrong-passwords"
_OF_ADDRESS = say("Too many wrong passwords came from this address.")
_OF_NAME_REASON = say("Too many wrong passwords came for this name.")


class TooManyFailures(Explained):
    """An address gave too many wrong passwords; `retry_after` is in seconds."""

    def __init__(
        self,
        retry_after: int,
        reason: Message | None = None,
    ) -> None:
        super().__init__(reason or _OF_ADDRESS)
        self.retry_after = retry_after


def group_address(address: str) -> str:
    """Return what an address counts as: an IPv6 address as its network of 64 bits.

    One customer of a provider has all addresses of such a network (RFC 6177).
    """
    number = parse_address(address)
    if isinstance(number, IPv6Address):
        return f"{IPv6Address(int(number) >> 64 << 64)}/64"
    return address if number is None else str(number)


class Failures:
    """The wrong passwords of the last minutes, by address and by name. Thread-safe.

    | wrong passwords | so many | then |
    |---|---|---|
    | of one address, for any names | MAX_FAILURES a minute | 429 for the address |
    | for one name, of all addresses | MAX_OF_NAME in 15 minutes | see below |
    | for one name, of one address | MAX_OF_BOTH in 15 minutes, once the name has that many | \
    429 for the address, where it gives that name |

    So nobody is locked out by others: who has given no wrong password for a name may always try
    one. Names that nobody has count like others, and tell nothing. A wrong key has no name, and
    counts for its address.
    """

    def __init__(self, most: int = MAX_FAILURES, storage_uri: str = MEMORY) -> None:
        """Raises ConfigError where `storage_uri` is none that can be used."""
        self._of_address = RateLimitItemPerMinute(most)
        self._counts = SharedCounts(storage_uri)
        self._lock = threading.Lock()
        # Until when an address, or an address with a name, is refused without asking the counts.
        self._refused: dict[tuple[str, ...], tuple[float, Message]] = {}

    def check_refused(self, group: str, name: str | None) -> None:
        """Raise TooManyFailures where `check` did so, and its time is not over. It never waits."""
        now = time.monotonic()
        for key in ((group,), (group, _digest(name or ""))):
            with self._lock:
                until, reason = self._refused.get(key, (0.0, _OF_ADDRESS))
            if until > now:
                metrics.THROTTLED_LOGINS.inc()
                raise TooManyFailures(ceil(until - now), reason)

    def check(self, group: str, name: str | None) -> None:
        """Raise TooManyFailures where the address may give no password for the name now.

        It may wait for the storage of the counts.
        """
        seconds = self._counts.wait_seconds(self._of_address, _WHAT, "address", group)
        if seconds:
            self._refuse((group,), seconds, _OF_ADDRESS)
        if name is None:
            return
        digest = _digest(name)
        seconds = self._counts.wait_seconds(_OF_NAME, _WHAT, "name", digest)
        if not seconds:
            return
        seconds = min(seconds, self._counts.wait_seconds(_OF_BOTH, _WHAT, "both", group, digest))
        if seconds:
            self._refuse((group, digest), seconds, _OF_NAME_REASON)

    def add(self, group: str, name: str | None) -> None:
        """Count one more. It may wait for the storage of the counts."""
        metrics.FAILED_LOGINS.inc()
        self._counts.add(self._of_address, _WHAT, "address", group)
        if name is None:
            return
        digest = _digest(name)
        self._counts.add(_OF_NAME, _WHAT, "name", digest)
        self._counts.add(_OF_BOTH, _WHAT, "both", group, digest)

    def _refuse(self, key: tuple[str, ...], seconds: int, reason: Message) -> NoReturn:
        """Remember that `key` is refused for so long, and raise TooManyFailures."""
        now = time.monotonic()
        with self._lock:
            if len(self._refused) >= MAX_REMEMBERED:
                self._refused = {k: v for k, v in self._refused.items() if v[0] > now}
            if len(self._refused) < MAX_REMEMBERED:
                self._refused[key] = now + seconds, reason
        metrics.THROTTLED_LOGINS.inc()
        # Names stay out of the log: somebody may have typed a password there.
        logger.warning("wrong passwords: %s is throttled for %d seconds", key[0], seconds)
        raise TooManyFailures(seconds, reason)


def _digest(name: str) -> str:
    """Return what a name is counted as. It may be anything, even a password in the wrong place."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
