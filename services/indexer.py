"""The background thread that builds the approximate index, and builds it again when it is lost.

It first fills what a new version of the schema needs of the items that are stored already.
"""

from __future__ import annotations

import logging
import threading

import store.index
import store.visible_metadata
from db import DatabaseUnavailable, Pool
from store.models import Model

logger = logging.getLogger(__name__)

# The thread counts the vectors this often, and when a job has begun or may have ended; but never
# more often than this: many small jobs are no reason to.
LOOK_SECONDS = 5.0
LEAST_SECONDS = 0.5


class Indexer:
    """Builds the model's index once there are `min_vectors` vectors, and whenever it is missing."""

    def __init__(self, pool: Pool, model: Model, *, min_vectors: int, memory_mb: int) -> None:
        self._pool = pool
        self._model = model
        self._min_vectors = min_vectors
        self._memory_mb = memory_mb
        self._stopping = threading.Event()
        self._awake = threading.Event()
        # A daemon: a build may take long, and PostgreSQL ends it when the connection is gone.
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start no further build; one that runs ends with its connection."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Look now, or once more if it is looking: a large job makes an index come or go."""
        self._awake.set()

    def _run(self) -> None:
        while not self._stopping.wait(LEAST_SECONDS):
            self._awake.clear()
            try:
                while not self._stopping.is_set() and store.visible_metadata.fill_part(self._pool):
                    pass
                store.index.build_index(self._pool, self._model, self._min_vectors, self._memory_mb)
            except DatabaseUnavailable as error:
                logger.warning("The index is not looked after: %s", error)
            except Exception:
                logger.exception("The index could not be built; searches stay exact")
            if not self._stopping.is_set():
                self._awake.wait(LOOK_SECONDS)
