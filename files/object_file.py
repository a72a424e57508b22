"""Reads formats that say the same as JSON: YAML and Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, Literal, TypeAlias

from files.encoding import detect_encoding
from files.json_file import Objects, make_table, name_columns_wanted
from files.options import ReadOptions
from files.row_table import RowTable
from files.sandbox import run_sandboxed

ObjectKind: TypeAlias = Literal["yaml", "parquet"]


@contextmanager
def open_objects(file: BinaryIO, kind: ObjectKind, options: ReadOptions) -> Iterator[RowTable]:
    """Yield the rows of a file's objects. Raises FileError.

    The columns are known only after the last object, so the rows wait in a file.
    """
    arguments = name_columns_wanted(options)
    if kind == "yaml":
        encoding = detect_encoding(file, options.encoding)
        arguments |= {"encoding": encoding.name, "bom": encoding.bom}
    with (
        tempfile.TemporaryFile() as spool,
        run_sandboxed(kind, file, arguments, spool) as sandbox,
    ):
        table = make_table(Objects(**sandbox.hear()), spool, options)
        table.description = replace(table.description, format=kind)
        yield table
