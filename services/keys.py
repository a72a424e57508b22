"""Keys of programs: made, known by their form, and noted when they are used.

A key is 32 random bytes, which nobody can guess, so all that is stored is a SHA-256 of it. From 112
random bits on, a secret needs no slower hash (NIST SP 800-63B, 5.1.2.2). Passwords need scrypt,
because people choose them; for a key it would add no protection, and cost 0.1 seconds.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from cachetools import TTLCache

import store.keys
from db import DatabaseUnavailable, Pool
from store.keys import Key, NewKey

logger = logging.getLogger(__name__)

MARK = "cpg_"
_KEY_BYTES = 32
# The form of what `token_urlsafe` writes for 32 bytes.
_FORM = re.compile(r"cpg_[A-Za-z0-9_-]{43}")
# So much of a key is shown later: 8 of its 43 characters, and 210 bits stay unknown.
_SHOWN_CHARS = len(MARK) + 8
# A process writes the use of a key at most once in so many seconds, of at most so many keys.
NOTED_SECONDS = 60.0
_MOST_NOTED = 10_000


def is_key(secret: str) -> bool:
    """Return whether a text has the form of a key."""
    return _FORM.fullmatch(secret) is not None


def digest_key(key: str) -> bytes:
    """Return what is stored of a key, 32 bytes."""
    return sha256(key.encode()).digest()


def create_key(
    pool: Pool,
    name: str,
    role: str,
    collections: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[Key, str]:
    """Store a new key; return it, and the key itself, which nobody can read again."""
    secret = MARK + secrets.token_urlsafe(_KEY_BYTES)
    prefix = secret[:_SHOWN_CHARS]
    new = NewKey(name, role, collections, prefix, digest_key(secret), expires_at)
    key = store.keys.insert_key(pool, new)
    logger.info("key %d was made: %s, %s", key.id, key.prefix, key.role)
    return key, secret


def revoke_key(pool: Pool, key_id: int) -> bool:
    """Delete a key, which then opens nothing any more; return whether there was one."""
    deleted = store.keys.delete_key(pool, key_id)
    if deleted:
        logger.info("key %d was revoked", key_id)
    return deleted


class KeyUses:
    """Writes when keys were used, beside the requests that use them. Thread-safe."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._noted: TTLCache[int, bool] = TTLCache(_MOST_NOTED, NOTED_SECONDS)
        self._waiting: set[int] = set()
        self._running = False

    def note(self, key_id: int) -> None:
        """Let the use be written soon, unless that was done a moment ago. It never waits."""
        with self._lock:
            if key_id in self._noted:
                return
            self._noted[key_id] = True
            self._waiting.add(key_id)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="key uses", daemon=True).start()

    def _run(self) -> None:
        while used := self._take():
            try:
                store.keys.note_uses(self._pool, used)
            except DatabaseUnavailable as error:
                logger.debug("The use of keys was not written: %s", error)

    def _take(self) -> list[int]:
        with self._lock:
            used, self._waiting = sorted(self._waiting), set()
            self._running = bool(used)
        return used
