"""Clients on raw sockets, many at once, as attackers and careful callers open them."""

from __future__ import annotations

import base64
import json
import resource
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.support.client import PASSWORD, USER


def basic(name: str, password: str) -> str:
    """Return the header of a name and its password."""
    return "Authorization: Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


AUTH = basic(USER, PASSWORD)
# A machine may be slow, but not so slow.
PATIENCE = 60.0


def write_head(line: str, *headers: str) -> bytes:
    """Return the head of a request, such as of "GET /jobs"."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def read_answer(conn: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (by lower name) and body; (0, {}, b"") where there is no answer."""
    data = b""
    with suppress(ConnectionError):
        while b"\r\n\r\n" not in data and (more := conn.recv(1)):
            data += more
    if not data:
        return 0, {}, b""
    lines = data.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in lines[1:] if line]
    headers = {name.lower(): value for name, _, value in pairs}
    body = b""
    while (left := int(headers.get("content-length", 0)) - len(body)) and (more := conn.recv(left)):
        body += more
    return int(lines[0].split()[1]), headers, body


def ask(port: int, *pieces: bytes) -> tuple[int, dict[str, str], Any]:
    """Send the pieces on a connection of their own; return status, headers and JSON."""
    with connect(port) as conn:
        for piece in pieces:
            conn.sendall(piece)
        status, headers, body = read_answer(conn)
    return status, headers, json.loads(body) if body else None


def post(
    port: int, path: str, body: bytes, *, known: bool = False, **headers: str
) -> tuple[int, str | None]:
    """Send all of a body before the answer is read; return status and the header Connection."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if known:
        named |= dict([AUTH.split(": ")])
    client = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(client):
        client.request("POST", path, body, named)
        answer = client.getresponse()
        answer.read()
    return answer.status, answer.getheader("Connection")


def is_closed(conn: socket.socket) -> bool:
    """Return whether the server closed the connection, after what it may have sent."""
    try:
        while conn.recv(65_536, socket.MSG_DONTWAIT):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def wait_until_closed(connections: Sequence[socket.socket], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    waiting = list(connections)
    while waiting := [conn for conn in waiting if not is_closed(conn)]:
        assert time.monotonic() < deadline, f"{len(waiting)} connections are still open"
        select.select([], [], [], 0.1)


@contextmanager
def hold(port: int, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Hold so many connections that each sent so much."""
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            held.append(connect(port))
            with suppress(ConnectionError):
                held[-1].sendall(sent)
        yield held
    finally:
        for conn in held:
            conn.close()


def allow_files(count: int) -> None:
    """Let this process have so many files open, or skip the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"this process may open {hard} files, and the test needs {count}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
