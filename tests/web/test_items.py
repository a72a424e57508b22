"""Items one by one, collections, and their export, over HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

import store.matching
from services.workers import Workers
from tests.support.client import Client

FAQ = """question,answer,category
How do I pay?,By card.,payment
Where is my order?,"On its way,
or ""lost"".",orders
How do I pay?,By invoice.,payment
"""


def rows(client: Client, delimiter: str = ",") -> list[list[str]]:
    response = client.get("/collections/default/export")
    assert response.status_code == 200, response.text
    assert response.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(response.text, newline=""), delimiter=delimiter))


def add(client: Client, **fields: Any) -> Any:
    return client.post("/items", json=fields)


def test_a_written_item_is_found_at_once(client: Client) -> None:
    response = add(client, question=" Opening hours? ", answer="9 to 5", metadata={"a": "b"})
    assert response.status_code == 201
    item = response.json
    assert response.headers["Location"] == f"/items/{item['id']}"
    assert (item["question"], item["answer"]) == ("Opening hours?", "9 to 5")
    assert (item["collection"], item["metadata"]) == ("default", {"a": "b"})
    assert set(item) == {
        "id", "external_id", "question", "alternatives", "answer", "collection", "metadata",
        "created_at", "updated_at",
    }  # fmt: skip
    assert client.get(f"/items/{item['id']}").json == item
    found = client.search("Opening hours?")[0]
    assert (found["id"], found["matched"]) == (item["id"], "question")
    assert found["distance"] == pytest.approx(0, abs=1e-3)


def test_a_changed_item_is_found_by_its_new_text_only(client: Client) -> None:
    item = add(client, question="old words", answer="x").json
    changed = client.http.put(
        f"/items/{item['id']}", json=item | {"question": "new terms"}, auth=AUTH
    )
    assert changed.status_code == 200, changed.text
    assert changed.json is not None
    assert changed.json["question"] == "new terms"
    assert changed.json["updated_at"] > item["updated_at"]
    assert client.search("new terms")[0]["distance"] == pytest.approx(0, abs=1e-3)
    assert client.search("old words")[0]["distance"] > 0.1


def test_any_item_can_be_sent_back_as_it_came(client: Client) -> None:
    name = "A question of a form " * 20
    client.load(f"sku,id,question,answer,{name}\n1,x,a,b,c\n", "/upload?id_column=sku")
    (item,) = client.get("/items").json["results"]
    assert item["metadata"] == {"id": "x", name.strip(): "c"}
    for method in (client.http.put, client.http.patch):
        response = method(f"/items/{item['id']}", json=item, auth=AUTH)
        assert response.status_code == 200, response.text


def test_a_deleted_item_is_gone(client: Client) -> None:
    item = add(client, question="a", answer="b").json
    assert client.http.delete(f"/items/{item['id']}", auth=AUTH).json == {"deleted": 1}
    assert client.get(f"/items/{item['id']}").status_code == 404
    assert client.http.delete(f"/items/{item['id']}", auth=AUTH).status_code == 404
    assert client.search("a") == []


AUTH = ("admin", "a test's password")


def test_the_same_pair_again_is_409_and_names_the_item(client: Client) -> None:
    first = add(client, question="a?", answer="b").json
    again = add(client, question="a?\u200b", answer=" b ")
    assert (again.status_code, again.json["code"]) == (409, "duplicate_item")
    assert again.json["id"] == first["id"]
    other = add(client, question="a?", answer="c").json
    assert other["id"] != first["id"]
    clash = client.http.put(
        f"/items/{other['id']}", json={"question": "a?", "answer": "b"}, auth=AUTH
    )
    assert clash.status_code == 409
    assert add(client, question="a?", answer="b", collection="elsewhere").status_code == 201


def test_an_item_written_while_a_job_waits_is_not_overwritten(client: Client) -> None:
    runtime = client.http.application.extensions["conector"]
    runtime.workers.stop()
    client.upload("question,answer\nq?,from the file\n")
    assert store.matching.start_job(runtime.pool, runtime.model)
    add(client, question="q?", answer="by hand")
    workers = Workers(runtime.pool, runtime.model, runtime.embeddings, threads=1, lease_seconds=5)
    workers.start()
    try:
        client.ended(client.get("/jobs").json["results"][0]["id"])
    finally:
        workers.stop()
    assert {r["answer"] for r in client.search("q?")} == {"from the file", "by hand"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "a"},
        {"question": " ", "answer": "b"},
        {"question": "a", "answer": "\u200b"},
        {"question": "a\0", "answer": "b"},
        {"question": "a", "answer": "b", "metadata": {"n": 1}},
        {"question": "a", "answer": "b", "metadata": {"ID": "1"}},
        {"question": "a", "answer": "b", "metadata": {" n": "1"}},
        {"question": "a", "answer": "b", "collection": "a b"},
        {"question": "a", "answer": "b", "id": 3},
        {"question": "a" * 10_001, "answer": "b"},
        [],
    ],
)
def test_a_wrong_item_is_400(client: Client, body: Any) -> None:
    response = client.post("/items", json=body)
    assert (response.status_code, response.json["code"]) == (400, "invalid_request")
    assert client.get("/items").json["total"] == 0


@pytest.mark.parametrize("fields", [{"collection": "other"}, {"id": 99_999}])
def test_an_item_can_not_move(client: Client, fields: dict[str, Any]) -> None:
    item = add(client, question="a", answer="b").json
    path = f"/items/{item['id']}"
    for response in (
        client.http.put(path, json=item | fields, auth=AUTH),
        client.http.patch(path, json=fields, auth=AUTH),
    ):
        assert response.status_code == 400
        assert "neither can change" in response.text
        assert response.json is not None
        assert [one["field"] for one in response.json["fields"]] == [*fields]


@pytest.mark.parametrize("name", ["question", "answer", "alternatives", "metadata"])
def test_a_change_to_null_names_its_field(client: Client, name: str) -> None:
    item = add(client, question="a", answer="b").json
    response = client.http.patch(f"/items/{item['id']}", json={name: None}, auth=AUTH)
    assert response.status_code == 400
    assert response.json is not None
    assert [one["field"] for one in response.json["fields"]] == [name]


def test_the_id_that_a_file_gave_can_not_change(client: Client) -> None:
    client.load("id,question,answer\nX1,a,b\n")
    given = client.get("/items").json["results"][0]
    written = add(client, question="c", answer="d").json
    for item, own in ((given, '"X1"'), (written, "null")):
        path = f"/items/{item['id']}"
        for response in (
            client.http.put(path, json=item | {"external_id": "X2"}, auth=AUTH),
            client.http.patch(path, json={"external_id": "X2"}, auth=AUTH),
        ):
            assert response.status_code == 400
            assert response.json is not None
            assert response.json["fields"][0]["field"] == "external_id"
            assert f"is {own}" in response.json["error"]
        assert client.get(path).json == item


def test_a_change_of_nothing_writes_nothing(client: Client) -> None:
    item = add(client, question="a", answer="b", alternatives=["c"], metadata={"d": "e"}).json
    path = f"/items/{item['id']}"
    for change in ({}, {"answer": " b "}, {"external_id": None}, item):
        assert client.http.patch(path, json=change, auth=AUTH).json == item
    assert client.http.put(path, json=item, auth=AUTH).json == item


@pytest.mark.parametrize("path", ["/items/1", f"/items/{2**63}", f"/items/{2**200}"])
def test_an_item_that_is_not_there_is_404(client: Client, path: str) -> None:
    body = {"question": "a", "answer": "b"}
    assert client.get(path).status_code == 404
    assert client.http.put(path, json=body, auth=AUTH).status_code == 404
    assert client.http.delete(path, auth=AUTH).status_code == 404


def test_items_are_listed_in_the_order_of_their_arrival(client: Client) -> None:
    client.load(FAQ)
    add(client, question="Last?", answer="Yes.")
    add(client, question="Elsewhere?", answer="Yes.", collection="b")
    page = client.get("/items?collection=default&limit=2&offset=1").json
    assert [i["answer"][:4] for i in page["results"]] == ["On i", "By i"]
    assert (page["total"], page["limit"], page["offset"]) == (4, 2, 1)
    assert client.get("/items").json["total"] == 5
    assert client.get("/items?collection=none").json["results"] == []


def test_collections_are_listed_and_deleted_with_their_jobs(client: Client) -> None:
    client.load(FAQ, "/upload?collection=b")
    client.load("question,answer\nx,y\n", "/upload?collection=a")
    listed = client.get("/collections").json["results"]
    assert [(c["name"], c["items"]) for c in listed] == [("a", 1), ("b", 3)]
    assert listed[0]["updated_at"].endswith("Z")
    client.http.application.extensions["conector"].workers.stop()
    waiting = client.upload(FAQ, "/upload?collection=b").json["job"]["id"]
    assert client.http.delete("/collections/b", auth=AUTH).json == {"deleted": 3}
    assert client.get(f"/jobs/{waiting}").json["status"] == "canceled"
    assert [c["name"] for c in client.get("/collections").json["results"]] == ["a"]
    assert client.search("How do I pay?", collection="b") == []
    assert client.http.delete("/collections/never", auth=AUTH).status_code == 404


def test_a_failed_upload_makes_no_collection(client: Client) -> None:
    assert client.upload("no,names\na,b\n", "/upload?collection=new").status_code == 422
    assert client.get("/collections").json["results"] == []


def test_an_export_is_what_was_uploaded_and_changes_nothing(client: Client) -> None:
    data = "id;Pergunta;extra;Resposta;tag;tag;\r\n"
    data += "".join(
        f'{n};"Pergunta {n}?";=1+{n};" linha 1\r\nlinha ""2""; ";;007;\r\n' for n in range(70)
    )
    client.load(data)
    response = client.get("/collections/default/export")
    assert "Upload-Options" not in response.headers
    table = rows(client, ";")
    assert table[0] == ["id", "Pergunta", "extra", "Resposta", "tag", "tag_2"]
    assert table[1] == ["0", "Pergunta 0?", "=1+0", 'linha 1\r\nlinha "2";', "", "007"]
    assert [row[0] for row in table[1:]] == [str(n) for n in range(70)]
    again = client.load(response.data)["rows"]
    assert (again["unchanged"], again["total"]) == (70, 70)
    assert client.get("/collections/default/export").data == response.data


def test_an_export_of_items_with_different_columns_changes_nothing(client: Client) -> None:
    client.load(FAQ)
    client.load("pergunta,resposta,fonte\nOutra?,Sim.,manual\n")
    add(client, question="Por API?", answer="Sim.", metadata={"z": "1"})
    table = rows(client)
    assert table[0] == ["pergunta", "resposta", "fonte", "category", "z"]
    again = client.load(client.get("/collections/default/export").data)["rows"]
    assert (again["unchanged"], again["total"]) == (5, 5)


def test_an_export_by_unknown_names_is_understood_again(client: Client) -> None:
    client.load(
        "code,text,body\n1,a?,b\n2,c?,d\n",
        "/upload?question_column=text&answer_column=3&id_column=code",
    )
    assert rows(client)[0] == ["id", "question", "answer"]
    again = client.load(client.get("/collections/default/export").data)["rows"]
    assert again["unchanged"] == 2


def test_an_export_without_a_header_gets_one(client: Client) -> None:
    client.load("a?,b\nc?,d\n", "/upload?question_column=1&answer_column=2")
    assert rows(client) == [["question", "answer"], ["a?", "b"], ["c?", "d"]]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("question,answer,texto\nmeta,b,a?\n", "question_column=texto&answer_column=answer"),
        ("question,answer,text\na?,meta,b\n", "answer_column=text"),
    ],
)
def test_names_that_would_be_taken_for_others_are_changed(
    client: Client, text: str, options: str
) -> None:
    client.load(text, f"/upload?{options}")
    response = client.get("/collections/default/export")
    assert "Upload-Options" not in response.headers
    again = client.load(response.data)["rows"]
    assert (again["unchanged"], again["total"]) == (1, 1)
    item = client.get("/items").json["results"][0]
    assert (item["question"], item["answer"], list(item["metadata"].values())) == (
        "a?", "b", ["meta"],
    )  # fmt: skip


def test_where_names_do_not_suffice_the_export_says_its_options(client: Client) -> None:
    client.load("key,id,question,answer\n1,7,a?,b\n", "/upload?id_column=key")
    response = client.get("/collections/default/export")
    options = response.headers["Upload-Options"]
    again = client.load(response.data, f"/upload?{options}")["rows"]
    assert (again["unchanged"], again["total"]) == (1, 1)


def test_the_export_of_a_quiz_says_its_options(client: Client) -> None:
    quiz = "question,a,b,correct\nFirst?,x,y,A\nSecond?,z,w,B\n"
    assert client.upload(quiz).status_code == 422
    client.load(quiz, "/upload?answer_column=correct")
    export = client.get("/collections/default/export")
    again = client.load(export.data, "/upload?" + export.headers["Upload-Options"])
    assert again["rows"]["unchanged"] == 2


def test_formulas_are_neutralised_on_request_only(client: Client) -> None:
    client.load("question,answer\n=1+1,@b\n-c,+d\n")
    assert rows(client)[1:] == [["=1+1", "@b"], ["-c", "+d"]]
    response = client.get("/collections/default/export?spreadsheet_safe=true")
    assert "spreadsheet-safe" in response.headers["Content-Disposition"]
    safe = list(csv.reader(io.StringIO(response.data.decode("utf-8-sig"))))
    assert safe[1:] == [["'=1+1", "'@b"], ["'-c", "'+d"]]


def test_an_export_of_nothing_is_404(client: Client) -> None:
    assert client.get("/collections/none/export").status_code == 404


def test_a_replaced_collection_is_exported_in_the_new_order(client: Client) -> None:
    client.load(FAQ)
    new = "question,answer\nNew?,Yes.\nHow do I pay?,By invoice.\nHow do I pay?,By card.\n"
    client.load(new, "/upload?mode=replace")
    assert [row[1] for row in rows(client)] == ["answer", "Yes.", "By invoice.", "By card."]


def test_a_deleted_collection_is_not_there(client: Client) -> None:
    client.load("question,answer\na,b\n", "/upload?collection=b")
    assert client.http.delete("/collections/b", auth=AUTH).json == {"deleted": 1}
    assert client.http.delete("/collections/b", auth=AUTH).status_code == 404
    assert client.get("/collections/b/export").status_code == 404


def test_answers_that_differ_in_white_space_are_two(client: Client) -> None:
    text = 'question,answer\nq,"a b"\nq,"a  b"\nq,"a\nb"\nq,"a\n\nb"\nq,a\u200b b\nq,a\u00a0b\n'
    rows = client.load(text)["rows"]
    # What no reader sees makes no other answer.
    assert (rows["inserted"], rows["unchanged"]) == (4, 2)
    assert client.load(text)["rows"]["unchanged"] == 6


def test_an_export_is_a_file_of_known_length(client: Client) -> None:
    client.load("question,answer\n" + "".join(f"q{n},{'a' * 1_000}\n" for n in range(2_000)))
    response = client.get("/collections/default/export")
    assert response.content_length == len(response.data) > 2_000_000
    head = client.http.head("/collections/default/export", auth=AUTH, buffered=True)
    assert (head.status_code, head.data) == (200, b"")


def test_a_replacing_file_of_rejected_rows_only_leaves_the_collection(client: Client) -> None:
    client.load(FAQ)
    job = client.load("question,answer\na,b,c\nd,\n", "/upload?mode=replace")
    assert (job["status"], job["error"]["code"]) == ("failed", "all_rejected")
    assert (job["rows"]["rejected"], job["rows"]["deleted"]) == (2, 0)
    assert client.get("/items").json["total"] == 3


def test_many_rows_are_matched_as_few_are(client: Client) -> None:
    count = store.matching.MANY_ROWS + 1
    text = "question,answer\n" + "".join(f"q{n % 600},a{n}\n" for n in range(count))
    assert client.load(text)["rows"]["inserted"] == count
    assert client.load(text)["rows"]["unchanged"] == count
    changed = client.load(text.replace("q7,a7\n", "q7,b\n") + "q7,a607\n")["rows"]
    assert (changed["updated"], changed["unchanged"]) == (1, count)
