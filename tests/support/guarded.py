"""What every answer tells a browser, whoever gives it: the app, or the server by itself."""

from __future__ import annotations

from collections.abc import Mapping

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def missing_headers(headers: Mapping[str, str], *, private: bool = True) -> list[str]:
    """Return what an answer's headers lack. One that is `private` must not be kept."""
    given = {name.lower(): value for name, value in headers.items()}
    policy = given.get("content-security-policy", "")
    wrong = [name for name, value in ALWAYS.items() if given.get(name) != value]
    wrong += [f"{part} in the policy" for part in ("default-src 'none'", "frame-ancestors 'none'")
              if part not in policy]  # fmt: skip
    wrong += [f"{word} in the policy" for word in ("unsafe", "http:", "*") if word in policy]
    wrong += [name for name in ("server", "x-powered-by") if name in given]
    if private and given.get("cache-control") != "no-store":
        wrong.append("cache-control")
    return wrong
