"""How signals end a process of ours."""

from __future__ import annotations

import logging
import os
import signal
from types import FrameType

logger = logging.getLogger(__name__)


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT end the process cleanly from now on, and a second one at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        logger.info("Stopping on signal %d; a second one ends at once", number)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda number, _frame: os._exit(128 + number))
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
