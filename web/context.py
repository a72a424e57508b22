"""The Runtime of the app that answers the current request, or runs the current command."""

from __future__ import annotations

from flask import current_app

from services.runtime import Runtime


def current_runtime() -> Runtime:
    """Return the running parts behind the current app."""
    runtime: Runtime = current_app.extensions["conector"]
    return runtime
