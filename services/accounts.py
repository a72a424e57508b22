"""Users of the database: added, given another password, removed; and what a password must be.

The admin of API_USERNAME is none of them: it stands in the environment, and no user may have its
name.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence

from werkzeug.security import generate_password_hash

import store.users
from db import Pool
from messages import Explained, say
from services.keys import MARK
from store.users import User
from texts import is_storable

logger = logging.getLogger(__name__)

# OWASP ASVS 5.0, 6.2.1: at least 8 characters. 6.2.9: at least 64 must be taken; all are hashed.
MIN_PASSWORD_CHARS = 8
MAX_PASSWORD_CHARS = 1_000
MAX_NAME_CHARS = 100


class NameTaken(Explained):
    """There is a user of that name already."""


class NameReserved(NameTaken):
    """The name is that of API_USERNAME."""


def normalize_name(name: str) -> str:
    """Return the form of a user's name in which it is stored and looked up: NFC (RFC 7617, 2.1)."""
    return unicodedata.normalize("NFC", name)


def check_user_name(name: str) -> str:
    """Return a user's name as it is stored. Raises ValueError where no user can have it."""
    name = check_name(name)
    if ":" in name:
        raise ValueError(say("must hold no colon, which HTTP basic auth does not allow"))
    if "/" in name or name in (".", ".."):
        raise ValueError(say("must be no path: it is a part of an address"))
    return name


def check_name(name: str) -> str:
    """Return the name of a user or key as it is stored. Raises ValueError."""
    name = normalize_name(name)
    if not (0 < len(name) <= MAX_NAME_CHARS and name.isprintable() and name == name.strip()):
        raise ValueError(
            say(
                "must have 1 to {most} printable characters, and no spaces around them",
                most=MAX_NAME_CHARS,
            )
        )
    return name


def check_password(password: str) -> str:
    """Return a new password, as it is. Raises ValueError where it is none that a user may have."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise ValueError(
            say(
                "must have {least} to {most} characters",
                least=MIN_PASSWORD_CHARS,
                most=MAX_PASSWORD_CHARS,
            )
        )
    if "\0" in password:
        raise ValueError(say("must not hold the character NUL"))
    if not is_storable(password):
        raise ValueError(say("must be UTF-8"))
    if password.startswith(MARK):
        raise ValueError(say("must not begin as keys do, with {mark}", mark=MARK))
    return password


def add_user(
    pool: Pool,
    admin: str | None,
    name: str,
    password: str,
    role: str,
    collections: Sequence[str] | None = None,
) -> User:
    """Store a user, whose name and password were checked. `admin` is the name of API_USERNAME.

    Raises NameTaken, NameReserved; the latter also for a name that only looks like the admin's.
    """
    if admin is not None and _fold(name) == _fold(admin):
        _refuse_admin(admin, normalize_name(admin))
    user = store.users.insert_user(pool, name, generate_password_hash(password), role, collections)
    if user is None:
        raise NameTaken(say("There is a user {name} already.", name=name))
    logger.info("user %s was added: %s", user.name, user.role)
    return user


def change_password(pool: Pool, admin: str | None, name: str, password: str) -> bool:
    """Give a user a password that was checked; return whether there is such a user.

    Raises NameReserved.
    """
    name = normalize_name(name)
    _refuse_admin(admin, name)
    if not is_storable(name):
        return False
    changed = store.users.set_password(pool, name, generate_password_hash(password))
    if changed:
        logger.info("user %s has another password", name)
    return changed


def remove_user(pool: Pool, admin: str | None, name: str) -> bool:
    """Delete a user; return whether there was one. Raises NameReserved."""
    name = normalize_name(name)
    _refuse_admin(admin, name)
    if not is_storable(name):
        return False
    removed = store.users.delete_user(pool, name)
    if removed:
        logger.info("user %s was removed", name)
    return removed


def _fold(name: str) -> str:
    """Return what is the same of names that differ in case or in the width of letters alone."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _refuse_admin(admin: str | None, name: str) -> None:
    if admin is not None and name == normalize_name(admin):
        raise NameReserved(
            say(
                "{name} is the admin of API_USERNAME and API_PASSWORD: change these in the "
                "environment or in .env, and take another name for other users.",
                name=name,
            )
        )
