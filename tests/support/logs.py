"""The log that a started service writes as lines of JSON, each after the answer it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.client import eventually
from tests.support.service import ServiceProcess

Line = dict[str, Any]


def read_log(service: ServiceProcess) -> list[Line]:
    """Return the whole lines so far; each is an object of JSON."""
    assert service.log is not None
    text = service.log.read_text("utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def wait_for_lines(service: ServiceProcess, fits: Callable[[Line], bool]) -> list[Line]:
    """Return the lines that fit, once there is one: an answer comes before its line."""
    eventually(lambda: any(fits(line) for line in read_log(service)))
    return [line for line in read_log(service) if fits(line)]
