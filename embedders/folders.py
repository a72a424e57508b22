"""Making folders that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def make_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make `folder`: fill a temporary folder beside it and rename that.

    When several processes do this at once, each fills a folder of its own, and the first to rename
    it wins. What a killed process has left behind is removed when it is an hour old.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_leftovers(folder)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        fill(partial)
        _sync(partial)
        try:
            partial.rename(folder)
        except OSError:
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    newest = folder.parent.stat().st_mtime
    for leftover in folder.parent.glob(f".{folder.name}.*"):
        if leftover.stat().st_mtime < newest - 3_600:
            shutil.rmtree(leftover, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Write the files to the disk, so that a crash never leaves the name without them."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
