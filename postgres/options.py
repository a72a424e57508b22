"""How the embedded server is told to run: its settings, its sockets and its memory."""

from __future__ import annotations

import os
import secrets
import shlex
import socket
import tempfile
from pathlib import Path

import psutil

from messages import say
from postgres.programs import WINDOWS, EmbeddedPostgresError, Programs, read_text

PORT = 5432
# sockaddr_un holds 108 bytes with the final NUL on Linux, 104 on macOS.
SOCKET_BYTES = 103
# A container's limit of memory in bytes, or "max" if it has none.
CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
MEGABYTE = 1024 * 1024

_SETTINGS = {
    "max_connections": "100",
    # "off" loses what a 202 has promised.
    "synchronous_commit": "on",
    "unix_socket_permissions": "0700",
    # Each day of the week has a log file, which is emptied a week later.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    # No log may hold questions and answers, which are in statements and in details of errors.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def compose_options(programs: Programs, name: str) -> str:
    """Return the server's command line options, quoted for the shell that pg_ctl uses.

    `name` is the server's name. Raises EmbeddedPostgresError if it can have no socket.
    """
    settings = _SETTINGS | {"cluster_name": name, "shared_buffers": choose_shared_buffers()}
    if WINDOWS:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            settings["port"] = str(free.getsockname()[1])
        settings["listen_addresses"] = "127.0.0.1"
        return " ".join(f"-c {key}={value}" for key, value in settings.items())
    settings["port"] = str(PORT)
    settings["listen_addresses"] = ""
    settings["unix_socket_directories"] = _choose_socket_folder(programs, name)
    return " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in settings.items())


def choose_shared_buffers(container_memory: Path = CONTAINER_MEMORY) -> str:
    """Return the server's memory for pages: an eighth of the machine's, which it takes by need.

    A million items have vectors of 1.7 GB and an index of 2.3 GB. A search looks at thousands of
    pages, and each page that is not in this memory is copied from the system's cache. PostgreSQL's
    manual names a quarter "if you have a dedicated database server"; the model lives here as well.
    """
    allowed = read_text(container_memory).strip()
    total = psutil.virtual_memory().total
    if allowed.isdigit():
        total = min(total, int(allowed))
    return f"{max(128, total // (8 * MEGABYTE))}MB"


def socket_bases() -> list[Path]:
    """Return the folders for a socket if the path of the data folder is too long for one."""
    temporary = Path(tempfile.gettempdir())
    if WINDOWS or os.geteuid() != 0:
        return [temporary]
    # /run is root's own; in the temporary folder anybody may have taken the name before us.
    return [Path("/run"), temporary]


def _choose_socket_folder(programs: Programs, name: str) -> str:
    """Return the data folder as ".", or a private folder with a path that is short enough."""
    if _fits_socket(programs.folder):
        return "."
    # In the temporary folder another user may have taken the name, to keep us from starting.
    for chosen in (name, f"{name}-{secrets.token_hex(8)}"):
        for path in (base / chosen for base in socket_bases()):
            if _fits_socket(path) and programs.make_private(path):
                return str(path)
    raise EmbeddedPostgresError(
        say(
            "The path {folder} is too long for a socket, and no private folder can be made "
            "in the temporary folder: set DATA_DIR to a shorter path.",
            folder=str(programs.folder),
        )
    )


def _fits_socket(folder: Path) -> bool:
    # A comma separates the hosts of a libpq URI; comma and quote separate those of the server.
    path = os.fsencode(folder / f".s.PGSQL.{PORT}")
    return len(path) <= SOCKET_BYTES and b"," not in path and b'"' not in path
