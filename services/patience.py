"""Waiting for a database at the start, as long as waiting can help."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable

import db
from db import DatabaseUnavailable, Pool

logger = logging.getLogger(__name__)

# libpq puts the severity and two spaces before what a server said, whatever the server's language.
_SAID_BY_SERVER = re.compile(r"\w+:  ")
# A server that starts, stops or is full. It says so in its own language, so this is English only.
_PASSES = re.compile(
    r"starting up|shutting down|recovery|not yet accepting|too many|connection slots"
    r"|try again later"
)
# What no time mends: no database, no such user, wrong password, no entry in pg_hba.conf, no TLS.
_STAYS = re.compile(
    r"authentication failed|does not exist|no such (?:database|user)|no pg_hba\.conf entry"
    r"|permission denied|no password supplied|does not support SSL|certificate"
)


class DatabaseRefuses(DatabaseUnavailable):
    """The server, or TLS, refuses the connection; its own words are the cause."""


def wait_for_database(pool: Pool, seconds: float, names: Iterable[str] = ()) -> None:
    """Return once PostgreSQL answers. Raises DatabaseUnavailable after `seconds` without.

    Raises DatabaseRefuses at once where waiting can't help. `names` are those of the user and the
    database: a server's refusal names one of them in any language.
    """
    deadline = time.monotonic() + seconds
    reason = None
    while True:
        try:
            return db.ping(pool)
        except DatabaseUnavailable as error:
            said = str(error.__cause__ or "")
            if is_refusal(said, names):
                raise DatabaseRefuses("PostgreSQL refuses the connection.") from error.__cause__
            if time.monotonic() > deadline:
                raise
            if said != reason:
                logger.info("Waiting for the database: %s %s", error, " ".join(said.split()))
            reason = said
            time.sleep(0.5)


def is_refusal(said: str, names: Iterable[str] = ()) -> bool:
    """Return whether libpq's text says that the server, or TLS, refuses what it was asked for."""
    if _PASSES.search(said):
        return False
    if _STAYS.search(said):
        return True
    server = _SAID_BY_SERVER.search(said)
    words = re.findall(r"[\w.@-]+", said[server.end() :]) if server else []
    return any(name in words for name in names)
