"""The program `python -m audit.vulnerabilities`: asks for known vulnerabilities of what is pinned.

pip-audit does the asking. Of packages that its service does not answer for, it says nothing in its
result: this program counts them, since they were not checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FILES = ("requirements.txt", "requirements-dev.txt")


def ask(file: Path) -> dict[str, Any] | None:
    """Return pip-audit's report on a requirements file; None where there is none."""
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--requirement", str(file), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(done.stderr)
        return None
    return report


def describe(name: str, report: dict[str, Any] | None) -> tuple[str, int]:
    """Return what was found as text, and the number of vulnerabilities."""
    if report is None:
        return f"{name}: NOT CHECKED, pip-audit's data can't be reached.\n", 0
    packages = report["dependencies"]
    skipped = sum("skip_reason" in package for package in packages)
    found = [
        f"{name}: {package['name']} {package['version']}: {known['id']}, "
        f"mended in {', '.join(known['fix_versions']) or 'no version yet'}\n"
        for package in packages
        for known in package.get("vulns", ())
    ]
    text = f"{name}: {len(packages) - skipped} packages checked, {len(found)} vulnerabilities.\n"
    if skipped:
        text += f"{name}: {skipped} packages NOT CHECKED, there were no data about them.\n"
    return "".join(found) + text, len(found)


def main() -> int:
    """Return 1 where a vulnerability is known. What could not be checked is said, and no error."""
    total = 0
    for name in FILES:
        text, count = describe(name, ask(ROOT / name))
        sys.stdout.write(text)
        total += count
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
