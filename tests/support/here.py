"""Does the tasks of the child process in this one, without its start and its limits.

A start takes longer than most files of a test. What the child adds is tested by reading in it.
"""

from __future__ import annotations

import importlib
import io
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO
from unittest.mock import patch

from files.errors import FileError
from files.row_stream import RowWriter
from files.sandboxed import TASKS

_READERS = ("files.json_file", "files.object_file", "files.workbook")


class Here:
    """What was said and written, to be heard and read as from the child."""

    def __init__(self, rows: BinaryIO) -> None:
        self.rows = rows
        self.said: list[dict[str, Any] | FileError] = []

    def hear(self) -> dict[str, Any]:
        said = self.said.pop(0)
        if isinstance(said, FileError):
            raise said
        return said


@contextmanager
def run_here(
    task: str, file: BinaryIO, arguments: Mapping[str, Any], output: BinaryIO | None = None
) -> Iterator[Here]:
    """Do a task before anything of it is heard."""
    work = getattr(importlib.import_module(TASKS[task].module), TASKS[task].function)
    here = Here(io.BytesIO() if output is None else output)
    writer = RowWriter(here.rows)
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # Nobody hears what libraries warn of in the child.
            warnings.simplefilter("ignore")
            end = work(file, writer, here.said.append, **json.loads(json.dumps(arguments)))
        writer.close()
        here.said.append({"end": True} | end)
    except FileError as error:
        here.said.append(error)
    if output is None:
        here.rows.seek(0)
    yield here


@contextmanager
def no_child() -> Iterator[None]:
    """Let the readers do without a child process."""
    with ExitStack() as stack:
        for reader in _READERS:
            stack.enter_context(patch(f"{reader}.run_sandboxed", run_here))
        yield
