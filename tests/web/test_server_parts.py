"""The parts of the server alone: crowds of connections, places for requests, bodies."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from math import inf
from typing import Any

import pytest

import web.bodies
import web.places
from web.bodies import Body, Disk
from web.crowd import Crowd
from web.guests import (
    DROPPED_BYTES,
    HEADS_BYTES,
    MAX_DROPPING,
    MAX_STRANGERS,
    STRANGERS_DROPPED_BYTES,
    Guests,
)
from web.places import SHARES, Places, name_kind
from web.refusals import Refused
from web.threads import Threads


class Line:
    """A connection that only notes that it was cut."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True


def test_a_full_crowd_cuts_the_oldest_of_the_address_that_has_most() -> None:
    crowd = Crowd(4, 3)
    lines = [Line() for _ in range(6)]
    for line, group in zip(lines, ["a", "b", "b", "b", "b", "c"], strict=True):
        crowd.enter(line, group, inf if line is lines[0] else time.monotonic() + 60)
    # The fourth of b was one too many of b, and the one of c one too many in all.
    assert [line.is_cut for line in lines] == [False, True, True, False, False, False]
    assert len(crowd) == 4


def test_idle_connections_are_cut_before_those_at_work() -> None:
    crowd = Crowd(2, 2)
    at_work, idle, new = Line(), Line(), Line()
    crowd.enter(at_work, "a", inf)
    crowd.enter(idle, "a", time.monotonic() + 60)
    crowd.enter(new, "a", inf)
    assert (at_work.is_cut, idle.is_cut) == (False, True)


def test_a_crowd_cuts_whose_time_is_over_and_not_too_many_in_a_row() -> None:
    crowd = Crowd(10, 10)
    lines = [Line() for _ in range(6)]
    for line in lines:
        crowd.enter(line, "a", time.monotonic() - 1)
    crowd.enter(lines[0], "a", time.monotonic() + 60)
    assert [crowd.cut_expired(3), crowd.cut_expired(3), crowd.cut_expired(3)] == [3, 2, 0]
    assert [line.is_cut for line in lines] == [False] + [True] * 5
    crowd.leave(lines[0])
    crowd.leave(lines[0])
    assert len(crowd) == 0


def test_crowds_follow_the_file_limit() -> None:
    def sizes(files: int) -> tuple[int, int]:
        guests = Guests(files, max_upload_bytes=0)
        return guests.strangers._most, guests.known._most

    assert sizes(1_024) == (384, 96)
    strangers, known = sizes(20_000)
    assert strangers == MAX_STRANGERS
    assert known > 1_000
    assert strangers + 4 * known < 20_000


