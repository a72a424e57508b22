"""LICENSES.md, the list of all packages that the service installs, with their licences.

`python -m audit.licenses` writes it from what the installed packages say of themselves. A package
that is installed on other systems only keeps the licence that the list has.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LIST = ROOT / "LICENSES.md"
UNKNOWN = "unknown"
# Where `License` holds the whole text, its first line is longer than a name.
_NAME_CHARS = 40
_HEAD = """\
# Licences of the installed packages

`make run` installs these packages, which `requirements.txt` pins. `make licenses` writes this list
from what the packages say of themselves, and a test compares it with `requirements.txt`. `NOTICE`
has what else the service brings.

| package | version | licence |
|---|---|---|
"""


class Row(NamedTuple):
    package: str
    version: str
    license: str


def read_pins(text: str) -> Iterator[tuple[str, str]]:
    """Yield package and version of each line of a compiled requirements file."""
    yield from re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)


def read_rows(text: str) -> list[Row]:
    """Return the rows of the list."""
    cells = re.findall(r"^\| ([\w.-]+) \| ([\w.!+-]+) \| (.+) \|$", text, re.MULTILINE)
    return [Row(*found) for found in cells if found[0] != "package"]


def find_license(package: str) -> str | None:
    """Return what an installed package says of its licence; None where it is not installed."""
    try:
        metadata = importlib.metadata.metadata(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    named = [c.rpartition(" :: ")[2] for c in classifiers if c != "License :: OSI Approved"]
    said = metadata["License"].strip() if "License" in metadata else ""
    if said and "\n" not in said and len(said) <= _NAME_CHARS and "::" not in said:
        return said
    return ", ".join(named) or UNKNOWN


def make_rows(pins: str, before: str = "") -> list[Row]:
    """Return a row for each pin of `pins`, a requirements file; `before` is the list so far."""
    known = {row.package: row.license for row in read_rows(before)}
    return [
        Row(package, version, find_license(package) or known.get(package, UNKNOWN))
        for package, version in read_pins(pins)
    ]


def main() -> int:
    """Write the list; return 1 where a licence is unknown."""
    before = LIST.read_text("utf-8") if LIST.exists() else ""
    rows = make_rows((ROOT / "requirements.txt").read_text("utf-8"), before)
    LIST.write_text(_HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows), "utf-8")
    unknown = [row.package for row in rows if row.license == UNKNOWN]
    if unknown:
        sys.stderr.write(
            f"No licence is known of {', '.join(unknown)}: look it up in LICENSES.md\n"
        )
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
