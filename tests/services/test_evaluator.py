"""The evaluator outlives what goes wrong, and gives up what never ends."""

from __future__ import annotations

import pytest

import services.evaluation
import services.evaluator
import store.evaluations
import store.jobs
from messages import cite
from services.runtime import Runtime
from store.jobs import Job
from tests.support.client import eventually
from turns import EmbedderBusy


def create(runtime: Runtime) -> Job:
    cases = [{"line": 2, "question": "How?", "expected": ""}]
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
