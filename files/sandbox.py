"""Reads a foreign format in a child process, within limits of memory and time.

If a file breaks the library that reads it, the service goes on: the death of the child becomes a
FileError. The child reads the file as its standard input, writes rows to its standard output
(row_stream.py), and says the rest in lines of JSON on its standard error.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from files.errors import FileError
from messages import Message, say

_PROGRAM = Path(__file__).with_name("sandboxed.py")
# They say where the system's libraries are, and where temporary files may lie.
_ENVIRONMENT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")
# A child that hangs without computing is ended after so many seconds, and so many for each MB.
WALL_SECONDS, WALL_SECONDS_A_MB = 120.0, 60.0


class Sandbox:
    """A child `process`. `rows` is what it writes; `hear` returns what it says next."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.rows = cast(BinaryIO, process.stdout)

    def hear(self) -> dict[str, Any]:
        """Return the next thing that the child says. Raises FileError if it failed or died."""
        line = cast(IO[bytes], self.process.stderr).readline()
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            raise self._explain_death() from None
        if "error" in said:
            error = said["error"]
            raise FileError(error["code"], Message.from_json(error["message"]), **error["details"])
        return said

    def _explain_death(self) -> FileError:
        status = self.process.wait()
        if status == -getattr(signal, "SIGPROF", 0):
            what = say(
                "It takes too long to read the file, for its size: save it as CSV, and upload that."
            )
        elif status == -getattr(signal, "SIGKILL", 0):
            what = say(
                "The file needs too much memory or time to be read, for its size: save it as CSV, "
                "and upload that."
            )
        else:
            what = say(
                "The file breaks the program that reads it: save it as CSV, and upload that."
            )
        return FileError("malformed_csv", what, line=1)


@contextmanager
def run_sandboxed(
    task: str,
    file: BinaryIO,
    arguments: Mapping[str, Any],
    output: BinaryIO | None = None,
    wall_seconds: float | None = None,
) -> Iterator[Sandbox]:
    """Yield the child that does a task of sandboxed.py on a file.

    Its rows go into `output`, a real file. Without it, they can be read as they come. The child
    ends with the context.
    """
    with _as_real_file(file) as (source, size):
        process = subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM), task, str(size), json.dumps(arguments)],
            stdin=source,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.PIPE,
            env=_read_environment(),
        )
        seconds = wall_seconds or WALL_SECONDS + WALL_SECONDS_A_MB * size / 1e6
        watch = threading.Timer(seconds, process.kill)
        watch.daemon = True
        watch.start()
        try:
            yield Sandbox(process)
        finally:
            watch.cancel()
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    with suppress(OSError, ValueError):
                        pipe.close()


def _read_environment() -> dict[str, str]:
    """Return what the child may see of the environment: none of our passwords."""
    values = {name: os.getenv(name) for name in _ENVIRONMENT}
    return {name: value for name, value in values.items() if value is not None}


@contextmanager
def _as_real_file(file: BinaryIO) -> Iterator[tuple[BinaryIO, int]]:
    """Yield a file that a process can inherit, at its beginning, and its size in bytes."""
    try:
        file.fileno()
    except (AttributeError, io.UnsupportedOperation):
        with tempfile.TemporaryFile() as copy:
            file.seek(0)
            while piece := file.read(1 << 20):
                copy.write(piece)
            copy.flush()
            size = copy.tell()
            copy.seek(0)
            yield copy, size
        return
    size = file.seek(0, os.SEEK_END)
    file.flush()
    file.seek(0)
    # The child reads by the descriptor. A buffered reader may not have moved its place yet.
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    yield file, size
