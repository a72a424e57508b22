"""Other wordings over HTTP: written, found, exported, uploaded again."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from apiflask import APIFlask

from tests.support.client import PASSWORD, USER, Client

AUTH = (USER, PASSWORD)
FILE = (
    "question,answer,similar questions,tag\n"
    'opening hours,Nine to five.,"when do you open\nat what time|ready",x\n'
    "shipping price,Ten.,,y\n"
)


@pytest.fixture
def embedded(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that go to the model to be stored."""
    embeddings = app.extensions["conector"].embeddings
    texts: list[str] = []
    embed = embeddings.embed_with_pieces

    def note(given: list[str], *rest: Any) -> Any:
        texts.extend(given)
        return embed(given, *rest)

    monkeypatch.setattr(embeddings, "embed_with_pieces", note)
    return texts


def send(client: Client, method: str, item: Any, body: Any = None, **headers: str) -> Any:
    path = f"/items/{item['id']}"
    return client.http.open(path, method=method, json=body, auth=AUTH, headers=headers)


def add(client: Client, **fields: Any) -> Any:
    response = client.post("/items", json=fields)
    assert response.status_code == 201, response.text
    return response.json


def table(client: Client, query: str = "") -> list[list[str]]:
    text = client.get(f"/collections/default/export{query}").text
    return list(csv.reader(io.StringIO(text, newline="")))


def test_an_item_is_found_by_each_of_its_wordings(client: Client) -> None:
    item = add(
        client, question="opening hours", answer="Nine.",
        alternatives=[" when do you open ", "OPEN today", "opening hours", "OPEN  today"],
    )  # fmt: skip
    assert item["alternatives"] == ["when do you open", "OPEN today"]
    for text, matched in (("when do you open", "alternative"), ("opening hours", "question")):
        (found,) = client.search(text)
        assert (found["id"], found["matched"], found["matched_text"]) == (item["id"], matched, text)
        assert found["distance"] == pytest.approx(0, abs=1e-3)


def test_a_patch_changes_what_it_names_and_embeds_new_texts_only(
    client: Client, embedded: list[str]
) -> None:
    item = add(client, question="opening hours", answer="Nine.", metadata={"a": "b"})
    embedded.clear()
    changed = send(client, "PATCH", item, {"alternatives": ["when do you open", "ready yet"]})
    assert changed.status_code == 200, changed.text
    assert embedded == ["when do you open", "ready yet"]
    assert changed.json | {"updated_at": ""} == item | {
        "alternatives": ["when do you open", "ready yet"], "updated_at": "",
    }  # fmt: skip
    embedded.clear()
    send(client, "PATCH", item, {"alternatives": ["ready yet", "when do you open"]})
    send(client, "PATCH", item, {"metadata": {}})
    assert embedded == []
    for text in ("when do you open", "ready yet"):
        (found,) = client.search(text)
        assert (found["matched_text"], found["distance"]) == (text, pytest.approx(0, abs=1e-3))
    assert send(client, "PATCH", item, {"answer": "Ten."}).json["alternatives"][0] == "ready yet"
    assert embedded == ["opening hours\nTen."]
    kept = send(client, "PUT", item, {"question": "opening hours", "answer": "Ten."}).json
    assert (kept["alternatives"], kept["metadata"]) == ([], {})


@pytest.mark.parametrize(
    "body",
    [{"answer": None}, {"id": 10**6}, {"alternatives": [""]}, {"alternatives": ["x"] * 101}, []],
)
def test_a_patch_that_can_t_be_meant_is_refused(client: Client, body: Any) -> None:
    item = add(client, question="opening hours", answer="Nine.")
    assert send(client, "PATCH", item, body).status_code == 400
    assert send(client, "PATCH", {"id": 2**70}, {"answer": "x"}).status_code == 404
    assert send(client, "PATCH", {"id": 999}, {"answer": "x"}).status_code == 404


def test_a_change_of_what_is_no_longer_so_is_refused(client: Client) -> None:
    item = add(client, question="opening hours", answer="Nine.")
    seen = client.get(f"/items/{item['id']}").headers["ETag"]
    now = send(client, "PATCH", item, {"alternatives": ["ready"]}, **{"If-Match": seen})
    assert now.status_code == 200
    assert now.headers["ETag"] != seen
    for method, body in (("PUT", item), ("PATCH", {"answer": "x"}), ("DELETE", None)):
        late = send(client, method, item, body, **{"If-Match": seen})
        assert (late.status_code, late.json["code"]) == (412, "changed_meanwhile")
        assert late.json["item"] == now.json
        assert late.headers["ETag"] == now.headers["ETag"]
    fresh = {"If-Match": f'"other", {now.headers["ETag"]}'}
    assert send(client, "DELETE", item, None, **fresh).status_code == 200


def test_a_file_with_wordings_is_exported_and_uploaded_again(client: Client) -> None:
    dry = client.upload(FILE, "/upload?dry_run=true").json
    assert dry["preview"]["rows"][0]["alternatives"] == ["when do you open", "at what time|ready"]
    assert dry["preview"]["alternatives_columns"] == ["similar questions"]
    client.load(FILE)
    assert client.load(FILE)["rows"]["unchanged"] == 2
    assert client.search("at what time|ready")[0]["matched_text"] == "at what time|ready"
    exported = table(client)
    assert exported[0] == ["question", "answer", "similar questions", "tag"]
    assert exported[1][2] == "when do you open\nat what time|ready"
    again = client.get("/collections/default/export").data
    assert client.load(again, "/upload?mode=replace")["rows"]["unchanged"] == 2
    changed = client.load(FILE.replace("ready", "steady"))["rows"]
    assert (changed["updated"], changed["unchanged"]) == (1, 1)
    assert client.search("ready")[0]["distance"] > 0.1


