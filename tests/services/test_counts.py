"""Counts: in memory, in a Redis or memcached that processes share, and while that is away.

Redis and memcached are found by the names of their servers; where one is missing, its tests are
skipped.
"""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond

import services.counts
from config import ConfigError
from local_service import free_port
from services.counts import SharedCounts, open_counts, seconds_until_room
from services.failures import MAX_OF_BOTH, MAX_OF_NAME, Failures, TooManyFailures
from tests.support.client import eventually
from tests.support.frozen import freeze

# Long enough that no window ends within a test, but for one start in a thousand.
THREE = RateLimitItemPerHour(3)


class Storage:
    """A server that counts, and its address."""

    def __init__(self, command: list[str], uri: str, port: int) -> None:
        self._port = port
        self.uri = uri
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(self._answers)

    def _answers(self) -> bool:
        with closing(socket.socket()) as sock:
            return sock.connect_ex(("127.0.0.1", self._port)) == 0

    def freeze(self) -> None:
        freeze(self._process.pid)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(60)


def start_redis(folder: Path, port: int) -> Storage:
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return Storage([*command, "--dir", str(folder)], f"redis://127.0.0.1:{port}/0", port)


def start_memcached(_folder: Path, port: int) -> Storage:
    command = ["memcached", "-p", str(port), "-l", "127.0.0.1", "-u", "nobody"]
    return Storage(command, f"memcached://127.0.0.1:{port}", port)


