"""Backups: all that is stored goes into one file, and comes back from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

import store.snapshot
from config import VERSION
from db import Pool
from services.archive import Summary, open_archive, write_archive

# The file has the digests of passwords and keys, and all questions and answers.
MODE = 0o600


def back_up(pool: Pool, path: Path) -> Summary:
    """Write all that is stored at one moment into the file, and return what it holds.

    A file of that name is replaced when the new one is on the disk as a whole. Raises OSError.
    """
    with _open_whole(path) as file, store.snapshot.open_snapshot(pool) as snapshot:
        return write_archive(file, snapshot, VERSION)


def restore(open_pool: Callable[[], Pool], path: Path, *, replace: bool) -> Summary:
    """Put what a backup holds into a database, all of it or nothing, and return it.

    The database is opened when the whole file was found to be good. Raises ArchiveError,
    RestoreError, OSError.
    """
    with open_archive(path) as (saved, summary):
        store.snapshot.restore(open_pool(), saved, replace=replace)
        return summary


@contextmanager
def _open_whole(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that gets the name `path` at the end, if there was no error."""
    _remove_leftovers(path)
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        _sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove what a backup of this name left whose process was killed."""
    prefix = f"{path.name}.partial-"
    for leftover in path.parent.iterdir():
        number = leftover.name[len(prefix) :] if leftover.name.startswith(prefix) else ""
        if number.isdigit() and not psutil.pid_exists(int(number)):
            leftover.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Write the new name to the disk. Windows opens no folders."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
