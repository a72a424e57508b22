"""Refuses requests that another site makes a logged-in browser send (cross-site request forgery).

A browser sends the credentials that it knows with every request to this service, whichever page
makes it. It also says which page that is, by `Origin` and `Sec-Fetch-Site`, and no page can change
what it says. Programs such as curl send neither.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request

from messages import Message, say
from web.errors import ApiError

# Methods that change nothing: RFC 9110, "Safe Methods".
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# These change nothing either. A gateway that forwards a visitor's search passes the Origin of its
# own site on.
SAFE_PATHS = ("/search", "/search/batch")
# What Sec-Fetch-Site says of our own pages, and of an address that a person typed: W3C, "Fetch
# Metadata Request Headers".
_OWN_SITES = ("same-origin", "none")


def refuse_cross_site() -> None:
    """Raise ApiError (403) where a page asks for a change, and is not ours or a named site's."""
    if request.method in SAFE_METHODS or request.path in SAFE_PATHS:
        return
    origin = request.headers.get("Origin")
    if origin in current_app.config["SITES"]:
        return
    if origin is not None and not _is_own(origin):
        raise _cross_site(say("from the page of {origin}", origin=origin[:200]))
    if request.headers.get("Sec-Fetch-Site", "none").lower() not in _OWN_SITES:
        raise _cross_site(say("from the page of another site"))


def _is_own(origin: str) -> bool:
    """Return whether pages of an origin may change something."""
    own = _parse_origin(_own_origin())
    return own is not None and _parse_origin(origin) == own


def _own_origin() -> str:
    return f"{request.scheme}://{request.host}"


def _parse_origin(address: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port; None for what has none, such as `null`."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port or default


def _cross_site(whence: Message) -> ApiError:
    return ApiError(
        403,
        "cross_site",
        say(
            "The request came {whence}, and only pages of {own} may change something here. "
            "Behind a proxy, set TRUSTED_PROXIES, so that the service knows its own address.",
            whence=whence,
            own=_own_origin(),
        ),
    )
