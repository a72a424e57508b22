"""The id of the request that the current work belongs to, for the lines of the log."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-Id"
# What a caller's id may be, such as a UUID or an id of a proxy. Another one is not taken.
_TAKEN = re.compile(r"[A-Za-z0-9._=-]{1,64}")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def choose_request_id(given: str | None) -> str:
    """Return the id that a caller gave if it is short and plain, or else a new one."""
    return given if given and _TAKEN.fullmatch(given) else secrets.token_hex(8)


def current_request_id() -> str | None:
    """Return the id of the request that this thread or task works for, or None."""
    return _current.get()


def set_request_id(request_id: str | None) -> None:
    """Let this thread or task work for a request from now on, or for none."""
    _current.set(request_id)


@contextmanager
def work_for(request_id: str | None) -> Iterator[None]:
    """Let this thread or task work for a request until the end of the block."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
