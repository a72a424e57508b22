"""Reads Parquet as the JSON Lines that say the same; it runs where pyarrow is installed.

Rows come in small batches, because a file of a few MB may hold GBs.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections import deque
from collections.abc import Sequence
from typing import Any, BinaryIO

import pyarrow
import pyarrow.parquet

from files.errors import FileError
from files.json_file import write_json
from files.options import Column
from files.row_stream import RowWriter
from messages import say

_BATCH_ROWS = 1_000

# Its threads need address space, of which the child has little: there is one of each kind, and
# they begin with the import, before the memory is counted. Its own allocators reserve GBs.
pyarrow.set_memory_pool(pyarrow.system_memory_pool())
pyarrow.set_cpu_count(1)
pyarrow.set_io_thread_count(1)


def _start_threads() -> None:
    table = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"a": ["b"]}), table)
    deque(pyarrow.parquet.ParquetFile(table).iter_batches(use_threads=False))


_start_threads()


def write_parquet(
    file: BinaryIO,
    writer: RowWriter,
    _say: object = None,
    *,
    question: Column | None = None,
    answer: Column | None = None,
    alternatives: Sequence[Column] = (),
) -> dict[str, Any]:
    """Write the rows of a file; return what json_file.Objects holds. Raises FileError."""
    with tempfile.TemporaryFile() as lines:
        try:
            _write_lines(file, lines)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            raise FileError(
                "malformed_csv",
                say(
                    "The Parquet file is broken or of a kind that can't be read: save the table as "
                    "CSV."
                ),
                line=1,
            ) from error
        lines.seek(0)
        return write_json(
            lines,
            writer,
            kind="object",
            encoding="utf-8",
            question=question,
            answer=answer,
            alternatives=alternatives,
        )


def _write_lines(file: BinaryIO, lines: BinaryIO) -> None:
    table = pyarrow.parquet.ParquetFile(file)
    for batch in table.iter_batches(_BATCH_ROWS, use_threads=False):
        for row in batch.to_pylist():
            line = json.dumps(row, ensure_ascii=False, default=_write_value)
            lines.write(line.encode("utf-8", "surrogatepass") + b"\n")


def _write_value(value: Any) -> str:
    """Return what JSON has no word for as a text: dates, decimals, bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