def test_headers_of_strangers_are_bounded_in_all_and_by_address() -> None:
    guests = Guests(1_024, max_upload_bytes=0)
    one, other = Line("one"), Line("other")
    assert guests.hold(one, "a", HEADS_BYTES // 2)
    assert not guests.hold(other, "a", HEADS_BYTES // 2)
    guests.forget(other, "a")
    assert guests.hold(other, "b", HEADS_BYTES // 2)
    assert not guests.hold(other, "b", HEADS_BYTES // 2 + 1)
    guests.forget(one, "a")
    guests.forget(other, "b")
    assert guests.hold(one, "a", HEADS_BYTES * 3 // 4)


def test_few_strangers_at_once_may_send_much_of_a_refused_body() -> None:
    guests = Guests(1_024, max_upload_bytes=0)
    lines = [Line() for _ in range(MAX_DROPPING + 1)]
    taken = [guests.drop(line, STRANGERS_DROPPED_BYTES + 1, known=False) for line in lines]
    assert taken == [True] * MAX_DROPPING + [False]
    assert guests.drop(lines[-1], STRANGERS_DROPPED_BYTES, known=False)
    assert guests.drop(lines[-1], DROPPED_BYTES, known=True)
    assert guests.drop(lines[0], DROPPED_BYTES, known=False)
    assert not guests.drop(lines[0], DROPPED_BYTES + 1, known=False)
    guests.forget(lines[0], "a")
    assert guests.drop(lines[-1], DROPPED_BYTES, known=False)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/search", "search"),
        ("POST", "/search/batch", "search"),
        ("POST", "/upload", "upload"),
        ("POST", "/items", "write"),
        ("DELETE", "/collections/a", "write"),
        ("POST", "/jobs/1/cancel", "write"),
        ("GET", "/collections/a/export", "export"),
        ("GET", "/collections/a/check", "export"),
        ("GET", "/jobs/1/errors", "export"),
        ("GET", "/jobs/1", "read"),
        ("HEAD", "/items", "read"),
    ],
)
def test_kinds_of_requests(method: str, path: str, kind: str) -> None:
    assert name_kind(method, path) == kind


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


@pytest.mark.parametrize("full", list(SHARES))
def test_a_kind_that_waits_leaves_places_for_every_other(full: str) -> None:
    async def fill() -> None:
        places = Places(16)
        waiting = [asyncio.ensure_future(places.take(full)) for _ in range(40)]
        await asyncio.sleep(0)
        held = sum(task.done() for task in waiting)
        assert held == int(16 * SHARES[full])
        for kind in SHARES:
            if kind != full:
                await places.take(kind)
        for number in range(40 - held):  # every place that is left goes to one who waits
            places.leave(full)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert sum(task.done() for task in waiting) == held + number + 1

    run(fill())


def test_a_hanging_embedding_server_leaves_threads_to_what_needs_no_model() -> None:
    assert SHARES["search"] + SHARES["write"] < 1
    assert SHARES["write"] + SHARES["upload"] < 1


def test_who_waits_too_long_or_in_too_long_a_line_is_told_when_to_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def wait() -> None:
        monkeypatch.setattr(web.places, "WAIT_SECONDS", 0.05)
        monkeypatch.setattr(web.places, "MAX_WAITING", 1)
        places = Places(1)
        await places.take("read")
        late = asyncio.ensure_future(places.take("read"))
        await asyncio.sleep(0)
        for waiting in (places.take("read"), late):
            with pytest.raises(Refused) as refused:
                await waiting
            assert refused.value.status == 503
            assert dict(refused.value.headers)[b"Retry-After"]
        places.leave("read")
        await places.take("read")

    run(wait())


@asynccontextmanager
async def one_body(disk: Disk, limit: int = 10_000_000) -> AsyncIterator[Body]:
    body = Body(disk, Threads(1, "file"), limit=limit, copies=2)
    try:
        yield body
    finally:
        body.close()


def feed(*parts: bytes, pause: float = 0) -> Any:
    messages = [{"type": "http.request", "body": p, "more_body": True} for p in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        await asyncio.sleep(pause)
        return messages.pop(0)

    return receive


def test_a_body_comes_whole_from_memory_or_from_a_file() -> None:
    async def receive() -> None:
        for parts in ([b"a", b"b"], [bytes([n]) * 300_000 for n in range(10)], []):
            async with one_body(Disk(100_000_000)) as body:
                await body.receive(feed(*parts))
                assert body.file.read() == b"".join(parts)

    run(receive())


def test_uploads_share_the_room_on_the_disk_and_one_alone_gets_any() -> None:
    async def upload() -> None:
        disk = Disk(5_000_000)
        async with one_body(disk) as first:
            first.announce(9_000_000)
            async with one_body(disk) as second:
                with pytest.raises(Refused) as refused:
                    second.announce(1_000_000)
                assert (refused.value.status, refused.value.code) == (503, "unavailable")
                # A small one stays in memory.
                await second.receive(feed(b"a"))
            async with one_body(disk) as chunked:
                with pytest.raises(Refused):
                    await chunked.receive(feed(*[b"x" * 100_000] * 20))
        async with one_body(disk) as third:
            third.announce(1_000_000)

    run(upload())


def test_a_body_that_grows_too_large_or_comes_too_slowly_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def receive() -> None:
        async with one_body(Disk(1), limit=10) as body:
            with pytest.raises(Refused) as refused:
                await body.receive(feed(b"12345", b"678901"))
            assert refused.value.status == 413
        monkeypatch.setattr(web.bodies, "GRACE_SECONDS", 0.2)
        async with one_body(Disk(1)) as body:
            with pytest.raises(Refused) as refused:
                await body.receive(feed(*[b"1"] * 100, pause=0.05))
            assert (refused.value.status, refused.value.code) == (408, "too_slow")

    run(receive())


def test_a_full_disk_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            raise OSError(28, "No space left on device")

    async def receive() -> None:
        monkeypatch.setattr(tempfile, "TemporaryFile", Full)
        async with one_body(Disk(1)) as body:
            with pytest.raises(Refused) as refused:
                await body.receive(feed(b"x" * 1_000_000))
            assert refused.value.status == 503
            assert dict(refused.value.headers)[b"Retry-After"] == b"60"

    run(receive())
