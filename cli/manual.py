"""`make configuration`: what the settings themselves say, put into the tables of the manual.

The tables of docs/configuration.md have the columns name, meaning, default and allowed. People
write the first two, and the defaults that are no value (`made at the first start`). The rest comes
from config.py; a test compares.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic.fields import FieldInfo

from config import DatabaseParts, Settings

ROOT = Path(__file__).parents[1]
# Each manual with its word between two bounds.
MANUALS = {
    ROOT / "docs" / "configuration.md": "to",
    ROOT / "docs" / "pt-BR" / "configuration.md": "a",
}
_ROW = re.compile(
    r"^\| (`[A-Z_]+`[^|]*) \| ([^|]+) \| ([^|]*?) \|(?: ([^|]*?) ?\|)?$", re.MULTILINE
)


def list_settings() -> dict[str, FieldInfo]:
    """Return the settings by the names of their variables."""
    fields = [*Settings.model_fields.values(), *DatabaseParts.model_fields.values()]
    return {str(field.validation_alias): field for field in fields}


def complete(manual: str, between: str) -> str:
    """Return the manual with the defaults and the allowed values of today's settings.

    Raises KeyError for a row of a setting that there is not.
    """
    settings = list_settings()

    def write_row(row: re.Match[str]) -> str:
        fields = [settings[name] for name in re.findall(r"`([A-Z_]+)`", row[1])]
        defaults = ", ".join(filter(None, map(_describe_default, fields)))
        allowed = ", ".join(filter(None, (_describe_allowed(field, between) for field in fields)))
        return f"| {row[1]} | {row[2]} | {defaults or row[3]} | {allowed} |"

    return _ROW.sub(write_row, manual)


def list_rows(manual: str) -> list[str]:
    """Return the names of the settings that have a row."""
    return [name for row in _ROW.finditer(manual) for name in re.findall(r"`([A-Z_]+)`", row[1])]


def _describe_default(field: FieldInfo) -> str:
    """Return the default as a cell; empty if it is no value."""
    if field.default in (None, "", ()):
        return ""
    return str(field.default) if isinstance(field.default, int) else f"`{field.default}`"


def _describe_allowed(field: FieldInfo, between: str) -> str:
    """Return bounds or choices as a cell; empty where there are none."""
    bounds: dict[str, Any] = {}
    for limit in field.metadata:
        bounds |= {name: getattr(limit, name) for name in ("ge", "le") if hasattr(limit, name)}
    if len(bounds) == 2:
        return f"{bounds['ge']} {between} {bounds['le']}"
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
    return ", ".join(f"`{choice}`" for choice in choices)


def main() -> int:
    for path, between in MANUALS.items():
        path.write_text(complete(path.read_text("utf-8"), between), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
