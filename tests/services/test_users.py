"""Users: each password is checked once, and wrong ones are counted by address."""

from __future__ import annotations

import threading

import pytest
from werkzeug.security import check_password_hash

import services.accounts
import store.users
from db import Pool
from services.access import Caller
from services.failures import Failures
from services.users import TooManyFailures, Users
from store.users import Login
from tests.support.client import PASSWORD, USER

pytestmark = pytest.mark.usefixtures("still_counts")

ADMIN = Caller(USER, "admin")


def test_non_ascii_credentials_that_are_right_are_taken() -> None:
    users = Users({"josé": ("senha çãé ☃", "admin")})
    assert users.authenticate("josé", "senha çãé ☃", "a") == Caller("josé", "admin")
    assert users.authenticate("josé", "senha", "a") is None
    assert users.authenticate("josé", "senha çãé ☃\0", "a") is None


def test_the_second_check_of_the_same_credentials_costs_no_hash() -> None:
    hashed = []

    def check(stored: str, password: str) -> bool:
        hashed.append(password)
        return check_password_hash(stored, password)

    users = Users({USER: (PASSWORD, "admin")}, check_hash=check)
    for _ in range(100):
        assert users.authenticate(USER, PASSWORD, "a") == ADMIN
    assert hashed == [PASSWORD]


def test_too_many_failures_are_refused_but_known_credentials_go_on() -> None:
    users = Users(
        {USER: (PASSWORD, "admin")},
        failures=Failures(3),
        check_hash=lambda _stored, password: password == PASSWORD,
    )
    assert users.authenticate(USER, PASSWORD, "here") == ADMIN
    for n in range(3):
        assert users.authenticate(USER, f"wrong {n}", "here") is None
    with pytest.raises(TooManyFailures) as refused:
        users.authenticate(USER, "wrong", "here")
    # The rest of this minute, and the third of the next one in which one of the three has left.
    assert 0 < refused.value.retry_after <= 60 + 20
    assert users.authenticate(USER, PASSWORD, "here") == ADMIN
    assert users.authenticate(USER, "wrong", "elsewhere") is None


def test_an_unknown_name_is_checked_as_long_as_a_known_one() -> None:
    checked: list[str] = []

    def check(stored: str, _password: str) -> bool:
        checked.append(stored)
        return False

    users = Users({USER: (PASSWORD, "admin")}, check_hash=check)
    users.authenticate(USER, "wrong", "a")
    users.authenticate("nobody", "wrong", "a")
    known, unknown = (stored.split("$")[0] for stored in checked)
    assert known == unknown


def test_checks_of_many_threads_do_not_mix() -> None:
    users = Users({USER: (PASSWORD, "admin")})
    callers: dict[int, Caller | None] = {}

    def check(n: int) -> None:
        callers[n] = users.authenticate(USER, PASSWORD if n % 2 else "wrong", str(n))

    threads = [threading.Thread(target=check, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert callers == {n: ADMIN if n % 2 else None for n in range(6)}


def test_users_of_the_database_take_as_long_as_unknown_names(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def find(pool: Pool, name: str) -> Login | None:
        steps.append("look")
        return find_login(pool, name)

    def check(stored: str, _password: str) -> bool:
        steps.append(stored.split("$")[0])
        return False

    find_login = store.users.find_login
    monkeypatch.setattr("store.users.find_login", find)
    services.accounts.add_user(pool, USER, "ana", "a long password", "reader")
    users = Users({USER: (PASSWORD, "admin")}, pool, check_hash=check)
    users.authenticate("ana", "wrong", "a")
    known, steps[:] = [*steps], []
    users.authenticate("nobody", "wrong", "a")
    assert steps == known
    assert len(known) == 2


def test_a_role_and_a_limit_that_changed_hold_at_once(pool: Pool) -> None:
    services.accounts.add_user(pool, USER, "ana", "a long password", "reader", ["a"])
    users = Users({}, pool)
    assert users.authenticate("ana", "a long password", "x") == Caller(
        "ana", "reader", "user", frozenset({"a"})
    )
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE users SET role = 'editor', collections = NULL")
    assert users.authenticate("ana", "a long password", "x") == Caller("ana", "editor")


@pytest.mark.parametrize("name", ["admin", "ADMIN", "\uff21dmin"])
def test_nobody_gets_a_name_that_looks_like_the_admins(pool: Pool, name: str) -> None:
    with pytest.raises(services.accounts.NameReserved):
        services.accounts.add_user(pool, "Admin", name, "a long password", "reader")


def test_a_password_that_is_no_utf_8_is_none() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        services.accounts.check_password("a long password\udcff")
