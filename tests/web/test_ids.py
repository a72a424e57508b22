"""Ids that come to a collection later, or go: a row whose pair is stored is that item."""

from __future__ import annotations

from typing import Any

import pytest

from services.runtime import Runtime
from tests.support.client import Client

PLAIN = "question,answer,tag\nHow?,So.,a\nWhy?,Because.,b\nWhy?,Therefore.,c\n"
WITH_IDS = "id,question,answer,tag\n7,How?,So.,a\n8,Why?,Because.,b\n9,Why?,Therefore.,c\n"


@pytest.fixture
def without_model(client: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """From the call on, nothing can be embedded for an upload."""

    def forbid() -> None:
        runtime: Runtime = client.http.application.extensions["conector"]
        monkeypatch.setattr(runtime.embeddings, "embed_with_pieces", None)

    return forbid


def stored(client: Client) -> list[tuple[int, str, str]]:
    items = client.get("/items").json["results"]
    return [(item["id"], item["question"], item["answer"]) for item in items]


def exported(client: Client) -> str:
    text: str = client.get("/collections/default/export").text
    return text.replace("\r\n", "\n")


def load(client: Client, csv: str, mode: str = "upsert") -> dict[str, int]:
    """Upload what a dry run foretold, and return the counts other than 0."""
    path = f"/upload?mode={mode}"
    foretold = client.upload(csv, f"{path}&dry_run=true").json["job"]["rows"]
    rows = client.load(csv, path)["rows"]
    assert rows == foretold
    return {name: n for name, n in rows.items() if n and name not in ("total", "done")}


@pytest.mark.parametrize("mode", ["upsert", "replace"])
def test_an_id_column_that_is_added_gives_the_items_their_ids(
    client: Client, mode: str, without_model: Any
) -> None:
    client.load(PLAIN)
    before = stored(client)
    without_model()
    assert load(client, WITH_IDS, mode) == {"updated": 3}
    assert stored(client) == before
    assert exported(client) == WITH_IDS
    assert load(client, WITH_IDS, mode) == {"unchanged": 3}


def test_from_then_on_the_id_says_which_item_a_row_is(client: Client) -> None:
    client.load(PLAIN)
    before = stored(client)
    client.load(WITH_IDS)
    changed = WITH_IDS.replace("8,Why?,Because.", "8,Wherefore?,That is so.")
    assert load(client, changed) == {"updated": 1, "unchanged": 2}
    assert [id for id, _, _ in stored(client)] == [id for id, _, _ in before]
    assert {q for _, q, _ in stored(client)} == {"How?", "Wherefore?", "Why?"}


def test_with_append_such_a_row_is_the_item_and_changes_nothing(client: Client) -> None:
    client.load(PLAIN)
    before = stored(client)
    assert load(client, WITH_IDS + "10,New?,Yes.,d\n", "append") == {"inserted": 1, "unchanged": 3}
    assert stored(client)[:3] == before
    assert exported(client).startswith("id,question,answer,tag\n,How?,So.,a\n,Why?")


def test_with_append_another_answer_finds_a_place_beside_such_a_row(client: Client) -> None:
    client.load("question,answer\nWhy?,Because.\n")
    file = "id,question,answer\n8,Why?,Because.\n,Why?,Therefore.\n"
    assert load(client, file, "append") == {"inserted": 1, "unchanged": 1}
    assert {answer for _, _, answer in stored(client)} == {"Because.", "Therefore."}


@pytest.mark.parametrize("mode", ["upsert", "replace"])
def test_ids_that_are_taken_away_leave_the_items(
    client: Client, mode: str, without_model: Any
) -> None:
    client.load(WITH_IDS)
    before = stored(client)
    without_model()
    assert load(client, PLAIN, mode) == {"unchanged": 3}
    assert stored(client) == before
    assert load(client, WITH_IDS, mode) == {"unchanged": 3}


def test_of_several_rows_with_one_pair_the_first_is_the_item(client: Client) -> None:
    client.load("question,answer\nHow?,So.\n")
    ((first, _, _),) = stored(client)
    file = "id,question,answer\n1,How?,So.\n2,How?,So.\n"
    assert load(client, file) == {"inserted": 1, "updated": 1}
    assert load(client, file) == {"unchanged": 2}
    assert exported(client) == file
    assert stored(client)[0][0] == first


def test_a_row_without_an_id_stays_the_item_that_has_its_pair(client: Client) -> None:
    client.load("question,answer\nHow?,So.\n")
    file = "id,question,answer\n1,How?,So.\n,How?,So.\n"
    assert load(client, file) == {"inserted": 1, "unchanged": 1}
    assert load(client, file) == {"unchanged": 2}


def test_an_item_that_has_another_id_is_another_item(client: Client) -> None:
    client.load("id,question,answer\n1,How?,So.\n")
    assert load(client, "id,question,answer\n2,How?,So.\n") == {"inserted": 1}


def test_an_item_that_was_written_by_hand_gets_its_id_too(client: Client) -> None:
    item = client.post("/items", json={"question": "How?", "answer": "So."}).json
    assert load(client, "id,question,answer\n1, How? ,So.\n") == {"updated": 1}
    assert [id for id, _, _ in stored(client)] == [item["id"]]


def test_a_replacing_job_that_was_canceled_gave_no_ids_and_doubles_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.load(PLAIN)
    before = stored(client)
    runtime: Runtime = client.http.application.extensions["conector"]
    runtime.workers.stop()
    new_row = WITH_IDS + "10,New?,Yes.,d\n"
    job = client.upload(new_row, "/upload?mode=replace").json["job"]["id"]
    import store.matching

    store.matching.start_job(runtime.pool, runtime.model)
    client.post(f"/jobs/{job}/cancel")
    assert exported(client) == PLAIN
    dry = "/upload?dry_run=true&mode="
    for mode, inserted in (("upsert", 1), ("replace", 1), ("append", 1)):
        rows = client.upload(new_row, dry + mode).json["job"]["rows"]
        assert (rows["inserted"], rows["deleted"]) == (inserted, 0)
    others = client.upload(new_row.replace("8,", "88,"), dry + "replace").json["job"]["rows"]
    assert (others["inserted"], others["updated"], others["deleted"]) == (1, 3, 0)
    plain = client.upload(PLAIN, dry + "replace").json["job"]["rows"]
    assert (plain["unchanged"], plain["deleted"]) == (3, 0)
    assert stored(client) == before
