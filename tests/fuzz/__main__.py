"""`python -m tests.fuzz READER [libFuzzer options]`: fuzz a reader with atheris.

What it finds goes to .fuzz/READER; `-merge=1` keeps of it what adds to the corpus.
"""

from __future__ import annotations

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
    if "-merge=1" in sys.argv:
        # libFuzzer adds to the first folder what it lacks.
        folders.reverse()
    atheris.Setup([*sys.argv, *folders], TARGETS[reader])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
