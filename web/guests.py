"""All connections: strangers, who have not logged in, and known callers, within the file limit."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from web.crowd import Crowd

if sys.platform != "win32":
    import resource

logger = logging.getLogger(__name__)

# A stranger's connection is cut off when no request with credentials came for so long.
STRANGER_SECONDS = 10.0
# A known caller's, when nothing came for so long.
SILENT_SECONDS = 120.0
# Measured: to hold many costs little (10 kB each), and to cut off few makes them come again.
MAX_STRANGERS = 8_192
# The headers that strangers have sent in part may take so much memory.
HEADS_BYTES = 64 * 1024 * 1024
# Files that the process opens for other things: the database's connections, the model, the log.
OTHER_FILES = 256
# Where no limit is known, as on Windows.
USUAL_FILES = 16_384
# A known caller's request takes its connection twice, its body and its answer.
FILES_OF_A_REQUEST = 4
# The rest of a refused body is read and dropped up to here, so that the client reads the answer. It
# costs no memory, and little time: the event loop looks at all connections in turn.
DROPPED_BYTES = 64 * 1024 * 1024
# Of strangers, so many connections at once may drop as much, and the others this much.
MAX_DROPPING = 64
STRANGERS_DROPPED_BYTES = 1024 * 1024
# At most so many connections are cut off in a row, so that others are answered between.
CUT_AT_ONCE = 25
LOOK_SECONDS = 0.5


class Guests:
    """Who is connected. It belongs to the event loop."""

    def __init__(self, files: int, *, max_upload_bytes: int) -> None:
        """`files` may be open at once; of an upload, `max_upload_bytes` are taken."""
        free = max(64, files - OTHER_FILES)
        strangers = min(MAX_STRANGERS, free // 2)
        known = (free - strangers) // FILES_OF_A_REQUEST
        # A quarter stays for other addresses than the greediest.
        self.strangers = Crowd(strangers, strangers * 3 // 4)
        self.known = Crowd(known, known)
        self._known_dropped_bytes = max(2 * max_upload_bytes, DROPPED_BYTES)
        self._dropping: set[Any] = set()
        self._held: dict[Any, int] = {}
        self._held_of: dict[str, int] = {}
        self._held_bytes = 0

    def hold(self, connection: Any, group: str, size: int) -> bool:
        """Note that a connection has so many bytes of headers; return whether all fit."""
        more = size - self._held.pop(connection, 0)
        if size:
            self._held[connection] = size
        self._held_bytes += more
        of_one = self._held_of.pop(group, 0) + more
        if of_one:
            self._held_of[group] = of_one
        return more <= 0 or (self._held_bytes <= HEADS_BYTES and of_one <= HEADS_BYTES * 3 // 4)

    def most_dropped(self, *, known: bool) -> int:
        """Return how many bytes of a refused body may be dropped."""
        return self._known_dropped_bytes if known else DROPPED_BYTES

    def drop(self, connection: Any, size: int, *, known: bool) -> bool:
        """Note that so many bytes of a refused body came; return whether more may come."""
        if not known and size > STRANGERS_DROPPED_BYTES and connection not in self._dropping:
            if len(self._dropping) >= MAX_DROPPING:
                return False
            self._dropping.add(connection)
        return size <= self.most_dropped(known=known)

    def stop_dropping(self, connection: Any) -> None:
        """Leave the room to another connection whose body is refused."""
        self._dropping.discard(connection)

    def forget(self, connection: Any, group: str) -> None:
        """Count a connection no longer that is closed."""
        self.strangers.leave(connection)
        self.known.leave(connection)
        self.stop_dropping(connection)
        self.hold(connection, group, 0)

    async def watch(self) -> None:
        """Cut off connections whose time is over, for ever."""
        while True:
            cut = self.strangers.cut_expired(CUT_AT_ONCE) + self.known.cut_expired(CUT_AT_ONCE)
            await asyncio.sleep(0.005 if cut >= CUT_AT_ONCE else LOOK_SECONDS)


def raise_file_limit() -> int:
    """Raise the process's limit of open files as far as it may; return it."""
    if sys.platform == "win32":
        return USUAL_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS says that there is no limit, and takes no more than this.
    wanted = min(hard, 65_536) if hard != resource.RLIM_INFINITY else 65_536
    if wanted > soft != resource.RLIM_INFINITY:
        for limit in (wanted, 10_240):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                break
            except (OSError, ValueError) as error:
                logger.debug("The limit of open files stays: %s", error)
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return USUAL_FILES if soft == resource.RLIM_INFINITY else soft
