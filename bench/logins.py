"""Logins under attack: wrong passwords, names that nobody has, and connections that only wait.

`python -m bench.logins` starts the real service with a small embedder. It fails where

- of 60 wrong passwords, sent as fast as the service takes them, none is refused (429);
- a first login from another address, meanwhile, takes more than a second;
- a known and an unknown name differ in the middle of their times by more than a fifth;
- a logged-in search takes more than a second beside 1,000 connections that nobody logs in on.
"""

from __future__ import annotations

import base64
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from bench.attack import CREDENTIALS, Caller, Strangers, allow_many_files, describe, start_service

GUESSES, GUESSERS = 60, 6
IDLE = 1_000
SEARCHES = 200
PAIRS = 15
MAX_SECONDS, MAX_DIFFERENCE = 1.0, 0.2


def log_in(port: int, name: str, password: str, address: str) -> tuple[str, float]:
    """Return the status of a login from an address of this machine, and its seconds."""
    token = base64.b64encode(f"{name}:{password}".encode()).decode()
    request = (
        f"GET /jobs HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {token}\r\n"
        "Connection: close\r\n\r\n"
    )
    began = time.perf_counter()
    source = (address, 0)
    with socket.create_connection(("127.0.0.1", port), 30, source) as connection:
        connection.sendall(request.encode())
        status = connection.recv(4096)[9:12].decode()
    return status, time.perf_counter() - began


def guess(port: int) -> bool:
    """Send GUESSES wrong passwords, and log in from elsewhere; return whether the bars hold."""
    statuses: Counter[str] = Counter()
    first_refusal: list[float] = []
    began = time.perf_counter()

    def send(first: int) -> None:
        for number in range(first, GUESSES, GUESSERS):
            status, _ = log_in(port, CREDENTIALS[0], f"wrong {number}", "127.0.0.1")
            statuses[status] += 1
            if status == "429" and not first_refusal:
                first_refusal.append(time.perf_counter() - began)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(GUESSERS)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)  # so that all of them wait in line
    status, seconds = log_in(port, *CREDENTIALS, "127.0.0.2")
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    refused = f"{first_refusal[0]:.2f} s" if first_refusal else "never"
    print(f"{GUESSES} wrong passwords in {took:.1f} s: {dict(statuses)}; first 429: {refused}")
    print(f"a first login from elsewhere meanwhile: {status} in {1000 * seconds:.0f} ms")
    return bool(first_refusal) and status == "200" and seconds <= MAX_SECONDS


def compare_names(port: int) -> bool:
    """Return whether a known and an unknown name take the same time."""
    times: dict[str, list[float]] = {CREDENTIALS[0]: [], "nobody-has-this": []}
    for number in range(PAIRS):
        for name, taken in times.items():
            status, seconds = log_in(port, name, f"wrong {number}", f"127.0.1.{number + 1}")
            assert status == "401", status
            taken.append(1000 * seconds)
    for name, taken in times.items():
        print(describe(f"a wrong password for {name}", taken))
    known, unknown = map(statistics.median, times.values())
    return abs(known - unknown) <= MAX_DIFFERENCE * max(known, unknown)


def search_beside_idle(caller: Caller, port: int) -> bool:
    """Return whether each search is answered soon beside IDLE connections."""
    allow_many_files()
    idle = Strangers(port, IDLE, b"")
    held = idle.insist()
    times = []
    for number in range(SEARCHES):
        if number % 20 == 0:
            held = min(held, idle.insist())
        times.append(caller.time(caller.search))
    print(describe(f"a search beside {held} idle connections", times))
    return held == IDLE and max(times) <= 1000 * MAX_SECONDS


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        service = start_service(Path(folder) / "data", items=0)
        try:
            held = [guess(service.port), compare_names(service.port)]
            held.append(search_beside_idle(Caller(service), service.port))
        finally:
            service.stop()
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
