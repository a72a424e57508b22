"""The parts behind the app that answers the current request, or runs the current command."""

from __future__ import annotations

from flask import current_app

from services.deferred import Deferred
from services.runtime import Runtime


def current_runtime() -> Runtime:
    """Return the running parts behind the current app. In a command they start now."""
    parts = current_parts()
    return parts.runtime if isinstance(parts, Deferred) else parts


def current_parts() -> Runtime | Deferred:
    """Return the parts behind the current app: running, or, in a command, started as needed."""
    parts: Runtime | Deferred = current_app.extensions["conector"]
    return parts


def admin_name() -> str | None:
    """Return the name of the settings' admin (API_USERNAME)."""
    name: str | None = current_app.config.get("API_USERNAME")
    return name
