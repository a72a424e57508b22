"""What was uploaded or written comes back, and uploading it again changes nothing."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.client import Client
from tests.support.header_words import NAMES, TEXTS

FORMS = [
    f"?delimiter={delimiter}&bom={bom}&spreadsheet_safe={safe}"
    for delimiter, bom, safe in (
        ("comma", "false", "false"),
        ("semicolon", "true", "false"),
        ("tab", "false", "true"),
        ("pipe", "true", "true"),
    )
]


def list_items(client: Client) -> list[dict[str, Any]]:
    """Return all items, without what an empty cell and a missing one differ in."""
    found: list[dict[str, Any]] = client.get("/items?limit=1000").json["results"]
    for item in found:
        item["metadata"] = {name: value for name, value in item["metadata"].items() if value}
    return found


def come_back(client: Client, form: str = "", *, alone: bool = False) -> str:
    """Upload the export in place of the collection; return the options that it was sent with."""
    before = list_items(client)
    response = client.get(f"/collections/default/export{form}")
    options = "" if alone else response.headers.get("Upload-Options", "")
    rows = client.load(response.data, f"/upload?mode=replace&{options}")["rows"]
    assert rows["unchanged"] == rows["total"] == len(before), (rows, response.text, options)
    assert rows["deleted"] == 0
    assert list_items(client) == before
    return options


def write(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def add(client: Client, question: str, answer: str, **fields: Any) -> Any:
    response = client.post("/items", json={"question": question, "answer": answer, **fields})
    assert response.status_code == 201, response.text
    return response.json


@pytest.mark.parametrize("form", FORMS)
def test_a_column_that_only_looks_like_wordings_stays_metadata(client: Client, form: str) -> None:
    file = "question,similar question,o1,answer\nQ1?,m1,a1|a2,x\nQ2?,m2,,y"
    client.load(file, "/upload?alternatives_column=o1")
    assert "alternatives_column=3" in come_back(client, form)
    first = list_items(client)[0]
    assert (first["alternatives"], first["metadata"]) == (["a1", "a2"], {"similar question": "m1"})


@pytest.mark.parametrize("name", ["variações", "alternatives", "similar question 1"])
@pytest.mark.parametrize("wordings", [[], ["real"]])
def test_metadata_named_like_wordings_stays_metadata(
    client: Client, name: str, wordings: list[str]
) -> None:
    add(client, "PN?", "a", alternatives=wordings, metadata={name: "v"})
    come_back(client)
    (item,) = list_items(client)
    assert (item["alternatives"], item["metadata"]) == (wordings, {name: "v"})


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("question", "answer"),
        ("---", "--"),
        ("(your question)", "(its answer)"),
        ("text", "string"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_an_item_that_looks_like_a_header_or_its_explanation_is_kept(
    client: Client, question: str, answer: str, form: str
) -> None:
    add(client, question, answer)
    add(client, "When do you open?", "At nine.")
    add(client, "When do you close?", "At five.")
    come_back(client, form, alone="safe=true" not in form)


def test_an_item_far_down_that_looks_like_the_header_is_kept(client: Client) -> None:
    long = [[f"q{number}?", "x" * 1_000] for number in range(200)]
    client.load(write([["question", "answer"], *long]))
    add(client, "question", "answer")
    come_back(client, alone=True)


def test_metadata_named_like_labels_adds_no_labels_and_merges_no_items(client: Client) -> None:
    for question in ("a?", "b?"):
        add(client, question, "same", metadata={"source": "s", "metadata": "k:v"})
    come_back(client, alone=True)


def test_rejected_rows_come_back_with_the_wordings_that_were_named(client: Client) -> None:
    file = "question,similar question,o1,answer\nQ1?,m1,a1|a2,\n"
    job = client.load(file, "/upload?alternatives_column=o1")
    response = client.get(f"/jobs/{job['id']}/errors", headers={"Accept": "text/csv"})
    mended = response.text.replace("a1|a2,,", "a1|a2,x,")
    client.load(mended, f"/upload?{response.headers['Upload-Options']}")
    (item,) = list_items(client)
    assert (item["alternatives"], item["metadata"]) == (["a1", "a2"], {"similar question": "m1"})


@st.composite
def uploads(draw: st.DrawFn) -> tuple[str, str]:
    """Return a file whose columns have any known names, and the options that say which is which."""
    width = draw(st.integers(2, 6))
    header = draw(st.lists(st.sampled_from(NAMES), min_size=width, max_size=width))
    rows = draw(st.lists(st.lists(TEXTS, min_size=width, max_size=width), min_size=1, max_size=5))
    at = draw(st.permutations(range(1, width + 1)))
    options = f"header=true&delimiter=comma&question_column={at[0]}&answer_column={at[1]}"
    if width > 2 and draw(st.booleans()):
        options += f"&alternatives_column={at[2]}"
    return write([header, *rows]), options


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(uploads(), st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from(NAMES)), max_size=2))
def test_anything_comes_back_in_every_form(
    client: Client, upload: tuple[str, str], written: list[tuple[str, str, str]]
) -> None:
    client.call("DELETE", "/collections/default")
    file, options = upload
    response = client.upload(file, f"/upload?{options}")
    if response.status_code == 202:
        client.ended(response.json["job"]["id"])
    for question, answer, name in written:
        body = {"question": question, "answer": answer, "metadata": {name: question}}
        assert client.post("/items", json=body).status_code in (201, 409)
    if list_items(client):
        for form in FORMS:
            come_back(client, form)
