"""Requests in other encodings than UTF-8: read where they say so, else refused by saying where."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest

from tests.support.client import Client

FAQ = "question,answer\nInformação?,Aqui.\n"
ASKED = {"question": "Informação?", "limit": 1}
FORM = "application/x-www-form-urlencoded"


def ask(client: Client, body: bytes, charset: str | None = None, **kwargs: Any) -> Any:
    content_type = "application/json" + (f"; charset={charset}" if charset else "")
    return client.post("/search", data=body, content_type=content_type, **kwargs)


READABLE = [
    ("utf-8", b"", None),
    ("utf-8", b"", "utf-8"),
    ("utf-8", b"", "UTF8"),
    ("utf-8", codecs.BOM_UTF8, None),
    ("utf-8", codecs.BOM_UTF8, "utf-8"),
    ("utf-8", codecs.BOM_UTF8, "iso-8859-1"),
    ("latin-1", b"", "iso-8859-1"),
    ("cp1252", b"", "windows-1252"),
    ("utf-16-le", codecs.BOM_UTF16_LE, None),
    ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
    ("utf-16-be", b"", "utf-16-be"),
    ("utf-32-le", codecs.BOM_UTF32_LE, None),
]


def test_json_is_read_in_the_encoding_that_it_says(
    client: Client, subtests: pytest.Subtests
) -> None:
    for encoding, bom, charset in READABLE:
        with subtests.test(encoding=encoding, bom=bom, charset=charset):
            body = bom + json.dumps(ASKED, ensure_ascii=False).encode(encoding)
            answer = ask(client, body, charset)
            assert answer.status_code == 200, answer.text
            assert answer.json["question"] == "Informação?"


def test_json_that_says_nothing_and_is_not_utf_8_is_explained(client: Client) -> None:
    body = '{\n"question": "Informação?"}'.encode("latin-1")
    answer = ask(client, body)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_json")
    assert "send UTF-8" in answer.json["error"]
    assert "line 2" in answer.json["error"]
    assert answer.json["byte"] == body.index(b"\xe7")


def test_a_charset_that_is_none_is_415(client: Client, subtests: pytest.Subtests) -> None:
    for charset in ("klingon", "idna", "utf-7", "base64", "x" * 1000):
        with subtests.test(charset=charset):
            answer = ask(client, b'{"question": "a"}', charset)
            assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
            assert "send UTF-8" in answer.json["error"]


def test_all_routes_of_json_read_it_so(client: Client) -> None:
    new = json.dumps({"question": "Ação?", "answer": "Não."}, ensure_ascii=False).encode("latin-1")
    kind = "application/json; charset=iso-8859-1"
    made = client.post("/items", data=new, content_type=kind)
    assert (made.status_code, made.json["question"]) == (201, "Ação?")
    batch = codecs.BOM_UTF8 + json.dumps({"queries": [ASKED]}).encode()
    answer = client.post("/search/batch", data=batch, content_type="application/json")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("question=informação".encode("latin-1"), "question"),
        (b"question=a&filter=informa%E7%E3o", "filter"),
        (b"question=a&colle%E7ion=a", "colle\ufffdion"),
    ],
)
def test_a_form_that_is_not_utf_8_names_the_field(client: Client, data: bytes, field: str) -> None:
    answer = client.post("/search", data=data, content_type=FORM)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert f"The form, field {field}: byte" in answer.json["error"]
    assert "send UTF-8" in answer.json["error"]


@pytest.mark.parametrize(
    "path", ["/items?collection=%E7", "/upload?question_column=D%FAvida", "/jobs?%E7=1"]
)
def test_an_address_that_is_not_utf_8_is_explained(client: Client, path: str) -> None:
    answer = client.upload(FAQ, path) if "upload" in path else client.get(path)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert "The address, field" in answer.json["error"]


def multipart(*parts: bytes) -> dict[str, Any]:
    data = b"".join(b"--b\r\nContent-Disposition: form-data; " + p + b"\r\n" for p in parts)
    return {"data": data + b"--b--\r\n", "content_type": "multipart/form-data; boundary=b"}


FILE = b'name=file; filename="a.csv"\r\n\r\n' + FAQ.encode()


def test_a_part_that_is_not_utf_8_is_explained(client: Client) -> None:
    wrong = 'name="question_column"\r\n\r\ninformação'.encode("latin-1")
    answer = client.post("/upload", **multipart(FILE, wrong))
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert "question_column" in answer.json["error"]
    assert "send UTF-8" in answer.json["error"]
    asked = client.post("/search", **multipart('name="question"\r\n\r\nação'.encode("latin-1")))
    assert asked.status_code == 400
    assert "question" in asked.json["error"]


def test_a_file_name_that_is_not_utf_8_is_explained(client: Client) -> None:
    named = 'name=file; filename="dúvidas.csv"\r\n\r\n'.encode("latin-1") + FAQ.encode()
    answer = client.post("/upload", **multipart(named))
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")
    assert "not UTF-8 at its byte" in answer.json["error"]
    assert 'filename="d\\xfavidas.csv"' in answer.json["error"]
    assert client.get("/jobs").json["total"] == 0


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"--b\r\nContent-Disposition: form-data; " + FILE, "multipart/form-data; boundary=b"),
        (multipart(FILE)["data"], "multipart/form-data"),
        (multipart(FILE)["data"], "multipart/form-data; boundary=other"),
    ],
)
def test_a_multipart_body_that_can_not_be_read_is_explained(
    client: Client, data: bytes, content_type: str
) -> None:
    answer = client.post("/upload", data=data, content_type=content_type)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")
    assert "boundary" in answer.json["error"]
