"""The names that an item's metadata may have, whichever way it is written."""

from __future__ import annotations

import pytest

from tests.support.client import Client

BAD_NAMES = ["id", "ID", "i\u200bd", "_line", "_Error", "", " ", " k ", "\ufeffk", "k" * 201]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_all_ways_to_write_an_item_refuse_a_name_that_no_column_can_have(
    client: Client, name: str
) -> None:
    new = {"question": "a?", "answer": "b", "metadata": {"tag": "x"}}
    item = client.post("/items", json=new).json
    body = {"question": "c?", "answer": "d", "metadata": {name: "v"}}
    answers = [
        client.post("/items", json=body),
        client.call("PUT", f"/items/{item['id']}", json=body),
        client.call("PATCH", f"/items/{item['id']}", json={"metadata": {name: "v"}}),
    ]
    assert [answer.status_code for answer in answers] == [400] * 3
    assert answers[0].json == answers[1].json == answers[2].json
    assert client.get("/items").json["results"] == [item]


def test_an_item_with_a_name_that_only_a_file_can_give_can_be_changed(client: Client) -> None:
    client.load("sku,id,question,answer\n1,x,a?,b\n", "/upload?id_column=sku")
    (item,) = client.get("/items").json["results"]
    path = f"/items/{item['id']}"
    assert client.call("PATCH", path, json={"answer": "c"}).json["answer"] == "c"
    metadata = {"id": "y", "tag": "t"}
    assert client.call("PATCH", path, json={"metadata": metadata}).json["metadata"] == metadata
    assert client.call("PATCH", path, json={"metadata": {"_line": "1"}}).status_code == 400
