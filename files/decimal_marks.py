"""Knows which languages and currencies write a decimal comma, and what they put between thousands.

A format names its language by Windows' number in hexadecimal (`416`, MS-LCID), or by its tag
(`pt-BR`). Sources: the Common Locale Data Repository, and the list of currencies below.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Marks(NamedTuple):
    """What stands before the places behind the point, and between groups of three digits."""

    point: str
    group: str


POINT = Marks(".", ",")
_COMMA = Marks(",", ".")
_SPACED = Marks(",", "\u00a0")

# The low ten bits of Windows' number are the language.
_LANGUAGES = {
    0x16: ("pt", _COMMA), 0x0A: ("es", _COMMA), 0x07: ("de", _COMMA), 0x10: ("it", _COMMA),
    0x13: ("nl", _COMMA), 0x18: ("ro", _COMMA), 0x06: ("da", _COMMA), 0x1F: ("tr", _COMMA),
    0x08: ("el", _COMMA), 0x1A: ("hr", _COMMA), 0x24: ("sl", _COMMA), 0x21: ("id", _COMMA),
    0x2A: ("vi", _COMMA), 0x03: ("ca", _COMMA), 0x2D: ("eu", _COMMA), 0x56: ("gl", _COMMA),
    0x0F: ("is", _COMMA), 0x0C: ("fr", _SPACED), 0x19: ("ru", _SPACED), 0x15: ("pl", _SPACED),
    0x05: ("cs", _SPACED), 0x1B: ("sk", _SPACED), 0x0E: ("hu", _SPACED), 0x14: ("nb", _SPACED),
    0x1D: ("sv", _SPACED), 0x0B: ("fi", _SPACED), 0x22: ("uk", _SPACED), 0x02: ("bg", _SPACED),
    0x23: ("be", _SPACED), 0x25: ("et", _SPACED), 0x26: ("lv", _SPACED), 0x27: ("lt", _SPACED),
}  # fmt: skip
_TAGS = dict(_LANGUAGES.values()) | {"no": _SPACED, "sr": _COMMA}
# Mexico, Central America and the Spanish of the United States; Switzerland.
_WITH_POINT = {
    *(0x080A, 0x100A, 0x180A, 0x1C0A, 0x440A, 0x480A, 0x4C0A, 0x500A, 0x540A, 0x0807, 0x0810),
    *("es-mx", "es-gt", "es-pa", "es-do", "es-sv", "es-hn", "es-ni", "es-pr", "es-us"),
    *("de-ch", "it-ch", "de-li"),
}
_HEXADECIMAL = re.compile("[0-9a-f]{3,8}", re.IGNORECASE)
_CURRENCIES = {
    "R$": _COMMA, "BRL": _COMMA, "₺": _COMMA, "lei": _COMMA, "kr": _SPACED, "zł": _SPACED,
    "Kč": _SPACED, "₽": _SPACED, "руб": _SPACED, "₴": _SPACED, "грн": _SPACED, "лв": _SPACED,
    "Ft": _SPACED,
}  # fmt: skip


def find_marks(language: str, before: str = "", behind: str = "") -> Marks | None:
    """Return the marks of a language, or of the currency in the text around a number.

    None if neither says anything about them.
    """
    tag = language.split(",")[0].strip().lower()
    if _HEXADECIMAL.fullmatch(tag):
        number = int(tag, 16) & 0xFFFF
        known = _LANGUAGES.get(number & 0x3FF)
        return None if known is None else POINT if number in _WITH_POINT else known[1]
    marks = _TAGS.get(tag.split("-")[0])
    if marks is not None:
        return POINT if tag in _WITH_POINT else marks
    for symbol, own in _CURRENCIES.items():
        if symbol in before or symbol in behind:
            return own
    # Where the euro stands behind the number, the number has a comma.
    return _COMMA if "€" in behind else None
