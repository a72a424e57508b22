"""What every answer tells a browser: to guess no type, to show it in no frame, to keep nothing."""

from __future__ import annotations

from flask import Response

# An answer that says otherwise itself keeps its own.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    # With no-referrer, browsers would say `Origin: null` of a form on a page of ours, as of one on
    # another site (Fetch standard, "append a request Origin header").
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def protect(response: Response) -> Response:
    """Return the answer with SECURITY_HEADERS."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
