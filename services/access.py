"""Who calls: a user or a key, its role, and the collections that it is limited to.

| role | may |
|---|---|
| `reader` | search, read, export, check |
| `editor` | also write items and thresholds, upload, evaluate, cancel jobs |
| `admin` | also delete collections, and manage users and keys if it is limited to no collections |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias, get_args

Role: TypeAlias = Literal["reader", "editor", "admin"]
# Each may do what those before it may.
ROLES: tuple[Role, ...] = get_args(Role)


def list_roles_from(least: Role) -> list[str]:
    """Return the roles that may do what `least` may."""
    return list(ROLES[ROLES.index(least) :])


def narrow(named: Sequence[str] | None, visible: frozenset[str] | None) -> list[str] | None:
    """Return which collections are meant by those that are named, or by none; None for all.

    Those that are not `visible` are not there for who asks; None lets all be seen.
    """
    if named is None:
        return None if visible is None else sorted(visible)
    return [name for name in named if visible is None or name in visible]


class Caller(NamedTuple):
    """Somebody whose credentials were right."""

    name: str
    role: str
    kind: Literal["user", "key"] = "user"
    # None where all may be seen.
    collections: frozenset[str] | None = None
    # Of a key; several keys may have one name.
    key_id: int | None = None

    def sees(self, collection: str) -> bool:
        """Return whether a collection is there for this caller."""
        return self.collections is None or collection in self.collections
