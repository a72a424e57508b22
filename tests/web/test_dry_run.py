"""Dry runs: what an upload would do."""

from __future__ import annotations

import pytest

from tests.support.client import Client
from tests.support.files import workbook as make_workbook

FAQ = (
    "id;Pergunta;Resposta;tema\n1;Como pago?;Com cartão.;pag\n2;;vazia;x\n3;Onde está?;Aqui.;loc\n"
)


def test_a_dry_run_counts_and_shows_and_stores_nothing(client: Client) -> None:
    client.load(FAQ)
    changed = FAQ.replace("Aqui.", "Ali.") + "4;Nova?;Sim.;novo\n5;Curta\n"
    response = client.upload(changed.encode("cp1252"), "/upload?dry_run=true")
    assert response.status_code == 200, response.text
    rows = response.json["job"]["rows"]
    assert rows == {
        "total": 5, "done": 5, "inserted": 1, "updated": 1,
        "unchanged": 1, "rejected": 2, "deleted": 0,
    }  # fmt: skip
    job = response.json["job"]
    assert job["id"] is None
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    assert job["eta_seconds"] == 0
    preview = response.json["preview"]
    assert (preview["encoding"], preview["delimiter"], preview["header_line"]) == (
        "windows-1252", ";", 1,
    )  # fmt: skip
    assert preview["columns"] == ["id", "Pergunta", "Resposta", "tema"]
    assert (preview["question_column"], preview["answer_column"], preview["id_column"]) == (
        "Pergunta", "Resposta", "id",
    )  # fmt: skip
    assert preview["rows"][0] == {
        "line": 2, "id": "1", "question": "Como pago?", "answer": "Com cartão.",
        "metadata": {"tema": "pag"},
    }  # fmt: skip
    assert [(e["line"], e["code"]) for e in preview["errors"]] == [
        (3, "empty_question"), (6, "too_few_fields"),
    ]  # fmt: skip
    assert client.get("/jobs").json["total"] == 1
    assert client.get("/items").json["total"] == 2
    assert client.search("Nova?", max_distance=0.01) == []


def test_a_dry_run_says_what_a_replacing_job_would_delete(client: Client) -> None:
    client.load(FAQ)
    response = client.upload("question,answer\na,b\n", "/upload?dry_run=true&mode=replace")
    assert response.json["job"]["rows"]["deleted"] == 2
    assert client.get("/items").json["total"] == 2


def test_rows_that_repeat_the_header_or_explain_it_are_counted(client: Client) -> None:
    file = "question,answer\nFrage,Antwort\nWhat?,That.\nquestion,answer\nWho?,Me.\n"
    dry = client.upload(file, "/upload?dry_run=true").json
    assert dry["preview"]["left_out"] == {"rows": 2, "lines": [2, 4]}
    sent = client.upload(file, "/upload")
    for message in (dry["message"], sent.json["message"]):
        assert "repeat or explain the header: 2 (line 2, 4)." in message
    job = client.ended(sent.json["job"]["id"])
    assert job["rows"]["inserted"] == job["rows"]["total"] == 2
    assert job["file"]["left_out"] == {"rows": 2, "lines": [2, 4]}
    assert client.upload("question,answer\nq,a\nWhat?,That.\n").json["message"].startswith("2 rows")
    many = client.upload("question,answer\n" * 30 + "What?,That.\n", "/upload?dry_run=true").json
    assert "header: 29 (line 2, " in many["message"]
    assert ", 21, …)." in many["message"]
    workbook = make_workbook(("A", [line.split(",") for line in file.splitlines()]))
    assert client.upload(workbook, "/upload?dry_run=true").json["preview"]["left_out"]["rows"] == 2


def test_a_dry_run_shows_a_thousand_rejected_rows(client: Client) -> None:
    rows = "question,answer\na,b\n" + "Empty?,\n" * 1_001
    body = client.upload(rows, "/upload?dry_run=true").json
    assert body["job"]["rows"]["rejected"] == 1_001
    lines = [error["line"] for error in body["preview"]["errors"]]
    assert lines == list(range(3, 1_003))


@pytest.mark.parametrize("mode", ["upsert", "replace", "append"])
def test_a_dry_run_says_that_a_job_would_fail(client: Client, mode: str) -> None:
    client.load(FAQ)
    response = client.upload("question,answer\na,\n", f"/upload?dry_run=true&mode={mode}")
    job = response.json["job"]
    assert (job["status"], job["error"]["code"]) == ("failed", "all_rejected")
    assert job["rows"]["deleted"] == 0
    assert "would fail" in response.json["message"]
    assert "empty_answer (1)" in response.json["message"]


def test_a_dry_run_with_a_used_key_is_a_dry_run(client: Client) -> None:
    headers = {"Idempotency-Key": "k"}
    client.load(FAQ, headers=headers)
    dry = client.upload(FAQ, "/upload?dry_run=true", headers=headers)
    assert dry.status_code == 200
    assert dry.json["job"]["rows"]["unchanged"] == 2


def test_a_dry_run_of_a_new_collection_makes_none_and_uses_no_key(client: Client) -> None:
    headers = {"Idempotency-Key": "k"}
    dry = client.upload(FAQ, "/upload?dry_run=true&collection=new", headers=headers)
    assert dry.status_code == 200
    assert client.get("/collections").json["results"] == []
    assert client.upload(FAQ, "/upload?collection=new", headers=headers).status_code == 202


def test_a_dry_run_of_a_file_that_can_not_be_taken_is_422(client: Client) -> None:
    response = client.upload("x,y\na,b\n", "/upload?dry_run=true")
    assert (response.status_code, response.json["code"]) == (422, "missing_column")
