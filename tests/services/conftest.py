"""The running parts of an app, for tests that need no HTTP."""

from __future__ import annotations

import pytest
from apiflask import APIFlask

from services.runtime import Runtime


@pytest.fixture
def runtime(app: APIFlask) -> Runtime:
    runtime: Runtime = app.extensions["conector"]
    return runtime
