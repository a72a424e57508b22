"""Items with several wordings: their vectors follow the texts, and a search finds an item once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import db
import store.finishing
import store.items
import store.jobs
import store.matching
import store.models
import store.rejections
import store.results
import store.search
from db import Pool
from embeddings import FloatArray
from store.jobs import NewJob
from store.models import Model
from store.staging import StagedRow
from store.vectors import ItemVectors
from tests.support.queue import DIMENSION, claim
from texts import answer_hash, question_hash

MODES = pytest.mark.parametrize("mode", ["upsert", "replace"])


def axis(n: int) -> FloatArray:
    vector = np.zeros(DIMENSION, np.float32)
    vector[n % DIMENSION] = 1
    return vector


def row(
    alternatives: Sequence[str] | None, question: str = "q", answer: str = "a", line: int = 2
) -> StagedRow:
    key = question_hash(question)
    return StagedRow(line, None, key, key, answer_hash(answer), question, answer, {}, alternatives)


def load(
    pool: Pool, model: Model, rows: Sequence[StagedRow], mode: str = "upsert", pieces: int = 0
) -> store.jobs.Job:
    """Take a job to its end; the vector of the wording `w5` is axis 5."""
    job_id = store.jobs.create_job(pool, NewJob("c", mode), rows).id
    assert store.matching.start_job(pool, model) == job_id
    while store.finishing.finish_job(pool, model) is None:
        batch = claim(pool)
        vectors = {
            one.row_no: ItemVectors(
                axis(0), axis(1), [axis(int(text[1:])) for text in one.alternatives],
                [axis(20 + n) for n in range(pieces)],
            )
            for one in batch.rows
        }  # fmt: skip
        store.results.finish_batch(pool, model, batch, vectors)
    job = store.jobs.get_job(pool, job_id)
    assert job is not None
    return job


def kinds(pool: Pool) -> dict[str, int]:
    """Return the axis of each vector, by its kind."""
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT kind, embedding::real[] FROM item_vectors ORDER BY item_id, kind")
        return {kind: vector.index(1) for kind, vector in cursor.fetchall()}


def wordings(pool: Pool) -> list[list[str]]:
    items, _ = store.items.list_items(pool, collection="c", limit=10, offset=0)
    return [item.alternatives for item in items]


def test_any_text_arrives_as_it_was(pool: Pool, model: Model) -> None:
    texts = ['say "so", {then}', "a\\b\tc\nd", "NULL", "", "ção 日本"]
    store.jobs.create_job(pool, NewJob("c", "upsert"), [row(texts)])
    store.matching.start_job(pool, model)
    assert claim(pool).rows[0].alternatives == texts


@MODES
def test_vectors_follow_the_wordings(pool: Pool, model: Model, mode: str) -> None:
    assert load(pool, model, [row(["w5", "w6"])], mode).inserted == 1
    assert kinds(pool) == {"alternative 1": 5, "alternative 2": 6, "pair": 1, "question": 0}
    assert load(pool, model, [row(["w5", "w6"])], mode).unchanged == 1
    assert load(pool, model, [row(["w7"])], mode).updated == 1
    assert (wordings(pool), kinds(pool)) == (
        [["w7"]], {"alternative 1": 7, "pair": 1, "question": 0},
    )  # fmt: skip
    assert load(pool, model, [row([])], mode).updated == 1
    assert (wordings(pool), kinds(pool)) == ([[]], {"pair": 1, "question": 0})


@MODES
def test_a_file_that_says_nothing_of_wordings_leaves_them(
    pool: Pool, model: Model, mode: str
) -> None:
    load(pool, model, [row(["w5"])], mode)
    assert load(pool, model, [row(None)], mode).unchanged == 1
    # The same item with another answer.
    assert load(pool, model, [row(None, answer="b")], mode).updated == 1
    assert wordings(pool) == [["w5"]]
    assert kinds(pool)["alternative 1"] == 5
    other = store.models.register_model(pool, "another", DIMENSION)
    assert load(pool, other, [row(None, answer="b")], mode).updated == 1
    assert load(pool, other, [row(None, answer="b")], mode).unchanged == 1
    assert wordings(pool) == [["w5"]]


def test_append_changes_no_wording(pool: Pool, model: Model) -> None:
    load(pool, model, [row(["w5"])])
    assert load(pool, model, [row(["w6"])], "append").unchanged == 1
    assert wordings(pool) == [["w5"]]


@MODES
def test_pieces_of_an_older_answer_go(pool: Pool, model: Model, mode: str) -> None:
    load(pool, model, [row(None)], mode, pieces=3)
    assert {"pair 1", "pair 2", "pair 3"} < kinds(pool).keys()
    assert load(pool, model, [row(None)], mode).unchanged == 1
    load(pool, model, [row(None, answer="b")], mode, pieces=1)
    assert kinds(pool).keys() == {"pair", "pair 1", "question"}
    # A service of version 3 writes the texts and two vectors.
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE items SET answer = 'x', answer_hash = gen_random_uuid()")
    assert kinds(pool).keys() == {"pair", "question"}


def test_a_result_is_an_item_once_with_its_nearest_wording(pool: Pool, model: Model) -> None:
    load(pool, model, [row(["w5", "w6"]), row(["w7"], question="other", line=3)], pieces=1)
    found = store.search.search(pool, model, axis(6) + 0.1 * axis(5), limit=5)
    assert (found[0].question, found[0].matched, found[0].matched_text) == (
        "q", "alternative", "w6",
    )  # fmt: skip
    assert sorted(hit.question for hit in found) == ["other", "q"]
    for query, matched in ((axis(0), "question"), (axis(1), "pair"), (axis(20), "pair")):
        hit = store.search.search(pool, model, query, limit=1)[0]
        assert (hit.matched, hit.matched_text) == (
            matched, hit.question if matched == "question" else None,
        )  # fmt: skip


def test_an_item_of_many_wordings_hides_no_other(pool: Pool, model: Model) -> None:
    many = [f"w{DIMENSION * n + 5}" for n in range(100)]
    rows = [row(many)] + [row([], question=f"o{n}", line=n + 3) for n in range(20)]
    load(pool, model, rows)
    pages = [
        store.search.search(pool, model, axis(5), limit=7, offset=offset) for offset in (0, 7, 14)
    ]
    found = [hit.id for page in pages for hit in page]
    assert len(found) == len(set(found)) == 21
    with pool.reading() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM item_vectors")
        assert db.fetch_row(cursor) == (2 * 21 + 100,)


def test_rows_that_repeat_a_pair_add_their_wordings(pool: Pool, model: Model) -> None:
    rows = [row([], line=2), row(["w5"], line=3), row(["w6", "w5"], line=4)]
    job = load(pool, model, rows)
    assert (job.inserted, job.unchanged) == (1, 2)
    assert wordings(pool) == [["w5", "w6"]]
    assert load(pool, model, rows).unchanged == 3


def test_rows_that_repeat_a_pair_with_too_many_wordings_are_rejected(
    pool: Pool, model: Model
) -> None:
    many = [f"w{n}" for n in range(101)]
    job = load(pool, model, [row(many[:60], line=2), row(many[60:], line=3), row([], line=4)])
    assert (job.inserted, job.rejected, job.unchanged) == (1, 1, 1)
    (error,), _ = store.rejections.list_rejected(pool, job.id, limit=9, offset=0)
    assert (error.line, error.code) == (3, "too_many_alternatives")
    assert len(wordings(pool)[0]) == 60
