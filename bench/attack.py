"""The service under attack: idle and dripping strangers, and threads of wrong passwords, at once.

`python -m bench.attack` starts the real service with a small embedder, and measures a logged-in
search and /livez before the attack and under it, on new connections. The attackers are a process of
their own, on the same machine and of the same address; they open each connection again that is cut
off. They take a part of the machine, and so may others, so a second service that nobody attacks is
measured in turns with the first. It fails where a bound is passed.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import resource
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from multiprocessing.synchronize import Event
from pathlib import Path

from local_service import ROOT, Service

IDLE, DRIPPING, FLOODERS = 5_000, 1_000, 64
SECONDS = 20.0
# The attack is at its height when this share of the connections is held, or this time is over.
HELD_SHARE, PREPARE_SECONDS = 0.9, 30.0
MAX_RATIO, MAX_LIVEZ_MS = 2.0, 100.0
DRIP = b"GET /search HTTP/1.1\r\nHost: bench\r\nX-Slow: "
# Searches that are made before anything is measured.
WARM_UP = 50
CREDENTIALS = ("admin", "a password of the benchmark")


class Caller:
    """A client that makes each request on a new connection."""

    def __init__(self, service: Service) -> None:
        self._port = service.port
        token = base64.b64encode(":".join(CREDENTIALS).encode()).decode()
        body = json.dumps({"question": "Question 7?"}).encode()
        self.search = (
            f"POST /search HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {token}\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        self.forget()
        self.livez = b"GET /livez HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"

    def time(self, request: bytes) -> float:
        """Return how long an answer takes, in milliseconds. Raises OSError where there is none."""
        began = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
            connection.sendall(request)
            answer = b""
            while more := connection.recv(65_536):
                answer += more
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise OSError(f"the answer was {answer[:40]!r}")
        return 1000 * (time.perf_counter() - began)

    def call(self) -> None:
        """Search, and ask for /livez; keep the times."""
        for request, times in ((self.search, self.searches), (self.livez, self.lives)):
            try:
                times.append(self.time(request))
            except OSError:
                self.failed += 1

    def forget(self) -> None:
        self.searches: list[float] = []
        self.lives: list[float] = []
        self.failed = 0

    def describe(self, name: str) -> str:
        return f"{name}\n  {describe('search', self.searches)}\n  {describe('/livez', self.lives)}"


class Strangers:
    """Connections that are opened again when they are cut off."""

    def __init__(self, port: int, count: int, sent: bytes) -> None:
        self._port = port
        self._sent = sent
        self._connections: list[socket.socket | None] = [None] * count

    def insist(self) -> int:
        """Open what is closed, send a byte where something was sent; return how many are held."""
        for number, connection in enumerate(self._connections):
            if connection is None or not self._go_on(connection):
                if connection is not None:
                    connection.close()
                self._connections[number] = self._open()
                if number % 50 == 0:
                    time.sleep(0.01)  # so that the attackers leave the caller some of the machine
        return sum(connection is not None for connection in self._connections)

    def _go_on(self, connection: socket.socket) -> bool:
        try:
            if self._sent:
                connection.send(b"a")
            return connection.recv(4096) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _open(self) -> socket.socket | None:
        with suppress(OSError):
            connection = socket.create_connection(("127.0.0.1", self._port), timeout=2)
            connection.sendall(self._sent)
            connection.setblocking(False)  # with a timeout, Python would wait before it receives
            return connection
        return None


def attack(port: int, sizes: tuple[int, int, int], ready: Event, ended: Event) -> None:
    """Attack until `ended`, in a process of its own; print how it went."""
    allow_many_files()
    idle, dripping, flooders = sizes
    statuses: Counter[str] = Counter()
    crowds = [Strangers(port, idle, b""), Strangers(port, dripping, DRIP)]
    threads = [
        threading.Thread(target=_flood, args=(port, n, statuses, ended)) for n in range(flooders)
    ]
    for thread in threads:
        thread.start()
    held: list[int] = []
    while not ended.is_set():
        began = time.monotonic()
        held.append(sum(crowd.insist() for crowd in crowds))
        if held[-1] >= HELD_SHARE * (idle + dripping):
            ready.set()
        ended.wait(max(0.0, 1 - (time.monotonic() - began)))
    for thread in threads:
        thread.join()
    print(f"attackers: {held[-1]} connections held, wrong passwords answered {dict(statuses)}")


def _flood(port: int, number: int, statuses: Counter[str], ended: Event) -> None:
    tries = 0
    while not ended.is_set():
        tries += 1
        token = base64.b64encode(f"admin:wrong {number} {tries}".encode()).decode()
        request = (
            f"POST /search HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {token}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request.encode())
                statuses[connection.recv(4096)[9:12].decode() or "cut off"] += 1
        except OSError:
            statuses["failed"] += 1


def allow_many_files() -> None:
    """Let this process open as many files as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def describe(name: str, times: Sequence[float]) -> str:
    return (
        f"{name}: p50 {statistics.median(times):.1f} ms, p95 {percentile(times, 0.95):.1f} ms, "
        f"max {max(times):.1f} ms ({len(times)} calls)"
    )


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def call_in_turns(callers: Sequence[Caller], seconds: float) -> None:
    end = time.monotonic() + seconds
    for caller in callers:
        caller.forget()
    while time.monotonic() < end:
        for caller in callers:
            caller.call()
        time.sleep(0.01)


