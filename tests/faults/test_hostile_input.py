"""What anybody may send, over the real server: cases 17 to 31 of the faults."""

from __future__ import annotations

import base64
import gzip
import io
import json
import select
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.counts import most_failures
from tests.support.service import PASSWORD, USER, ServiceProcess

AUTH = "Authorization: Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
LIMIT_MB = 8


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    one = ServiceProcess(tmp_path_factory.mktemp("hostile"), MAX_UPLOAD_MB=str(LIMIT_MB))
    one.wait_until_ready()
    yield one
    assert one.stop() == 0


def raw(service: ServiceProcess, *pieces: bytes, shut: bool = True) -> tuple[int, Any]:
    """Send bytes as they are; return status and JSON, (0, None) where the server only closes."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as conn:
        answer = b""
        try:
            for piece in pieces:
                conn.sendall(piece)
            if shut:
                conn.shutdown(socket.SHUT_WR)
            while data := conn.recv(65_536):
                answer += data
                head, _, body = answer.partition(b"\r\n\r\n")
                if body.endswith(b"}\n") or body.endswith(b"}"):
                    break
        except (ConnectionError, TimeoutError):
            pass
    if not answer:
        return 0, None
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def head(path: str = "/upload", *lines: str, media: str = "text/csv") -> bytes:
    all_lines = [f"POST {path} HTTP/1.1", "Host: x", AUTH, f"Content-Type: {media}", *lines, "", ""]
    return "\r\n".join(all_lines).encode()


def jobs(service: ServiceProcess) -> int:
    return int(service.get("/jobs")[1]["total"])


def upload(service: ServiceProcess, body: bytes, query: str = "", **headers: str) -> Any:
    return service.ask("POST", f"/upload{query}", body, **({"Content_Type": "text/csv"} | headers))


CSV = b"question,answer\na,b\n"
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'


@pytest.mark.parametrize(
    "pieces",
    [
        [head("/upload", "Content-Length: 500"), CSV],
        [head("/upload", "Transfer-Encoding: chunked"), b"13\r\nquestion,answer\na"],
        [head("/upload", "Transfer-Encoding: chunked"), b"5\r\nquest\r\n"],
        [head("/upload", "Transfer-Encoding: chunked"), b"zz\r\nquest\r\n0\r\n\r\n"],
        [head("/upload", "Content-Length: 900", media="multipart/form-data; boundary=x"),
         PART % (b"a.csv", CSV)],
        [head("/upload", f"Content-Length: {len(PART % (b'a.csv', CSV))}",
              media="multipart/form-data; boundary=x"), PART % (b"a.csv", CSV)],
        [head("/upload", "Content-Length: 20", media="multipart/form-data"), CSV],
    ],
)  # fmt: skip
def test_a_body_that_was_cut_off(service: ServiceProcess, saw: Any, pieces: list[bytes]) -> None:
    before = jobs(service)
    status, answer = raw(service, *pieces)
    assert status == 400, answer
    assert jobs(service) == before
    saw(17, f"{status}, no job")


@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_too_large(service: ServiceProcess, saw: Any, multipart: bool, chunked: bool) -> None:
    before = jobs(service)
    body = CSV + b"x,y\n" * (LIMIT_MB * 300_000)
    media = "text/csv"
    if multipart:
        body, media = PART % (b"a.csv", body) + b"--x--\r\n", "multipart/form-data; boundary=x"
    if chunked:
        lines = head("/upload", "Transfer-Encoding: chunked", media=media)
        pieces = [b"%x\r\n%s\r\n" % (len(p), p) for p in _cut(body)] + [b"0\r\n\r\n"]
        status, answer = raw(service, lines, *pieces, shut=False)
    else:
        lines = head("/upload", f"Content-Length: {len(body)}", media=media)
        status, answer = raw(service, lines, *_cut(body), shut=False)
    assert (status, answer["code"]) == (413, "too_large")
    assert jobs(service) == before
    saw(18, f"multipart {multipart}, chunked {chunked}: {status}, nothing stored")


def _cut(body: bytes) -> list[bytes]:
    return [body[n : n + 65_536] for n in range(0, len(body), 65_536)]


def test_text_that_can_not_be_stored(service: ServiceProcess, saw: Any) -> None:
    _, answer = upload(service, b"question,answer\na\0b,c\nd,e\n", "?collection=nul")
    job = service.ended(answer["job"]["id"])
    assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (1, 1)
    statuses = []
    for body in (
        b'{"question": "a\\u0000b"}', b'{"question": "\\ud800"}', b'{"question": "\xff"}',
        b'{"question": "a", "filter": {"x\\u0000": "y"}}',
        b'{"question": "a", "filter": {"x": "\\udfff"}}',
    ):  # fmt: skip
        statuses.append(service.ask("POST", "/search", body, Content_Type="application/json")[0])
        item = body.replace(b"filter", b"metadata").replace(b"}", b', "answer": "b"}', 1)
        statuses.append(service.ask("POST", "/items", item, Content_Type="application/json")[0])
    assert set(statuses) == {400}
    saw(19, f"NUL rejected by row; {statuses}")


def test_encodings(service: ServiceProcess, saw: Any) -> None:
    text = "pergunta,resposta\nComo é a devolução à loja?,É só trazer até o balcão.\n"
    for encoding in ("utf-8-sig", "utf-16", "windows-1252"):
        status, answer = upload(service, text.encode(encoding), "?collection=enc")
        assert status == 202, answer
        service.ended(answer["job"]["id"])
    listed = service.get("/items?collection=enc")[1]["results"]
    assert [item["question"] for item in listed] == ["Como é a devolução à loja?"]
    status, answer = upload(service, "pergunta,resposta\né,à é ç\nã,".encode() + b"\xff,x\n")
    assert (status, answer["code"]) == (422, "undecodable_text")
    assert answer["byte"] > 0
    saw(20, "three encodings give one item; a wrong byte is named")


def test_values_and_shapes(service: ServiceProcess, saw: Any) -> None:
    values = ["NA", "null", "None", "007", "=1+1", "1e5"]
    body = "question,answer\n" + "".join(f"v{n},{v}\n" for n, v in enumerate(values))
    _, answer = upload(service, body.encode(), "?collection=values")
    service.ended(answer["job"]["id"])
    listed = service.get("/items?collection=values")[1]["results"]
    assert [item["answer"] for item in listed] == values
    saw(21, f"stored as they are: {values}")

    every_row_one_more = b"question,answer\na,b,c\nd,e,f\n"
    status, answer = upload(service, every_row_one_more, "?collection=shift")
    job = service.ended(answer["job"]["id"])
    assert job["rows"]["rejected"] == 2
    assert upload(service, b"question,question,answer\na,b,c\n")[0] == 422
    for delimiter in (b";", b"\t"):
        _, answer = upload(service, CSV.replace(b",", delimiter), "?collection=shift")
        assert service.ended(answer["job"]["id"])["rows"]["rejected"] == 0
    saw(22, "no value in another column")

    status, answer = upload(service, b'question,answer\n"a,b\nc,d\n')
    assert (status, answer["code"], answer["line"]) == (422, "malformed_csv", 2)
    _, answer = upload(service, b'question,answer\r"a\nb",c\rd,e\r', "?collection=lines")
    assert service.ended(answer["job"]["id"])["rows"]["inserted"] == 2
    saw(23, "an unclosed quote is named by line, newlines are kept, CR is a line's end")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a million columns", b"question,answer" + b",x" * 1_000_000 + b"\na,b\n"),
        ("a field of 7 MB", b"question,answer\na,b" + b"b" * 7_000_000 + b"\n"),
        ("a question of 7 MB", b"question,answer\n" + b"b" * 7_000_000 + b",a\n"),
        ("a million empty rows", b"question,answer\n" + b",\n" * 1_000_000),
        ("a million blank lines", b"question,answer\n" + b"\n" * 1_000_000),
        ("seven million quotes", b'question,answer\n"a' + b'"' * 7_000_001 + b"\n"),
    ],
)
def test_shapes_that_cost(service: ServiceProcess, saw: Any, name: str, body: bytes) -> None:
    process = psutil.Process(service.process.pid)
    before, began = process.memory_info().rss, time.monotonic()
    status, answer = upload(service, body, "?collection=cost")
    took = time.monotonic() - began
    more = (process.memory_info().rss - before) / 1e6
    if status == 202:
        rows = service.ended(answer["job"]["id"])["rows"]
        assert (rows["inserted"], rows["rejected"]) == (0, 1)
    else:
        assert status in (413, 422), answer
    assert took < 10
    assert more < 200
    saw(24, f"{name}: {status} in {took:.1f} s, {more:.0f} MB more")


def test_archives(service: ServiceProcess, saw: Any) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("faq.csv", CSV)
    statuses = []
    for body, headers in (
        (gzip.compress(CSV), {}),
        (gzip.compress(CSV), {"Content_Encoding": "gzip"}),
        (archive.getvalue(), {}),
        (archive.getvalue(), {"Content_Type": "application/zip"}),
        (PART % (b"faq.csv.gz", gzip.compress(CSV)) + b"--x--\r\n",
         {"Content_Type": "multipart/form-data; boundary=x"}),
    ):  # fmt: skip
        statuses.append(upload(service, body, **headers)[0])
    assert set(statuses) == {415}
    saw(25, f"{statuses}")


def test_many_parts_and_long_names(service: ServiceProcess, saw: Any, tmp_path: Path) -> None:
    form = {"Content_Type": "multipart/form-data; boundary=x"}
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="p%d"\r\n\r\nv\r\n' % n for n in range(1_001)
    )
    assert upload(service, parts + PART % (b"a", CSV) + b"--x--\r\n", **form)[0] == 413
    for name in (b"../../../../tmp/evil.csv", b"x" * 4096, b"/etc/passwd", b"a\0b.csv"):
        body = PART % (name, CSV) + b"--x--\r\n"
        status, answer = upload(service, body, "?collection=names", **form)
        assert status in (202, 400), answer
    assert not Path("/tmp/evil.csv").exists()
    saw(26, "1,001 parts are 413; names are only shown")


@pytest.mark.parametrize(
    "line",
    [
        "X-None: 1", "Authorization: Basic", "Authorization: Basic ###", "Authorization: Bearer x",
        "Authorization: Basic " + base64.b64encode(b"nocolon").decode(),
        "Authorization: Basic " + base64.b64encode(b":").decode(),
        "Authorization: Basic " + base64.b64encode("admin:señha".encode()).decode(),
        "Authorization: Basic " + base64.b64encode(b"admin:\xff\xfe").decode(),
        "Authorization: Basic " + base64.b64encode(b"admin:").decode(),
    ],
)  # fmt: skip
def test_credentials_that_are_none(service: ServiceProcess, saw: Any, line: str) -> None:
    request = f"GET /jobs HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode()
    status, answer = raw(service, request)
    assert (status, set(answer)) == (401, {"error", "code"})
    saw(27, f"{line[:30]}: 401")


@pytest.mark.parametrize(
    "request_bytes",
    [
        head("/upload", "Content-Length: 19", "Transfer-Encoding: chunked") + CSV,
        head("/upload", "Content-Length: 19", "Content-Length: 5") + CSV,
        head("/upload", "Content-Length: +5") + CSV,
        head("/upload", "Content-Length: -5") + CSV,
        head("/upload", "Content-Length: 0x13") + CSV,
        head("/upload", "Transfer-Encoding: gzip") + CSV,
        f"GET /jobs HTTP/1.1\nHost: x\n{AUTH}\n\n".encode(),
        b"GET /jobs HTTP/1.1\r\nHost: x\r\nBad Header : x\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
    ],
)
def test_requests_that_two_servers_read_in_two_ways(
    service: ServiceProcess, saw: Any, request_bytes: bytes
) -> None:
    before = jobs(service)
    status, answer = raw(service, request_bytes, shut=False)
    assert status == 400, answer
    assert set(answer) == {"error", "code"}
    assert jobs(service) == before
    saw(30, f"{request_bytes[-60:]!r}: {status}")


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b"", b"null", b'"a"', b'{"question": []}', b'{"question": null}',
        b'{"question": "' + b"a" * 1_000_000 + b'"}', b'{"question": "a", "limit": -1}',
        b'{"question": "a", "limit": 1000000000}', b'{"question": "a", "limit": 1e400}',
        b'{"question": "a", "limit": NaN}', b'{"question": "a", "max_distance": NaN}',
        b'{"question": "a", "max_distance": Infinity}', b'{"question": "a", "limit": "many"}',
        b'{"question": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"question": "a", "collection": [[]]}', b'{"question": "a", "filter": [1]}',
    ],
)  # fmt: skip
def test_searches_that_are_none(service: ServiceProcess, saw: Any, body: bytes) -> None:
    status, answer = service.ask("POST", "/search", body, Content_Type="application/json")
    assert status == 400, answer
    assert "NaN" not in json.dumps(answer)
    saw(31, f"{body[:40]!r}: 400")


def test_wrong_passwords_and_slow_clients(service: ServiceProcess, saw: Any) -> None:
    statuses: dict[int, int] = {}
    assert service.get("/jobs")[0] == 200
    wrong = base64.b64encode(b"admin:wrong").decode()
    request = f"GET /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {wrong}\r\n\r\n".encode()
    began = time.monotonic()
    for _ in range(1_000):
        status, _answer = raw(service, request)
        statuses[status] = statuses.get(status, 0) + 1
    assert set(statuses) == {401, 429}
    assert statuses[401] <= most_failures(time.monotonic() - began)
    # Who gave the right ones before is not shut out by another's mistakes.
    assert service.get("/jobs")[0] == 200
    saw(28, f"1,000 wrong passwords: {statuses}")

    slow = []
    try:
        for number in range(200):
            conn = socket.create_connection(("127.0.0.1", service.port), timeout=5)
            whole = head("/upload", "Content-Length: 1000000") + CSV
            conn.sendall(whole if number % 2 else whole[: 20 + number % 60])
            slow.append(conn)
        times = []
        for _ in range(10):
            began = time.monotonic()
            assert service.get("/health")[0] == 200
            times.append(time.monotonic() - began)
            for conn in slow[::20]:
                conn.sendall(b"x")
        assert max(times) < 1
    finally:
        for conn in slow:
            conn.close()
    saw(29, f"200 slow clients: /health in {max(times) * 1000:.0f} ms at most")


def test_clients_that_do_not_read(service: ServiceProcess, saw: Any) -> None:
    rows = "".join(f"q{n},{'a' * 1_000}\n" for n in range(5_000))
    _, answer = upload(service, f"question,answer\n{rows}".encode(), "?collection=long")
    service.ended(answer["job"]["id"])
    request = f"GET /collections/long/export HTTP/1.1\r\nHost: x\r\n{AUTH}\r\n\r\n".encode()
    slow = []
    try:
        for _ in range(40):
            conn = socket.create_connection(("127.0.0.1", service.port), timeout=5)
            conn.sendall(request)
            slow.append(conn)
        # Until all answers are made.
        deadline = time.monotonic() + 60
        while any(not select.select([conn], [], [], 0)[0] for conn in slow):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        began = time.monotonic()
        assert service.get("/health")[0] == 200
        assert service.get("/collections")[0] == 200
        took = time.monotonic() - began
        assert took < 1
    finally:
        for conn in slow:
            conn.close()
    saw(29, f"40 clients that do not read their 5 MB: /health and /collections in {took:.2f} s")