@pytest.fixture(params=["redis-server", "memcached"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is missing: apt-get install {request.param}")
    start = start_redis if request.param == "redis-server" else start_memcached
    storage = start(tmp_path, free_port())
    yield storage
    storage.thaw()
    storage.stop()


@pytest.fixture
def share(storage: Storage) -> Iterator[Callable[[], SharedCounts]]:
    """Makes what processes have that share the storage."""
    made: list[SharedCounts] = []

    def make() -> SharedCounts:
        made.append(SharedCounts(storage.uri))
        return made[-1]

    yield make
    for counts in made:
        counts.close()


def used(counts: SharedCounts, times: int) -> SharedCounts:
    for _ in range(times):
        counts.add(THREE, "a")
    return counts


@pytest.mark.usefixtures("still_counts")
def test_an_item_has_room_until_its_amount_is_used_up() -> None:
    counts = used(SharedCounts(), 2)
    assert counts.wait_seconds(THREE, "a") == 0
    assert 0 < used(counts, 1).wait_seconds(THREE, "a") <= 2 * 3_600
    assert counts.wait_seconds(THREE, "b") == 0


def test_the_processes_that_share_a_storage_count_together(
    share: Callable[[], SharedCounts],
) -> None:
    one, other = used(share(), 2), share()
    assert other.wait_seconds(THREE, "a") == 0
    used(one, 1)
    assert other.wait_seconds(THREE, "a") > 0


@pytest.mark.parametrize("frozen", [False, True])
def test_while_the_storage_is_away_a_process_counts_for_itself_and_says_so_once(
    storage: Storage,
    share: Callable[[], SharedCounts],
    frozen: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services.counts, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(services.counts, "ANSWER_SECONDS", 1.0)
    counts = used(share(), 3)
    assert counts.wait_seconds(THREE, "a") > 0
    if frozen:
        storage.freeze()
    else:
        storage.stop()
    with caplog.at_level(logging.WARNING):
        assert counts.wait_seconds(THREE, "a") == 0
        assert used(counts, 3).wait_seconds(THREE, "a") > 0
    assert caplog.text.count("does not answer") == 1
    if frozen:
        storage.thaw()
        counts.add(THREE, "b")
        assert "answers again" in caplog.text


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "nowhere",
        "http://a",
        "redis://a:port",
        "redis://",
        "mongodb://a",
        "memcached://",
    ],
)
def test_a_storage_that_can_not_be_used_is_one_line(uri: str) -> None:
    with pytest.raises(ConfigError, match=r"^RATELIMIT_STORAGE_URI ") as error:
        SharedCounts(uri)
    assert "\n" not in str(error.value)


class Windows:
    """Counts whose windows are as they are told: previous, left, current, expires."""

    def __init__(self, *windows: float) -> None:
        self.storage = self
        self._windows = windows

    def get_sliding_window(self, _key: str, _seconds: int) -> tuple[float, ...]:
        return self._windows


@pytest.mark.parametrize(
    ("windows", "cost", "seconds"),
    [
        # Of ten a minute. All came now: in a minute they begin to fade, each within 6 seconds.
        ((0, 0.0, 10, 120.0), 1, 66),
        ((0, 0.0, 10, 120.0), 10, 120),
        ((0, 0.0, 10, 75.0), 4, 15 + 24),
        # Ten of the window before, half of which is over: five are left, and fade on.
        ((10, 30.0, 0, 0.0), 5, 1),
        ((10, 30.0, 0, 0.0), 8, 18),
        ((10, 30.0, 4, 90.0), 3, 12),
        ((10, 30.0, 4, 90.0), 7, 30 + 15),
        ((0, 0.0, 0, 0.0), 10, 1),
    ],
)
def test_after_how_many_seconds_there_is_room(
    windows: tuple[float, ...], cost: int, seconds: int
) -> None:
    counts: Any = Windows(*windows)
    assert seconds_until_room(counts, RateLimitItemPerMinute(10), cost, "a") == seconds


def test_after_the_seconds_that_are_told_there_is_room() -> None:
    rate, counts = RateLimitItemPerSecond(10), open_counts("memory://")
    assert counts.hit(rate, "a", cost=10)
    time.sleep(seconds_until_room(counts, rate, 4, "a"))
    assert counts.hit(rate, "a", cost=4)


def test_processes_that_share_a_storage_refuse_an_address_together(storage: Storage) -> None:
    one, other = Failures(2, storage.uri), Failures(2, storage.uri)
    for failures in (one, other):
        failures.check("192.0.2.1", "admin")
        failures.add("192.0.2.1", "admin")
    for failures in (one, other):
        with pytest.raises(TooManyFailures):
            failures.check("192.0.2.1", "admin")
        failures._counts.close()


@pytest.fixture
def guess() -> Callable[[Failures, str, str], bool]:
    def guess(failures: Failures, address: str, name: str) -> bool:
        """Return whether a wrong password was checked."""
        try:
            failures.check_refused(address, name)
            failures.check(address, name)
        except TooManyFailures:
            return False
        failures.add(address, name)
        return True

    return guess


@pytest.mark.usefixtures("still_counts")
def test_a_name_under_attack_takes_few_wrong_passwords_of_each_address_and_none_is_locked_out(
    guess: Callable[[Failures, str, str], bool],
) -> None:
    failures = Failures()
    for number in range(MAX_OF_NAME):
        assert guess(failures, f"192.0.2.{number}", "admin")
    tried = [guess(failures, "198.51.100.1", "admin") for _ in range(MAX_OF_BOTH + 3)]
    assert tried == [True] * MAX_OF_BOTH + [False] * 3
    # Another name of the same address, and the same name of another address.
    assert guess(failures, "198.51.100.1", "other")
    failures.check_refused("198.51.100.2", "admin")
    failures.check("198.51.100.2", "admin")


@pytest.mark.usefixtures("still_counts")
def test_what_is_refused_is_remembered_without_asking_the_storage(
    guess: Callable[[Failures, str, str], bool],
) -> None:
    failures = Failures(1)
    assert guess(failures, "192.0.2.1", "admin")
    failures.check_refused("192.0.2.1", "admin")
    assert not guess(failures, "192.0.2.1", "admin")
    with pytest.raises(TooManyFailures):
        failures.check_refused("192.0.2.1", "another")
