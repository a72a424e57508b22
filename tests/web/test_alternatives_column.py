"""The option that names the columns with other wordings, for each kind of file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.client import Client

FILE = "question,answer,frases,outras,alternatives\nhours,Nine.,when open|at what time,ready,x\n"
URL = "/upload?dry_run=true&alternatives_column="


def preview(client: Client, file: str, columns: str, more: str = "") -> Any:
    response = client.upload(file, f"{URL}{columns}{more}")
    return response.json["preview"] if response.status_code == 200 else response.json


@pytest.mark.parametrize("columns", ["frases,outras", "Frases, 4", "3,4"])
def test_the_named_columns_hold_other_wordings_and_no_others(client: Client, columns: str) -> None:
    seen = preview(client, FILE, columns)
    assert seen["alternatives_columns"] == ["frases", "outras"]
    assert seen["rows"][0]["alternatives"] == ["when open", "at what time", "ready"]
    assert seen["rows"][0]["metadata"] == {"alternatives": "x"}


def test_a_file_without_header_has_them_by_position(client: Client) -> None:
    seen = preview(
        client,
        "hours?,Nine.,when open\nprice?,Ten.,how much\n",
        "3",
        "&question_column=1&answer_column=2&header=false",
    )
    assert [row["alternatives"] for row in seen["rows"]] == [["when open"], ["how much"]]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ("nothing", "missing_column"),
        ("9", "missing_column"),
        ("answer", "invalid_option"),
        ("frases,3", "invalid_option"),
        ("frases,frases", "invalid_option"),
        ("frases,", "invalid_option"),
        ("0", "invalid_option"),
    ],
)
def test_wrong_columns_are_refused(client: Client, columns: str, code: str) -> None:
    assert preview(client, FILE, columns)["code"] == code


@pytest.mark.parametrize("first", ["hours", ["hours", "opening"]])
def test_objects_have_them_under_any_name(client: Client, first: Any) -> None:
    objects = [
        {"question": first, "answer": "Nine.", "frases": ["when open", {"text": "at what time"}]},
        {"question": "price", "answer": "Ten.", "alternatives": "x"},
    ]
    seen = preview(client, json.dumps(objects), "frases")
    assert seen["rows"][0]["question"] == "hours"
    assert {"when open", "at what time"} <= set(seen["rows"][0]["alternatives"])
    assert seen["rows"][1]["metadata"] == {"alternatives": "x"}


def test_what_was_uploaded_so_is_exported_and_uploaded_without_the_option(client: Client) -> None:
    file = FILE.replace(",alternatives", ",tag")
    client.load(file, "/upload?alternatives_column=frases,outras")
    assert client.search("at what time")[0]["matched_text"] == "at what time"
    exported = client.get("/collections/default/export").data
    assert exported.decode("utf-8-sig").splitlines()[0] == "question,answer,alternatives,tag"
    assert client.load(exported, "/upload?mode=replace")["rows"]["unchanged"] == 1
