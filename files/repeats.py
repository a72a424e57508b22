"""Bounds the texts that are stored again and again although they were sent once."""

from __future__ import annotations

from files.errors import FileError
from messages import say

# So many characters may be repeated, and so many more for each character that was sent.
_FREE_CHARS = 10_000_000
_TIMES = 64


class RepeatBudget:
    """Counts the characters that rows have beyond those that were sent.

    An answer of a megabyte with a list of a million phrasings, or a long title around a million
    short pairs, would make gigabytes of a few megabytes.
    """

    def __init__(self, free: int = _FREE_CHARS) -> None:
        self._left = free

    def spend(self, sent: int, stored: int) -> None:
        """Take off what is stored for an object beyond what was sent. Raises FileError."""
        self._left += _TIMES * sent - stored
        if self._left < 0:
            raise FileError(
                "malformed_csv",
                say(
                    "The answers of lists of questions, or the texts around the pairs, would be "
                    "stored far more often than they were sent: split the file, or leave them out."
                ),
                line=1,
            )
