"""What every answer tells a browser: to guess no type, to show it in no frame, to keep nothing."""

from __future__ import annotations

from flask import Response, request

# An answer that says otherwise itself keeps its own.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # No page of another site embeds an answer, or keeps a hold on a window with a page of ours. The
    # first says nothing of what scripts of CORS_ORIGINS fetch.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    # With no-referrer, browsers would say `Origin: null` of a form on a page of ours, as of one on
    # another site (Fetch standard, "append a request Origin header").
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

# A year. Other hosts of the domain may have no https, so it is for this one alone (RFC 6797).
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


def protect(response: Response) -> Response:
    """Return the answer with SECURITY_HEADERS, and with HTTPS_ONLY where it came by https."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.update(HTTPS_ONLY)
    return response
