"""The answer to one request, as bytes on its connection.

uvicorn's own `send` writes headers and body in two system calls, and the headers' names in lower
case. A small answer is sent by the thread that made it: to wake the event loop first would cost a
tenth of a search.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import Any

from web.connection import Connection
from web.refusals import Headers

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_WITHOUT_BODY = (204, 304)


class Reply:
    """Answers the request of one cycle of uvicorn's protocol, and then ends the cycle."""

    def __init__(self, cycle: Any) -> None:
        self._cycle = cycle
        self._head = b""
        self._chunked = False
        self._left = 0

    def begin(self, status: int, headers: Headers) -> None:
        """Set status and headers; they are sent with the first part of the body."""
        cycle = self._cycle
        lines = [_STATUS_LINES[status]]
        length = None
        for name, value in [*cycle.default_headers, *headers]:
            lines += (name, b": ", value, b"\r\n")
            if name.lower() == b"content-length":
                length = int(value)
        has_body = cycle.scope["method"] != "HEAD" and status not in _WITHOUT_BODY
        if has_body and length is None:
            self._chunked = cycle.scope["http_version"] == "1.1"
            if self._chunked:
                lines.append(b"Transfer-Encoding: chunked\r\n")
            else:
                cycle.keep_alive = False  # HTTP/1.0: the body ends with the connection
                length = sys.maxsize
        self._left = length if has_body and length else 0
        if not cycle.keep_alive:
            lines.append(b"Connection: close\r\n")
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        cycle.response_started = True
        cycle.waiting_for_100_continue = False

    def send_whole(self, part: bytes) -> bytes:
        """Send the whole body, in the thread that made it; return the bytes that are left."""
        data = self._frame(part) if part else b""
        connection: Connection = self._cycle.scope["connection"]
        return connection.send_now(data + self._frame(b""))

    def _frame(self, part: bytes) -> bytes:
        """Return the bytes of a part; an empty one is the last. The headers go before the first."""
        head, self._head = self._head, b""
        if self._chunked:
            return head + b"%x\r\n%s\r\n" % (len(part), part)
        part = part[: self._left]
        self._left -= len(part)
        return head + part

    async def send(self, part: bytes) -> None:
        """Send a part of the body once the client has read most of what was sent before."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        if part:
            cycle.transport.write(self._frame(part))

    async def finish(self, part: bytes) -> None:
        """Send the last part."""
        await self.send(part)
        self.end(self._frame(b""))

    def end(self, left: bytes = b"") -> None:
        """Send what is left, and go on to the next request."""
        cycle = self._cycle
        if cycle.disconnected:
            return
        if left:
            cycle.transport.write(left)
        cycle.response_complete = True
        cycle.message_event.set()
        if self._left or not cycle.keep_alive:
            cycle.scope["connection"].close()
        cycle.on_response()
