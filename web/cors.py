"""Pages of other sites that may call the service: those of CORS_ORIGINS, with a key that they send.

| a request of a named site | is answered |
|---|---|
| preflight (OPTIONS, with Access-Control-Request-Method) | 204, without credentials |
| any other | as one of a program; the site's scripts may read the answer, refusals too |

No credentials that a browser keeps by itself go along (Access-Control-Allow-Credentials is never
sent): the page has to send `Authorization`. What other sites send is answered as ever, and browsers
keep the answer from their scripts.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from flask import Flask
from flask_cors import CORS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# What a page may send beyond what browsers let all pages send, and may read of an answer.
ALLOWED = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-Id")
EXPOSED = (
    "Content-Disposition",
    "ETag",
    "Location",
    "Retry-After",
    "Upload-Options",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
)
# A browser asks again after so long.
PREFLIGHT_SECONDS = 600


def allow_sites(app: Flask, origins: Collection[str]) -> None:
    """Let pages of these sites call the app."""
    if not origins:
        return
    CORS(
        app,
        # Compiled, since the library takes a text with brackets (an IPv6 address) for a regex.
        origins=[re.compile(re.escape(origin) + r"\Z") for origin in origins],
        methods=METHODS,
        allow_headers=ALLOWED,
        expose_headers=EXPOSED,
        supports_credentials=False,
        always_send=False,
        max_age=PREFLIGHT_SECONDS,
    )


def is_preflight(method: str, origin: str, asked: str, origins: Collection[str]) -> bool:
    """Return whether a named site's browser asks what it may send (Fetch, "CORS-preflight").

    `asked` is Access-Control-Request-Method.
    """
    return method == "OPTIONS" and bool(asked) and origin in origins


def name_site(origin: str, origins: Collection[str]) -> dict[str, str]:
    """Return the headers that let a named site read an answer that is not the app's."""
    if origin not in origins:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join(EXPOSED),
        "Vary": "Origin",
    }
