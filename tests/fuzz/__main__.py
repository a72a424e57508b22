"""`python -m tests.fuzz READER [libFuzzer options]`: fuzz a reader with atheris.

What it finds goes to .fuzz/READER; `-merge=1` adds to the corpus what reaches more code than it.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["files", "texts", "openpyxl"]):
    from tests.fuzz.targets import CORPUS, TARGETS


def main() -> None:
    reader = sys.argv.pop(1)
    found = Path(".fuzz") / reader
    found.mkdir(parents=True, exist_ok=True)
    folders = [str(found), str(CORPUS / reader)]
    if any(option.startswith("-merge") for option in sys.argv):
        # libFuzzer adds to the first folder what it lacks, by programs that it starts itself.
        folders.reverse()
        sys.argv[0] = str(write_starter(found.parent / f"merge-{reader}", reader))
    atheris.Setup([*sys.argv, *folders], TARGETS[reader])
    atheris.Fuzz()


def write_starter(path: Path, reader: str) -> Path:
    """Return a program that does what this one does."""
    command = shlex.join([sys.executable, "-m", "tests.fuzz", reader])
    folder = shlex.quote(os.getcwd())  # noqa: PTH109, for the shell
    path.write_text(f'#!/bin/sh\ncd {folder} && exec {command} "$@"\n')
    path.chmod(0o755)
    return path.absolute()


if __name__ == "__main__":
    main()
