"""Connections of one kind: how many there may be, and until when."""

from __future__ import annotations

import time
from math import inf
from typing import Protocol


class Connection(Protocol):
    """What can be cut off."""

    def cut(self) -> None: ...


class Crowd:
    """Holds at most `most` connections, and at most `most_of_one` of one address.

    Of several kinds of connections, one is in one crowd. Not thread-safe: it belongs to the event
    loop. A step takes the same time, however many connections there are.
    """

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        # {group: {connection: deadline}}, in the order in which they came.
        self._groups: dict[str, dict[Connection, float]] = {}
        self._group_of: dict[Connection, str] = {}
        self._groups_by_size: dict[int, dict[str, None]] = {}
        self._largest = 0

    def __len__(self) -> int:
        return len(self._group_of)

    def enter(self, connection: Connection, group: str, deadline: float) -> None:
        """Take a connection, or give it a new deadline; with one of `inf` it is at work.

        Where there are too many, cut the oldest idle one of its address or, where they are too many
        in all, of the address that has most: who opens few connections keeps them.
        """
        if self._group_of.get(connection) == group:
            mine = self._groups[group]
            del mine[connection]
            mine[connection] = deadline
            return
        if len(self._groups.get(group, ())) >= self._most_of_one:
            self._cut_oldest(group)
        elif len(self) >= self._most:
            self._cut_oldest(next(iter(self._groups_by_size[self._largest])))
        mine = self._groups.setdefault(group, {})
        mine[connection] = deadline
        self._group_of[connection] = group
        self._resize(group, len(mine) - 1, len(mine))

    def leave(self, connection: Connection) -> None:
        group = self._group_of.pop(connection, None)
        if group is None:
            return
        mine = self._groups[group]
        del mine[connection]
        self._resize(group, len(mine) + 1, len(mine))
        if not mine:
            del self._groups[group]

    def cut_expired(self, most: int) -> int:
        """Cut connections whose deadline has passed, at most so many; return how many."""
        now = time.monotonic()
        expired = [c for mine in self._groups.values() for c, end in mine.items() if end < now]
        for connection in expired[:most]:
            self.leave(connection)
            connection.cut()
        return min(len(expired), most)

    def _cut_oldest(self, group: str) -> None:
        mine = self._groups[group]
        oldest = next((c for c, end in mine.items() if end < inf), next(iter(mine)))
        self.leave(oldest)
        oldest.cut()

    def _resize(self, group: str, before: int, after: int) -> None:
        if before:
            del self._groups_by_size[before][group]
            if not self._groups_by_size[before]:
                del self._groups_by_size[before]
        if after:
            self._groups_by_size.setdefault(after, {})[group] = None
        self._largest = max(self._largest, after)
        while self._largest and self._largest not in self._groups_by_size:
            self._largest -= 1
