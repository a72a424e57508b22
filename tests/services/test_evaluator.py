"""The evaluator outlives what goes wrong, and gives up what never ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import services.evaluation
import services.evaluator
import store.evaluations
import store.jobs
import store.rejections
from db import DatabaseUnavailable, Pool
from embeddings import FloatArray
from messages import cite
from services.runtime import Runtime
from store.evaluations import ClaimedEvaluation
from store.jobs import Job
from tests.support.client import eventually
from turns import EmbedderBusy


def create(runtime: Runtime, *questions: str) -> Job:
    asked = questions or ("How?",)
    cases = [{"line": n, "question": text, "expected": ""} for n, text in enumerate(asked, 2)]
    return store.evaluations.create_evaluation(
        runtime.pool, collection="c", filename=None, file={}, cases=cases, rejected=[]
    )


def ended(runtime: Runtime, job: Job) -> Job:
    runtime.evaluator.wake()
    eventually(lambda: store.jobs.get_job(runtime.pool, job.id).finished_at is not None)  # type: ignore[union-attr]
    found = store.jobs.get_job(runtime.pool, job.id)
    assert found is not None
    return found


def test_an_error_ends_the_evaluation_and_not_the_thread(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(services.evaluator, "run_evaluation", lambda *_: 1 / 0)
        job = ended(runtime, create(runtime))
    assert (job.status, job.error_code) == ("failed", "evaluation_failed")
    assert ended(runtime, create(runtime)).status == "succeeded"


def test_a_sick_model_is_waited_for(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    run = services.evaluation.run_evaluation

    def sick(*args: object) -> object:
        tries.append(1)
        if len(tries) < 6:
            raise EmbedderBusy(cite("The model is sick."))
        return run(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(services.evaluator, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(services.evaluator, "run_evaluation", sick)
    assert ended(runtime, create(runtime)).status == "succeeded"


def test_an_outage_of_the_database_is_no_blame(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    run, release = services.evaluation.run_evaluation, store.evaluations.release_evaluation

    def lose(*args: object) -> object:
        tries.append("run")
        if tries.count("run") < 6:
            raise DatabaseUnavailable(cite("It is away."))
        return run(*args)  # type: ignore[arg-type]

    def lose_too(pool: Pool, claimed: ClaimedEvaluation) -> None:
        tries.append("release")
        # It is still away when the evaluator looks the first time.
        if tries[-2] == "run":
            raise DatabaseUnavailable(cite("It is away."))
        release(pool, claimed)

    monkeypatch.setattr(services.evaluator, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(services.evaluator, "run_evaluation", lose)
    monkeypatch.setattr(store.evaluations, "release_evaluation", lose_too)
    assert ended(runtime, create(runtime)).status == "succeeded"
    assert tries == ["run", "release", "release"] * 5 + ["run"]


def test_an_evaluation_is_held_while_it_goes_on(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    extend = store.evaluations.extend_evaluation

    def note(pool: Pool, claimed: ClaimedEvaluation, number: int) -> bool:
        done.append(number)
        return extend(pool, claimed, number)

    monkeypatch.setattr(store.evaluations, "extend_evaluation", note)
    monkeypatch.setattr(services.evaluator, "HOLD_SECONDS", 0.0)
    assert ended(runtime, create(runtime, *"abcde")).status == "succeeded"
    assert done == [0, 1, 2, 3, 4]
    # Else as seldom as it is set: a lease outlives many questions.
    monkeypatch.setattr(services.evaluator, "HOLD_SECONDS", 3_600.0)
    done.clear()
    assert ended(runtime, create(runtime, *"abcde")).status == "succeeded"
    assert done == [0]


@pytest.fixture
def poisoned(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model fails on every text with `poison`."""
    embedder = runtime.embeddings._embedder
    encode = embedder.encode_queries

    def fail(texts: Sequence[str]) -> FloatArray:
        if any("poison" in text for text in texts):
            raise ValueError("poison")
        return encode(texts)

    monkeypatch.setattr(embedder, "encode_queries", fail)


@pytest.mark.usefixtures("poisoned")
def test_a_question_that_the_model_fails_on_is_rejected_alone(runtime: Runtime) -> None:
    questions = [f"Number {n}?" for n in range(70)]
    job = ended(runtime, create(runtime, *questions[:9], "poison 1", *questions[9:], "poison 2"))
    assert (job.status, job.rejected, job.done) == ("succeeded", 2, 72)
    rows, _ = store.rejections.list_rejected(runtime.pool, job.id, limit=9, offset=0)
    assert [(row.line, row.code) for row in rows] == [
        (11, "embedding_failed"),
        (73, "embedding_failed"),
    ]
    result = store.evaluations.get_result(runtime.pool, job.id)
    assert result is not None
    assert result["questions"] == 70


@pytest.mark.usefixtures("poisoned")
def test_an_evaluation_of_nothing_else_fails_and_says_why(runtime: Runtime) -> None:
    job = ended(runtime, create(runtime, "poison"))
    assert (job.status, job.error_code) == ("failed", "all_rejected")
    assert job.error == "No question could be asked: the job's errors say why for each row."


def test_an_evaluation_that_never_came_to_its_end_is_given_up(runtime: Runtime) -> None:
    runtime.evaluator.stop()
    runtime.evaluator._thread.join()
    job = create(runtime)
    with runtime.pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("UPDATE evaluations SET attempts = 3")
    fresh = services.evaluator.Evaluator(runtime.searcher)
    fresh.start()
    found = ended(runtime, job)
    fresh.stop()
    assert (found.status, found.error_code) == ("failed", "evaluation_failed")
