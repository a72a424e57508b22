"""The program that sandbox.py runs as a child: `python sandboxed.py TASK SIZE ARGUMENTS`."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO, cast

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

sys.path.insert(0, str(Path(__file__).parents[1]))
# If openpyxl finds numpy, it imports it, which needs a tenth of a second and 100 MB.
sys.modules["numpy"] = cast(Any, None)

from files.errors import FileError  # noqa: E402
from files.row_stream import RowWriter  # noqa: E402

# The functions that do the tasks: (file, writer, say, **arguments) -> what is said at the end.
TASKS = {"json": ("files.json_file", "write_json"), "xlsx": ("files.excel", "write_sheet")}
# A child may take so many bytes of memory more than it has after its start, and so many for each
# byte of the file.
MEMORY, MEMORY_A_BYTE, MOST_MEMORY = 140_000_000, 20, 2_000_000_000
# It may compute for so many seconds, and so many for each MB after the first. openpyxl reads
# 1 MB of a packed workbook in 1.5 s, ijson 1 MB of JSON in 0.1 s: measured on two cores.
SECONDS, SECONDS_A_MB = 2.0, 4.0
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


def main() -> None:
    task, size, arguments = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    control = Control()
    try:
        module, function = TASKS[task]
        work = getattr(importlib.import_module(module), function)
        limit_resources(size)
        writer = RowWriter(cast(BinaryIO, sys.stdout.buffer))
        said = work(sys.stdin.buffer, writer, control.say, **arguments)
        writer.close()
        sys.stdout.flush()
    except FileError as error:
        control.say(
            {"error": {"code": error.code, "message": error.message, "details": error.details}}
        )
    except MemoryError:
        control.say(
            {
                "error": {
                    "code": "malformed_csv",
                    "message": "The file needs too much memory to be read, for its size: save it "
                    "as CSV, and upload that.",
                    "details": {"line": 1},
                }
            }
        )
    else:
        control.say({"end": True} | said)


def limit_resources(size: int) -> None:
    """Bound what this process may use for a file of `size` bytes; Windows has no such limits."""
    if resource is None:
        return
    own = _measure_memory()
    if own is not None:
        memory = own + min(MEMORY + MEMORY_A_BYTE * size, MOST_MEMORY)
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
