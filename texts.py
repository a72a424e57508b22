"""Text as the model and the item key see it; what is stored stays as it was written."""

from __future__ import annotations

import re
import unicodedata

# Characters that no reader sees: soft hyphen, zero-width space and (non-)joiners, word joiner,
# BOM, and the marks and embeddings of Unicode's bidirectional algorithm (UAX #9).
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def key_text(text: str) -> str:
    """Return `text` in NFC, without invisible marks, with common spaces for no-break ones, trimmed.

    Two texts with the same result are one question, or one answer: other white space counts.
    """
    if text.isascii():
        return text.strip()
    plain = _INVISIBLE.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").strip()
    return unicodedata.normalize("NFC", plain)


def visible_text(text: str) -> str:
    """Return `text` in NFC, without invisible marks, each run of white space one space, trimmed.

    Two texts that look the same to a reader give the same result; case and accents stay.
    """
    # Text that is printable to its end has no invisible marks, and no white space but U+0020.
    if not text.isprintable():
        text = " ".join(_INVISIBLE.sub("", text).split())
    elif "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)
