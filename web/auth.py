"""HTTP basic auth of the routes, by Flask-HTTPAuth, and of every address that is no route.

`python app.py` checks the credentials on the headers already (web/gate.py) and leaves the roles to
this. Under another WSGI server all is checked here, and before the body is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from apiflask import HTTPBasicAuth
from flask import Response, g, request

from config import Network
from messages import say
from services.access import Caller
from web.context import current_runtime
from web.errors import ApiError

auth = HTTPBasicAuth(realm="Conector PGVector")

# Pages of the documentation, which have no `auth_required`; their scripts and styles are open.
_PAGES = ("/openapi.json", "/docs", "/docs/", "/docs/index.html")
_OPEN = ("/health", "/livez", "/readyz")


def is_open(method: str, path: str) -> bool:
    """Return whether a request needs no credentials."""
    if path in _OPEN:
        return True
    return path.startswith("/docs/") and path not in _PAGES and method in ("GET", "HEAD")


def is_in_networks(address: str | None, networks: Iterable[Network]) -> bool:
    """Return whether an address is in one of the networks; an IPv4 one may be written as IPv6."""
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return any((mapped or parsed) in network for network in networks)


def current_caller() -> Caller | None:
    """Return who sent the current request, or None where nobody had to say it."""
    caller: Caller | None = g.get("flask_httpauth_user")
    return caller


def guard_the_rest() -> Response | None:
    """Ask for credentials where no route does.

    Those are the documentation, unknown addresses, and OPTIONS: the library leaves it open for the
    sake of CORS, which this service does not offer.
    """
    if request.method != "OPTIONS" and request.endpoint is not None and request.path not in _PAGES:
        return None
    if request.path in _OPEN or auth.authenticate(auth.get_auth(), None):
        return None
    refused: Response = auth.auth_error_callback(401)
    return refused


@auth.verify_password  # type: ignore[untyped-decorator]
def _verify(username: str, password: str) -> Caller | None:
    """Return the caller, or None. Raises TooManyFailures."""
    # Without a header the library asks with two empty texts.
    if not username or not password:
        return None
    address = request.remote_addr or ""
    role = current_runtime().users.authenticate(username, password, address)
    return None if role is None else Caller(username, role)


@auth.get_user_roles  # type: ignore[untyped-decorator]
def _get_role(caller: Caller) -> str:
    return caller.role


@auth.error_handler  # type: ignore[untyped-decorator]
def _refuse(status: int) -> Response:
    if status == 403:
        return ApiError(403, "forbidden", say("This user may not do that.")).response()
    return ApiError(
        401, "unauthorized", say("Name or password is missing or wrong (HTTP basic auth).")
    ).response()
