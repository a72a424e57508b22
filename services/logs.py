"""How the lines of the log look, and what they never hold.

A line is one line: what a caller sent can't begin another one. Of an error it has the kind and the
places in the code, and not the text: libraries and PostgreSQL put what they were given into it, and
that may be a question, an answer or a credential. The code logs no such text itself.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from config import LogFormat
from request_ids import current_request_id

logger = logging.getLogger(__name__)

# Errors within errors are shown up to so many.
MOST_CAUSES = 5
MOST_FRAMES = 12
# Libraries that write what they were sent, or what is none of an operator's business.
_QUIET = ("urllib3", "asyncio", "httpcore", "httpx", "werkzeug", "filelock", "openvino", "PIL")
# What the message of a request's line says already.
_IN_MESSAGE = frozenset({"method", "route", "status", "ms"})
_ROOT = Path(__file__).parent.parent
# What would end a line, or steer a terminal: the controls of ASCII and Latin-1, and Unicode's ends.
_ESCAPES = {
    number: f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
    for number in (*range(32), *range(127, 160), 0x2028, 0x2029)
}


def start_logging(level: str, log_format: LogFormat = "auto") -> None:
    """Write the log to standard error from `level` on: as text on a terminal, else as JSON.

    Whatever ends in an error that nobody caught is a line too, and so is a library's warning.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    handler.setFormatter(TextFormatter() if text else JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    _adopt_gunicorn()
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable
    warnings.showwarning = _log_warning


def is_started() -> bool:
    """Return whether a program, or the server around the app, has set up its log."""
    return bool(logging.getLogger().handlers)


class TextFormatter(logging.Formatter):
    """Lines for people: time, level, logger, message, and what belongs to it as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [f"{_read_time(record)} {record.levelname} {record.name}: {record.getMessage()}"]
        fields = _find_fields(record)
        parts += [f"{name}={value}" for name, value in fields.items() if name not in _IN_MESSAGE]
        return " ".join(parts).translate(_ESCAPES)


class JsonFormatter(logging.Formatter):
    """One object of JSON a line, in ASCII: time, level, logger, message, and what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _read_time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(line | _find_fields(record), default=str)


def _read_time(record: logging.LogRecord) -> str:
    """Return the time in UTC, as RFC 3339 has it, with milliseconds."""
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _find_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a line has beside its message: `fields` of the call, the request, the error."""
    fields: dict[str, Any] = dict(getattr(record, "fields", {}))
    request_id = fields.pop("request", None) or current_request_id()
    if request_id is not None:
        fields["request"] = request_id
    if record.exc_info and record.exc_info[1] is not None:
        fields["error"] = describe_error(record.exc_info[1])
    return fields


def describe_error(error: BaseException) -> str:
    """Return the kinds of an error and of its causes, and where each was raised; not their texts.

    >>> describe_error(ValueError("a secret"))
    'ValueError'
    """
    said: list[str] = []
    current: BaseException | None = error
    while current is not None and len(said) < MOST_CAUSES:
        places = _find_places(current.__traceback__)
        said.append(_name_error(current) + (f" at {places}" if places else ""))
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return "; because of ".join(said)


def _name_error(error: BaseException) -> str:
    """Return the class, with PostgreSQL's code and constraint or the system's number."""
    name = type(error).__qualname__
    module = type(error).__module__
    known = [name if module == "builtins" else f"{module}.{name}"]
    diag = getattr(error, "diag", None)
    for label, value in (
        ("sqlstate", getattr(error, "pgcode", None)),
        ("table", getattr(diag, "table_name", None)),
        ("constraint", getattr(diag, "constraint_name", None)),
        ("errno", getattr(error, "errno", None)),
    ):
        if value is not None:
            known.append(f"{label} {value}")
    return " ".join(map(str, known))


def _find_places(trace: TracebackType | None) -> str:
    """Return the last places in the code, the innermost last."""
    frames = list(traceback.walk_tb(trace))[-MOST_FRAMES:]
    return " > ".join(f"{_shorten(frame.f_code.co_filename)}:{line}" for frame, line in frames)


def _shorten(filename: str) -> str:
    """Return a module's path from the project, or from the folder of installed packages."""
    path = Path(filename)
    if "site-packages" in path.parts:
        return Path(*path.parts[path.parts.index("site-packages") + 1 :]).as_posix()
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name


class _WithoutRequests(logging.Filter):
    """Keeps of gunicorn's lines on requests only what is the same for all of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = str(record.msg)
        for start in ("Invalid request", "Error handling request"):
            if said.startswith(start):
                record.msg, record.args = start, ()
        return record.levelno > logging.DEBUG  # those lines have the addresses of requests


def _adopt_gunicorn() -> None:
    """Let gunicorn's own lines look as all others do, where it runs."""
    gunicorn = logging.getLogger("gunicorn.error")
    if gunicorn.handlers:
        gunicorn.handlers.clear()
        gunicorn.propagate = True
        gunicorn.addFilter(_WithoutRequests())


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger.critical("The program ends by an error", exc_info=(kind, error, trace))


def _log_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        logger.error("A thread ended by an error", exc_info=args.exc_value)


def _log_unraisable(args: Any) -> None:
    logger.error("An error could not be raised", exc_info=args.exc_value)


def _log_warning(
    message: Warning | str,  # noqa: ARG001, it may hold what the library was given
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    logger.debug("%s at %s:%d", category.__name__, _shorten(filename), lineno)
