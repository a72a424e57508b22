"""The watch: a server that was killed comes back, and one that can't is reported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

import postgres.watch
from messages import cite
from postgres.programs import EmbeddedPostgresError, Programs
from postgres.server import EmbeddedPostgres
from postgres.watch import Watch, Watched
from tests.support.client import eventually
from tests.support.embedded import kill_server, needs_posix, postmaster, query


class Failing:
    """A server that has ended, and starts again at the last of so many tries."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        self.alive = False

    def watched(self) -> Watched:
        return Watched(lambda: self.alive, self._restart)

    def _restart(self) -> None:
        self.tries -= 1
        if self.tries:
            raise EmbeddedPostgresError(cite("No space left on device."))
        self.alive = True


def watch(server: Failing, waits: tuple[float, ...]) -> tuple[Watch, list[str], threading.Event]:
    lost: list[str] = []
    said = threading.Event()

    def note(reason: str) -> None:
        lost.append(reason)
        said.set()

    one = Watch(server.watched(), note, waits=waits)
    one.start()
    return one, lost, said


def test_a_server_that_does_not_start_at_once_is_tried_again() -> None:
    server = Failing(tries=3)
    one, lost, _ = watch(server, (0.0, 0.5, 0.1))
    eventually(lambda: one.trouble is not None)
    assert "being started again" in (one.trouble or "")
    eventually(lambda: one.trouble is None)
    assert server.alive
    assert lost == []
    one.stop()


def test_a_server_that_can_not_be_started_is_reported_once() -> None:
    server = Failing(tries=9)
    one, lost, said = watch(server, (0.0, 0.05, 0.05))
    assert said.wait(60)
    time.sleep(2 * postgres.watch.LOOK_SECONDS + 0.5)
    (reason,) = lost
    assert reason.endswith("does not start again: No space left on device.")
    assert "\n" not in reason
    assert server.tries == 6
    one.stop()


def test_it_is_tried_for_a_minute() -> None:
    assert 60 <= sum(postgres.watch.WAITS) <= 70


def test_a_stopped_watch_starts_nothing() -> None:
    server = Failing(tries=1)
    one, _, _ = watch(server, (0.0,))
    one.stop()
    time.sleep(2 * postgres.watch.LOOK_SECONDS + 0.2)
    assert not server.alive


@needs_posix
def test_a_killed_server_comes_back_with_its_data(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    lost: list[str] = []
    server.watch(lost.append)
    query(server.dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    for whole in (True, False):
        before = postmaster(data_dir)
        kill_server(data_dir, whole=whole)
        eventually(lambda before=before: postmaster(data_dir) not in (None, before))  # type: ignore[misc]
        eventually(lambda: server.trouble is None)
        assert query(server.dsn, "SELECT one FROM kept") == (1,)
    server.stop()
    assert postmaster(data_dir) is None
    assert lost == []


@needs_posix
def test_of_several_users_one_brings_it_back(data_dir: Path, helper: Callable[..., object]) -> None:
    servers = [EmbeddedPostgres.start(data_dir) for _ in range(3)]
    for server in servers:
        server.watch(lambda reason: None)
    helper(data_dir).dsn()  # type: ignore[attr-defined]
    kill_server(data_dir)
    eventually(lambda: postmaster(data_dir) is not None)
    eventually(lambda: all(server.trouble is None for server in servers))
    time.sleep(2 * postgres.watch.LOOK_SECONDS)
    assert len(_postmasters(data_dir)) == 1
    for server in servers:
        server.stop()
    # The other process still uses it.
    assert query(servers[0].dsn, "SELECT 1") == (1,)


@needs_posix
def test_a_server_that_stops_with_its_last_user_stays_away(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    server.watch(lambda reason: None)
    server.stop()
    time.sleep(3 * postgres.watch.LOOK_SECONDS)
    assert postmaster(data_dir) is None


@needs_posix
def test_a_stop_by_hand_is_undone(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    server.watch(lambda reason: None)
    Programs.for_folder(data_dir / "postgres").run("pg_ctl", "stop", "-s", "-m", "fast")
    eventually(lambda: postmaster(data_dir) is not None)
    eventually(lambda: server.trouble is None)
    assert query(server.dsn, "SELECT 1") == (1,)
    server.stop()


def _postmasters(data_dir: Path) -> list[psutil.Process]:
    folder = (data_dir / "postgres").resolve()
    found = []
    for process in psutil.process_iter():
        try:
            if process.name().startswith("postgres") and Path(process.cwd()) == folder:
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.parent() not in found]
