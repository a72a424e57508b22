"""Starting a service as a process: ready or said why not, answers, errors, jobs, an end."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local_service import LAST_PORT, LocalServiceError, Service, free_port

# Answers as the service does; a job has ended at the third look.
PROGRAM = """
import base64, json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

looks = []
user = f"{os.environ['API_USERNAME']}:{os.environ['API_PASSWORD']}"
token = "Basic " + base64.b64encode(user.encode()).decode()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        if self.path == "/readyz":
            self.answer(200, {"status": "ok"})
        elif self.headers["Authorization"] != token:
            self.answer(401, {"error": "Who are you?"})
        elif self.path.startswith("/upload"):
            self.answer(202, {"job": {"id": "1", "path": self.path, "body": body,
                                      "type": self.headers["Content-Type"]}})
        elif self.path == "/jobs/1":
            looks.append(1)
            self.answer(200, {"id": "1", "finished_at": "now" if len(looks) > 2 else None})
        elif self.path == "/search":
            self.answer(200, json.loads(body))
        else:
            self.answer(404, {"error": "There is no such thing."})

    do_POST = do_GET

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    command = [sys.executable, "-c", PROGRAM]
    one = Service(command, folder=tmp_path, log=tmp_path / "service.log")
    one.wait_until_ready(30)
    yield one
    one.kill()


def test_calls_carry_credentials_and_options(service: Service) -> None:
    job = service.upload(b"a,b", "?collection=c", media_type="text/plain")
    assert (job["path"], job["body"]) == ("/upload?collection=c", "a,b")
    assert job["type"] == "text/plain"
    client = service.client()
    for _ in range(2):
        assert client.search("a?", limit=1) == {"question": "a?", "limit": 1}
    client.close()


def test_a_job_is_waited_for(service: Service) -> None:
    assert service.wait_for_job("1")["finished_at"] == "now"
    with pytest.raises(LocalServiceError, match="did not come so far"):
        service.wait_for_job("1", fits=lambda job: False, seconds=0.1)


def test_an_error_is_an_answer_or_raised(service: Service) -> None:
    answer = service.send("GET", "/nothing")
    assert (answer.status, answer.body) == (404, {"error": "There is no such thing."})
    assert answer.headers["Content-Length"]
    with pytest.raises(LocalServiceError, match=r"GET /nothing: 404 .*no such thing"):
        service.call("GET", "/nothing")


def test_an_end_is_waited_for_and_nobody_answers_then(service: Service) -> None:
    assert service.stop() != 0  # this program does not know SIGTERM
    with pytest.raises(OSError, match="refused"):
        service.send("GET", "/readyz")


def test_a_service_that_does_not_start_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit(f'no {sys.argv[1]}')", "luck"]
    service = Service(command, folder=tmp_path, log=tmp_path / "service.log")
    with pytest.raises(LocalServiceError, match="did not start: no luck"):
        service.wait_until_ready(30)


def test_a_free_port_is_not_listened_on_and_no_connection_gets_it() -> None:
    first = free_port()
    assert first <= LAST_PORT < 32_768
    with socket.socket() as taken:
        # Or somebody else listens there.
        with suppress(OSError):
            taken.bind(("127.0.0.1", first + 1))
            taken.listen()
        assert free_port() not in (first, first + 1)
