"""One Idempotency-Key: the same upload makes one job, another upload is refused."""

from __future__ import annotations

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from apiflask import APIFlask

from services.runtime import Runtime
from tests.support.client import Client

HEADERS = {"Idempotency-Key": "one"}
FAQ = "question,answer\nHow do I pay?,By card.\n"


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b"question,answer\nWhere is it?,There.\n", ""),
        (FAQ.encode() + b"Where?,There.\n", ""),
        (FAQ.encode(), "?collection=other"),
        (FAQ.encode(), "?mode=replace"),
        (FAQ.encode(), "?question_column=99"),
        (FAQ.encode(), "?header=true"),
        (b"\x00\x01nonsense", ""),
    ],
)
def test_a_used_key_with_anything_else_is_422_and_stores_nothing(
    client: Client, body: bytes, query: str
) -> None:
    first = client.load(FAQ, headers=HEADERS)
    response = client.upload(body, f"/upload{query}", headers=HEADERS)
    assert (response.status_code, response.json["code"]) == (422, "idempotency_key_reused")
    assert response.json["job_id"] == first["id"]
    assert "key of its own" in response.json["error"]
    assert client.get("/jobs").json["total"] == client.get("/items").json["total"] == 1


def test_the_same_upload_returns_its_job_however_it_comes(client: Client) -> None:
    first = client.load(FAQ, headers=HEADERS)["id"]
    form = {"file": (io.BytesIO(FAQ.encode()), "faq.csv"), "collection": "default"}
    for again in (
        client.upload(FAQ, headers=HEADERS),
        client.upload(FAQ, "/upload?mode=upsert&overflow=reject", headers=HEADERS),
        client.post("/upload", data=form, headers=HEADERS),
    ):
        assert (again.status_code, again.json["job"]["id"]) == (202, first)
    assert client.get("/jobs").json["total"] == 1


def upload_at_once(app: APIFlask, files: list[str]) -> list[Any]:
    def upload(file: str) -> Any:
        return Client(app.test_client()).upload(file, headers=HEADERS)

    with ThreadPoolExecutor(len(files)) as threads:
        return list(threads.map(upload, files))


def test_of_ten_different_files_at_once_one_is_taken_and_nine_are_refused(
    app: APIFlask, client: Client
) -> None:
    answers = upload_at_once(app, [f"question,answer\nrace {n},{n}\n" for n in range(10)])
    assert Counter(answer.status_code for answer in answers) == {202: 1, 422: 9}
    (taken,) = [n for n, answer in enumerate(answers) if answer.status_code == 202]
    client.ended(answers[taken].json["job"]["id"])
    stored = client.get("/items").json["results"]
    assert [item["question"] for item in stored] == [f"race {taken}"]


def test_ten_equal_files_at_once_make_one_job(app: APIFlask, client: Client) -> None:
    answers = upload_at_once(app, [FAQ] * 10)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["job"]["id"] for answer in answers}) == 1
    assert client.get("/jobs").json["total"] == 1


def test_the_key_of_a_file_that_could_not_be_taken_is_free(client: Client) -> None:
    assert client.upload("x,y\na,b\n", headers=HEADERS).status_code == 422
    assert client.upload(FAQ, headers=HEADERS).status_code == 202


def test_a_job_of_an_older_service_is_returned_for_any_upload(
    app: APIFlask, client: Client
) -> None:
    first = client.load(FAQ, headers=HEADERS)["id"]
    runtime: Runtime = app.extensions["conector"]
    with runtime.pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE jobs SET idempotency_digest = NULL")
    again = client.upload("question,answer\nWhere?,There.\n", headers=HEADERS)
    assert (again.status_code, again.json["job"]["id"]) == (202, first)
