"""What each program of the service sets up first: its log, and the signals that end it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

logger = logging.getLogger(__name__)


def start_logging(level: str) -> None:
    """Write the log to standard error, from `level` on."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


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
