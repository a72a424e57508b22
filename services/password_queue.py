"""The queue of passwords that wait to be compared with a hash."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

import metrics
from messages import say
from services.failures import TooManyFailures

# So many checks may wait, and so many of one address. Each takes 120 ms.
MAX_WAITING = 64
MAX_WAITING_OF_ONE = 4
# After a wrong password, while others wait: so a flood of many addresses takes only a part of one
# core.
PAUSE_SECONDS = 0.25

T = TypeVar("T")


class PasswordQueue(Generic[T]):
    """Runs checks one at a time, since each takes a core and 32 MB. Thread-safe.

    The addresses that ask take turns, and who asks the same as another gets the same answer.
    """

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        """`pause` is in seconds: after a wrong password, while others wait."""
        self._pause = pause
        self._lock = threading.Lock()
        self._turns: dict[str, deque[tuple[bytes, Callable[[], T | None]]]] = {}
        self._answers: dict[bytes, Future[T | None]] = {}
        self._running = False

    def enter(self, key: bytes, group: str, check: Callable[[], T | None]) -> Future[T | None]:
        """Return what will have the check's result. Raises TooManyFailures where too many wait."""
        with self._lock:
            if key in self._answers:
                return self._answers[key]
            mine = self._turns.get(group, deque())
            if len(mine) >= MAX_WAITING_OF_ONE or len(self._answers) >= MAX_WAITING:
                metrics.THROTTLED_LOGINS.inc()
                raise TooManyFailures(1, say("Too many passwords wait to be checked."))
            mine.append((key, check))
            self._turns[group] = mine
            answer = self._answers[key] = Future()
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="passwords", daemon=True).start()
        return answer

    def _run(self) -> None:
        """Run what waits, until nothing does."""
        while (turn := self._next()) is not None:
            key, check = turn
            found, failed = None, None
            try:
                found = check()
            except Exception as error:  # noqa: BLE001, it belongs to those who wait
                failed = error
            with self._lock:
                answer = self._answers.pop(key)
                others = bool(self._turns)
            if failed is not None:
                answer.set_exception(failed)
                continue
            answer.set_result(found)
            if found is None and others:
                time.sleep(self._pause)

    def _next(self) -> tuple[bytes, Callable[[], T | None]] | None:
        """Return the first check of the address whose turn it is."""
        with self._lock:
            if not self._turns:
                self._running = False
                return None
            group = next(iter(self._turns))
            mine = self._turns.pop(group)
            turn = mine.popleft()
            if mine:
                self._turns[group] = mine  # behind all others
            return turn
