"""The background threads: they claim waiting rows, embed them, and write the results.

The queue is in PostgreSQL; `wake` only saves the time until the next look at it. Any number of
processes may run workers on one database. While the model is sick, the workers claim nothing, and
the jobs say what they wait for.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

import services.vectors
import store.claims
import store.finishing
import store.matching
import store.results
import store.waiting
from db import DatabaseUnavailable, Pool
from embeddings import EmbeddingService
from messages import Message
from request_ids import set_request_id, work_for
from services.vectors import ItemTexts
from store.claims import Batch
from store.models import Model
from store.results import LeaseLost
from store.vectors import ItemVectors
from turns import EmbedderBusy

logger = logging.getLogger(__name__)

# A claim takes so many rows, and a killed process costs no more: some 4 seconds of work. The model
# takes texts of like length together, so the more rows there are, the less it pads: 12 % of the
# tokens with 128 rows, 18 % with 64.
BATCH_ROWS = 128
# The workers look at the queue this often, even when nothing wakes them.
POLL_SECONDS = 1.0
# A worker is stuck when its model gave nothing for so long; PostgreSQL has deadlines of its own.
STUCK_SECONDS = 120.0
# While the model is sick, jobs that come are told this often what they wait for.
NOTE_SECONDS = 1.0


class Workers:
    """So many worker `threads`, and one thread that holds their leases.

    The threads start with `start`, so never before a fork. Only `stop` ends a worker's loop.
    """

    def __init__(
        self,
        pool: Pool,
        model: Model,
        embeddings: EmbeddingService,
        *,
        threads: int,
        lease_seconds: int,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_change` is called when a job has begun, and when one may have ended."""
        self._pool = pool
        self._model = model
        self._embeddings = embeddings
        self._threads = threads
        self._lease_seconds = lease_seconds
        self._on_change = on_change
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._lock = threading.Lock()
        self._claims = threading.Lock()
        self._held: dict[Batch, None] = {}
        self._suspect: Batch | None = None
        self._embedding: dict[Batch, float] = {}
        # What this process has noted that jobs wait for; "" stands for what others may have noted.
        self._noted: str | None = ""
        self._note_again = -math.inf
        self._database_away = False
        self._loops: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads. Where there are no workers, nothing needs to hold a lease either."""
        if not self._threads:
            return
        # Daemons: the interpreter joins all other threads, a ThreadPoolExecutor's too, before it
        # runs what was registered to stop them, and so it would wait for loops without end.
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
        """Return how long the slowest worker has waited for the model; inf when a thread died."""
        if not self._stopping.is_set() and not all(thread.is_alive() for thread in self._loops):
            return math.inf
        with self._lock:
            began = min(self._embedding.values(), default=math.inf)
        return max(0.0, time.monotonic() - max(began, self._embeddings.progress_at))

    def stop(self, seconds: float = 10.0) -> None:
        """Give the workers `seconds` to finish their batches; give back what is not finished."""
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + seconds
        for thread in self._loops:
            thread.join(max(0.0, deadline - time.monotonic()))
        for batch in self._list_held():
            with work_for(batch.request_id):
                self._give_back(batch, blame=False)

    def _work(self) -> None:
        while not self._stopping.is_set():
            if not self._step_safely():
                with self._wake:
                    if not self._stopping.is_set():
                        self._wake.wait(POLL_SECONDS)

    def _step_safely(self) -> bool:
        """Take one step; return whether there was work. The loop must outlive every error.

        All lines of a step have the id of the request that brought the job.
        """
        set_request_id(None)
        try:
            worked = self._step()
            self._database_away = False
            return worked
        except DatabaseUnavailable as error:
            # Once, and not at each try.
            level = logging.DEBUG if self._database_away else logging.WARNING
            self._database_away = True
            logger.log(level, "The workers wait: %s", error)
        except EmbedderBusy as error:
            # The model's guard logs it, and the next step notes what the jobs wait for.
            logger.debug("The worker waits: %s", error)
        except LeaseLost as error:
            logger.warning("A batch was lost: %s", error)
            return True
        except Exception:
            logger.exception("The worker goes on after an error")
        return False

    def _step(self) -> bool:
        if store.matching.start_job(self._pool, self._model):
            self._on_change()
            self.wake()
            return True
        batch = self._claim() if self._is_model_well() else None
        if batch is not None:
            set_request_id(batch.request_id)
            self._process(batch)
            return True
        if store.results.reject_killers(self._pool):
            return True
        if store.finishing.finish_job(self._pool, self._model) is None:
            return False
        self._on_change()
        return True

    def _is_model_well(self) -> bool:
        """Return whether the model takes texts, or takes them again; note it in the jobs if not."""
        try:
            self._embeddings.check_passages()
        except EmbedderBusy as error:
            self._note_waiting(error.message)
            return False
        self._note_waiting(None)
        return True

    def _note_waiting(self, reason: Message | None) -> None:
        """Let the jobs say what they wait for. Those that came meanwhile are told after a while."""
        with self._lock:
            if reason == self._noted and (reason is None or time.monotonic() < self._note_again):
                return
            self._noted = reason
            self._note_again = time.monotonic() + NOTE_SECONDS
        try:
            store.waiting.note_waiting(self._pool, reason)
        except BaseException:
            with self._lock:
                self._noted = ""
            raise

    def _claim(self) -> Batch | None:
        """Claim waiting rows; when none wait, claim a suspect, and nothing beside it.

        A row that ends the process spends the attempts of all rows in hand. Beside a suspect, rows
        that did nothing wrong would be rejected together with it.
        """
        with self._claims:
            if self._suspect is not None:
                return None
            batch = store.claims.claim_batch(self._pool, self._lease_seconds, BATCH_ROWS)
            if batch is None and not self._list_held():
                batch = self._suspect = store.claims.claim_suspect(self._pool, self._lease_seconds)
            if batch is not None:
                with self._lock:
                    self._held[batch] = None
            return batch

    def _process(self, batch: Batch) -> None:
        try:
            vectors = self._embed(batch)
            last = store.results.finish_batch(self._pool, self._model, batch, vectors)
        except BaseException as error:
            # The attempt counts when the batch itself may be the cause. After several attempts,
            # each of its rows is tried alone, and rejected if it fails.
            outside = isinstance(error, DatabaseUnavailable | EmbedderBusy | LeaseLost)
            self._give_back(batch, blame=not outside)
            raise
        finally:
            with self._lock:
                self._held.pop(batch, None)
                if self._suspect is batch:
                    self._suspect = None
        logger.debug("job %s: a batch of %d rows is done", batch.job_id, len(batch.rows))
        if last:
            self.wake()

    def _embed(self, batch: Batch) -> dict[int, ItemVectors]:
        """Return the vectors of the rows by number, without the rows that the model failed on."""
        items = [ItemTexts(row.question, row.answer, row.alternatives) for row in batch.rows]
        with self._lock:
            self._embedding[batch] = time.monotonic()
        try:
            vectors = services.vectors.embed_items(self._embeddings, items)
        finally:
            with self._lock:
                del self._embedding[batch]
        found = zip(batch.numbers, vectors, strict=True)
        return {number: each for number, each in found if each is not None}

    def _give_back(self, batch: Batch, *, blame: bool) -> None:
        try:
            store.claims.release_batch(self._pool, batch, blame=blame)
        except DatabaseUnavailable:
            logger.warning("job %s: rows wait until their lease ends", batch.job_id)

    def _list_held(self) -> list[Batch]:
        with self._lock:
            return list(self._held)

    def _hold_leases(self) -> None:
        """Renew the lease of each batch that takes longer than a third of it."""
        while not self._stopping.wait(self._lease_seconds / 3):
            for batch in self._list_held():
                with work_for(batch.request_id):
                    self._extend_lease(batch)

    def _extend_lease(self, batch: Batch) -> None:
        try:
            if not store.claims.extend_lease(self._pool, batch, self._lease_seconds):
                # Its worker finds out by itself, and may have just finished the batch.
                logger.debug("job %s: a lease is over", batch.job_id)
        except DatabaseUnavailable as error:
            logger.warning("job %s: the lease is not renewed: %s", batch.job_id, error)
        except Exception:
            logger.exception("job %s: the lease is not renewed", batch.job_id)
