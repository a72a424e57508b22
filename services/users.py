"""Who may call: users with hashed passwords, each checked once and then known by a keyed digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from cachetools import LRUCache
from werkzeug.security import check_password_hash, generate_password_hash

from services.failures import Failures, TooManyFailures, group_address
from services.password_queue import PasswordQueue

__all__ = ["TooManyFailures", "Users"]

# Credentials that were right are remembered: a scrypt check takes 120 ms, more than ten searches.
REMEMBERED = 1_000


class Users:
    """The users and their roles; keeps passwords as salted scrypt hashes only. Thread-safe."""

    def __init__(
        self,
        users: Mapping[str, tuple[str, str]],
        *,
        failures: Failures | None = None,
        check_hash: Callable[[str, str], bool] = check_password_hash,
    ) -> None:
        """Take {username: (password, role)}; `check_hash` compares a hash with a password.

        `failures` counts wrong passwords; without it, they are counted in memory.
        """
        self._users = {
            name.encode(): (generate_password_hash(password), role)
            for name, (password, role) in users.items()
        }
        self._check_hash = check_hash
        # An unknown name is checked against this hash, so that it takes as long as a known one.
        self._nobody = generate_password_hash(secrets.token_urlsafe())
        self._key = secrets.token_bytes(32)
        self._verified: LRUCache[bytes, str] = LRUCache(REMEMBERED)
        self._failures = failures or Failures()
        self._lock = threading.Lock()
        self._queue = PasswordQueue()

    def authenticate(self, username: str, password: str, address: str) -> str | None:
        """Return the user's role, or None when name or password is wrong.

        Raises TooManyFailures when the address gave too many wrong passwords, by the rules of
        services/failures.py: then no further one is checked. Credentials that were right before
        stay right.
        """
        found = self.look_up(username, password, address)
        return found.result() if isinstance(found, Future) else found

    def look_up(self, username: str, password: str, address: str) -> str | Future[str | None]:
        """Return the role of known credentials, or what will have the result of their check.

        It never waits. Raises TooManyFailures as `authenticate` does.
        """
        digest = self._digest(username, password)
        group = group_address(address)
        with self._lock:
            role = self._verified.get(digest)
        if role is not None:
            return role
        self._failures.check_refused(group, username)
        return self._queue.enter(
            digest, group, lambda: self._check_once(username, password, group, digest)
        )

    def knows(self, username: str, password: str) -> bool:
        """Return whether these credentials were right before."""
        with self._lock:
            return self._digest(username, password) in self._verified

    def _digest(self, username: str, password: str) -> bytes:
        name, word = username.encode("utf-8", "replace"), password.encode("utf-8", "replace")
        message = len(name).to_bytes(8, "big") + name + word
        return hmac.digest(self._key, message, hashlib.sha256)

    def _check_once(self, username: str, password: str, group: str, digest: bytes) -> str | None:
        self._failures.check(group, username)
        role = self._check(username, password)
        if role is None:
            self._failures.add(group, username)
            return None
        with self._lock:
            self._verified[digest] = role
        return role

    def _check(self, username: str, password: str) -> str | None:
        stored, role = self._users.get(username.encode("utf-8", "replace"), (self._nobody, None))
        right = self._check_hash(stored, password)
        # The hash ignores NULs at the end of a password.
        return role if right and "\0" not in password else None
