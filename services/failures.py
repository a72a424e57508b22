"""Wrong passwords, counted by the address that they come from."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import deque

import metrics
from messages import Explained, Message, say

logger = logging.getLogger(__name__)

# An address may give so many wrong passwords a minute: more than the few tries of a misconfigured
# client. That makes 86,400 guesses a day, which find no password but one of the common ones.
MAX_FAILURES = 60
FAILURE_SECONDS = 60.0


class TooManyFailures(Explained):
    """An address gave too many wrong passwords; `retry_after` is in seconds."""

    def __init__(
        self,
        retry_after: int,
        reason: Message | None = None,
    ) -> None:
        super().__init__(reason or say("Too many wrong passwords came from this address."))
        self.retry_after = retry_after


def group_address(address: str) -> str:
    """Return what an address counts as: an IPv6 address as its network of 64 bits.

    One customer of a provider has all addresses of such a network (RFC 6177).
    """
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(number, ipaddress.IPv4Address):
        return address
    if number.ipv4_mapped is not None:
        return str(number.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(number) >> 64 << 64)}/64"


class Failures:
    """The failures of the last minute, by address. Not thread-safe."""

    def __init__(self, most: int = MAX_FAILURES) -> None:
        self._most = most
        self._times: dict[str, deque[float]] = {}

    def add(self, group: str) -> None:
        """Count one more; forget the addresses that gave none for a minute."""
        now = time.monotonic()
        for known in [g for g, times in self._times.items() if times[-1] < now - FAILURE_SECONDS]:
            del self._times[known]
        times = self._times.setdefault(group, deque())
        times.append(now)
        metrics.FAILED_LOGINS.inc()
        if len(times) == self._most:
            logger.warning("%d wrong passwords a minute: %s is throttled", self._most, group)

    def check(self, group: str) -> None:
        """Raise TooManyFailures where the address may give no further password now."""
        times = self._times.get(group)
        if times is None:
            return
        since = time.monotonic() - FAILURE_SECONDS
        while times and times[0] < since:
            times.popleft()
        if not times:
            del self._times[group]
        elif len(times) >= self._most:
            metrics.THROTTLED_LOGINS.inc()
            raise TooManyFailures(retry_after=int(times[0] - since) + 1)
