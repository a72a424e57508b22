"""POST /evaluate: a file of questions becomes a job whose result says how they are answered."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

import store.evaluations
from tests.support.client import Client

FAQ = (
    "id,question,answer\np1,How do I pay?,By card.\np2,Where is my order?,In the menu.\n"
    "p3,Can I cancel?,Within a day.\np4,Who are you?,A shop.\n"
)
ASKED = (
    "question,expected\nHow do I pay?,p1\nWhere is my order now?,Where is my order?\n"
    'Can I cancel?,Within a day.\nWho are they?,p1\nzebra crossing,\nquantum foam,none\n"lost",p9\n'
)


def evaluate(client: Client, csv: str, query: str = "") -> dict[str, Any]:
    response = client.upload(csv, f"/evaluate{query}")
    assert response.status_code == 202, response.text
    assert response.headers["Location"] == f"/jobs/{response.json['job']['id']}"
    return client.ended(response.json["job"]["id"])


def test_a_file_of_questions_gives_figures_and_misses(client: Client) -> None:
    client.load(FAQ, "/upload?collection=shop")
    job = evaluate(client, ASKED, "?collection=shop")
    assert (job["status"], job["kind"], job["mode"]) == ("succeeded", "evaluation", None)
    assert (job["rows"]["total"], job["rows"]["done"], job["rows"]["rejected"]) == (7, 7, 1)
    result = job["result"]
    assert (result["questions"], result["with_answer"]) == (6, 4)
    assert result["first"] == 0.75
    assert result["among_three"] >= 0.75
    assert 0.75 <= result["mrr"] <= 1
    decisions = result["decisions"]
    assert sum(decisions["with_answer"].values()) == 4
    assert sum(decisions["without_answer"].values()) == 2
    (miss,) = [one for one in result["misses"] if one["question"] == "Who are they?"]
    assert miss["expected"] == "p1"
    assert miss["got"]["question"] == "Who are you?"
    (right,) = miss["expected_ids"]
    assert client.get(f"/items/{right}").json["question"] == "How do I pay?"
    assert result["thresholds"] == {"answer": 0.6, "none": 0.2, "constant": 0.0}
    assert sum(one["questions"] for one in result["reliability"]) == 6
    assert result["since_last"] is None
    assert result["fitted"] is result["fitted_decisions"] is None
    errors = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert [(one["line"], one["code"]) for one in errors] == [(8, "unknown_expected")]


def test_the_next_run_says_what_changed_and_two_runs_give_the_same(client: Client) -> None:
    client.load(FAQ)
    first, second = evaluate(client, ASKED)["result"], evaluate(client, ASKED)["result"]
    since = second.pop("since_last")
    assert since["same_questions"] == 6
    assert set(since["figures"].values()) <= {0, None}
    assert since["better"] == since["worse"] == []
    first.pop("since_last")
    assert first == second
    client.load("id,question,answer\np1,Something else entirely?,No.\n")
    worse = evaluate(client, ASKED)["result"]["since_last"]
    assert worse["figures"]["first"] < 0
    assert "How do I pay?" in [one["question"] for one in worse["worse"]]


def delete(client: Client, place: str) -> TestResponse:
    return client.http.delete(place, auth=("admin", "a test's password"))


def test_a_run_is_compared_with_one_of_the_same_collection_and_questions(client: Client) -> None:
    client.load(FAQ)
    evaluate(client, ASKED)
    other = evaluate(client, "question,expected\nAnything else?,none\n")["result"]["since_last"]
    assert other["same_questions"] == 0
    assert set(other["figures"].values()) == {None}
    delete(client, "/collections/default")
    client.load(FAQ)
    assert evaluate(client, ASKED)["result"]["since_last"] is None


def test_thresholds_go_with_their_collection(client: Client) -> None:
    place, own = "/collections/default/thresholds", {"answer": 0.9, "none": 0.1}

    def put() -> int:
        return client.http.put(place, json=own, auth=("admin", "a test's password")).status_code

    client.load(FAQ)
    assert put() == 200
    assert delete(client, "/collections/default").status_code == 200
    # Nothing is left that could be set, or would be inherited.
    assert (put(), delete(client, place).status_code, client.get(place).status_code) == (404,) * 3
    client.load(FAQ)
    assert client.get(place).json["own"] is False
    assert put() == 200
    for item in client.get("/items").json["results"]:
        delete(client, f"/items/{item['id']}")
    # Thresholds alone are enough for a collection to be there, and to be deleted.
    assert client.get(place).json["own"] is True
    reset = delete(client, place)
    assert reset.json is not None
    assert (reset.status_code, reset.json["own"]) == (200, False)
    assert delete(client, "/collections/default").status_code == 404


def test_a_collection_with_thresholds_alone_can_be_deleted(client: Client) -> None:
    place, own = "/collections/default/thresholds", {"answer": 0.9, "none": 0.1}
    item = client.post("/items", json={"question": "a?", "answer": "b"}).json
    client.http.put(place, json=own, auth=("admin", "a test's password"))
    delete(client, f"/items/{item['id']}")
    assert delete(client, "/collections/default").status_code == 200
    assert client.get(place).status_code == 404


def test_from_twenty_questions_on_thresholds_are_fitted_and_applied_when_asked(
    client: Client,
) -> None:
    client.load(FAQ)
    many = "question,expected\n" + "".join(
        f"How do I pay {n}?,p1\nWhere is the order of {n} men?,p3\n" for n in range(15)
    )
    result = evaluate(client, many)["result"]
    fitted, foreseen = result["fitted"], result["fitted_decisions"]
    assert fitted["constant"] < 0
    assert sum(foreseen["with_answer"].values()) == 30
    assert foreseen["with_answer"]["wrong"] < result["decisions"]["with_answer"]["wrong"]
    path = "/collections/default/thresholds"
    assert client.get(path).json == {"answer": 0.6, "none": 0.2, "constant": 0.0, "own": False}
    response = client.http.put(path, json=fitted, auth=("admin", "a test's password"))
    del fitted["calibration_error"]
    assert response.json == fitted | {"own": True}
    again = client.http.put(path, json=response.json, auth=("admin", "a test's password"))
    assert again.json == response.json
    body = client.post("/search", json={"question": "pay?", "collection": "default"}).json
    assert body["thresholds"] == {"answer": fitted["answer"], "none": fitted["none"]}
    applied = evaluate(client, many)["result"]
    assert (applied["thresholds"], applied["decisions"]) == (fitted, foreseen)
    reset = client.http.delete(path, auth=("admin", "a test's password"))
    assert reset.json == {"answer": 0.6, "none": 0.2, "constant": 0.0, "own": False}


def test_an_evaluation_stands_in_no_upload_s_way(client: Client) -> None:
    client.load(FAQ)
    client.upload(ASKED, "/evaluate")
    assert client.load("question,answer\nNew?,Yes.\n")["status"] == "succeeded"
    jobs = client.get("/jobs").json["results"]
    assert sorted(job["kind"] for job in jobs) == ["evaluation", "import", "import"]
    assert all("result" not in job for job in jobs)
    only = client.get("/jobs?kind=evaluation").json
    assert [job["kind"] for job in only["results"]] == ["evaluation"]
    assert client.get("/jobs?kind=nil").status_code == 400


def test_a_file_that_fits_nothing_fails_with_a_reason(client: Client) -> None:
    client.load(FAQ)
    job = evaluate(client, "question,expected\nHow?,p99\n")
    assert (job["status"], job["error"]["code"]) == ("failed", "all_rejected")


def test_a_collection_that_is_not_there_is_not_asked_but_one_that_comes_is(client: Client) -> None:
    answer = client.upload(ASKED, "/evaluate?collection=nil")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    client.upload(FAQ)
    # Its items need not be there yet.
    assert client.upload(ASKED, "/evaluate").status_code == 202


@pytest.mark.parametrize(
    ("csv", "code"),
    [
        ("question,answer\na,b\n", "missing_column"),
        ("question,expected\n", "no_rows"),
        ("question,expected\n" + "a,b\n" * 10_001, "too_many_rows"),
        ("", "empty_file"),
    ],
)
def test_a_file_that_can_t_be_taken_is_refused(client: Client, csv: str, code: str) -> None:
    response = client.upload(csv, "/evaluate")
    assert (response.status_code, response.json["code"]) == (422, code)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("How\0?,p1\n", "invalid_character"),
        ("x" * 10_001 + ",p1\n", "field_too_long"),
        ("How?,p1,more,and more\n", "too_many_fields"),
        ('"How" do I?,p1\n', "malformed_quotes"),
        (",p1\n", "empty_question"),
    ],
    ids=["NUL", "long", "wide", "quotes", "empty"],
)
def test_a_file_of_bad_rows_alone_fails_with_the_reason_of_each(
    client: Client, row: str, code: str
) -> None:
    client.load(FAQ)
    job = evaluate(client, "question,expected\n" + row)
    assert (job["status"], job["error"]["code"]) == ("failed", "all_rejected")
    assert "say why for each row" in job["error"]["error"]
    assert (job["rows"]["total"], job["rows"]["done"], job["rows"]["rejected"]) == (1, 1, 1)
    (error,) = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert (error["line"], error["code"]) == (2, code)


@pytest.mark.parametrize("names", ["pergunta;esperado", "Pergunta;Resposta esperada", "q;expected"])
def test_columns_are_found_by_names_in_portuguese_too(client: Client, names: str) -> None:
    client.load(FAQ)
    job = evaluate(client, f"{names}\nHow can I pay?;p1\nWhat colour is the sky?;\n")
    assert (job["result"]["questions"], job["result"]["with_answer"]) == (2, 1)


def test_a_refusal_names_options_that_the_route_takes(client: Client) -> None:
    client.load(FAQ)
    csv = "a,b,b\nHow can I pay?,p1,x\n"
    for query, advice in (
        ("", "question_column=1&expected_column=3&header=true"),
        ("question_column=a&expected_column=b", "expected_column=2"),
        ("question_column=1&expected_column=1", "question_column and expected_column must"),
    ):
        refused = client.upload(csv, f"/evaluate?{query}")
        assert advice in refused.json["error"]
    suggested = client.upload(csv, "/evaluate").json["suggested"]
    assert suggested == {"question_column": 1, "expected_column": 3, "header": True}
    listed = client.upload("consulta,id\nHow?,p1\n", "/evaluate").json["error"]
    assert "question_column= and expected_column= (and header=true" in listed
    copied = "?question_column=1&expected_column=2&header=true"
    assert evaluate(client, csv, copied)["result"]["questions"] == 1


def test_columns_can_be_named(client: Client) -> None:
    client.load(FAQ)
    csv = "tipo,id,consulta\na,p1,How do I pay?\nb,p1,How can I pay?\n"
    job = evaluate(client, csv, "?question_column=consulta&expected_column=id")
    assert job["result"]["questions"] == 2


@pytest.mark.parametrize("body", [{"answer": 2}, {"constant": 99}, {"nil": 1}])
def test_wrong_thresholds_are_refused(client: Client, body: dict[str, float]) -> None:
    client.load(FAQ)
    auth = ("admin", "a test's password")
    response = client.http.put("/collections/default/thresholds", json=body, auth=auth)
    assert response.status_code == 400
    assert client.get("/collections/nil/thresholds").status_code == 404


@pytest.mark.parametrize("names", ["foo,expected", "text,expected_id", "foo,esperado"])
@pytest.mark.parametrize("row", ["a,b", "q,a"])
def test_a_refusal_shows_the_row_that_has_a_known_name(
    client: Client, names: str, row: str
) -> None:
    for above in ("", "Perguntas da loja,\n"):
        refused = client.upload(f"{above}{names}\n{row}\n", "/evaluate").json
        assert (refused["code"], refused["header"]) == ("missing_column", names.split(","))
        assert "header=false" not in refused["error"]


def find_expected(client: Client, *expected: str) -> list[list[str] | None]:
    """Return the questions of the items that texts were taken for; None for one of no item."""
    rows = "".join(f'zebra {n},"{text}"\n' for n, text in enumerate(expected))
    job = evaluate(client, f"question,expected\nHow do I pay?,p1\n{rows}")
    errors = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert {error["code"] for error in errors} <= {"unknown_expected"}
    misses = {miss["expected"]: miss["expected_ids"] for miss in job["result"]["misses"]}
    found: list[list[str] | None] = []
    for text in expected:
        ids = misses.get(text)
        items = ids and [client.get(f"/items/{one}").json["question"] for one in ids]
        found.append(items or None)
    return found


def test_an_expected_text_may_be_a_wording_or_look_like_one(client: Client) -> None:
    client.load(
        "id,question,answer,alternatives\n"
        "p1,How do I pay?,By card.,Can I pay?|É caro?\np2,Where is it?,In the  menu.,Is it far?\n"
        "p3,How far?,Near.,Is it Far?\np4,HOW FAR?,Very.,\n"
    )
    assert find_expected(
        client, "Can I pay?", "can  I PAY?", "é caro?", "how do i pay?", "in the menu.",
        "Is it far?", "is it far?", "how far?", "How far?", "no such",
    ) == [
        *[["How do I pay?"]] * 4, ["Where is it?"],
        ["Where is it?"], None, None, ["How far?"], None,
    ]  # fmt: skip


@pytest.mark.parametrize(("most", "found"), [(3, None), (4, ["How do I pay?"])])
def test_a_large_collection_is_not_read_for_what_looks_alike(
    client: Client, monkeypatch: pytest.MonkeyPatch, most: int, found: list[str] | None
) -> None:
    monkeypatch.setattr(store.evaluations, "MOST_ALIKE_ITEMS", most)
    client.load(FAQ)
    assert find_expected(client, "how do i pay?", "How do I pay?") == [found, ["How do I pay?"]]


def test_a_row_with_only_its_question_is_told_what_it_lacks(client: Client) -> None:
    client.load(FAQ)
    job = evaluate(client, "question,expected\nquantum foam\nHow do I pay?,p1\n")
    (error,) = client.get(f"/jobs/{job['id']}/errors").json["results"]
    assert (error["line"], error["code"]) == (2, "too_few_fields")
    assert "write a delimiter" in error["error"]
