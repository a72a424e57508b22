r"""Marks halves of surrogate pairs in the text of a JSON document, before it is parsed.

The parser (yajl) turns an escaped half (`\ud800` alone) into `?`, and then nothing tells that a
text was changed. As NUL, it gets its row rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_MAYBE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_PAIR = r"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"\\(?:{_PAIR}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{{2}})|.)", re.DOTALL)
# What may be the beginning of an escape, or of a pair of them, at the end of a chunk.
_BEGUN = re.compile(
    r"\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?"
)
_LONGEST_BEGUN = len(r"\ud83d\ude0")


def mark_halves(chunks: Iterable[str]) -> Iterator[str]:
    r"""Yield a document's text in chunks, with `\u0000` for each half of a surrogate pair."""
    begun = ""
    for chunk in chunks:
        text = begun + chunk
        end = _find_begun(text)
        begun = text[end:]
        # An empty chunk would be the end.
        if end:
            yield _mark(text[:end])
    if begun:
        yield _mark(begun)


def _find_begun(text: str) -> int:
    """Return where an escape begins that the text may end in the middle of, or the text's end."""
    at = text.find("\\", max(0, len(text) - _LONGEST_BEGUN))
    while at != -1:
        before = len(text[:at]) - len(text[:at].rstrip("\\"))
        if before % 2 == 0 and _BEGUN.fullmatch(text, at):
            return at
        at = text.find("\\", at + 1)
    return len(text)


def _mark(text: str) -> str:
    if not _MAYBE_HALF.search(text):
        return text
    return _ESCAPE.sub(lambda found: r"\u0000" if found["half"] else found[0], text)
