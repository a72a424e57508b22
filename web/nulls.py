"""Schemas of fields that can be left out, but are never null."""

from __future__ import annotations

from typing import Any


def strip_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a field without the null that stands for one that is left out."""
    kept = {name: part for name, part in schema.items() if (name, part) != ("default", None)}
    choices = [one for one in kept.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = choices[0] | kept
    elif choices:
        kept["anyOf"] = choices
    return kept


def strip_nulls(schema: dict[str, Any]) -> None:
    """Take null out of all the fields of a model."""
    fields = schema["properties"]
    schema["properties"] = {name: strip_null(fields[name]) for name in fields}
