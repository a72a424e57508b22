"""Knows values by language: `{"pt": "Como pago?", "en": "How do I pay?"}`.

The names are codes of ISO 639-1, with a country or a script after them (`pt-BR`, `zh_Hans`), or the
names of a few languages.
"""

from __future__ import annotations

import re
from typing import Any


def _read(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CODES = _read(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy"
    " da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu"
    " hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb"
    " lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om"
    " or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw"
    " ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ptbr"
    " enus engb eng por spa fra deu ita rus zho jpn kor"
)
_NAMES = _read(
    "english português portugues portuguese español espanol spanish français francais french"
    " deutsch german italiano italian русский russian українська 中文 chinese 日本語 japanese"
    " 한국어 korean polski polish nederlands dutch türkçe turkish العربية arabic हिन्दी hindi"
    " inglês ingles inglés espanhol alemão alemán francês"
)
_CODE = re.compile(r"([A-Za-z]{2,4})(?:[-_][A-Za-z0-9]{2,4}){0,2}")


def is_language(name: str) -> bool:
    """Return whether a name is that of a language."""
    found = _CODE.fullmatch(name.strip())
    if found is not None and found[1].casefold() in _CODES:
        return True
    return name.strip().casefold() in _NAMES


def list_languages(*values: Any) -> list[str] | None:
    """Return the languages of values that are objects by language; None if none of them is.

    A single object with a single name may be anything: `{"id": "7"}`.
    """
    found = [value for value in values if isinstance(value, dict) and _is_by_language(value)]
    if not found or (len(found) == 1 and len(found[0]) == 1):
        return None
    return list(dict.fromkeys(name for value in found for name in value))


def pick_language(value: Any, language: str) -> Any:
    """Return what a value holds in a language; itself if it is not by language."""
    if isinstance(value, dict) and _is_by_language(value):
        return value.get(language)
    return value


def _is_by_language(value: dict[str, Any]) -> bool:
    return bool(value) and all(map(is_language, value))
