"""What each program of the service sets up first: its log, and the signals that end it."""

from __future__ import annotations

import logging
import os
import signal
from types import FrameType

logger = logging.getLogger(__name__)


def start_logging(level: str) -> None:
    """Write the log to standard error, from `level` on."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT end the process cleanly from now on, and a second one at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        logger.info("Stopping on signal %d; a second one ends at once", number)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, _frame: os._exit(128 + number))
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
