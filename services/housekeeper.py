"""The background thread that removes what nobody needs any more, and frees its space."""

from __future__ import annotations

import logging
import threading

import store.retention
import store.vacuuming
from db import DatabaseUnavailable, Pool

logger = logging.getLogger(__name__)

# The thread looks this often whether there is something to do.
LOOK_SECONDS = 5.0
# It waits so long between two parts, so that others get the disk and the locks.
PAUSE_SECONDS = 0.1


class Housekeeper:
    """Removes ended jobs after `days` (0 keeps them for ever), and vacuums tables."""

    def __init__(self, pool: Pool, *, days: int) -> None:
        self._pool = pool
        self._days = days
        self._stopping = threading.Event()
        # A daemon: PostgreSQL ends what runs when the connection is gone.
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start nothing more; what runs ends with its connection."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._remove_jobs()
                store.vacuuming.vacuum_tables(self._pool)
            except DatabaseUnavailable as error:
                logger.warning("Ended jobs are not removed, nor tables vacuumed: %s", error)
            except Exception:
                logger.exception("Ended jobs or dead rows could not be removed; it is tried again")

    def _remove_jobs(self) -> None:
        removed = 0
        while rows := store.retention.remove_part(self._pool, self._days):
            removed += rows
            if self._stopping.wait(PAUSE_SECONDS):
                break
        if removed:
            logger.info("%d rows of ended jobs were removed", removed)
