"""What is noted of each request: its id, its line in the log, and its numbers in the metrics.

Under `python app.py` the server begins the note before the app runs, and also notes what the app
never sees. Under another WSGI server all is noted here. A line has no path, since that may hold a
caller's text, but the rule of the route; and no name that was not proved by its password.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

import metrics
from request_ids import HEADER, choose_request_id, set_request_id
from services.access import Caller
from web.auth import current_caller

logger = logging.getLogger(__name__)

# In the environ of a request, from the server that began its note.
NOTE = "conector.note"
# What nginx answers in its log where the client went away.
CLIENT_GONE = 499


class Note:
    """One request, from its headers on."""

    def __init__(self, given_id: str | None, method: str, path: str) -> None:
        self.request_id = choose_request_id(given_id)
        self.method = method
        self.path = path
        self.began = time.perf_counter()
        self.done = False

    def finish(self, route: str, status: int, caller: Caller | None = None) -> None:
        """Write the line and count the request, once."""
        if self.done:
            return
        self.done = True
        method = self.method if self.method in metrics.METHODS else metrics.OTHER
        seconds = time.perf_counter() - self.began
        metrics.REQUESTS.labels(route, method, str(status)).inc()
        metrics.REQUEST_SECONDS.labels(route, method).observe(seconds)
        fields: dict[str, Any] = {"request": self.request_id}
        if caller is not None:
            fields[caller.kind] = caller.name
        fields |= {"method": method, "route": route, "status": status}
        fields["ms"] = round(seconds * 1000, 1)
        extra = {"fields": fields}
        logger.info("%s %s %d in %.1f ms", method, route, status, seconds * 1000, extra=extra)

    def refuse(self, app: Any, status: int) -> None:
        """Do as `finish` for a request that never reaches the app."""
        if not self.done:
            metrics.REFUSED.labels(str(status)).inc()
            self.finish(name_route(app, self.method, self.path), status)


def name_route(app: Any, method: str, path: str) -> str:
    """Return the rule of the route that a request would reach."""
    try:
        rule, _ = app.url_map.bind("").match(path, method=method, return_rule=True)
    except (AttributeError, HTTPException, RequestRedirect):
        return metrics.OTHER
    return str(rule.rule)


def record_requests(app: Flask) -> None:
    """Note every request to the app. Call it before other hooks are registered."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    note = request.environ.get(NOTE)
    if note is None:
        note = Note(request.headers.get(HEADER), request.method, "")
    g.note = note
    set_request_id(note.request_id)


def _end(response: Response) -> Response:
    note: Note = g.note
    response.headers[HEADER] = note.request_id
    route = metrics.OTHER if request.url_rule is None else request.url_rule.rule
    note.finish(route, response.status_code, current_caller())
    return response


def _forget(_error: BaseException | None) -> None:
    set_request_id(None)
