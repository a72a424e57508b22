"""Threads that run functions for the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """A fixed number of threads, which end with the process, whatever they wait for."""

    def __init__(self, count: int, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]]] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"{name} {number}", daemon=True).start()

    def run(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Return what will have the function's result."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._tasks.put((function, future))
        return future

    def _work(self) -> None:
        while True:
            function, future = self._tasks.get()
            result, error = None, None
            try:
                result = function()
            except Exception as raised:  # noqa: BLE001, it belongs to who asked
                error = raised
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(_finish, future, result, error)
            del function, future, result, error


def _finish(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
