"""Text as the model and the item key see it; what is stored stays as it was written.

Called by csv_rows.py (keys of rows) and embeddings.py (text before it is embedded).
"""

from __future__ import annotations

import re
import unicodedata

# Characters that no reader sees: soft hyphen, zero-width space and (non-)joiners, word joiner,
# BOM, and the marks and embeddings of Unicode's bidirectional algorithm (UAX #9).
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"\s+")


def visible_text(text: str) -> str:
    """Return `text` in NFC, without invisible marks, each run of white space one space, trimmed.

    Two texts that look the same to a reader give the same result; case and accents stay.
    """
    return _SPACES.sub(" ", unicodedata.normalize("NFC", _INVISIBLE.sub("", text))).strip()
