"""The credentials of a request: by HTTP basic auth, or a key as a bearer token."""

from __future__ import annotations

from base64 import b64decode
from typing import NamedTuple

from services.keys import is_key


class Credentials(NamedTuple):
    """A name and its password; or a key as the password, with any name."""

    username: str
    password: str


def read_credentials(header: str) -> Credentials | None:
    """Return what a header Authorization gives (RFC 7617, RFC 6750), or None.

    Two headers come as one, joined by a comma, and give nothing: else the server, the app and a
    proxy might each take another one of them.
    """
    kind, _, value = header.partition(" ")
    value = value.strip()
    if kind.lower() == "bearer":
        return Credentials("", value) if is_key(value) else None
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    if not password or not (name or is_key(password)):
        return None
    return Credentials(name, password)
