"""Finds the names that someone may have meant who wrote another one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

# Names are compared up to here: the time grows with the square of it.
_COMPARED_CHARS = 100
# Two names are near if so much of them is the same (difflib's ratio).
_LEAST_ALIKE = 0.6


def find_near(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known names most like a name, the nearest first; case and accents do not count."""
    by_form: dict[str, list[str]] = {}
    for one in known:
        by_form.setdefault(_fold(one), []).append(one)
    forms = get_close_matches(_fold(name), list(by_form), n=most, cutoff=_LEAST_ALIKE)
    return [one for form in forms for one in by_form[form]][:most]


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name[:_COMPARED_CHARS].casefold())
    return "".join(c for c in plain if c.isalnum() and not unicodedata.combining(c))


def name_near(near: Sequence[str]) -> str:
    """Return a sentence that names what is near; empty if nothing is."""
    return f" Near it: {', '.join(map(repr, near))}." if near else ""
