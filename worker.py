"""The program `python worker.py`: background workers without the web part, on any number of hosts.

They need the database and the model, but no credentials of users.
"""

from __future__ import annotations

import logging
import sys
import threading

import config
from config import Settings
from embeddings import Embedder
from messages import explain, say
from services.logs import start_logging
from services.process import end_on_signals
from services.runtime import START_ERRORS, start_runtime
from translations.catalogs import translate

logger = logging.getLogger(__name__)


def main() -> int:
    """Work until a signal; return the exit status. Errors of the start are one line."""
    end_on_signals()
    try:
        settings = config.read_settings(config.environment())
        start_logging(settings.log_level, settings.log_format)
        run(settings)
    except START_ERRORS as error:
        said = say("Conector PGVector's worker can't start: {error}", error=explain(error))
        sys.stderr.write(f"{translate(said, config.read_language())}\n")
        return 1
    return 0


def run(settings: Settings, embedder: Embedder | None = None) -> None:
    """Work until a signal raises SystemExit. Raises what `start_runtime` raises."""
    # WORKER_THREADS=0 is for the process that only serves, which may share these settings.
    threads = settings.worker_threads or Settings().worker_threads
    settings = settings.model_copy(update={"worker_threads": threads})
    runtime = start_runtime(settings, embedder, with_users=False)
    logger.info("%d worker threads run", threads)
    try:
        threading.Event().wait()
    finally:
        runtime.close()


if __name__ == "__main__":
    sys.exit(main())
