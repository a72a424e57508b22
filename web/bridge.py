"""The bridge from the event loop to the WSGI app: it judges, receives, runs the app, and sends."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from request_ids import HEADER, set_request_id
from translations.catalogs import Language
from web.bodies import COPIES_OF_UPLOADS, IN_MEMORY, Body, Disconnected, Disk
from web.gate import Gate, Head
from web.guests import SILENT_SECONDS
from web.language import read_language
from web.places import WAIT_SECONDS, Places, name_kind
from web.recorder import CLIENT_GONE, NOTE, Note
from web.refusals import Headers, Refused, failed
from web.reply import Reply
from web.threads import Threads
from web.validation import FILE_PATHS

logger = logging.getLogger(__name__)

# A large answer is read in parts of so many bytes, and sent in smaller ones.
PART = 1024 * 1024
SENT = 64 * 1024
# Threads that write large bodies and read large answers.
FILE_THREADS = 2
# The answers to these are always the same, and given without a thread.
KEPT_PATHS = ("/livez", "/health")
# A stranger gets so long for a password to be checked, or an answer that needs none to be read.
ANSWER_SECONDS = 2 * WAIT_SECONDS
# A timer for less is not worth it.
SHORT_SECONDS = 0.001


class Response:
    """What the app answers, in parts; a thread is held only while a part is made."""

    def __init__(self, app: Any, environ: dict[str, Any]) -> None:
        self._app = app
        self._environ = environ
        self._parts: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())
        self.status = 0
        self.headers: Headers = []
        self.more = True

    def start(self) -> bytes:
        """Run the app; return the first part."""
        try:
            self._parts = self._app(self._environ, self._start_response)
            self._iterator = iter(self._parts)
            part = self.next_part()
        except BaseException:
            self.close()
            raise
        if not self.more:
            self.close()
        return part

    def next_part(self) -> bytes:
        part = bytearray()
        for chunk in self._iterator:
            if len(chunk) >= PART and not part:
                return chunk
            part += chunk
            if len(part) >= PART:
                return bytes(part)
        self.more = False
        return bytes(part)

    def close(self) -> None:
        parts, self._parts = self._parts, ()
        if hasattr(parts, "close"):
            parts.close()

    def _start_response(self, status: str, headers: Any, _exc_info: Any = None) -> None:
        self.status = int(status[:3])
        self.headers = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers]


class Bridge:
    """The ASGI app of the server. It belongs to the event loop."""

    def __init__(
        self, app: Any, gate: Gate, *, threads: int, disk_bytes: int, language: Language = "en"
    ) -> None:
        self._app = app
        self._gate = gate
        self._language = language
        self._places = Places(threads)
        self._disk = Disk(disk_bytes)
        self._threads = Threads(threads, "request")
        self._file_threads = Threads(FILE_THREADS, "file")
        self._kept: dict[tuple[str, str], tuple[int, Headers, bytes]] = {}

    async def __call__(self, scope: Any, receive: Any, _send: Any) -> None:
        head = read_head(scope)
        note = scope["note"] = Note(head.request_id, head.method, head.path)
        set_request_id(note.request_id)  # of this task alone
        try:
            await self._answer(scope, receive, head)
        except Refused as refused:
            await self._refuse(scope, head, refused)
        except Disconnected:
            note.refuse(self._app, CLIENT_GONE)
        except TimeoutError:
            scope["cycle"].disconnected = True
            scope["connection"].cut()
        except Exception as error:
            logger.error("A request failed unexpectedly", exc_info=error)
            if scope["cycle"].response_started:
                raise
            await self._refuse(scope, head, failed())

    async def _answer(self, scope: Any, receive: Any, head: Head) -> None:
        connection, cycle = scope["connection"], scope["cycle"]
        kept = self._kept.get((head.method, head.path))
        if kept is not None and not head.length and not head.chunked:
            status, headers, part = kept
            await _reply(scope, status, [*headers, *self._gate.more_headers(head)], part)
            scope["note"].finish(head.path, status)
            return
        if not connection.known:
            connection.wait(ANSWER_SECONDS)
        known = await self._gate.judge(head)
        if known:
            connection.log_in()
        self._gate.check_size(head, known=known)
        body = Body(
            self._disk,
            self._file_threads,
            limit=self._gate.limit(head.path),
            copies=COPIES_OF_UPLOADS if head.path in FILE_PATHS else 1,
        )
        try:
            if not cycle.more_body and len(cycle.body) <= IN_MEMORY:
                body.file = io.BytesIO(cycle.body)
                body.size = len(cycle.body)
            else:
                body.announce(head.length)
                connection.receiving = True
                await body.receive(receive)
                connection.receiving = False
            kind = name_kind(head.method, head.path) if known else "open"
            environ = make_environ(scope, body.file) | {NOTE: scope["note"]}
            if head.chunked:
                del environ["HTTP_TRANSFER_ENCODING"]
                environ["CONTENT_LENGTH"] = str(body.size)
            await self._run(kind, environ, cycle)
        finally:
            body.close()

    async def _refuse(self, scope: Any, head: Head, refused: Refused) -> None:
        connection, cycle = scope["connection"], scope["cycle"]
        if cycle.waiting_for_100_continue or refused.status == 408:
            # The client may send the body after all, or may not: what follows can't be told.
            cycle.keep_alive = False
        connection.receiving = False
        stranger = refused.status in (401, 429)
        if stranger:
            connection.log_out()
        connection.drop_body(cycle, head.length)
        if stranger:
            delay = self._gate.delay(head)
            if delay > SHORT_SECONDS:
                connection.wait(ANSWER_SECONDS)
                await asyncio.sleep(delay)
        language = read_language(scope["headers"], self._language)
        headers = [*refused.all_headers(language), *self._gate.more_headers(head)]
        await _reply(scope, refused.status, headers, refused.body(language))
        scope["note"].refuse(self._app, refused.status)

    async def learn_kept(self) -> None:
        """Ask the app for the answers that are always the same."""
        for path in KEPT_PATHS:
            for method in ("GET", "HEAD"):
                note = Note(None, method, path)
                note.done = True  # nobody asked
                asked: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, NOTE: note}
                asked["wsgi.input"] = io.BytesIO()
                response = Response(self._app, _INTERNAL | asked)
                part = await self._threads.run(response.start)
                headers = [one for one in response.headers if one[0] != HEADER.encode()]
                self._kept[method, path] = response.status, headers, part

    async def _run(self, kind: str, environ: dict[str, Any], cycle: Any) -> None:
        await self._places.take(kind)
        if cycle.disconnected:
            self._places.leave(kind)
            raise Disconnected
        holds = True
        response = Response(self._app, environ)
        try:
            reply = Reply(cycle)
            part, whole = await self._threads.run(partial(_start, response, reply))
            if whole:
                reply.end(part)
                return
            if kind != "open":
                # Who reads slowly holds no place; only strangers must not be many.
                self._places.leave(kind)
                holds = False
            while response.more or len(part) > SENT:
                for at in range(0, len(part), SENT):
                    async with asyncio.timeout(SILENT_SECONDS):
                        await reply.send(part[at : at + SENT])
                if cycle.disconnected:
                    return
                part = b""
                if response.more:
                    part = await self._file_threads.run(response.next_part)
            await reply.finish(part)
        finally:
            if holds:
                self._places.leave(kind)
            if response.more:
                response.close()


def _start(response: Response, reply: Reply) -> tuple[bytes, bool]:
    """Run the app. Return the first part and False; what is left and True if it was sent whole."""
    part = response.start()
    reply.begin(response.status, response.headers)
    if response.more or len(part) > SENT:
        return part, False
    return reply.send_whole(part), True


async def _reply(scope: Any, status: int, headers: Headers, body: bytes) -> None:
    reply = Reply(scope["cycle"])
    reply.begin(status, [*headers, (HEADER.encode(), scope["note"].request_id.encode())])
    await reply.finish(body)


def read_head(scope: Any) -> Head:
    values: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        # As the app gets them. The parser lets through one Content-Length alone.
        values[name] = f"{values[name]},{text}" if name in values else text
    return Head(
        method=scope["method"],
        path=scope["path"],
        authorization=values.get(b"authorization", ""),
        forwarded_for=values.get(b"x-forwarded-for", ""),
        forwarded_proto=values.get(b"x-forwarded-proto", ""),
        origin=values.get(b"origin", ""),
        asked_method=values.get(b"access-control-request-method", ""),
        length=int(values.get(b"content-length", 0)),
        chunked=b"transfer-encoding" in values,
        request_id=values.get(b"x-request-id", ""),
        peer=scope["client"][0] if scope["client"] else "",
    )


_INTERNAL: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input_terminated": True,
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def make_environ(scope: Any, body: BinaryIO) -> dict[str, Any]:
    """Return what a WSGI app is called with (PEP 3333)."""
    host, port = scope["server"] or ("localhost", 80)
    environ = _INTERNAL | {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.input": body,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # it would be taken for the name with a hyphen
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
