"""The forms of an export: delimiter, BOM, and what is safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from files.formulas import FORMULA_STARTS, neutralise, restore
from tests.support.client import Client

BOM = b"\xef\xbb\xbf"
ROWS = [
    ["Pergunta", "Resposta", "tema", "=nota"],
    ["Posso pagar; depois?", 'Sim, "fiado"|até\to dia 5.', " crédito ", "=1+1"],
    ["'-5 graus?", "\t", "@", "a\r\nb"],
    ["Onde fica?", "Na praça,\nao lado.", "", "'x"],
]
ROWS[2][1] = "-5; ou menos"


def write(delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(ROWS)
    return text.getvalue().encode(encoding)


def export(client: Client, query: str = "") -> Any:
    response = client.get(f"/collections/default/export{query}")
    assert response.status_code == 200, response.text
    return response


def read(response: Any, delimiter: str) -> list[list[str]]:
    text = response.data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", [False, True])
def test_what_was_uploaded_comes_back_as_it_was(client: Client, delimiter: str, bom: bool) -> None:
    file = write(delimiter, "utf-8-sig" if bom else "utf-8")
    client.load(file)
    assert export(client).data == file
    rows = client.load(export(client).data)["rows"]
    assert rows["unchanged"] == rows["total"] == 3


@pytest.mark.parametrize(
    ("asked", "delimiter"),
    [("%2C", ","), ("comma", ","), (";", ";"), ("%3B", ";"), ("tab", "\t"), ("%09", "\t"),
     ("|", "|"), ("%7C", "|")],
)  # fmt: skip
@pytest.mark.parametrize("safe", [False, True])
def test_another_form_changes_nothing_either(
    client: Client, asked: str, delimiter: str, safe: bool
) -> None:
    client.load(write("|"))
    response = export(client, f"?delimiter={asked}&bom=true&spreadsheet_safe={safe}")
    assert response.data.startswith(BOM)
    wanted = [list(map(neutralise, row)) for row in ROWS] if safe else ROWS
    assert read(response, delimiter) == wanted
    options = response.headers.get("Upload-Options", "")
    assert options == ("spreadsheet_safe=true" if safe else "")
    rows = client.load(response.data, f"/upload?{options}")["rows"]
    assert rows["unchanged"] == rows["total"] == 3
    # The items are what they were, and the form is that of the last file.
    assert read(export(client), delimiter) == ROWS


def test_a_bom_is_written_where_the_file_had_one_or_where_it_is_asked_for(client: Client) -> None:
    client.load(write())
    assert not export(client).data.startswith(BOM)
    assert export(client, "?bom=true").data == BOM + export(client).data
    assert export(client, "?spreadsheet_safe=true").data.startswith(BOM)
    assert not export(client, "?spreadsheet_safe=true&bom=false").data.startswith(BOM)
    client.load(write(encoding="utf-16"))
    assert export(client).data.startswith(BOM)
    assert not export(client, "?bom=false").data.startswith(BOM)
    assert client.get("/collections/default/export?bom=maybe").status_code == 400


def test_an_unusual_delimiter_comes_back_with_the_option_that_reads_it(client: Client) -> None:
    client.load(write("^"), "/upload?delimiter=^")
    response = export(client)
    assert read(response, "^") == ROWS
    rows = client.load(response.data, f"/upload?{response.headers['Upload-Options']}")["rows"]
    assert rows["unchanged"] == rows["total"] == 3


def test_a_collection_without_a_file_is_exported_with_commas(client: Client) -> None:
    client.post("/items", json={"question": "a", "answer": "b", "metadata": {"tag": "c"}})
    assert export(client).data == b"question,answer,tag\r\na,b,c\r\n"
    client.load('[{"question": "a", "answer": "b", "tag": "c"}]')
    assert export(client).data == b"question,answer,tag\r\na,b,c\r\n"


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(*[st.text(st.sampled_from("'=+-@\t\r\n;,|\"ab ç"), max_size=6)] * 2), max_size=4
    ),
    st.sampled_from([",", ";", "tab", "|"]),
)
def test_a_safe_file_brings_back_any_item(
    client: Client, values: list[tuple[str, str]], delimiter: str
) -> None:
    client.http.delete("/collections/default", auth=("admin", "a test's password"))
    for number, (text, tag) in enumerate([*values, ("", "")]):
        body = {"question": f"{text}q{number}", "answer": f"{text}a", "metadata": {"=x": tag}}
        assert client.post("/items", json=body).status_code == 201
    response = export(client, f"?delimiter={delimiter}&spreadsheet_safe=true")
    rows = client.load(response.data, f"/upload?{response.headers['Upload-Options']}")["rows"]
    assert rows["unchanged"] == rows["total"] == len(values) + 1


@given(st.text(st.sampled_from("'=+-@\t\r\n\uff1dab "), max_size=6))
def test_neutralising_can_be_undone(text: str) -> None:
    safe = neutralise(text)
    assert not safe.startswith(FORMULA_STARTS)
    assert restore(safe) == text
