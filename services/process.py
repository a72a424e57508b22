"""What each program of the service sets up first: the signals that end it.

Its log is set up by services/logs.py.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

logger = logging.getLogger(__name__)


def _exit() -> None:
    raise SystemExit(0)


def end_on_signals(stop: Callable[[], None] = _exit) -> None:
    """Let SIGTERM and SIGINT end the process cleanly from now on, and a second one at once.

    The first one calls `stop`, which raises SystemExit unless another is given.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        logger.info("Stopping on signal %d; a second one ends at once", number)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, _frame: os._exit(128 + number))
        stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
