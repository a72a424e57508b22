"""Which requests may have a thread: each kind a part of all, so that no wait holds every one."""

from __future__ import annotations

import asyncio
from collections import deque

from messages import say
from web.refusals import busy

# The part of all threads that a kind may take. A hanging embedding server holds searches and writes
# (7/8), a locked collection writes and uploads (1/2).
SHARES = {
    "search": 5 / 8,
    "write": 1 / 4,
    "upload": 1 / 4,
    "export": 1 / 4,
    "read": 1 / 2,
    # Whatever needs no credentials, such as /readyz.
    "open": 1 / 8,
}
# So many requests of a kind may wait for a thread, and so long.
MAX_WAITING = 256
WAIT_SECONDS = 30.0


def name_kind(method: str, path: str) -> str:
    """Return the kind of a request whose caller is known."""
    if method in ("GET", "HEAD", "OPTIONS"):
        export = path.startswith("/collections/") and path.endswith(("/export", "/check"))
        errors = path.startswith("/jobs/") and path.endswith("/errors")
        return "export" if export or errors else "read"
    if path in ("/search", "/search/batch"):
        return "search"
    return "upload" if path == "/upload" else "write"


class Places:
    """Gives places to requests, in turns of their kinds. It belongs to the event loop."""

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._free_of = {kind: max(1, int(threads * share)) for kind, share in SHARES.items()}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {kind: deque() for kind in SHARES}

    async def take(self, kind: str) -> None:
        """Return when the request has a place. Raises Refused (503) where that takes too long."""
        if self._free and self._free_of[kind]:
            self._give(kind)
            return
        waiting = self._waiting[kind]
        if len(waiting) >= MAX_WAITING:
            raise busy(say("Too many requests of this kind wait already: try again later."))
        place = asyncio.get_running_loop().create_future()
        waiting.append(place)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self.leave(kind)
            elif place in waiting:
                waiting.remove(place)
            if isinstance(error, TimeoutError):
                raise busy(
                    say("Other requests of this kind take too long: try again later.")
                ) from None
            raise

    def leave(self, kind: str) -> None:
        """Give a place back; who waits for one gets it."""
        self._free += 1
        self._free_of[kind] += 1
        for other, waiting in self._waiting.items():
            while waiting and waiting[0].done():
                waiting.popleft()  # given up in this moment
            if waiting and self._free and self._free_of[other]:
                waiting.popleft().set_result(None)
                self._give(other)
                # Behind the other kinds from now on.
                self._waiting[other] = self._waiting.pop(other)
                return

    def _give(self, kind: str) -> None:
        self._free -= 1
        self._free_of[kind] -= 1
