"""Who may call: the admin of the settings, users and keys of the database.

| credentials | are right if | each later request |
|---|---|---|
| the admin of API_USERNAME | the password is that of the settings | is known by this process |
| a user | the password fits the hash of the database, which takes 120 ms | reads the user: the hash must still be that one |
| a key | the database has its digest, and it has not expired | reads the key |

A process remembers credentials that were right by a keyed digest of them. For users and keys that
spares the slow hash, and the wait behind other passwords; the database has the last word in each
request. So what changes there holds at once, in all processes.
"""  # noqa: E501

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import NamedTuple

from cachetools import LRUCache
from werkzeug.security import check_password_hash, generate_password_hash

import store.keys
import store.users
from db import Pool
from services.access import Caller
from services.accounts import normalize_name
from services.failures import Failures, TooManyFailures, group_address
from services.keys import KeyUses, digest_key, is_key
from services.password_queue import PasswordQueue
from store.users import Login

__all__ = ["TooManyFailures", "Users"]

# Credentials that were right are remembered: a scrypt check takes 120 ms, more than ten searches.
REMEMBERED = 1_000


class Known(NamedTuple):
    """A caller, and what its credentials were checked against; None for those of the settings."""

    caller: Caller
    password_hash: str | None = None


class Users:
    """The callers and their roles; keeps passwords as salted scrypt hashes only. Thread-safe."""

    def __init__(
        self,
        users: Mapping[str, tuple[str, str]],
        pool: Pool | None = None,
        *,
        failures: Failures | None = None,
        check_hash: Callable[[str, str], bool] = check_password_hash,
    ) -> None:
        """Take {username: (password, role)} of the settings, and the database with the others.

        `failures` counts wrong passwords; without it, they are counted in memory. `check_hash`
        compares a hash with a password.
        """
        self._users = {
            normalize_name(name): Login(generate_password_hash(password), role, None)
            for name, (password, role) in users.items()
        }
        self._pool = pool
        self._uses = None if pool is None else KeyUses(pool)
        self._check_hash = check_hash
        # An unknown name is checked against this hash, so that it takes as long as a known one.
        self._nobody = generate_password_hash(secrets.token_urlsafe())
        self._secret = secrets.token_bytes(32)
        self._verified: LRUCache[bytes, Known] = LRUCache(REMEMBERED)
        self._failures = failures or Failures()
        self._lock = threading.Lock()
        self._passwords = PasswordQueue[Caller]()
        # A key takes a moment to check, so a wrong one lets nobody wait.
        self._keys = PasswordQueue[Caller](pause=0.0)

    def authenticate(self, username: str, password: str, address: str) -> Caller | None:
        """Return the caller as it is now, or None when name, password or key is wrong.

        A key comes as the password of any name. Raises TooManyFailures when the address gave too
        many wrong ones, by the rules of services/failures.py: then no further one is checked.
        Credentials that were right before stay right. Raises DatabaseUnavailable.
        """
        digest = self._digest(username, password)
        with self._lock:
            known = self._verified.get(digest)
        if known is not None:
            caller = self._renew(known, password)
            if caller is not None:
                return caller
            with self._lock:
                self._verified.pop(digest, None)
        found = self.look_up(username, password, address)
        return found.result() if isinstance(found, Future) else found

    def look_up(self, username: str, password: str, address: str) -> Caller | Future[Caller | None]:
        """Return the caller of credentials that were right before, or what will have the result.

        It never waits, so it can't say whether they are right still. Raises TooManyFailures as
        `authenticate` does; the result may raise DatabaseUnavailable.
        """
        digest = self._digest(username, password)
        group = group_address(address)
        with self._lock:
            known = self._verified.get(digest)
        if known is not None:
            return known.caller
        self._failures.check_refused(group, _name_guessed(username, password))
        queue = self._keys if is_key(password) else self._passwords
        return queue.enter(
            digest, group, lambda: self._check_once(username, password, group, digest)
        )

    def knows(self, username: str, password: str) -> bool:
        """Return whether these credentials were right before."""
        with self._lock:
            return self._digest(username, password) in self._verified

    def _digest(self, username: str, password: str) -> bytes:
        # A key is the same with any name.
        name = b"" if is_key(password) else username.encode("utf-8", "replace")
        word = password.encode("utf-8", "replace")
        message = len(name).to_bytes(8, "big") + name + word
        return hmac.digest(self._secret, message, hashlib.sha256)

    def _check_once(self, username: str, password: str, group: str, digest: bytes) -> Caller | None:
        guessed = _name_guessed(username, password)
        self._failures.check(group, guessed)
        known = self._check(normalize_name(username), password)
        if known is None:
            self._failures.add(group, guessed)
            return None
        with self._lock:
            self._verified[digest] = known
        return known.caller

    def _check(self, name: str, password: str) -> Known | None:
        if is_key(password):
            caller = self._find_key(password)
            return None if caller is None else Known(caller)
        login = self._users.get(name) or self._find_login(name)
        right = self._check_hash(self._nobody if login is None else login.password_hash, password)
        # The hash ignores NULs at the end of a password.
        if login is None or not right or "\0" in password:
            return None
        return Known(_make_user(name, login), None if name in self._users else login.password_hash)

    def _renew(self, known: Known, password: str) -> Caller | None:
        """Return the caller as the database has it now; None if it is not there any more."""
        if known.caller.kind == "key":
            return self._find_key(password)
        if known.password_hash is None:
            return known.caller
        login = self._find_login(known.caller.name)
        if login is None or login.password_hash != known.password_hash:
            return None
        return _make_user(known.caller.name, login)

    def _find_login(self, name: str) -> Login | None:
        try:
            return None if self._pool is None else store.users.find_login(self._pool, name)
        except ValueError:
            return None  # it holds NUL, or a letter that the database's encoding has not

    def _find_key(self, secret: str) -> Caller | None:
        if self._pool is None or self._uses is None:
            return None
        key = store.keys.find_key(self._pool, digest_key(secret))
        if key is None:
            return None
        self._uses.note(key.id)
        collections = None if key.collections is None else frozenset(key.collections)
        return Caller(key.name, key.role, "key", collections, key.id)


def _name_guessed(username: str, password: str) -> str | None:
    """Return the name that a wrong password counts for; a key has none, whatever comes with it."""
    return None if is_key(password) else normalize_name(username)


def _make_user(name: str, login: Login) -> Caller:
    collections = None if login.collections is None else frozenset(login.collections)
    return Caller(name, login.role, "user", collections)
