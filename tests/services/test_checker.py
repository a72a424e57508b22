"""The check of a stored collection: its vectors compared, suspects searched for, bounds kept."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from embeddings import FloatArray
from services import checker
from services.checker import Checker, Report
from services.checks import MOST_NAMED
from services.runtime import Runtime
from store.models import Constants
from tests.support.client import Client, eventually

# The embedder knows no order, so both questions have one vector. The second's answer is nearer.
TWINS = (
    "question,answer\nhow pay card,Ask the people at the desk about it when they are there\n"
    "card how pay,pay card how\n"
)


@pytest.fixture
def runtime(client: Client) -> Runtime:
    runtime: Runtime = client.http.application.extensions["conector"]
    eventually(lambda: runtime.searcher.calibration.get_constants() is not None)
    return runtime


def check(runtime: Runtime) -> Report:
    report = Checker(runtime.searcher).check("default")
    assert report is not None
    return report


def describe(report: Report) -> list[tuple[str, list[str]]]:
    return [(one.kind, [entry.question for entry in one.entries]) for one in report.findings]


def test_near_questions_are_found_by_their_vectors(client: Client, runtime: Runtime) -> None:
    client.load(TWINS)
    assert describe(check(runtime)) == [("near_duplicate", ["how pay card", "card how pay"])]


def test_another_wording_is_compared_as_well(client: Client, runtime: Runtime) -> None:
    rows = [
        {"question": "Zebra?", "answer": "Stripes.", "alternatives": ["x", "how pay card"]},
        {"question": "card how pay", "answer": "In cash."},
    ]
    client.load(json.dumps(rows))
    assert describe(check(runtime)) == [("near_duplicate", ["Zebra?", "card how pay"])]


def test_near_questions_with_one_answer_are_mergeable(client: Client, runtime: Runtime) -> None:
    client.load("question,answer\nhow pay card,By card.\ncard how pay,by card\nZebra?,By card.\n")
    assert describe(check(runtime)) == [("mergeable", ["how pay card", "card how pay"])]


def test_an_item_that_is_not_first_for_its_own_question_is_found(
    client: Client, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "SAME_WORDS_SHARE", -1.0)
    # With so small a spread, the vectors weigh more than the wording.
    constants = Constants(spread=0.01, top=0.5)
    monkeypatch.setattr(runtime.searcher.calibration, "_constants", constants)
    client.load(TWINS)
    assert describe(check(runtime)) == [("not_first", ["how pay card", "card how pay"])]


@pytest.mark.parametrize("items", [3, MOST_NAMED + 3])
def test_a_pair_of_a_larger_finding_is_not_found_again(
    client: Client, runtime: Runtime, items: int
) -> None:
    """Items of one question are as near to it, so a search finds most of them behind another."""
    client.load("question,answer\n" + _write_twins(items))
    report = check(runtime)
    assert dict(report.counts) == {"same_question": 1}
    assert len(report.findings[0].entries) == items


def _write_twins(items: int) -> str:
    return "".join(f"how pay card{'!' * n},At desk number {n}.\n" for n in range(items))


def test_the_newest_items_are_checked_and_the_first_findings_kept(
    client: Client, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "MOST_ITEMS", 3)
    monkeypatch.setattr(checker, "MOST_FINDINGS", 2)
    client.load("question,answer\n" + "".join(f"What is {n}{n}?,-\n" for n in range(5)))
    report = check(runtime)
    assert (report.items, report.checked, dict(report.counts)) == (5, 3, {"empty_answer": 3})
    assert [one.entries[0].question for one in report.findings] == ["What is 22?", "What is 33?"]


def test_without_constants_the_texts_are_compared(
    client: Client, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load(TWINS + "Empty?,-\n")
    monkeypatch.setattr(runtime.searcher.calibration, "_constants", None)
    report = check(runtime)
    assert describe(report) == [("empty_answer", ["Empty?"])]
    assert "check again" in report.warnings[0]


@pytest.mark.parametrize(
    ("bound", "rows"),
    [
        ("MOST_JUDGED", "pay card how,By ship.\nhow card pay,In cash.\n"),
        ("MOST_OF_ANSWER", "Zebra?,In cash.\nLion?,In cash.\n"),
    ],
)
def test_that_pairs_are_left_out_is_said(
    client: Client, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, bound: str, rows: str
) -> None:
    monkeypatch.setattr(checker, bound, 1)
    client.load(TWINS)
    assert check(runtime).warnings == []
    client.load("question,answer\n" + rows)
    (said,) = check(runtime).warnings
    assert "only a part of the pairs" in said


def test_items_without_vectors_are_named(client: Client, runtime: Runtime) -> None:
    client.load(TWINS)
    with runtime.pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("DELETE FROM item_vectors")
    report = check(runtime)
    assert (report.findings, report.warnings) == (
        [],
        [
            "2 items have no vectors of the model that runs, so only their texts were compared: "
            "upload their files again."
        ],
    )


def test_a_model_that_fails_is_said(
    client: Client, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(texts: Sequence[str]) -> FloatArray:
        raise ValueError(texts)

    client.load(TWINS)
    monkeypatch.setattr(runtime.embeddings, "embed_queries_aside", fail)
    report = check(runtime)
    assert describe(report) == [("near_duplicate", ["how pay card", "card how pay"])]
    assert "The model fails" in report.warnings[0]


def test_a_report_is_kept_until_the_collection_changes(
    client: Client, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load(TWINS)
    own = Checker(runtime.searcher)
    first = own.check("default")
    assert own.check("default") is first
    client.load(TWINS + "Empty?,-\n")
    assert own.check("default") != first
    assert own.check("none") is None
