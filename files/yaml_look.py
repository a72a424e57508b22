"""Tells YAML from other texts by its first lines.

Nearly all of them are keys with a colon, items of a list, or go on with such a line.
"""

from __future__ import annotations

import re

# So many lines at the beginning are looked at, of which so many that are no comments show whether a
# text is YAML; a few of these may differ.
_LOOKED, _LINES = 1_000, 50
_ODD_LINES = 0.05
_NOTES = re.compile(r"\s*(?:#.*)?|---(?:\s.*)?|\.\.\.|%\w+\s.*")
# A key is quoted, or a question, or has none of the characters that separate the fields of a row.
_KEY = re.compile(
    r"""\s*(?:-\s+)*(?:"[^"]*"|'[^']*'|[^\s"'#\[\]{}&*!|>%@`,-]"""
    r"""(?:[^:,;|\t"]{0,100}|[^:;|\t"]{0,200}\?))\s*:(?:\s.*)?"""
)
_ITEM = re.compile(r"\s*-(?:\s.*)?")
_CONTINUED = re.compile(r"[ \t]+\S.*")
# UTF-16 begins with one of these.
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def is_yaml(start: bytes) -> bool:
    """Return whether a text is YAML by its first bytes."""
    text = start.decode("utf-16" if start.startswith(_WIDE) else "utf-8-sig", "replace")
    lines = [line for line in text.splitlines()[:_LOOKED] if not _NOTES.fullmatch(line)][:_LINES]
    if len(lines) < 2 or not (_KEY.fullmatch(lines[0]) or _ITEM.fullmatch(lines[0])):
        return False
    kinds = [_find_kind(line) for line in lines]
    return "key" in kinds and kinds.count("odd") <= _ODD_LINES * len(lines)


def _find_kind(line: str) -> str:
    if _KEY.fullmatch(line):
        return "key"
    return "more" if _ITEM.fullmatch(line) or _CONTINUED.fullmatch(line) else "odd"
