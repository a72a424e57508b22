"""The windows in which wrong passwords and requests are counted: they end with the clock's."""

from __future__ import annotations

import time
from math import floor
from types import SimpleNamespace

import limits.storage.memory
import pytest

from services.failures import MAX_FAILURES


@pytest.fixture
def still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window ends within the test: the counts in this process's memory see no time pass."""
    now = time.time()
    monkeypatch.setattr(limits.storage.memory, "time", SimpleNamespace(time=lambda: now))


def most_failures(seconds: float) -> int:
    """Return how many wrong passwords of one address a service may check within so many seconds.

    Within a minute that may be more than MAX_FAILURES: where a window ends, those of it fade as
    time passes, and each that has faded makes room for one, the first of them rounded.
    """
    return floor(MAX_FAILURES * (1 + seconds / 60)) + 1
