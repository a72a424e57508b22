"""What a caller sees, and which roles may do what another may."""

from __future__ import annotations

from services.access import Caller, list_roles_from, narrow

LIMITED = Caller("bot", "reader", "key", frozenset({"b", "a"}), 1)


def test_each_role_may_do_what_the_lesser_ones_may() -> None:
    assert list_roles_from("reader") == ["reader", "editor", "admin"]
    assert list_roles_from("admin") == ["admin"]


def test_a_limit_narrows_what_is_named_and_what_is_not() -> None:
    assert narrow(None, LIMITED.collections) == ["a", "b"]
    assert narrow(["c", "b"], LIMITED.collections) == ["b"]
    assert narrow(["c"], LIMITED.collections) == []
    assert [LIMITED.sees(name) for name in "abc"] == [True, True, False]


def test_without_a_limit_all_is_seen() -> None:
    admin = Caller("admin", "admin")
    assert narrow(None, admin.collections) is None
    assert narrow(["c"], admin.collections) == ["c"]
    assert admin.sees("c")
