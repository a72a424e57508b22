"""The background thread pool: claims waiting rows, embeds them, writes the results.

The queue is PostgreSQL; `wake` only saves the wait for the next look at it. Any number of processes
may run workers on one database.
"""

from __future__ import annotations

import logging
import math
import threading
import time

import store.claims
import store.finishing
import store.matching
from db import DatabaseUnavailable, Pool
from embeddings import EmbedderBusy, EmbeddingService, pair_text
from store.claims import Batch, LeaseLost, Result
from store.models import Model

logger = logging.getLogger(__name__)

# Rows in a claim: what a killed process costs, some 4 seconds of work. Of many texts, those of
# like length share a batch, and less is padded: 12 % with 128 rows, 18 % with 64.
BATCH_ROWS = 128
# How often the queue is looked at when nothing wakes the workers.
POLL_SECONDS = 1.0
# A worker whose model gave nothing for so long is stuck; PostgreSQL has deadlines of its own.
STUCK_SECONDS = 120.0


class Workers:
    """A pool of `threads` workers, and one thread that holds their leases.

    Threads start with `start`, so never before a fork. A worker's loop ends only with `stop`.
    """

    def __init__(
        self,
        pool: Pool,
        model: Model,
        embeddings: EmbeddingService,
        *,
        threads: int,
        lease_seconds: int,
    ) -> None:
        self._pool = pool
        self._model = model
        self._embeddings = embeddings
        self._threads = threads
        self._lease_seconds = lease_seconds
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._lock = threading.Lock()
        self._claims = threading.Lock()
        self._held: dict[Batch, None] = {}
        self._suspect: Batch | None = None
        self._embedding: dict[Batch, float] = {}
        self._loops: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads; with 0 threads, none."""
        if not self._threads:
            return
        # Daemons: the interpreter joins other threads, also a ThreadPoolExecutor's, before it runs
        # what was registered to stop them, and would wait for loops without end.
        self._loops = [
            threading.Thread(target=loop, name="worker", daemon=True)
            for loop in (*[self._work] * self._threads, self._hold_leases)
        ]
        for thread in self._loops:
            thread.start()

    def wake(self) -> None:
        """Tell the workers that there is something to do."""
        with self._wake:
            self._wake.notify_all()

    def stuck_seconds(self) -> float:
        """Return for how long the slowest worker has waited for the model; inf where one died."""
        if not self._stopping.is_set() and not all(thread.is_alive() for thread in self._loops):
            return math.inf
        with self._lock:
            began = min(self._embedding.values(), default=math.inf)
        return max(0.0, time.monotonic() - max(began, self._embeddings.progress_at))

    def stop(self, seconds: float = 10.0) -> None:
        """Finish the batches in hand within `seconds`; give back what is not finished."""
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + seconds
        for thread in self._loops:
            thread.join(max(0.0, deadline - time.monotonic()))
        for batch in self._batches():
            self._give_back(batch, blame=False)

    def _work(self) -> None:
        while not self._stopping.is_set():
            if not self._step_safely():
                with self._wake:
                    if not self._stopping.is_set():
                        self._wake.wait(POLL_SECONDS)

    def _step_safely(self) -> bool:
        """Do one thing; return whether there was one. The loop must outlive every error."""
        try:
            return self._step()
        except (DatabaseUnavailable, EmbedderBusy) as error:
            logger.warning("The worker waits: %s", error)
        except LeaseLost as error:
            logger.warning("A batch was lost: %s", error)
            return True
        except Exception:
            logger.exception("The worker goes on after an error")
        return False

    def _step(self) -> bool:
        if store.matching.start_job(self._pool, self._model):
            self.wake()
            return True
        batch = self._claim()
        if batch is not None:
            self._process(batch)
            return True
        if store.claims.reject_killers(self._pool):
            return True
        finished = store.finishing.finish_job(self._pool, self._model)
        return finished is not None

    def _claim(self) -> Batch | None:
        """Claim waiting rows; where none wait, a suspect, with nothing else in hand meanwhile.

        A row that ends the process would else take the attempts of those beside it with it, and
        in the end they would be rejected together.
        """
        with self._claims:
            if self._suspect is not None:
                return None
            batch = store.claims.claim_batch(self._pool, self._lease_seconds, BATCH_ROWS)
            if batch is None and not self._batches():
                batch = self._suspect = store.claims.claim_suspect(self._pool, self._lease_seconds)
            if batch is not None:
                with self._lock:
                    self._held[batch] = None
            return batch

    def _process(self, batch: Batch) -> None:
        try:
            results = self._embed(batch)
            last = store.claims.finish_batch(self._pool, self._model, batch, results)
        except BaseException as error:
            # The attempt counts where the batch itself may be the cause; in the end its rows are
            # tried alone, and rejected.
            outside = isinstance(error, DatabaseUnavailable | EmbedderBusy | LeaseLost)
            self._give_back(batch, blame=not outside)
            raise
        finally:
            with self._lock:
                self._held.pop(batch, None)
                if self._suspect is batch:
                    self._suspect = None
        logger.debug("job %s: %d rows", batch.job_id, len(batch.rows))
        if last:
            self.wake()

    def _embed(self, batch: Batch) -> list[Result]:
        texts = [question for _, question, _ in batch.rows]
        texts += [pair_text(question, answer) for _, question, answer in batch.rows]
        with self._lock:
            self._embedding[batch] = time.monotonic()
        try:
            vectors = self._embeddings.embed_passages(texts)
        finally:
            with self._lock:
                del self._embedding[batch]
        half = len(batch.rows)
        return [
            Result(row_no, vectors[n], vectors[half + n])
            for n, (row_no, _, _) in enumerate(batch.rows)
        ]

    def _give_back(self, batch: Batch, *, blame: bool) -> None:
        try:
            store.claims.release_batch(self._pool, batch, blame=blame)
        except DatabaseUnavailable:
            logger.warning("job %s: rows wait until their lease ends", batch.job_id)

    def _batches(self) -> list[Batch]:
        with self._lock:
            return list(self._held)

    def _hold_leases(self) -> None:
        """Renew the leases of batches that take longer than a third of one."""
        while not self._stopping.wait(self._lease_seconds / 3):
            for batch in self._batches():
                try:
                    if not store.claims.extend_lease(self._pool, batch, self._lease_seconds):
                        # Its worker will see: it may have just finished the batch, too.
                        logger.debug("job %s: a lease is over", batch.job_id)
                except DatabaseUnavailable as error:
                    logger.warning("job %s: the lease is not renewed: %s", batch.job_id, error)
                except Exception:
                    logger.exception("job %s: the lease is not renewed", batch.job_id)
