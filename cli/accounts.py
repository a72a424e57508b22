"""`flask --app app users …` and `keys …`: who may call the service.

They need the database alone. A password is never a part of the command, where other users of the
machine and the shell's history would see it: it is asked for, or read from the standard input.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from flask.cli import with_appcontext

import services.accounts
import services.keys
import store.keys
import store.users
from cli.commands import report_wrong_options
from cli.spoken import SpokenCommand, SpokenGroup
from messages import Message, say
from services.access import ROLES
from services.accounts import NameTaken
from web.account_schemas import KeyRequest, PasswordRequest, UserRequest
from web.context import admin_name, current_parts
from web.language import speak
from web.validation import validate

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
# Longer ones are no time that a calendar has.
_MOST_DAYS = 36_500

_role = click.option("--role", type=click.Choice(ROLES), required=True)
_collection = click.option(
    "--collection",
    "collections",
    multiple=True,
    help=say("Limit it to this one; may come several times."),
)
_stdin = click.option(
    "--password-stdin", is_flag=True, help=say("Read the password from the standard input.")
)


@click.group("users", cls=SpokenGroup, help=say("The users, who log in with a password."))
def users_command() -> None:
    pass


@click.group("keys", cls=SpokenGroup, help=say("The keys, by which programs call."))
def keys_command() -> None:
    pass


@users_command.command("list", cls=SpokenCommand, help=say("List the users."))
@with_appcontext
def list_users() -> None:
    rows = [(admin_name() or "", "admin", "*", "API_USERNAME")]
    for user in store.users.list_users(current_parts().pool):
        rows.append((user.name, user.role, _name(user.collections), _format(user.changed_at)))
    _print_table(("name", "role", "collections", "password since"), rows)


@users_command.command("add", cls=SpokenCommand, help=say("Add the user NAME."))
@click.argument("name")
@_role
@_collection
@_stdin
@with_appcontext
def add_user(name: str, role: str, collections: tuple[str, ...], password_stdin: bool) -> None:
    limit = list(collections) or None
    given = {"name": name, "role": role, "collections": limit, "password": "x" * 8}
    with report_wrong_options():
        validate(UserRequest, given)  # before anybody types a password
        new = validate(UserRequest, given | {"password": _ask_password(password_stdin)})
    pool = current_parts().pool
    try:
        services.accounts.add_user(
            pool, admin_name(), new.name, new.password, new.role, new.collections
        )
    except NameTaken as error:
        raise click.ClickException(speak(error.message)) from error
    click.echo(speak(say("Added the user {name}.", name=new.name)))


@users_command.command("passwd", cls=SpokenCommand, help=say("Give the user NAME a password."))
@click.argument("name")
@_stdin
@with_appcontext
def change_password(name: str, password_stdin: bool) -> None:
    with report_wrong_options():
        new = validate(PasswordRequest, {"password": _ask_password(password_stdin)})
    pool = current_parts().pool
    try:
        found = services.accounts.change_password(pool, admin_name(), name, new.password)
    except NameTaken as error:
        raise click.ClickException(speak(error.message)) from error
    _require(found, say("There is no such user."))
    click.echo(speak(say("The user {name} has another password.", name=name)))


@users_command.command("remove", cls=SpokenCommand, help=say("Remove the user NAME."))
@click.argument("name")
@with_appcontext
def remove_user(name: str) -> None:
    try:
        found = services.accounts.remove_user(current_parts().pool, admin_name(), name)
    except NameTaken as error:
        raise click.ClickException(speak(error.message)) from error
    _require(found, say("There is no such user."))
    click.echo(speak(say("Removed the user {name}.", name=name)))


@keys_command.command("list", cls=SpokenCommand, help=say("List the keys."))
@with_appcontext
def list_keys() -> None:
    rows = [
        (
            str(key.id),
            key.name,
            key.role,
            _name(key.collections),
            f"{key.prefix}…",
            _format(key.last_used_at),
            _format(key.expires_at),
        )
        for key in store.keys.list_keys(current_parts().pool)
    ]
    _print_table(("id", "name", "role", "collections", "key", "last used", "expires"), rows)


@keys_command.command("create", cls=SpokenCommand, help=say("Make a key, and print it this once."))
@click.option("--name", required=True, help=say("What it is for."))
@_role
@_collection
@click.option("--expires", help=say("In so many hours, days or weeks: 12h, 90d, 8w."))
@with_appcontext
def create_key(name: str, role: str, collections: tuple[str, ...], expires: str | None) -> None:
    given: dict[str, Any] = {"name": name, "role": role, "collections": list(collections) or None}
    if expires is not None:
        given["expires_at"] = datetime.now(UTC) + _read_span(expires)
    with report_wrong_options():
        new = validate(KeyRequest, given)
    key, secret = services.keys.create_key(
        current_parts().pool, new.name, new.role, new.collections, new.expires_at
    )
    # The key alone is on the standard output, for scripts.
    said = say("Key {id}, shown this once. Send it as `Authorization: Bearer …`:", id=key.id)
    click.echo(speak(said), err=True)
    click.echo(secret)


@keys_command.command("revoke", cls=SpokenCommand, help=say("Revoke the key with this ID."))
@click.argument("id", type=click.IntRange(0, 2**63 - 1))
@with_appcontext
def revoke_key(id: int) -> None:
    found = services.keys.revoke_key(current_parts().pool, id)
    _require(found, say("There is no such key."))
    click.echo(speak(say("Revoked the key {id}.", id=id)))


def _ask_password(stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked = click.prompt(
        speak(say("Password")),
        hide_input=True,
        confirmation_prompt=speak(say("The same password again")),
    )
    return str(asked)


def _read_span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,6})([hdw])", text)
    span = None if found is None else int(found[1]) * _UNITS[found[2]]
    if span is None or span.days > _MOST_DAYS:
        wrong = say("--expires is {text!r}, but must be such as 12h, 90d or 8w.", text=text)
        raise click.UsageError(speak(wrong))
    return span


def _require(found: bool, missing: Message) -> None:
    if not found:
        raise click.ClickException(speak(missing))


def _name(collections: Sequence[str] | None) -> str:
    return "*" if collections is None else ",".join(collections)


def _format(time: datetime | None) -> str:
    return "-" if time is None else time.strftime("%Y-%m-%d %H:%M")


def _print_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [names, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())
