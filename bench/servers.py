"""HTTP servers for the same small app, as strangers and callers meet them, measured side by side.

`python -m bench.servers FOLDER [SERVER …]`: FOLDER holds the programs of an environment with flask,
waitress, granian, gunicorn, cheroot and uvicorn. Prints one line of figures for each server.
"""

from __future__ import annotations

import base64
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from flask import Flask, Response, jsonify, request

from local_service import free_port

HOST, THREADS = "127.0.0.1", 16
FILES = 20_000
IDLE, DRIPPING, UNFINISHED = 5_000, 1_000, 700
# A caller is watched for so long, and gives up a call after so long.
SECONDS, PATIENCE = 8.0, 2.0
OPENING_SECONDS = 6.0
SECRET = "Authorization: Basic " + base64.b64encode(b"user:secret").decode()

app = Flask(__name__)

COMMANDS = {
    "waitress": "waitress-serve --listen={host}:{port} --threads={threads} --connection-limit=1000 "
    "--channel-timeout=120 bench.servers:app",
    "waitress-poll": "waitress-serve --listen={host}:{port} --threads={threads} "
    "--connection-limit=10000 --asyncore-use-poll bench.servers:app",
    "granian": "granian --interface wsgi --http 1 --no-ws --host {host} --port {port} "
    "--blocking-threads {threads} --backlog 4096 --backpressure 20000 bench.servers:app",
    "gunicorn": "gunicorn -k gthread -w 1 --threads {threads} --worker-connections 10000 "
    "--backlog 4096 --no-control-socket -b {host}:{port} bench.servers:app",
    "cheroot": "cheroot bench.servers:app --bind {host}:{port} --threads {threads} --timeout 10",
    "uvicorn": "uvicorn --interface wsgi --http httptools --ws none --lifespan off --no-access-log "
    "--host {host} --port {port} --backlog 256 bench.servers:app",
}

MALFORMED = {
    "both lengths": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "+5": "Content-Length: +5\r\n\r\nabcde",
    "bare LF": "Content-Length: 5\n\nabcde",
}


@app.before_request
def _authenticate() -> tuple[Response, int] | None:
    given = request.authorization
    if request.path == "/livez" or (given is not None and given.password == "secret"):
        return None
    return jsonify(code="unauthorized"), 401


@app.get("/livez")
def _livez() -> Response:
    return jsonify(status="ok")


@app.post("/work")
def _work() -> Response:
    time.sleep(float(request.args.get("seconds", "0.005")))
    return jsonify(done=True)


@app.post("/echo")
def _echo() -> Response:
    return jsonify(bytes=sum(len(part) for part in iter(lambda: request.stream.read(1 << 16), b"")))


def _raise_file_limit() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


class Server:
    """One server, running until `stop`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.port = free_port()
        program, *options = (
            COMMANDS[name].format(host=HOST, port=self.port, threads=THREADS).split()
        )
        self.process = subprocess.Popen(
            [str(folder / program), *options],
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_raise_file_limit,
        )
        while not self.answers():
            time.sleep(0.1)
        self.processes = [psutil.Process(self.process.pid)]
        self.processes += self.processes[0].children(recursive=True)

    def connect(self, timeout: float = PATIENCE) -> socket.socket:
        return socket.create_connection((HOST, self.port), timeout=timeout)

    def ask(self, message: bytes, timeout: float = PATIENCE) -> bytes:
        """Return the answer's first bytes. Raises OSError."""
        with self.connect(timeout) as connection:
            connection.sendall(message)
            return connection.recv(4096)

    def answers(self) -> bool:
        with suppress(OSError):
            return self.ask(make_request("GET /livez", secret=False)) != b""
        return False

    def memory_mb(self) -> float:
        return sum(process.memory_info().rss for process in self.running()) / 1e6

    def running(self) -> list[psutil.Process]:
        return [p for p in self.processes if p.is_running() and p.status() != "zombie"]

    def stop(self) -> None:
        for process in self.running():
            with suppress(psutil.Error):
                process.kill()
        self.process.wait()


def make_request(line: str, *headers: str, secret: bool = True, body: bytes = b"") -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: bench", *([SECRET] if secret else []), *headers]
    if line.startswith("POST") and not headers:
        lines.append("Content-Length: 0")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@contextmanager
