"""Who calls: a user or a key, its role, and the collections that it is limited to."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Caller(NamedTuple):
    """Somebody whose credentials were right."""

    name: str
    role: str
    kind: Literal["user", "key"] = "user"
    # None where all may be seen.
    collections: frozenset[str] | None = None
