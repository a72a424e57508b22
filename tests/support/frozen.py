"""Processes that are stopped for a while: they hold all that they have, and do nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.support.client import eventually


def freeze(pid: int) -> None:
    """Stop a process until SIGCONT; return when each of its threads has stopped.

    A thread goes on for a moment after the signal, and may give an answer meanwhile.
    """
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: _has_stopped(pid))


def _has_stopped(pid: int) -> bool:
    try:
        stats = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return False  # a thread has ended meanwhile
    # The state comes behind the name, which is in brackets (proc(5)): stopped, or ended.
    return all(stat.rpartition(")")[2].split()[0] in "TZX" for stat in stats)
