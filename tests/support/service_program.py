"""The program of support/service.py: the service with a small embedder, and points to die at."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from functools import partial
from typing import Any

from apiflask import APIFlask

import app
import config
import services.process
import services.runtime
import web.server
import worker
from services.failures import Failures
from services.logs import start_logging
from tests.support.embedder import HashEmbedder

# The points keep their names where their functions move, so that reports can be compared.
KILL_POINTS = {
    "db_jobs.create_job": "store.jobs.create_job",
    "db_start.start_job": "store.matching.start_job",
    "db_work.claim_batch": "store.claims.claim_batch",
    "db_work.finish_batch": "store.results.finish_batch",
    "db_finish.finish_job": "store.finishing.finish_job",
}


def _kill_at(point: str) -> None:
    """End this process at one of KILL_POINTS: "before <point>" or "after <point>"."""
    when, _, name = point.partition(" ")
    module_name, _, function_name = KILL_POINTS[name].rpartition(".")
    module = importlib.import_module(module_name)
    original = getattr(module, function_name)

    def killing(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if result:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, function_name, killing)


class Slow(HashEmbedder):
    def encode_windows(self, windows: Any) -> Any:
        time.sleep(float(os.environ.get("EMBED_SECONDS", "0")))
        deadly = os.environ.get("KILL_ON")
        for window in windows:
            if deadly and deadly in window:
                os.kill(os.getpid(), signal.SIGKILL)
            if "LOG_TEXTS" in os.environ:
                sys.stderr.write(f"embeds {window!r}\n")
        return super().encode_windows(windows)


def make_app() -> APIFlask:
    """Return the app for another server."""
    return app.create_app(embedder=Slow())


def _serve() -> None:
    if "KILL_AT" in os.environ:
        _kill_at(os.environ["KILL_AT"])
    services.process.end_on_signals()
    settings = config.read_settings(config.environment())
    start_logging(settings.log_level, settings.log_format)
    if "MAX_FAILURES" in os.environ:
        # Somebody tries wrong passwords at every route.
        patient = partial(Failures, int(os.environ["MAX_FAILURES"]))
        vars(services.runtime)["Failures"] = patient
    if os.environ.get("PROGRAM") == "worker":
        worker.run(settings, Slow())
        return
    service = app.create_app(settings, Slow())
    try:
        web.server.serve(service, settings)
    finally:
        service.extensions["conector"].close()


if __name__ == "__main__":
    _serve()
