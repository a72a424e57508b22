"""The watch over the embedded server: when it ends unasked, it is started again.

An out-of-memory killer may end it, or an administrator. What was committed is not lost: PostgreSQL
recovers it at the start.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from messages import Message, cite, explain, say
from postgres.programs import EmbeddedPostgresError

logger = logging.getLogger(__name__)

# How often the watch looks. Whoever restarts the server by hand has this long to start it.
LOOK_SECONDS = 0.5
# The waits before each try to start it again: a minute in all, beside the tries themselves.
WAITS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


@dataclass(frozen=True)
class Watched:
    """What the watch needs of a server. `restart` raises EmbeddedPostgresError or OSError."""

    is_alive: Callable[[], bool]
    restart: Callable[[], None]


class Watch:
    """A thread that starts a server again, and calls `on_lost` with a sentence if it can't.

    `trouble` says what is the matter meanwhile.
    """

    def __init__(
        self,
        server: Watched,
        on_lost: Callable[[Message], None],
        *,
        waits: tuple[float, ...] = WAITS,
    ) -> None:
        self.trouble: Message | None = None
        self._server = server
        self._on_lost = on_lost
        self._waits = waits
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postgres-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start the server no more. A start that runs goes on; the caller's lock waits for it."""
        self._stopping.set()

    def _run(self) -> None:
        looks = 0
        while not self._stopping.wait(LOOK_SECONDS):
            looks = 0 if self._is_alive() else looks + 1
            # One look is not enough: it may be restarted by hand.
            if looks >= 2 and not self._bring_back():
                return

    def _is_alive(self) -> bool:
        try:
            return self._server.is_alive()
        except OSError:
            return False  # the restart says what is wrong with its files

    def _bring_back(self) -> bool:
        """Start the server again; return whether there is one to watch."""
        began = time.monotonic()
        self.trouble = say("The embedded PostgreSQL has ended. It is being started again.")
        logger.error("The embedded PostgreSQL has ended: it is started again")
        reason = cite("")
        for wait in self._waits:
            if self._stopping.wait(wait):
                return False
            try:
                self._server.restart()
            except (EmbeddedPostgresError, OSError) as error:
                reason = explain(error)
                logger.warning("The embedded PostgreSQL does not start: %s", reason)
                continue
            self.trouble = None
            logger.info("PostgreSQL runs again after %.1f s", time.monotonic() - began)
            return True
        self._on_lost(
            say(
                "The embedded PostgreSQL ended, and it does not start again: {reason}",
                reason=reason,
            )
        )
        return False