def test_a_safe_export_with_wordings_comes_back(client: Client) -> None:
    add(client, question="sum", answer="Two.", alternatives=["=1+1", "=2", "'=3"])
    add(client, question="plain", answer="Yes.", alternatives=["one", "two"])
    safe = client.get("/collections/default/export?spreadsheet_safe=true").data
    assert b"'=1+1" in safe
    again = client.load(safe, "/upload?mode=replace&spreadsheet_safe=true")["rows"]
    assert again["unchanged"] == 2


def test_an_export_has_the_column_if_an_item_has_other_wordings(client: Client) -> None:
    client.load("question,answer,tag\nshipping price,Ten.,y\n")
    assert table(client)[0] == ["question", "answer", "tag"]
    add(client, question="a b", answer="Yes.", alternatives=["d|e", "f\ng"])
    assert table(client)[0] == ["question", "answer", "tag", "alternatives"]
    response = client.get("/collections/default/export")
    assert "Upload-Options" not in response.headers
    assert client.load(response.data)["rows"]["unchanged"] == 2


def test_intents_are_items_with_wordings_and_replace_the_rows_of_an_older_upload(
    client: Client,
) -> None:
    client.load('question,answer,tag\n"hi there",Hello!,hi\n"good day",Hello!,hi\n')
    intents = (
        '{"intents": [{"tag": "hi", "patterns": ["hi there", "good day"],'
        ' "responses": ["Hello!"]}]}'
    )
    job = client.load(intents, "/upload?mode=replace")["rows"]
    assert (job["total"], job["updated"], job["deleted"]) == (1, 1, 1)
    (item,) = client.get("/items").json["results"]
    assert (item["question"], item["alternatives"]) == ("hi there", ["good day"])
    assert table(client)[0] == ["tag", "patterns", "responses", "alternatives"]
    assert client.load(client.get("/collections/default/export").data)["rows"]["unchanged"] == 1


def test_rejected_rows_come_with_their_wordings(client: Client) -> None:
    job = client.load("id,question,answer,alternatives\n1,first,One.,a b|c d\n1,second,Two.,\n")
    response = client.get(f"/jobs/{job['id']}/errors", headers={"Accept": "text/csv"})
    rows = list(csv.reader(io.StringIO(response.text.lstrip("\ufeff"), newline="")))
    assert "a b\nc d" in rows[1]


@pytest.mark.parametrize("text", ["ABRÉM", "abrem", "horário", "NOVE", "HORARIO"])
def test_items_are_listed_by_a_text_in_any_of_their_texts(client: Client, text: str) -> None:
    item = add(client, question="Horário?", answer="Às nove.", alternatives=["Quando abrem?"])
    add(client, question="Preço?", answer="Dez.", collection="other")
    for more in ({}, {"collection": "default"}):
        listed = client.get("/items", query_string={"text": text, **more}).json
        assert ([one["id"] for one in listed["results"]], listed["total"]) == ([item["id"]], 1)
    assert client.get("/items", query_string={"text": "%"}).json["total"] == 0
    assert client.get("/items", query_string={"text": "o?"}).json["total"] == 2


@pytest.mark.parametrize("odd", ["\\u0000", "\\ud800"])
@pytest.mark.parametrize("ends", ["[%s, %s]", "%s\n%s\n"])
def test_a_wording_that_cannot_be_stored_rejects_its_row(
    client: Client, ends: str, odd: str
) -> None:
    good = '{"question": "B?", "answer": "c"}'
    bad = f'{{"question": "A?", "answer": "b", "alternatives": ["x{odd}"]}}'
    file = ends % (good, bad)
    assert client.upload(file, "/upload?dry_run=true").json["job"]["rows"]["rejected"] == 1
    job = client.load(file)
    assert (job["status"], job["rows"]["inserted"]) == ("succeeded", 1)
    (error,) = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert (error["line"], error["code"]) == (2, "invalid_character")


def test_an_object_without_the_key_leaves_the_stored_wordings(client: Client) -> None:
    one = {"id": "1", "question": "Q1 a?", "answer": "A", "alternatives": ["x1", "x2"]}
    two = {"id": "2", "question": "Q2 b?", "answer": "B", "alternatives": ["y"]}
    client.load(json.dumps([one, two]))
    changed = {"id": "1", "question": "Q1 a?", "answer": "A new"}
    emptied = two | {"alternatives": []}
    added = {"id": "3", "question": "Q3 c?", "answer": "C", "alternatives": ["z"]}
    rows = client.load(json.dumps([changed, emptied, added]))["rows"]
    assert (rows["updated"], rows["inserted"]) == (2, 1)
    items = client.get("/items").json["results"]
    assert {item["external_id"]: (item["answer"], item["alternatives"]) for item in items} == {
        "1": ("A new", ["x1", "x2"]), "2": ("B", []), "3": ("C", ["z"]),
    }  # fmt: skip
    assert client.search("x2")[0]["matched_text"] == "x2"
