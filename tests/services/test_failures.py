"""Wrong passwords: what an address counts as, and the queue in which checks wait."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from services.failures import Failures, TooManyFailures, group_address
from services.password_queue import MAX_WAITING_OF_ONE, PasswordQueue
from services.users import Users
from tests.support.client import PASSWORD, USER

pytestmark = pytest.mark.usefixtures("still_counts")


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_what_an_address_counts_as(address: str, group: str) -> None:
    assert group_address(address) == group


def test_the_addresses_of_one_ipv6_network_count_together() -> None:
    users = Users({USER: (PASSWORD, "admin")}, failures=Failures(3), check_hash=lambda *_: False)
    for number in range(3):
        assert users.authenticate(USER, str(number), f"2001:db8::{number}") is None
    with pytest.raises(TooManyFailures):
        users.authenticate(USER, "x", "2001:db8::ffff")
    assert users.authenticate(USER, "x", "2001:db8:0:1::") is None


class Held:
    """Checks that wait until they are let go, and note who was checked."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.checked: list[str] = []

    def check(self, name: str) -> str:
        self.begun.set()
        assert self.go_on.wait(60)
        self.checked.append(name)
        return name


def test_equal_credentials_share_one_check() -> None:
    held, queue = Held(), PasswordQueue[str]()
    first = queue.enter(b"a", "here", lambda: held.check("a"))
    again = queue.enter(b"a", "there", lambda: held.check("again"))
    held.go_on.set()
    assert first.result(30) == again.result(30) == "a"
    assert held.checked == ["a"]


def test_one_address_may_have_few_checks_waiting_and_the_addresses_take_turns() -> None:
    held, queue = Held(), PasswordQueue[str]()
    answers = [queue.enter(b"first", "here", lambda: held.check("first"))]
    assert held.begun.wait(60)  # it waits no longer
    for number in range(MAX_WAITING_OF_ONE):
        name = f"here {number}"
        answers.append(queue.enter(name.encode(), "here", partial(held.check, name)))
    with pytest.raises(TooManyFailures) as refused:
        queue.enter(b"more", "here", lambda: held.check("more"))
    assert refused.value.retry_after == 1
    answers.append(queue.enter(b"there", "there", lambda: held.check("there")))
    held.go_on.set()
    for answer in answers:
        answer.result(30)
    assert held.checked[:3] == ["first", "here 0", "there"]


def test_a_check_that_fails_ends_no_other() -> None:
    def fail() -> str:
        raise MemoryError("no room")

    queue = PasswordQueue[str]()
    with pytest.raises(MemoryError):
        queue.enter(b"a", "here", fail).result(30)
    assert queue.enter(b"b", "here", lambda: "admin").result(30) == "admin"
