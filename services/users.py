"""Who may call: users with hashed passwords, verified once and then by a keyed digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict, deque

from werkzeug.security import check_password_hash, generate_password_hash

# A scrypt check takes 120 ms, more than ten searches.
REMEMBERED = 1_000
# A minute's wrong passwords of one address: more than a misconfigured client's few tries, and
# 86,400 guesses a day say nothing of a password that is not in a list of common ones.
FAILURES = 60
FAILURE_SECONDS = 60.0


class TooManyFailures(Exception):
    """An address gave too many wrong passwords; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many wrong passwords came from this address.")
        self.retry_after = retry_after


class Users:
    """The users and their roles; passwords are kept as salted scrypt hashes only. Thread-safe."""

    def __init__(self, users: dict[str, tuple[str, str]]) -> None:
        """Take {username: (password, role)}."""
        self._users = {
            name.encode(): (generate_password_hash(password), role)
            for name, (password, role) in users.items()
        }
        # What an unknown name is checked against, so that it takes as long as a known one.
        self._nobody = generate_password_hash(secrets.token_urlsafe())
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, str] = OrderedDict()
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        # One scrypt check at a time: each takes a core and 32 MB.
        self._checking = threading.Lock()

    def role(self, username: str, password: str, address: str) -> str | None:
        """Return the user's role, or None where name or password is wrong.

        Raises TooManyFailures instead of checking another password from an address that gave too
        many wrong ones; credentials that were right before go on being so.
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
                if len(self._verified) > REMEMBERED:
                    self._verified.popitem(last=False)
        return role

    def _digest(self, username: str, password: str) -> bytes:
        name, word = username.encode("utf-8", "replace"), password.encode("utf-8", "replace")
        message = len(name).to_bytes(8, "big") + name + word
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def _check(self, username: str, password: str) -> str | None:
        stored, role = self._users.get(username.encode("utf-8", "replace"), (self._nobody, None))
        with self._checking:
            right = check_password_hash(stored, password)
        # To the hash, NULs at the end of a password are nothing.
        return role if right and "\0" not in password else None

    def _refuse_after_failures(self, address: str) -> None:
        now = time.monotonic()
        for known in [
            a for a, times in self._failures.items() if times[-1] < now - FAILURE_SECONDS
        ]:
            del self._failures[known]
        times = self._failures.get(address, deque())
        while times and times[0] < now - FAILURE_SECONDS:
            times.popleft()
        if len(times) >= FAILURES:
            raise TooManyFailures(retry_after=int(times[0] + FAILURE_SECONDS - now) + 1)
