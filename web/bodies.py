"""Bodies of requests: received in the event loop, in bounded time, disk and memory."""

from __future__ import annotations

import asyncio
import errno
import io
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO

from messages import say
from web.refusals import busy, disk_full, too_large, too_slow
from web.threads import Threads

logger = logging.getLogger(__name__)

# A larger body goes to a temporary file.
IN_MEMORY = 512 * 1024
# A body may take so long, and a second more for each so many bytes that came: who sends less is
# slower than any line, and holds room on the disk.
GRACE_SECONDS = 60.0
MIN_BYTES_A_SECOND = 16 * 1024
# Nothing may come for so long.
SILENT_SECONDS = 60.0
# The app copies an upload: as a part of a form, or to look at it.
COPIES_OF_UPLOADS = 2

Receive = Callable[[], Awaitable[Any]]


class Disconnected(Exception):
    """The client went away before its body was whole."""


class Disk:
    """The room on the disk that bodies may take at once. It belongs to the event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    def take(self, size: int) -> None:
        """Take room. Raises Refused (503) where others have taken it; one alone gets any."""
        if self._taken and self._taken + size > self._most:
            raise busy(say("Other uploads take the room on the disk: try again later."))
        self._taken += size

    def give_back(self, size: int) -> None:
        self._taken -= size


class Body:
    """One body, and the room that it takes on the disk."""

    def __init__(self, disk: Disk, threads: Threads, *, limit: int, copies: int) -> None:
        """`limit` is in bytes; `threads` write the file; the app makes so many `copies`."""
        self._disk = disk
        self._threads = threads
        self._limit = limit
        self._copies = copies
        self._room = 0
        self.size = 0
        self._waiting = bytearray()
        self.file: BinaryIO = io.BytesIO()

    def announce(self, length: int) -> None:
        """Take the room for a body of this length, before it is sent. Raises Refused (503)."""
        if length > IN_MEMORY and length * self._copies > self._room:
            self._disk.take(length * self._copies - self._room)
            self._room = length * self._copies

    async def receive(self, receive: Receive) -> None:
        """Receive all of it. Raises Refused, and Disconnected."""
        began = time.monotonic()
        more = True
        while more:
            pace = GRACE_SECONDS + self.size / MIN_BYTES_A_SECOND - (time.monotonic() - began)
            try:
                async with asyncio.timeout(min(pace, SILENT_SECONDS)):
                    message = await receive()
            except TimeoutError:
                raise too_slow() from None
            if message["type"] == "http.disconnect":
                raise Disconnected
            more = message.get("more_body", False)
            await self._add(message.get("body", b""), more)

    async def _add(self, data: bytes, more: bool) -> None:
        self.size += len(data)
        if self.size > self._limit:
            raise too_large(self._limit)
        self.announce(self.size)
        self._waiting += data
        if not more and self.size <= IN_MEMORY:
            self.file = io.BytesIO(self._waiting)
        elif not more or len(self._waiting) >= IN_MEMORY:
            # Not in the event loop: the disk may be slow.
            try:
                await self._threads.run(partial(self._write, self._waiting, more))
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                logger.error("A body can't be kept: the disk is full", exc_info=error)
                raise disk_full() from error
            self._waiting = bytearray()

    def _write(self, data: bytearray, more: bool) -> None:
        if isinstance(self.file, io.BytesIO):
            self.file = tempfile.TemporaryFile()  # noqa: SIM115, `close` closes it
        self.file.write(data)
        self.file.flush()
        if not more:
            self.file.seek(0)

    def close(self) -> None:
        """Give the room back."""
        self._disk.give_back(self._room)
        self._room = 0
        with suppress(OSError):
            self.file.close()