def strangers(server: Server, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Hold so many connections, of which each sent so much; fewer where it takes too long."""
    with ExitStack() as stack:
        held: list[socket.socket] = []
        end = time.monotonic() + OPENING_SECONDS
        while len(held) < count and time.monotonic() < end:
            with suppress(OSError):
                connection = stack.enter_context(server.connect(0.2))
                connection.sendall(sent)
                connection.setblocking(False)
                held.append(connection)
        yield held


@contextmanager
def dripping(connections: list[socket.socket]) -> Iterator[None]:
    """Send a byte a second on each connection."""
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(1):
            for connection in connections:
                with suppress(OSError):
                    connection.send(b"a")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def watch_caller(server: Server) -> str:
    """Return p50/p95 in ms of /work and /livez on new connections, and how many calls failed."""
    paths = {"work": make_request("POST /work"), "livez": make_request("GET /livez", secret=False)}
    times: dict[str, list[float]] = {path: [] for path in paths}
    failed, end = 0, time.monotonic() + SECONDS
    while time.monotonic() < end:
        for path, message in paths.items():
            began = time.perf_counter()
            try:
                server.ask(message)
            except OSError:
                failed += 1
                continue
            times[path].append(1000 * (time.perf_counter() - began))
        time.sleep(0.01)
    parts = [
        f"{p} {percentile(t, 0.5):.1f}/{percentile(t, 0.95):.1f}" for p, t in times.items() if t
    ]
    return ", ".join([*parts, f"{failed} failed"])


def measure_idle(server: Server) -> str:
    with strangers(server, IDLE):
        return watch_caller(server)


def measure_dripping(server: Server) -> str:
    head = b"GET /livez HTTP/1.1\r\nHost: bench\r\nX-Slow: "
    with strangers(server, DRIPPING, head) as held, dripping(held):
        return watch_caller(server)


def measure_unfinished(server: Server) -> str:
    """Return how many of those who sent ten bytes of a megabyte, unknown, were refused by then."""
    message = make_request(
        "POST /echo", "Content-Length: 1000000", secret=False, body=b"0123456789"
    )
    with strangers(server, UNFINISHED, message) as held:
        time.sleep(1.5)
        refused = 0
        for connection in held:
            with suppress(OSError):
                refused += b" 401 " in connection.recv(64)
        return f"{refused} of {len(held)} answered 401; {watch_caller(server)}"


def measure_overhead(server: Server) -> str:
    """Return the time of one request on a kept connection, and the rate of 16 clients."""
    message, times = make_request("GET /livez", secret=False), []
    with server.connect() as connection:
        for _ in range(3_000):
            began = time.perf_counter()
            connection.sendall(message)
            while b'"ok"' not in connection.recv(4096):
                pass
            times.append(1e6 * (time.perf_counter() - began))
    return f"{percentile(times, 0.5):.0f} µs, {_rate(server, message):.0f}/s"


def _rate(server: Server, message: bytes) -> float:
    with selectors.DefaultSelector() as selector, strangers(server, 16, message) as held:
        for connection in held:
            selector.register(connection, selectors.EVENT_READ, connection)
        answered, end = 0, time.monotonic() + SECONDS / 2
        while time.monotonic() < end:
            for key, _ in selector.select(1):
                if b'"ok"' in key.data.recv(4096):
                    answered += 1
                    key.data.send(message)
        return answered / (SECONDS / 2)


def measure_held(server: Server) -> str:
    """Return how long /livez takes while every request thread waits."""
    with strangers(server, THREADS, make_request(f"POST /work?seconds={SECONDS}")):
        time.sleep(0.3)
        began = time.perf_counter()
        server.ask(make_request("GET /livez", secret=False), 2 * SECONDS)
        return f"{1000 * (time.perf_counter() - began):.0f} ms"


def measure_malformed(server: Server) -> str:
    statuses = []
    for name, headers in MALFORMED.items():
        message = f"POST /echo HTTP/1.1\r\nHost: bench\r\n{SECRET}\r\n{headers}".encode()
        try:
            statuses.append(f"{name} {server.ask(message)[9:12].decode()}")
        except OSError:
            statuses.append(f"{name} silent")
    return ", ".join(statuses)


def measure_stop(server: Server) -> str:
    """Return whether a request in hand is answered after SIGTERM. The server ends."""
    began = time.perf_counter()
    with server.connect(10) as connection:
        connection.sendall(make_request("POST /work?seconds=2"))
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        answer = connection.recv(64)[9:12].decode() or "nothing"
    status = server.process.wait(30)
    return f"{answer}, exit {status}, {time.perf_counter() - began:.1f} s"


def measure_kill(server: Server) -> str:
    """Return what of the server lives on without the process that was started."""
    memory = server.memory_mb()
    server.process.kill()
    server.process.wait()
    time.sleep(3)
    left = len(server.running())
    return f"{len(server.processes)} processes, {memory:.0f} MB, {left} live on after kill -9"


MEASURES: dict[str, Callable[[Server], str]] = {
    "overhead": measure_overhead,
    "idle": measure_idle,
    "dripping": measure_dripping,
    "unfinished": measure_unfinished,
    "held": measure_held,
    "malformed": measure_malformed,
    "stop": measure_stop,
    "kill": measure_kill,
}


def main() -> None:
    _raise_file_limit()
    folder, names = Path(sys.argv[1]).absolute(), sys.argv[2:] or list(COMMANDS)
    for name in names:
        for measure, run in MEASURES.items():
            server = Server(name, folder)
            try:
                result = run(server)
            except (OSError, subprocess.TimeoutExpired) as error:
                result = f"failed: {error}"
            finally:
                server.stop()
            print(f"{name} | {measure} | {result}", flush=True)


if __name__ == "__main__":
    main()
