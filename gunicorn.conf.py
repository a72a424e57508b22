"""What gunicorn reads by itself where it is started in this folder; its command line goes before.

It gives the processes one folder for their metrics, so that each of them tells the sum of all
(metrics.py), and lets gunicorn's own lines look as those of the service.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

# Not the module: gunicorn has a setting of the name `config`.
from config import ConfigError, Settings, environment, read_settings
from services.logs import start_logging

# The first start converts the model.
timeout = 120
# gunicorn would open a socket in the user's home by which it can be told what to do.
control_socket_disable = True

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_made: str | None = None
if not os.environ.get(_VARIABLE):
    _made = os.environ[_VARIABLE] = tempfile.mkdtemp(prefix="conector-metrics-")


class _ServiceLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger, whose lines go to the service's log."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        try:
            settings = read_settings(environment())
        except ConfigError:
            settings = Settings()  # the processes say what is wrong
        start_logging(settings.log_level, settings.log_format)


logger_class = _ServiceLogger


def on_exit(_server: Any) -> None:
    """Remove the folder of the metrics that was made here."""
    if _made is not None:
        shutil.rmtree(_made, ignore_errors=True)
