"""The program that sandbox.py runs as a child: `python sandboxed.py TASK SIZE ARGUMENTS`."""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

sys.path.insert(0, str(Path(__file__).parents[1]))

from files.errors import FileError
from files.row_stream import RowWriter
from messages import say


@dataclass(frozen=True)
class Task:
    """The function that does a task: (file, writer, say, **arguments) -> what is said at the end.

    `numpy` says that it needs numpy. Its memory is counted from what the process has after its
    imports: `memory` bytes, and `memory_a_byte` for each byte of the file.
    """

    module: str
    function: str
    numpy: bool = False
    memory: int = 140_000_000
    memory_a_byte: int = 20


# calamine and pandas each hold a whole sheet: 12 MB of content in an .ods file of 1 MB take 120 MB.
_CALAMINE = Task("files.calamine_book", "write_xlsb", numpy=True, memory_a_byte=60)
TASKS = {
    "json": Task("files.json_file", "write_json"),
    "yaml": Task("files.yaml_file", "write_yaml", memory_a_byte=60),
    "xlsx": Task("files.xlsx", "write_xlsx"),
    "xls": replace(_CALAMINE, function="write_xls"),
    "xlsb": _CALAMINE,
    "ods": replace(_CALAMINE, function="write_ods"),
    "parquet": Task("files.parquet", "write_parquet", numpy=True),
}
MOST_MEMORY = 2_000_000_000
# It may compute for so many seconds, and so many for each MB after the first.
SECONDS, SECONDS_A_MB = 2.0, 4.0
_GARBAGE_OBJECTS = 10_000
# `_measure_speed` took this long on that machine. A slower machine has more time.
_REFERENCE_SECONDS = 0.0053


class Control:
    """The lines of JSON that the parent hears."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(2), "w", encoding="utf-8")
        # What the libraries write there is for nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def say(self, said: dict[str, Any]) -> None:
        self._file.write(json.dumps(said) + "\n")
        self._file.flush()

    def say_error(self, error: FileError) -> None:
        said = {"code": error.code, "message": error.message.as_json(), "details": error.details}
        self.say({"error": said})


def main() -> None:
    task, size, arguments = TASKS[sys.argv[1]], int(sys.argv[2]), json.loads(sys.argv[3])
    control = Control()
    if not task.numpy:
        # If openpyxl finds numpy, it imports it, which needs a tenth of a second and 100 MB.
        sys.modules["numpy"] = cast(Any, None)
    try:
        work = getattr(importlib.import_module(task.module), task.function)
        # Rows are many short-lived objects. Looking for cycles in them takes a third of the time.
        gc.freeze()
        gc.set_threshold(_GARBAGE_OBJECTS)
        limit_resources(task, size)
        writer = RowWriter(cast(BinaryIO, sys.stdout.buffer))
        said = work(sys.stdin.buffer, writer, control.say, **arguments)
        writer.close()
        sys.stdout.flush()
    except FileError as error:
        control.say_error(error)
    except MemoryError:
        message = say(
            "The file needs too much memory to be read, for its size: save it as CSV, and upload "
            "that."
        )
        control.say_error(FileError("malformed_csv", message, line=1))
    else:
        control.say({"end": True} | said)


def limit_resources(task: Task, size: int) -> None:
    """Bound what a task may use for a file of `size` bytes; Windows has no such limits."""
    if resource is None:
        return
    own = _measure_memory()
    if own is not None:
        memory = own + min(task.memory + task.memory_a_byte * size, MOST_MEMORY)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    slower = max(1.0, min(_measure_speed() for _ in range(3)) / _REFERENCE_SECONDS)
    seconds = SECONDS + SECONDS_A_MB * max(0, size - 1_000_000) / 1e6
    signal.setitimer(signal.ITIMER_PROF, seconds * slower)


def _measure_memory() -> int | None:
    """Return the size of this process's address space in bytes; None if the system doesn't tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return None
    return pages * resource.getpagesize()


def _measure_speed() -> float:
    """Return the seconds that a fixed piece of work takes of this processor."""
    began = time.process_time()
    sum(n * n for n in range(200_000))
    return time.process_time() - began


if __name__ == "__main__":
    main()
