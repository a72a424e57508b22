"""The credentials and the role that each route asks for, by Flask-HTTPAuth.

`python app.py` checks the credentials on the headers already (web/gate.py). It leaves to this the
roles, and whether users and keys are still what they were. Under another WSGI server all is checked
here, and before the body is read. Addresses that are no route ask for credentials too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apiflask import HTTPBasicAuth
from flask import Response, current_app, g, request

from config import Network
from messages import Message, say
from services.access import Caller, list_roles_from
from services.addresses import parse_address
from web.context import current_runtime
from web.cors import is_preflight
from web.credentials import Credentials, read_credentials
from web.errors import ApiError

# What routes take as `roles`; those that name none are for readers too.
EDITORS = list_roles_from("editor")
ADMINS = list_roles_from("admin")
# Admins who are limited to no collections: who manages users and keys could lift every limit.
MANAGERS = ["manager"]
_NEEDED = {
    "editor": say("This needs the role editor."),
    "admin": say("This needs the role admin."),
    "manager": say("This needs the role admin, limited to no collections."),
}


class _Auth(HTTPBasicAuth):
    """HTTP basic auth that also takes a key as a bearer token."""

    def get_auth(self) -> Credentials | None:
        return read_credentials(request.headers.get("Authorization", ""))

    def authenticate(self, auth: Credentials | None, _stored: Any) -> Caller | None:
        """Return the caller, or None. Raises TooManyFailures, DatabaseUnavailable."""
        if auth is None:
            return None
        address = request.remote_addr or ""
        caller = current_runtime().users.authenticate(auth.username, auth.password, address)
        if caller is not None:
            # The library notes only who may do what was asked; the log names others too.
            g.flask_httpauth_user = caller
        return caller


auth = _Auth(realm="Conector PGVector")

# Pages of the documentation, which have no `auth_required`.
_PAGES = ("/openapi.json", "/docs", "/docs/", "/docs/index.html")
# Scripts and styles, which hold nothing that anybody stored.
_OPEN_FOLDERS = ("/docs/", "/static/")
_OPEN = ("/health", "/livez", "/readyz")


def is_open(method: str, path: str) -> bool:
    """Return whether a request needs no credentials."""
    if path in _OPEN:
        return True
    return path.startswith(_OPEN_FOLDERS) and path not in _PAGES and method in ("GET", "HEAD")


def is_in_networks(address: str | None, networks: Iterable[Network]) -> bool:
    """Return whether an address is in one of the networks; an IPv4 one may be written as IPv6."""
    parsed = parse_address(address or "")
    return parsed is not None and any(parsed in network for network in networks)


def current_caller() -> Caller | None:
    """Return who sent the current request, or None where nobody had to say it."""
    caller: Caller | None = g.get("flask_httpauth_user")
    return caller


def manages(caller: Caller) -> bool:
    """Return whether a caller may manage users and keys."""
    return caller.role == "admin" and caller.collections is None


def guard_the_rest() -> Response | None:
    """Ask for credentials where no route does.

    Those are the documentation, unknown addresses, and OPTIONS, which the library leaves open to
    everybody for the sake of CORS: it is open to the sites that CORS_ORIGINS names (web/cors.py).
    """
    if _is_preflight():
        return Response(status=204)
    if request.method != "OPTIONS" and request.endpoint is not None and request.path not in _PAGES:
        return None
    if request.path in _OPEN or auth.authenticate(auth.get_auth(), None):
        return None
    refused: Response = auth.auth_error_callback(401)
    return refused


def _is_preflight() -> bool:
    origin = request.headers.get("Origin", "")
    asked = request.headers.get("Access-Control-Request-Method", "")
    return is_preflight(request.method, origin, asked, current_app.config["SITES"])


@auth.get_user_roles  # type: ignore[untyped-decorator]
def _get_roles(caller: Caller) -> list[str]:
    return [caller.role, *MANAGERS] if manages(caller) else [caller.role]


@auth.error_handler  # type: ignore[untyped-decorator]
def _refuse(status: int) -> Response:
    if status == 403:
        return forbidden(_NEEDED[_find_least_role()]).response()
    return ApiError(
        401,
        "unauthorized",
        say("Name, password or key is missing or wrong (HTTP basic auth, or a bearer token)."),
    ).response()


def forbidden(reason: Message) -> ApiError:
    """Return the 403 of a caller whose role, or limit, does not allow it."""
    return ApiError(403, "forbidden", reason)


def _find_least_role() -> str:
    # APIFlask notes there what it took from `auth_required`.
    view: Any = current_app.view_functions[request.endpoint or ""]
    roles: list[str] = view._spec["roles"]
    return roles[0]
