"""Who may call: users with hashed passwords, each checked once and then known by a keyed digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from cachetools import LRUCache
from werkzeug.security import check_password_hash, generate_password_hash

# Credentials that were right are remembered: a scrypt check takes 120 ms, more than ten searches.
REMEMBERED = 1_000
# An address may give so many wrong passwords a minute: more than the few tries of a misconfigured
# client. That makes 86,400 guesses a day, which find no password but one of the common ones.
MAX_FAILURES = 60
FAILURE_SECONDS = 60.0


class TooManyFailures(Exception):
    """An address gave too many wrong passwords; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many wrong passwords came from this address.")
        self.retry_after = retry_after


class Users:
    """The users and their roles; keeps passwords as salted scrypt hashes only. Thread-safe."""

    def __init__(
        self,
        users: Mapping[str, tuple[str, str]],
        *,
        max_failures: int = MAX_FAILURES,
        check_hash: Callable[[str, str], bool] = check_password_hash,
    ) -> None:
        """Take {username: (password, role)}; `check_hash` compares a hash with a password."""
        self._users = {
            name.encode(): (generate_password_hash(password), role)
            for name, (password, role) in users.items()
        }
        self._max_failures = max_failures
        self._check_hash = check_hash
        # An unknown name is checked against this hash, so that it takes as long as a known one.
        self._nobody = generate_password_hash(secrets.token_urlsafe())
        self._key = secrets.token_bytes(32)
        self._verified: LRUCache[bytes, str] = LRUCache(REMEMBERED)
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        # One scrypt check at a time: each takes a core and 32 MB.
        self._checking = threading.Lock()

    def authenticate(self, username: str, password: str, address: str) -> str | None:
        """Return the user's role, or None when name or password is wrong.

        Raises TooManyFailures when the address gave too many wrong passwords: then no further one
        is checked. Credentials that were right before stay right.
        """
        digest = self._digest(username, password)
        with self._lock:
            role = self._verified.get(digest)
            if role is not None:
                return role
            self._refuse_after_failures(address)
        role = self._check(username, password)
        with self._lock:
            if role is None:
                self._failures.setdefault(address, deque()).append(time.monotonic())
            else:
                self._verified[digest] = role
        return role

    def _digest(self, username: str, password: str) -> bytes:
        name, word = username.encode("utf-8", "replace"), password.encode("utf-8", "replace")
        message = len(name).to_bytes(8, "big") + name + word
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def _check(self, username: str, password: str) -> str | None:
        stored, role = self._users.get(username.encode("utf-8", "replace"), (self._nobody, None))
        with self._checking:
            right = self._check_hash(stored, password)
        # The hash ignores NULs at the end of a password.
        return role if right and "\0" not in password else None

    def _refuse_after_failures(self, address: str) -> None:
        since = time.monotonic() - FAILURE_SECONDS
        for known in [a for a, times in self._failures.items() if times[-1] < since]:
            del self._failures[known]
        times = self._failures.get(address, deque())
        while times and times[0] < since:
            times.popleft()
        if len(times) >= self._max_failures:
            raise TooManyFailures(retry_after=int(times[0] - since) + 1)
