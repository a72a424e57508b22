"""What /search answers beside its results: the decision, and how sure it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.support.client import Client

FAQ = "question,answer\nHow do I pay?,By card.\nWhere is my order?,In the menu.\n"


def ask(client: Client, **fields: Any) -> dict[str, Any]:
    response = client.post("/search", json={"question": "How do I pay?", **fields})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def test_a_search_answers_with_a_decision(client: Client) -> None:
    client.load(FAQ)
    body = ask(client)
    assert list(body) == [
        *("question", "search_id", "decision", "confidence", "thresholds", "best", "results"),
        "took_ms",
    ]
    assert body["decision"] in ("answer", "ambiguous", "none")
    assert 0 <= body["confidence"] <= 1
    assert body["thresholds"] == {"answer": 0.6, "none": 0.2}
    assert body["best"] == body["results"][0]
    assert body["best"]["matched_text"] == "How do I pay?"
    assert UUID(body["search_id"]) != UUID(ask(client)["search_id"])


def test_the_best_is_there_when_no_result_is_asked_for(client: Client) -> None:
    client.load(FAQ)
    body = ask(client, question="How can one pay there?", max_distance=0.0)
    assert body["results"] == []
    assert body["best"]["question"] == "How do I pay?"


def test_without_items_there_is_no_best(client: Client) -> None:
    body = ask(client)
    assert (body["decision"], body["confidence"], body["best"]) == ("none", 0, None)


def test_a_match_of_question_and_answer_has_no_text(client: Client) -> None:
    client.load("question,answer\nPayment,Use the card or the bank slip to pay.\n")
    (result,) = ask(client, question="Payment Use the card or the bank slip to pay.")["results"]
    assert (result["matched"], result["matched_text"]) == ("pair", None)


def test_order_line_and_log_are_taken_from_json_and_form(client: Client) -> None:
    client.load(FAQ)
    fields = {"order": "relevance", "min_confidence": 0, "log": False}
    assert ask(client, **fields)["decision"] == "answer"
    form = {
        "question": "How do I pay?",
        "order": "relevance",
        "min_confidence": "0",
        "log": "false",
    }
    response = client.post("/search", data=form)
    assert (response.status_code, response.json["decision"]) == (200, "answer")
    batch = client.post("/search/batch", json={"queries": [{"question": "pay?", **fields}]})
    assert batch.json["results"][0]["thresholds"]["answer"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order", "random"),
        ("min_confidence", 1.5),
        ("min_confidence", -0.1),
        ("min_confidence", "NaN"),
        ("log", "perhaps"),
    ],
)
def test_wrong_values_are_named(client: Client, field: str, value: object) -> None:
    response = client.post("/search", json={"question": "How?", field: value})
    assert response.status_code == 400
    assert field in response.json["error"]


def test_abbreviations_are_searched_written_out_and_shown_as_they_came(client: Client) -> None:
    client.load("question,answer\nquanto custa,Dez reais.\n")
    body = ask(client, question="qto custa")
    assert body["question"] == "qto custa"
    assert body["results"][0]["distance"] == pytest.approx(0, abs=2e-3)


def test_the_confidence_that_was_shown_is_reached_as_a_line(client: Client) -> None:
    client.load(FAQ)
    for n in range(12):
        question = f"How do I pay {n} orders?"
        shown = ask(client, question=question)["confidence"]
        assert ask(client, question=question, min_confidence=shown)["decision"] == "answer"
        higher = ask(client, question=question, min_confidence=round(shown + 0.0001, 4))
        assert higher["decision"] != "answer"


def test_a_collection_that_is_named_twice_is_one(client: Client) -> None:
    client.load(FAQ, "/upload?collection=faq")
    own = {"answer": 0.9, "none": 0.1, "constant": 1.0}
    client.http.put("/collections/faq/thresholds", json=own, auth=("admin", "a test's password"))
    once, twice = ask(client, collection="faq"), ask(client, collection=["faq", "faq"])
    assert twice["thresholds"] == once["thresholds"] == {"answer": 0.9, "none": 0.1}
    assert (twice["confidence"], twice["decision"]) == (once["confidence"], once["decision"])
    assert [one["id"] for one in twice["results"]] == [one["id"] for one in once["results"]]
    (warning,) = ask(client, collection=["no", "no"])["warnings"]
    assert warning.count("'no'") == 1
