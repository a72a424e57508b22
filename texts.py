"""Texts as the model and the keys of items see them, and the limits that all layers share.

What is stored stays as it was written, but for the spaces around it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b

# The longest texts that an item may have.
MAX_QUESTION_CHARS = 10_000
MAX_ANSWER_CHARS = 1_000_000
# Further wordings of an item's question; each may be as long as a question.
MAX_ALTERNATIVES = 100
MAX_METADATA_CHARS = 1_000_000
MAX_ID_CHARS = 1_000

# What is taken off around a value. No-break spaces and invisible marks are text, and stay.
SPACES = " \t\r\n\v\f"

# Where combining marks may be; Latin letters with accents of their own come before.
_BEYOND_LATIN = re.compile("[^\x00-\u02ff]")
# Characters that no reader sees: soft hyphen, zero-width space and (non-)joiners, word joiner,
# BOM, and the marks and embeddings of Unicode's bidirectional algorithm (UAX #9).
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def trim(text: str) -> str:
    """Return `text` without the spaces, tabs and line ends around it."""
    return text.strip(SPACES)


def visible_text(text: str) -> str:
    """Return `text` in NFC, without invisible marks, each run of white space one space, trimmed.

    Two texts that look the same to a reader give the same result; case and accents stay.
    """
    # Text that is printable to its end has no invisible marks, and no white space but U+0020.
    if not text.isprintable():
        text = " ".join(_INVISIBLE.sub("", text).split())
    elif "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return compose(text)


def compose(text: str) -> str:
    """Return `text` in NFC, in time that grows with its length.

    unicodedata takes quadratic time for a run of combining marks. So U+034F parts runs of more than
    30 marks first (UAX #15, "Stream-Safe Text Format"). No language has such runs.
    """
    if text.isascii():
        return text
    if _BEYOND_LATIN.search(text):
        text = _find_long_runs().sub("\\1\u034f", text)
    return unicodedata.normalize("NFC", text)


@cache
def _find_long_runs() -> re.Pattern[str]:
    """Return the pattern of 30 combining marks with another one after them."""
    marks = "".join(chr(c) for c in range(0x300, 0x20000) if unicodedata.combining(chr(c)))
    return re.compile(f"([{marks}]{{30}})(?=[{marks}])")


def list_alternatives(question: str, texts: Iterable[str]) -> list[str]:
    """Return the further wordings of a question, trimmed, in their order.

    What no reader sees is left out, and so is what looks like the question or an earlier wording.
    """
    seen = {visible_text(question), ""}
    kept = []
    for text in map(trim, texts):
        shown = visible_text(text)
        if shown not in seen:
            seen.add(shown)
            kept.append(text)
    return kept


def question_hash(question: str) -> str:
    """Return 32 hexadecimal digits that are the same for all questions that look the same."""
    return _digest(b"question", _key_text(question))


def answer_hash(answer: str) -> str:
    """Return 32 hexadecimal digits that are the same for all answers that look the same."""
    return _digest(b"answer", _key_text(answer))


def id_key(external_id: str) -> str:
    """Return 32 hexadecimal digits for an id that a file gives; no question has the same."""
    return _digest(b"id", external_id)


def _key_text(text: str) -> str:
    """Return `text` in NFC, without invisible marks, with common spaces for no-break ones, trimmed.

    Two texts with the same result are one question, or one answer: other white space counts.
    """
    if text.isascii():
        return text.strip()
    plain = _INVISIBLE.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").strip()
    return compose(plain)


def _digest(person: bytes, text: str) -> str:
    return blake2b(text.encode(), digest_size=16, person=person).hexdigest()
