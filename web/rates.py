"""How often each user or key may search and upload: RATE_SEARCHES, RATE_UPLOADS, by Flask-Limiter.

| what | costs |
|---|---|
| POST /search | 1 search |
| POST /search/batch | as many searches as it has queries |
| POST /upload, also as a dry run; POST /evaluate | 1 upload |

What is malformed or refused costs nothing. While RATELIMIT_STORAGE_URI is away, each process counts
in its memory, and Flask-Limiter logs that once.
"""

from __future__ import annotations

import hashlib
import logging
from typing import cast

from flask import Flask, Response, current_app, g
from flask_limiter import HeaderNames, Limiter, RateLimitExceeded
from limits import RateLimitItem, parse_many
from limits.strategies import SlidingWindowCounterRateLimiter

from config import Settings
from messages import Message, say, say_count
from services.counts import seconds_until_room, storage_options
from web.auth import current_caller
from web.errors import ApiError, invalid_request

SEARCHES, UPLOADS = "RATE_SEARCHES", "RATE_UPLOADS"


def _name_caller() -> str:
    """Return what the current caller is counted as. Its name may be no key of a storage."""
    caller = current_caller()
    # Several keys may have one name.
    name = "" if caller is None else f"{caller.kind}:{caller.key_id or caller.name}"
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


_limiter = Limiter(
    _name_caller,
    strategy="sliding-window-counter",
    key_prefix="conector",
    headers_enabled=True,
    # It would say Retry-After in answers that are no refusals.
    header_name_mapping={HeaderNames.RETRY_AFTER: "X-RateLimit-Reset-After"},
    in_memory_fallback_enabled=True,
    swallow_errors=True,
)
# The library's own handler would keep its warnings from a log that nobody set up, as in gunicorn;
# and a line for each refusal says no more than the answer.
_limiter.logger.handlers.clear()
_limiter.logger.setLevel(logging.WARNING)


def limit_rates(app: Flask, settings: Settings) -> None:
    """Let the app hold its callers to the settings' rates."""
    app.config.update(
        {
            SEARCHES: settings.rate_searches or "",
            UPLOADS: settings.rate_uploads or "",
            "RATELIMIT_STORAGE_URI": settings.ratelimit_storage_uri,
            "RATELIMIT_STORAGE_OPTIONS": storage_options(settings.ratelimit_storage_uri),
        }
    )
    if not (settings.rate_searches or settings.rate_uploads):
        return  # the library would take its time with every request
    _limiter.init_app(app)
    app.register_error_handler(RateLimitExceeded, _refuse)


def charge_searches(count: int) -> None:
    """Count so many searches of the caller. Raises RateLimitExceeded, ApiError (400)."""
    if not current_app.config[SEARCHES]:
        return
    for rate in parse_many(current_app.config[SEARCHES]):
        if count > rate.amount:
            # No waiting would help.
            raise invalid_request(
                say(
                    "queries: these are {count} searches at once, and RATE_SEARCHES allows {rate}: "
                    "send at most {most}.",
                    count=count,
                    rate=_name(rate),
                    most=rate.amount,
                )
            )
    g.searches = count
    _charge_searches()


@_limiter.shared_limit(
    lambda: str(current_app.config[SEARCHES]), "searches", cost=lambda: int(g.searches)
)
def _charge_searches() -> None:
    pass


def charge_upload() -> None:
    """Count an upload of the caller. Raises RateLimitExceeded."""
    if current_app.config[UPLOADS]:
        _charge_upload()


@_limiter.shared_limit(lambda: str(current_app.config[UPLOADS]), "uploads")
def _charge_upload() -> None:
    pass


def _refuse(error: RateLimitExceeded) -> Response:
    """Return the 429 that says which rate is used up, and from when on there is room."""
    searching = error.limit.scope == "searches"
    seconds = _find_seconds(error)
    return ApiError(
        429,
        "too_many_requests",
        say_count(
            "{reason} Try again in {retry_after} seconds.",
            "retry_after",
            reason=_phrase(searching=searching, rate=_name(error.limit.limit)),
            retry_after=seconds,
        ),
        headers={"Retry-After": str(seconds)},
    ).response()


def _phrase(*, searching: bool, rate: str) -> Message:
    if searching:
        return say("RATE_SEARCHES allows each user or key {rate}.", rate=rate)
    return say("RATE_UPLOADS allows each user or key {rate}.", rate=rate)


def _name(rate: RateLimitItem) -> str:
    """Return a rate as a setting writes it."""
    many = "" if rate.multiples == 1 else f"{rate.multiples} "
    return f"{rate.amount}/{many}{rate.GRANULARITY.name}"


def _find_seconds(error: RateLimitExceeded) -> int:
    """Return after how many seconds what was refused has room."""
    refused = _limiter.current_limit
    if refused is None:
        return error.limit.limit.get_expiry()
    counts = cast(SlidingWindowCounterRateLimiter, _limiter.limiter)
    cost = error.limit.deduction_amount
    return seconds_until_room(counts, refused.limit, cost, *refused.request_args)