def measure(
    attacked: Caller, other: Caller, port: int, sizes: tuple[int, int, int], seconds: float
) -> bool:
    """Print all figures; return whether the bounds hold."""
    call_in_turns([attacked, other], seconds)
    before = percentile(attacked.searches, 0.95)
    print(attacked.describe("before"), flush=True)
    context = multiprocessing.get_context("spawn")
    ready, ended = context.Event(), context.Event()
    attackers = context.Process(target=attack, args=(port, sizes, ready, ended))
    attackers.start()
    if not ready.wait(PREPARE_SECONDS):
        print("the attackers did not open all their connections in time")
    call_in_turns([attacked, other], seconds)
    ended.set()
    attackers.join()
    print(attacked.describe("under attack"), other.describe("a service beside it"), sep="\n")
    under = percentile(attacked.searches, 0.95)
    beside = percentile(other.searches, 0.95)
    print(
        f"search p95: {under / before:.2f} times as long as before, {under / beside:.2f} times as "
        f"long as beside (bound {MAX_RATIO}); {attacked.failed} calls failed"
    )
    live = percentile(attacked.lives, 0.95)
    return under <= MAX_RATIO * max(before, beside) and live <= MAX_LIVEZ_MS and not attacked.failed


def start_service(folder: Path, items: int = 300) -> Service:
    """Return a service with so many items. Without any, nobody has logged in to it yet."""
    folder.mkdir()
    service = Service(
        [sys.executable, "-m", "bench.small_service"],
        {
            "DATA_DIR": str(folder / "data"),
            "API_USERNAME": CREDENTIALS[0],
            "API_PASSWORD": CREDENTIALS[1],
            "PYTHONPATH": str(ROOT),
            "LOG_LEVEL": "WARNING",
        },
    )
    try:
        service.wait_until_ready()
        rows = "".join(f"Question {n}?,Answer {n}\n" for n in range(items))
        if rows:
            service.wait_for_job(service.upload(f"question,answer\n{rows}".encode())["id"])
    except BaseException:
        service.kill()
        raise
    return service


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=int, default=IDLE)
    parser.add_argument("--dripping", type=int, default=DRIPPING)
    parser.add_argument("--flooders", type=int, default=FLOODERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    sizes = (options.idle, options.dripping, options.flooders)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        services = []
        for name in ("attacked", "beside"):
            services.append(start_service(Path(folder) / name))
            stack.callback(services[-1].stop)
        callers = [Caller(service) for service in services]
        for caller in callers:
            for _ in range(WARM_UP):
                caller.time(caller.search)
        attacked, other = callers
        held = measure(attacked, other, services[0].port, sizes, options.seconds)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
