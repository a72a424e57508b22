"""Requests that are wrong: 400 and its kin, in the one shape, saying what and how to mend it."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.client import Client


def assert_error(response: Any, status: int, code: str | None = None) -> str:
    assert response.status_code == status, response.text
    assert set(response.json) >= {"error", "code"}
    if code is not None:
        assert response.json["code"] == code
    assert "Traceback" not in response.text
    assert "SELECT" not in response.text
    sentence: str = response.json["error"]
    return sentence


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        None,
        "text",
        5,
        {"question": ""},
        {"question": "  \u200b "},
        {"question": None},
        {"question": 5},
        {"question": ["a"]},
        {"question": "a\0b"},
        {"question": "x" * 1_000_000},
        {"question": "a", "limit": 0},
        {"question": "a", "limit": -1},
        {"question": "a", "limit": 101},
        {"question": "a", "limit": 1_000_000_000},
        {"question": "a", "limit": "5"},
        {"question": "a", "limit": 1.5},
        {"question": "a", "limit": True},
        {"question": "a", "offset": -1},
        {"question": "a", "offset": 10**30},
        {"question": "a", "max_distance": -0.1},
        {"question": "a", "max_distance": 3},
        {"question": "a", "max_distance": "near"},
        {"question": "a", "min_score": -1.1},
        {"question": "a", "min_score": "high"},
        {"question": "a", "collection": "a b"},
        {"question": "a", "collection": ""},
        {"question": "a", "collection": []},
        {"question": "a", "collection": {"a": 1}},
        {"question": "a", "filter": "x"},
        {"question": "a", "filter": {"a": 1}},
        {"question": "a", "filter": {"a": "\0"}},
        {"question": "a", "limt": 3},
    ],
)
def test_a_wrong_search_is_400(client: Client, body: Any) -> None:
    response = client.post("/search", data=json.dumps(body), content_type="application/json")
    assert_error(response, 400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"question": "a",}',
        b'{"question": "a", "max_distance": NaN}',
        b'{"question": "\\ud800"}',
        b'{"question": "\xff"}',
        b"[" * 200_000,
        b'{"question":' * 200_000,
    ],
)
def test_what_is_not_json_is_400(client: Client, body: bytes) -> None:
    response = client.post("/search", data=body, content_type="application/json")
    assert_error(response, 400)


def test_the_error_names_the_field_and_how_to_mend_it(client: Client) -> None:
    response = client.post("/search", json={"question": "a", "limit": 1000})
    assert "limit" in assert_error(response, 400)
    assert "100" in response.json["error"]
    assert response.json["fields"] == [
        {"field": "limit", "error": "input should be less than or equal to 100"}
    ]


def test_json_sent_as_a_form_is_explained(client: Client) -> None:
    response = client.post("/search", data='{"question": "a"}', content_type=FORM)
    assert "Content-Type" in assert_error(response, 400)


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("number", ["1_0", "+1", "1.0", " 1 ", "1 ", "1e1", "٣", "", "0x1"])
@pytest.mark.parametrize("path", ["/items", "/jobs", "/jobs/{job}/errors", "/collections/a/check"])
@pytest.mark.parametrize("name", ["limit", "offset"])
def test_a_number_in_an_address_is_digits(
    client: Client, number: str, path: str, name: str
) -> None:
    path = path.format(job="00000000-0000-0000-0000-000000000000")
    response = client.get(f"{path}?{name}={quote(number)}")
    assert name in assert_error(response, 400, "invalid_request")


@pytest.mark.parametrize("field", ["limit=1_0", "limit=+1", "max_distance=1_0", "min_score= 0"])
def test_so_is_a_number_in_a_form(client: Client, field: str) -> None:
    response = client.post("/search", data=f"q=a&{field.replace('+', '%2B')}", content_type=FORM)
    assert_error(response, 400, "invalid_request")


@pytest.mark.parametrize(
    "field", ["limit=05", "max_distance=.5", "max_distance=1e-1", "min_score=-1"]
)
def test_numbers_as_they_are_written_are_taken(client: Client, field: str) -> None:
    response = client.post("/search", data=f"q=a&{field}", content_type=FORM)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "fields", ["limit=5", "question=", "question=a&limit=x", "question=a&b=c", "q="]
)
def test_a_wrong_form_is_400(client: Client, fields: str) -> None:
    assert_error(client.post("/search", data=fields, content_type=FORM), 400, "invalid_request")


@pytest.mark.parametrize("name", ["question", "query", "q"])
def test_a_question_has_three_names(client: Client, name: str) -> None:
    for response in (
        client.post("/search", json={name: "Where?"}),
        client.post("/search", data={name: "Where?"}),
    ):
        assert (response.status_code, response.json["question"]) == (200, "Where?")
    batch = client.post("/search/batch", json={"queries": [{name: "Where?"}]})
    assert batch.json["results"][0]["question"] == "Where?"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/search?collection=a", {"question": "x"}),
        ("/search/batch?limit=1", {"queries": [{"question": "x"}]}),
        ("/items?collection=a", {"question": "x", "answer": "y"}),
        ("/keys?role=reader", {"name": "x", "role": "reader"}),
    ],
)
def test_a_parameter_that_belongs_in_the_body_is_not_passed_over(
    client: Client, path: str, body: dict[str, Any]
) -> None:
    response = client.post(path, json=body)
    assert "in the body, not in the address" in assert_error(response, 400, "invalid_request")
    assert response.json["fields"][0]["field"] == path.split("?")[1].split("=")[0]
    assert client.get("/items").json["total"] == 0


def test_a_form_may_name_several_collections_and_a_filter(client: Client) -> None:
    response = client.post(
        "/search", data={"question": "a", "collection": ["a", "b"], "filter": '{"x": "y"}'}
    )
    assert response.status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", ""])
def test_another_media_type_is_415(client: Client, content_type: str) -> None:
    response = client.post("/search", data=b"x", content_type=content_type)
    assert_error(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "query",
    [
        "collection=a+b",
        "collection=",
        "collection=" + "a" * 101,
        "mode=merge",
        "overflow=drop",
        "header=maybe",
        "colection=a",
        "mode=append&mode=replace",
        "question_column=",
        "question_column=%00",
        "delimiter=",
        "encoding=klingon",
        "dry_run=perhaps",
    ],
)
def test_a_wrong_option_of_an_upload_is_400(client: Client, query: str) -> None:
    response = client.upload("question,answer\na,b\n", f"/upload?{query}")
    assert_error(response, 400)
    assert client.get("/jobs").json["total"] == 0


def test_an_upload_without_a_file_is_400(client: Client) -> None:
    response = client.post("/upload", data={"collection": "a"}, content_type="multipart/form-data")
    assert "file" in assert_error(response, 400, "missing_file")


@pytest.mark.parametrize("content_type", ["application/json", "image/png", ""])
def test_an_upload_of_another_type_is_415(client: Client, content_type: str) -> None:
    response = client.post("/upload", data=b"question,answer\na,b\n", content_type=content_type)
    assert_error(response, 415, "unsupported_media_type")


def test_a_nul_in_a_header_is_no_500(client: Client) -> None:
    for text in ("question,answer,m\0\na,b,c\n", "\0,question,answer\nx,a,b\n"):
        assert client.load(text)["status"] == "succeeded"
        dry = client.upload(text, "/upload?dry_run=true")
        assert "\ufffd" in "".join(dry.json["preview"]["columns"])


@pytest.mark.parametrize("encoding", ["unicode_escape", "raw_unicode_escape", "hex", "rot13"])
def test_codecs_that_are_no_encodings_are_400(client: Client, encoding: str) -> None:
    response = client.upload(b"question,answer\nq\\ud800,a\n", f"/upload?encoding={encoding}")
    assert_error(response, 400, "invalid_option")


def multipart(disposition: str, content: bytes = b"question,answer\na,b\n") -> dict[str, Any]:
    head = f"--b\r\nContent-Disposition: form-data{disposition}\r\n\r\n".encode("latin-1")
    data = head + content + b"\r\n--b--\r\n"
    return {"data": data, "content_type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("disposition", "says"),
    [
        ('; filename="a.csv"', "no name"),
        ('; name="file"', "not a file with a name"),
        ('; name="file"; filename="d\xfavidas.csv"', 'filename="d\\xfavidas.csv"'),
        ('; name="other"; filename="a.csv"', "other"),
    ],
)
def test_a_part_that_is_no_file_of_ours_is_explained(
    client: Client, disposition: str, says: str
) -> None:
    assert says in assert_error(client.post("/upload", **multipart(disposition)), 400)


def test_a_content_types_charset_counts_but_for_utf_8(client: Client) -> None:
    text = "question,answer\nöèÿ,a\n".encode("windows-1252")
    for charset in ("windows-1252", "utf-8"):
        response = client.post(
            "/upload?dry_run=true", data=text, content_type=f"text/csv; charset={charset}"
        )
        first = response.json["preview"]["rows"][0]["question"]
        assert (first == "öèÿ") == (charset == "windows-1252")
    response = client.post("/upload", data=text, content_type="text/csv; charset=klingon")
    assert_error(response, 400, "invalid_option")


def test_a_form_that_is_not_utf_8_is_explained(client: Client) -> None:
    for data in (b"question=situa%E7%E3o", "question=situação".encode("latin-1")):
        assert "UTF-8" in assert_error(client.post("/search", data=data, content_type=FORM), 400)


def test_compressed_uploads_are_415_and_not_inflated(client: Client) -> None:
    data = gzip.compress(b"question,answer\na,b\n")
    assert_error(client.upload(data), 415)
    encoded = client.upload(data, headers={"Content-Encoding": "gzip"})
    assert_error(encoded, 415)


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_wrong_idempotency_key_is_400(client: Client, key: str) -> None:
    response = client.upload("question,answer\na,b\n", headers={"Idempotency-Key": key})
    assert_error(response, 400)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/jobs/5", "/jobs/00000000-0000-0000-0000-000000000000", "/jobs/x/errors"],
)
def test_what_is_not_there_is_404(client: Client, path: str) -> None:
    assert_error(client.get(path), 404, "not_found")


def test_another_method_is_405_and_says_which(client: Client) -> None:
    response = client.get("/upload")
    assert_error(response, 405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1", "status=done", "nothing=1"])
def test_a_wrong_page_is_400(client: Client, query: str) -> None:
    assert_error(client.get(f"/jobs?{query}"), 400, "invalid_request")


def test_an_empty_field_of_an_upload_s_form_is_not_given(client: Client) -> None:
    """Browsers send the fields that nobody filled in too."""
    empty = dict.fromkeys(("question_column", "delimiter", "encoding", "header", "sheet"), "")

    def send(**fields: str) -> Any:
        file = (io.BytesIO(b"question,answer\nHow?,So.\n"), "faq.csv")
        return client.post("/upload", data={"file": file, **empty, **fields})

    assert send(collection="a").status_code == 202
    assert send(collection="").status_code == 400


def test_a_parameter_that_comes_twice_is_400(client: Client) -> None:
    answer = client.get("/items?collection=a&collection=b")
    assert answer.status_code == 400
    assert answer.json["error"] == "collection: given 2 times."


@pytest.mark.parametrize("form", ["json", "data"])
def test_a_field_is_given_by_one_of_its_names(client: Client, form: str) -> None:
    both = {"question": "How?", "q": "Why?"}
    given: dict[str, Any] = {form: both}
    answer = client.post("/search", **given)
    assert answer.status_code == 400
    assert answer.json["error"] == "q is another name for question: give one of them."
    assert [field["field"] for field in answer.json["fields"]] == ["q"]


def test_a_field_of_a_query_in_a_batch_is_given_by_one_of_its_names(client: Client) -> None:
    queries = [0, {"q": "How?"}, {"question": "How?", "query": "Why?"}]
    answer = client.post("/search/batch", json={"queries": queries})
    assert answer.status_code == 400
    said = "queries.2.query is another name for question: give one of them."
    assert answer.json["error"] == said
    assert [field["field"] for field in answer.json["fields"]] == ["queries.2.query"]


def test_a_whole_number_of_json_may_have_a_point(client: Client) -> None:
    assert client.post("/search", json={"question": "How?", "limit": 5.0}).status_code == 200
    assert client.post("/search", json={"question": "How?", "limit": 5.5}).status_code == 400
