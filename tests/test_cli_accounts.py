"""`flask --app app users …` and `keys …`, which need the database alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from apiflask import APIFlask
from click.testing import Result

from app import build_app
from config import Settings
from services.deferred import Deferred
from tests.support.client import USER

WORD = "a long password"


@pytest.fixture
def command(settings: Settings) -> Iterator[APIFlask]:
    with closing(Deferred(settings)) as parts:
        yield build_app(settings, parts)


def run(app: APIFlask, line: str, stdin: str = "") -> Result:
    return app.test_cli_runner().invoke(args=line.split(), input=stdin)


def test_users_are_added_listed_and_removed(command: APIFlask) -> None:
    added = run(command, "users add ana --role editor --collection a", f"{WORD}\n{WORD}\n")
    assert added.exit_code == 0, added.output
    assert WORD not in added.output
    listed = run(command, "users list").stdout.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        [USER, "admin", "*"],
        ["ana", "editor", "a"],
    ]
    changed = run(command, "users passwd ana --password-stdin", "another password\n")
    assert changed.exit_code == 0, changed.output
    assert run(command, "users remove ana").exit_code == 0
    assert run(command, "users remove ana").exit_code == 1
    assert run(command, "users passwd ana --password-stdin", f"{WORD}\n").exit_code == 1


@pytest.mark.parametrize(
    ("line", "stdin", "said", "status"),
    [
        ("users add a:b --role reader --password-stdin", WORD, "colon", 2),
        ("users add ana --role reader --password-stdin", "short\n", "8 to", 2),
        ("users add ana --role root --password-stdin", WORD, "'root'", 2),
        ("users add ana --password-stdin", WORD, "--role", 2),
        (f"users add {USER} --role reader --password-stdin", WORD, "API_USERNAME", 1),
        (f"users passwd {USER} --password-stdin", WORD, "API_USERNAME", 1),
        (f"users remove {USER}", "", "API_USERNAME", 1),
        ("keys create --name n --role reader --expires soon", "", "90d", 2),
        ("keys create --name n --role reader --expires 99999w", "", "90d", 2),
        ("keys create --role reader", "", "--name", 2),
        ("keys revoke 7", "", "no such key", 1),
        # Bytes that are not UTF-8, as Python gives them.
        ("users add a\udcff --role reader --password-stdin", WORD, "printable", 2),
        ("users passwd a\udcff --password-stdin", WORD, "no such user", 1),
        ("users remove a\udcff", "", "no such user", 1),
        ("keys create --name a\udcff --role reader", "", "printable", 2),
    ],
)
def test_what_is_wrong_is_one_error(
    command: APIFlask, line: str, stdin: str, said: str, status: int
) -> None:
    refused = run(command, line, stdin)
    assert refused.exit_code == status, refused.output
    assert said in refused.stderr


def test_keys_are_made_listed_and_revoked(command: APIFlask) -> None:
    line = "keys create --name chatbot --role reader --collection a --collection b --expires 90d"
    made = run(command, line)
    assert made.exit_code == 0, made.output
    # The key alone, for scripts.
    assert re.fullmatch(r"cpg_[A-Za-z0-9_-]{43}\n", made.stdout)
    listed = run(command, "keys list").stdout
    cells = listed.splitlines()[1].split()
    assert cells[1:5] == ["chatbot", "reader", "a,b", f"{made.stdout[:12]}…"]
    assert made.stdout.strip() not in listed
    assert run(command, f"keys revoke {cells[0]}").exit_code == 0
    assert run(command, "keys list").stdout.count("\n") == 1


def test_help_is_in_the_language_of_the_service(
    command: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "pt_BR")
    assert "usuários" in run(command, "users --help").stdout
    assert "chave" in run(command, "keys create --help").stdout


def test_a_database_that_takes_no_changes_is_one_line(settings: Settings) -> None:
    mark = "&" if "?" in str(settings.database_dsn) else "?"
    option = "options=-c%20default_transaction_read_only%3Don"
    only_reads = f"{settings.database_dsn}{mark}{option}"
    with closing(Deferred(settings.model_copy(update={"database_dsn": only_reads}))) as parts:
        refused = run(build_app(settings, parts), "keys create --name bot --role reader")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "Error: PostgreSQL is read-only or a standby.\n",
    )
