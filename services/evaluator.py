"""The background thread that runs evaluations, one after another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

import store.evaluations
from db import DatabaseUnavailable
from messages import Message, say
from request_ids import set_request_id
from services.evaluation import Case, run_evaluation
from services.figures import pack
from services.search import Searcher
from store.evaluations import MOST_ATTEMPTS, ClaimedEvaluation
from store.rejections import RejectedRow
from turns import EmbedderBusy

logger = logging.getLogger(__name__)

# The thread looks for an evaluation this often, even when nothing wakes it.
POLL_SECONDS = 2.0
# An evaluation is held again, and its progress noted, at most this often.
HOLD_SECONDS = 1.0


class EvaluationLost(Exception):
    """Somebody canceled the evaluation, or another process has it."""


class Evaluator:
    """Runs evaluations in a thread. What a killed process began, another one begins again."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        # What could not be released, because the database was away.
        self._held: ClaimedEvaluation | None = None
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evaluator", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Tell the thread that there is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """Give up what runs: it is begun again at the next start."""
        self._stopping.set()
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            set_request_id(None)
            try:
                self._release()
                claimed = store.evaluations.claim_evaluation(self._searcher.pool)
                if claimed is not None:
                    self._evaluate(claimed)
                    continue
            except (DatabaseUnavailable, EmbedderBusy) as error:
                logger.debug("The evaluations wait: %s", error)
            except Exception:
                logger.exception("The evaluator goes on after an error")
            self._wake.wait(POLL_SECONDS)

    def _evaluate(self, claimed: ClaimedEvaluation) -> None:
        pool = self._searcher.pool
        set_request_id(claimed.request_id)
        logger.info("job %s: an evaluation of %d questions", claimed.job_id, len(claimed.cases))
        if claimed.attempts > MOST_ATTEMPTS:
            store.evaluations.fail_evaluation(
                pool,
                claimed,
                "evaluation_failed",
                say(
                    "The evaluation was begun {times} times and never came to its end.",
                    times=MOST_ATTEMPTS,
                ),
            )
            return
        try:
            self._run_claimed(claimed)
            logger.info("job %s: the evaluation has ended", claimed.job_id)
        except EvaluationLost:
            logger.info("job %s: the evaluation is given up, or was canceled", claimed.job_id)
        except (DatabaseUnavailable, EmbedderBusy):
            self._held = claimed
            self._release()
            raise
        except Exception:
            logger.exception("job %s: the evaluation failed", claimed.job_id)
            store.evaluations.fail_evaluation(
                pool,
                claimed,
                "evaluation_failed",
                say("The evaluation failed; the log has the reason."),
            )

    def _release(self) -> None:
        """Give back what the evaluator holds, so that it may begin again without blame."""
        if self._held is not None:
            store.evaluations.release_evaluation(self._searcher.pool, self._held)
            self._held = None

    def _hold(self, claimed: ClaimedEvaluation, done: int) -> None:
        """Hold the evaluation longer. Raises EvaluationLost if it is to end, or somebody else's."""
        if self._stopping.is_set():
            store.evaluations.release_evaluation(self._searcher.pool, claimed)
            raise EvaluationLost
        if not store.evaluations.extend_evaluation(self._searcher.pool, claimed, done):
            raise EvaluationLost

    def _run_claimed(self, claimed: ClaimedEvaluation) -> None:
        due = 0.0

        def progress(done: int) -> None:
            nonlocal due
            if time.monotonic() >= due or self._stopping.is_set():
                self._hold(claimed, done)
                due = time.monotonic() + HOLD_SECONDS

        if self._searcher.calibration.get_constants() is None:
            raise EmbedderBusy(say("The model's distances are being measured."))
        cases = [Case(**case) for case in claimed.cases]
        found = run_evaluation(self._searcher, claimed.job_id, claimed.collection, cases, progress)
        if found.result:
            store.evaluations.finish_evaluation(
                self._searcher.pool, claimed, found.result, pack(found.outcomes), found.rejected
            )
            return
        error = _explain_rejected(cases, found.rejected)
        store.evaluations.fail_evaluation(
            self._searcher.pool, claimed, "all_rejected", error, found.rejected
        )


def _explain_rejected(cases: Sequence[Case], rejected: Sequence[RejectedRow]) -> Message:
    """Return why nothing was asked. Without cases, all rows were rejected as the file was read."""
    if not cases or any(row.code != "unknown_expected" for row in rejected):
        return say("No question could be asked: the job's errors say why for each row.")
    return say(
        "The collection has none of the items that the file expects: `expected` must be an item's "
        "id in its file, its question or its answer."
    )
