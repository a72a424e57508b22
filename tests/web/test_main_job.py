"""The main job over HTTP: upload a CSV, wait for its job, search."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.support.client import Client

FAQ = """question,answer,category
How do I reset my password?,Press the link on the login page.,account
Where is my order?,"Look under ""My orders"", please.
Then choose the order.",orders
How do I pay?,By card or by invoice.,payment
"""


def test_an_uploaded_file_is_found_by_search(client: Client) -> None:
    response = client.upload(FAQ)
    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{response.json['job']['id']}"
    job = client.ended(response.json["job"]["id"])
    assert job["status"] == "succeeded"
    assert job["rows"] == {
        "total": 3, "done": 3, "inserted": 3, "updated": 0,
        "unchanged": 0, "rejected": 0, "deleted": 0,
    }  # fmt: skip
    assert job["progress"] == 1.0
    assert job["error"] is None
    assert job["collection"] == "default"
    assert job["created_at"].endswith("Z")

    best = client.search("Where is my order?")[0]
    assert best["question"] == "Where is my order?"
    assert best["answer"] == 'Look under "My orders", please.\nThen choose the order.'
    assert best["metadata"] == {"category": "orders"}
    assert best["matched"] == "question"
    assert best["distance"] == pytest.approx(0, abs=1e-3)
    assert best["score"] == pytest.approx(1 - best["distance"])
    assert best["collection"] == "default"


def test_multipart_and_form_fields_are_taken_as_well(client: Client) -> None:
    response = client.post(
        "/upload",
        data={"file": (io.BytesIO(FAQ.encode()), "../../faq.csv"), "collection": "shop"},
    )
    assert response.status_code == 202
    job = client.ended(response.json["job"]["id"])
    assert (job["collection"], job["filename"]) == ("shop", "../../faq.csv")
    found = client.post("/search", data={"question": "How do I pay?", "limit": "1"}).json
    assert [r["question"] for r in found["results"]] == ["How do I pay?"]
    assert found["question"] == "How do I pay?"
    assert found["took_ms"] > 0


def test_the_same_file_twice_changes_nothing(client: Client) -> None:
    client.load(FAQ)
    before = client.search("How do I pay?")
    rows = client.load(FAQ)["rows"]
    assert (rows["unchanged"], rows["inserted"], rows["updated"]) == (3, 0, 0)
    assert client.search("How do I pay?") == before


def test_a_changed_answer_updates_its_item(client: Client) -> None:
    client.load(FAQ)
    (before,) = client.search("How do I pay?", limit=1)
    rows = client.load("question,answer\nHow do I pay?,With gold only.\n")["rows"]
    assert (rows["updated"], rows["inserted"]) == (1, 0)
    (after,) = client.search("How do I pay?", limit=1)
    assert (after["id"], after["answer"]) == (before["id"], "With gold only.")


def test_every_answer_to_a_question_is_an_item(client: Client) -> None:
    two = "question,answer\nWhy?,Because.\nWhy?,Therefore.\nWhy?,Because.\n"
    rows = client.load(two)["rows"]
    assert (rows["inserted"], rows["unchanged"]) == (2, 1)
    assert {r["answer"] for r in client.search("Why?")} == {"Because.", "Therefore."}
    turned = "question,answer\nWhy?,Therefore.\nWhy?,Because.\n"
    assert client.load(turned)["rows"]["unchanged"] == 2
    changed = "question,answer\nWhy?,Otherwise.\nWhy?,Because.\n"
    rows = client.load(changed)["rows"]
    assert (rows["updated"], rows["unchanged"]) == (1, 1)
    assert {r["answer"] for r in client.search("Why?")} == {"Because.", "Otherwise."}


def test_only_metadata_changed_updates_without_the_model(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load(FAQ)
    runtime = client.http.application.extensions["conector"]
    monkeypatch.setattr(runtime.embeddings, "embed_with_pieces", None)
    rows = client.load(FAQ.replace("orders\n", "shipping\n"))["rows"]
    assert (rows["updated"], rows["unchanged"]) == (1, 2)
    assert client.search("Where is my order?")[0]["metadata"] == {"category": "shipping"}


def test_an_id_says_which_item_a_row_is(client: Client) -> None:
    client.load("id,question,answer\n7,Where?,Here.\n8,When?,Now.\n")
    job = client.load("id,question,answer\n7,Where to?,There.\n7,Where at?,Nowhere.\n")
    assert job["rows"]["updated"] == 1
    assert job["rows"]["rejected"] == 1
    (error,) = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert (error["line"], error["code"]) == (2, "duplicate_id")
    assert "line 3" in error["error"]
    assert {r["question"] for r in client.search("Where?")} == {"Where at?", "When?"}


def test_rows_are_rejected_by_line_and_never_shifted(client: Client) -> None:
    job = client.load("question,answer,tag\nA?,one,x\n,two,y\nC?,,z\nD?,four,u,v\nE?,five\n")
    assert job["rows"]["total"] == 5
    assert (job["rows"]["inserted"], job["rows"]["rejected"]) == (2, 3)
    errors = client.get(f"/jobs/{job['id']}/errors").json
    assert [(e["line"], e["code"]) for e in errors["results"]] == [
        (3, "empty_question"),
        (4, "empty_answer"),
        (5, "too_many_fields"),
    ]
    assert errors["total"] == 3
    assert {(r["question"], r["answer"]) for r in client.search("A?")} == {
        ("A?", "one"),
        ("E?", "five"),
    }


def test_a_file_with_every_row_rejected_fails(client: Client) -> None:
    job = client.load("question,answer\n,a\n,b\n")
    assert (job["status"], job["error"]["code"]) == ("failed", "all_rejected")
    assert "empty_question (2)" in job["error"]["error"]
    assert (job["rows"]["total"], job["rows"]["rejected"], job["rows"]["done"]) == (2, 2, 2)


@pytest.mark.parametrize(
    "text", ["NA", "null", "None", "007", "=1+1", "1e5", "\\N", "\\x41", "a\tb"]
)
def test_values_are_stored_exactly(client: Client, text: str) -> None:
    client.load(f"question,answer,extra\nq {text},{text},{text}\n")
    (found,) = client.search(f"q {text}")
    assert (found["question"], found["answer"]) == (f"q {text}", text)
    assert found["metadata"] == {"extra": text}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_file"),
        (b"question,answer\n", "no_rows"),
        (b"title,text\na,b\n", "missing_column"),
        (b"question,answer\na,\"b\n", "malformed_csv"),
        (b"question,answer\na,b\xc3\n\xff\xfe", "undecodable_text"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_taken_stores_nothing(client: Client, body: bytes, code: str) -> None:
    response = client.upload(body, "/upload?encoding=utf-8" if b"\xff" in body else "/upload")
    assert response.status_code == 422, response.text
    assert response.json["code"] == code
    assert client.get("/jobs").json["total"] == 0


def test_the_same_idempotency_key_returns_the_first_job(client: Client) -> None:
    headers = {"Idempotency-Key": "abc"}
    first = client.upload(FAQ, headers=headers).json["job"]["id"]
    second = client.upload(FAQ, headers=headers)
    assert (second.status_code, second.json["job"]["id"]) == (202, first)
    assert client.get("/jobs").json["total"] == 1


def test_jobs_are_listed_newest_first(client: Client) -> None:
    ids = [client.load(FAQ, f"/upload?collection=c{n}")["id"] for n in range(3)]
    page = client.get("/jobs?limit=2").json
    assert [job["id"] for job in page["results"]] == ids[:0:-1]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 0)
    assert client.get("/jobs?collection=c1").json["total"] == 1
    assert client.get("/jobs?status=failed").json["results"] == []


def test_replace_makes_the_collection_the_file(client: Client) -> None:
    client.load(FAQ)
    job = client.load(
        "question,answer,category\nHow do I pay?,By card or by invoice.,payment\nNew?,Yes.,x\n",
        "/upload?mode=replace",
    )
    assert (job["rows"]["inserted"], job["rows"]["unchanged"], job["rows"]["deleted"]) == (1, 1, 2)
    assert {r["question"] for r in client.search("New?")} == {"How do I pay?", "New?"}


def test_append_never_changes_an_item(client: Client) -> None:
    client.load(FAQ)
    rows = client.load(
        "question,answer\nHow do I pay?,Never.\nMore?,Yes.\n", "/upload?mode=append"
    )["rows"]
    assert (rows["inserted"], rows["unchanged"]) == (1, 1)
    assert client.search("How do I pay?")[0]["answer"] == "By card or by invoice."


def test_search_narrows_by_collection_distance_and_metadata(client: Client) -> None:
    client.load(FAQ, "/upload?collection=a")
    client.load("question,answer,category\nHow do I pay?,In b.,payment\n", "/upload?collection=b")
    only_b = client.search("How do I pay?", collection="b")
    assert [r["answer"] for r in only_b] == ["In b."]
    assert len(client.search("How do I pay?", collection=["a", "b"])) == 4
    assert client.search("How do I pay?", collection="none") == []
    near = client.search("How do I pay?", max_distance=0.01)
    assert {r["question"] for r in near} == {"How do I pay?"}
    payment = client.search("How do I pay?", filter={"category": "payment"})
    assert {r["collection"] for r in payment} == {"a", "b"}
    assert all(r["metadata"]["category"] == "payment" for r in payment)
    assert [r["id"] for r in client.search("How do I pay?", limit=2, offset=1)] == [
        r["id"] for r in client.search("How do I pay?", limit=3)[1:]
    ]


def test_equal_distances_come_in_a_fixed_order(client: Client) -> None:
    rows = "".join(f"Same?,Same answer {n}\n" for n in range(8))
    client.load("question,answer\n" + rows)
    ids = [r["id"] for r in client.search("Same?", limit=8)]
    assert ids == sorted(ids)
    assert [r["id"] for r in client.search("Same?", limit=3)] == ids[:3]


def test_a_batch_answers_in_order(client: Client) -> None:
    client.load(FAQ)
    queries: list[dict[str, Any]] = [
        {"question": "How do I pay?", "limit": 1},
        {"question": "Where is my order?", "limit": 1},
    ]
    response = client.post("/search/batch", json={"queries": queries})
    assert response.status_code == 200
    assert [r["results"][0]["question"] for r in response.json["results"]] == [
        "How do I pay?",
        "Where is my order?",
    ]
    assert client.post("/search/batch", json={"queries": []}).status_code == 400
    assert client.post("/search/batch", json={"queries": queries * 51}).status_code == 400


def test_a_canceled_job_keeps_what_is_written(client: Client) -> None:
    runtime = client.http.application.extensions["conector"]
    runtime.workers.stop()
    job_id = client.upload(FAQ).json["job"]["id"]
    job = client.post(f"/jobs/{job_id}/cancel").json
    assert job["status"] == "canceled"
    assert job["finished_at"] is not None
    assert client.post(f"/jobs/{job_id}/cancel").json["status"] == "canceled"
    assert client.search("How do I pay?") == []
