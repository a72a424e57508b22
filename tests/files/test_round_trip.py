"""Any table of text comes back as it was written; any bytes get an answer."""

from __future__ import annotations

import csv
import io
import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from files.csv_file import open_csv
from files.errors import FileError
from files.options import ReadOptions
from files.rows import Row
from tests.support.client import PASSWORD, USER, Client

Form = tuple[str, str, tuple[int, str]]
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40
)
VISIBLE = TEXT.map(lambda text: f"a{text}b")
TABLES = st.lists(st.tuples(VISIBLE, VISIBLE, TEXT), min_size=1, max_size=8)
FORMATS = st.tuples(
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    # Python's writer leaves a CR unquoted where lines do not end in it.
    st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n")]),
)


def written(table: list[tuple[str, str, str]], form: Form) -> bytes:
    delimiter, encoding, (quoting, end) = form
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerow(["pergunta", "resposta", "nota"])
    writer.writerows(table)
    return text.getvalue().encode(encoding)


@settings(max_examples=300, deadline=None)
@given(TABLES, FORMATS)
def test_what_is_written_is_read(table: list[tuple[str, str, str]], form: Form) -> None:
    file = open_csv(io.BytesIO(written(table, form)), ReadOptions(delimiter=form[0]))
    rows = list(file)
    assert [
        (row.question, row.answer, row.metadata["nota"]) for row in rows if isinstance(row, Row)
    ] == table
    assert len(rows) == len(table)


@settings(max_examples=500, deadline=5_000)
@given(st.binary(max_size=300), st.booleans())
@example(b'question,answer\n"', False)
@example(b"\xff\xfe\n", False)
def test_any_bytes_get_rows_or_a_clear_error(data: bytes, below_a_header: bool) -> None:
    raw = b"question,answer\n" * below_a_header + data
    try:
        rows = list(open_csv(io.BytesIO(raw), ReadOptions()))
    except FileError:
        return
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert rows


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TABLES, FORMATS)
def test_what_is_uploaded_is_exported(
    client: Client, table: list[tuple[str, str, str]], form: Form
) -> None:
    delimiter = {"\t": "tab"}.get(form[0], form[0])
    job = client.load(
        written(table, form),
        "/upload?mode=replace&delimiter=" + {"|": "%7C", ";": "%3B"}.get(delimiter, delimiter),
    )
    assert job["rows"]["rejected"] == 0
    export = client.get("/collections/default/export").data
    back = list(csv.reader(io.StringIO(export.decode("utf-8-sig"), newline=""), delimiter=form[0]))
    assert back[0] == ["pergunta", "resposta", "nota"]
    assert job["rows"]["total"] == len(table)
    kept = {(question, answer) for question, answer, _ in back[1:]}
    assert kept <= {(question, answer) for question, answer, _ in table}
    again = client.load(export)["rows"]
    assert again["unchanged"] == again["total"] == len(back) - 1


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200))
def test_any_bytes_uploaded_are_answered(client: Client, data: bytes) -> None:
    response = client.upload(b"question,answer\n" + data)
    assert response.status_code in (202, 400, 415, 422), response.text
    if response.status_code == 202:
        rows = client.ended(response.json["job"]["id"])["rows"]
        assert rows["done"] == rows["total"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["question", "limit", "offset", "collection", "filter", "max_distance", "answer",
         "metadata", "queries", "id"]
    ),
    JSON,
    max_size=5,
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["POST /search", "POST /search/batch", "POST /items", "PUT /items/1"]),
    JSON | FIELDS,
)
def test_any_json_is_answered(client: Client, route: str, body: object) -> None:
    client.post("/items", json={"question": "the first", "answer": "one"})
    method, path = route.split()
    response = client.http.open(
        path,
        method=method,
        data=json.dumps(body),
        content_type="application/json",
        auth=(USER, PASSWORD),
    )
    assert response.status_code in (200, 201, 400, 409), response.text
    assert b"NaN" not in response.data or "NaN" in str(body)
