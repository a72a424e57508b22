"""One connection: uvicorn's protocol, with bounds on what comes before a login."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

import metrics
from services.failures import group_address
from translations.catalogs import Language
from web.guests import SILENT_SECONDS, STRANGER_SECONDS, Guests
from web.language import read_language
from web.recorder import Note
from web.refusals import Refused, header_too_large, incomplete_body, malformed

# Of the headers of one request. nginx takes as much by default, Apache as many.
HEAD_BYTES = 32 * 1024
HEAD_LINES = 100
# Requests that came before the answer to an earlier one.
MAX_PIPELINED = 16
# What a stranger may leave unread of our answers.
STRANGERS_BUFFER = 16 * 1024

_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


class Connection(HttpToolsProtocol):
    """Counts as a stranger until a request of it had right credentials."""

    guests: Guests
    language: Language = "en"

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.known = False
        # Whether a body is being received.
        self.receiving = False
        self._group = ""
        # Bytes of the headers that are being received; None within a body.
        self._head: int | None = 0
        self._messages = 0
        # Bytes that were dropped of the body of a refused request, or after the last answer.
        self._dropped: int | None = None
        self._ends = False
        self._half_closed = False
        # The same socket for threads, which the event loop can't close under them.
        self._socket: socket.socket | None = None
        self._socket_lock = threading.Lock()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(STRANGERS_BUFFER)
        self._group = group_address(self.client[0]) if self.client else ""
        self.guests.strangers.enter(self, self._group, time.monotonic() + STRANGER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self.guests.forget(self, self._group)
        with self._socket_lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
        super().connection_lost(exc)
        if self.cycle is None or self.cycle.response_complete:
            # Without the circles, the memory is free at once.
            self.cycle = self.scope = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._dropped is not None:
            self._dropped += len(data)
            if not self.guests.drop(self, self._dropped, known=self.known):
                self.cut()
                return
        if self._ends:
            return
        if self._head is not None and b"pgrade" in data:
            data = _decline_upgrade(data)
        messages = self._messages
        super().data_received(data)
        if self._head is not None and not self._ends:
            # Headers that began somewhere within this data may be shorter than it.
            whole = messages == self._messages
            self._hold_head(self._head + len(data) if whole else min(len(data), HEAD_BYTES))

    def _hold_head(self, size: int) -> None:
        """Keep so many bytes of headers that are not complete, if they are not too many."""
        short = size <= HEAD_BYTES and len(self.headers or ()) <= HEAD_LINES
        fits = short and self.guests.hold(self, self._group, size)
        self._head = size
        if not fits:
            self.end(header_too_large(HEAD_BYTES, HEAD_LINES))

    def on_headers_complete(self) -> None:
        if self._head:
            self.guests.hold(self, self._group, 0)
        self._head = None
        if len(self.headers) > HEAD_LINES:
            raise ValueError  # httptools ends the parsing
        coding = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if coding and (coding != [b"chunked"] or self.parser.get_http_version() != "1.1"):
            raise ValueError  # httptools ends the parsing
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError
        scope: Any = self.scope
        scope["connection"] = self
        super().on_headers_complete()
        scope["cycle"] = self.cycle

    def on_body(self, body: bytes) -> None:
        if self._dropped is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._dropped is not None:
            self.guests.stop_dropping(self)
        self._head, self._dropped = 0, None
        self._messages += 1
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request, or wait for one: uvicorn's own would set a timer for each."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._half_closed:
            self.transport.close()
        else:
            self.wait(SILENT_SECONDS if self.known else STRANGER_SECONDS)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep our half open where an answer is still to come."""
        self._half_closed = True
        cycle = self.cycle
        if cycle is None or cycle.response_complete or self._ends:
            return False
        if cycle.more_body and not cycle.response_started:
            self.end(incomplete_body())
        return True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        many = self.headers is not None and len(self.headers) > HEAD_LINES
        self.end(header_too_large(HEAD_BYTES, HEAD_LINES) if many else malformed())

    def wait(self, seconds: float) -> None:
        """Let the connection be cut off unless it goes on within so many seconds."""
        crowd = self.guests.known if self.known else self.guests.strangers
        crowd.enter(self, self._group, time.monotonic() + seconds)

    def log_in(self) -> None:
        """Count as known from now on; no deadline holds while a request is in hand."""
        if not self.known:
            self.guests.strangers.leave(self)
            self.known = True
            self.transport.set_write_buffer_limits()
            if self._socket is None:
                self._socket = self.transport.get_extra_info("socket").dup()
        self.guests.known.enter(self, self._group, float("inf"))

    def log_out(self) -> None:
        """Count as a stranger from now on."""
        if self.known:
            self.guests.known.leave(self)
            self.known = False
            self.transport.set_write_buffer_limits(STRANGERS_BUFFER)
        self.wait(STRANGER_SECONDS)

    def drop_body(self, cycle: Any, length: int) -> None:
        """Keep nothing of the rest of a body of so many bytes, whose request is refused."""
        if self.cycle is cycle and cycle.more_body and self._dropped is None:
            self._dropped = 0
            if length > self.guests.most_dropped(known=self.known):
                cycle.keep_alive = False  # no other request can follow this one
        cycle.body = bytearray()
        self.flow.resume_reading()

    def close(self) -> None:
        """Close the connection after its last answer, which the client must be able to read.

        A socket that is closed with unread bytes resets the connection, and the client loses the
        answer. So where a refused body still comes, only our half is closed, and the body dropped
        until the client closes its own (RFC 9112, section 9.6).
        """
        if self._dropped is None or self._half_closed:
            self.transport.close()
        else:
            self._ends = True
            self.transport.write_eof()

    def end(self, refused: Refused) -> None:
        """Answer what can't be read on, where no answer is being sent; then read no more."""
        self._ends, self._dropped = True, self._dropped or 0
        cycle = self.cycle
        earlier = cycle is not None and not cycle.response_complete
        if earlier and cycle.more_body and self.pipeline:
            self.cut()  # the answers to others come first, and this one has none
            return
        if earlier and (cycle.response_started or not cycle.more_body):
            # The answers to earlier requests come first, and are the last.
            cycle.keep_alive = False
            return
        if earlier:
            cycle.disconnected = True
            cycle.message_event.set()
        if not self.transport.is_closing():
            language = read_language(self.headers or (), self.language)
            scope: Any = cycle.scope if earlier and cycle is not None else {}
            note = scope.get("note") or Note(None, metrics.OTHER, "")
            self.transport.write(refused.as_bytes(language, note.request_id))
            note.refuse(None, refused.status)
            if self._half_closed:
                self.transport.close()
            else:
                self.transport.write_eof()
                self.wait(STRANGER_SECONDS)

    def shutdown(self) -> None:
        if self._ends:
            self.cut()
        else:
            super().shutdown()

    def send_now(self, data: bytes) -> bytes:
        """Send from any thread what the system takes at once; return what is left.

        Only for the answer whose turn it is: nothing else writes meanwhile.
        """
        with self._socket_lock:
            if self._socket is None or self.transport.get_write_buffer_size():
                return data
            try:
                return data[self._socket.send(data) :]
            except OSError:
                return data  # the event loop meets the same, and closes the connection

    def cut(self) -> None:
        """Close the connection now, whatever the client has not read yet."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()


def _decline_upgrade(data: bytes) -> bytes:
    """Return what begins with headers without the offer of another protocol.

    Java's client offers HTTP/2 in every first request; httptools would then skip the body.
    """
    end = data.find(b"\r\n\r\n")
    head = data if end < 0 else data[:end]
    return _UPGRADE.sub(b"\r\nx-declined:", head) + data[len(head) :]


def make_protocol(guests: Guests, language: Language = "en") -> type[Connection]:
    """Return the class of the connections that `guests` holds.

    They refuse in `language` what asks for no other one.
    """
    return type("GuestConnection", (Connection,), {"guests": guests, "language": language})
