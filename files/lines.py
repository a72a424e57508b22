"""Yields the physical lines of a text, with their ends, in constant memory.

A line ends in CRLF, LF, CR or CR CR LF (a program that translates line ends twice writes this).
Unicode's other separators (U+2028, U+0085, form feed …) are characters like any other. For this
reason str.splitlines is not used.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Protocol

# A record longer than this is not kept while its end is looked for.
MAX_RECORD_CHARS = 4_000_000

# A record is longer than this if a field may be over its limit (texts.py).
LONG_RECORD_CHARS = 900_000

_LINE = re.compile(r"[^\r\n]*(?:\r\r\n|\r\n|\r|\n)")


class RecordTooLong(Exception):
    """The record that is being read goes on for more than MAX_RECORD_CHARS."""


class Scanner(Protocol):
    """Something that is shown a record piece by piece and says whether it ends there."""

    def feed(self, piece: str) -> bool: ...


class Lines:
    """The lines of a text, kept from the first one that is not done.

    The number of a line is how many lines are before it. `odd` says that the kept lines hold a very
    long record, or something that CSV can be read with in two ways: NUL, a backslash before a
    quote, or a quote after a delimiter and a space. `chars` counts what was read.
    """

    def __init__(self, chunks: Iterator[str], delimiter: str) -> None:
        self._chunks = chunks
        self._tail = ""
        self._text = ""
        self._quotes = odd_quotes(delimiter)
        self._lines: list[str] = []
        self._base = 0
        self.done = 0
        self.chars = 0
        self.odd = False

    def read_from(self, number: int) -> Iterator[str]:
        """Yield the lines from `number` on. Raises RecordTooLong."""
        while True:
            lines, base = self._lines, self._base
            # By index: a reader that begins again after a broken record need not count to it.
            yield from map(lines.__getitem__, range(number - base, len(lines)))
            number = base + len(lines)
            if not self._more():
                return

    def line(self, number: int) -> str | None:
        """Return a line that is not done, or None after the last. Raises RecordTooLong."""
        while number - self._base >= len(self._lines):
            if not self._more():
                return None
        return self._lines[number - self._base]

    def kept(self, start: int, end: int) -> list[str]:
        """Return the lines from `start` up to `end`, which have been read and are not done."""
        return self._lines[start - self._base : end - self._base]

    def skip(self, scanner: Scanner) -> bool:
        """Drop lines from the first that is not done up to the end of its record.

        Return whether the scanner saw the end. Only one chunk of the text is held.
        """
        lines = self._lines[self.done - self._base :]
        number = self.done
        while True:
            for index, line in enumerate(lines, 1):
                if scanner.feed(line):
                    self._lines = lines[index:]
                    self._base = self.done = number + index
                    # What is left has not been looked at.
                    self.odd = True
                    return True
            number += len(lines)
            # The scanner sees the beginning of a line before the end is known, but not a CR that
            # may be the first half of a CRLF.
            begun = self._tail.rstrip("\r")
            if begun:
                scanner.feed(begun)
                self._tail = self._tail[len(begun) :]
            read = self._split_next()
            if read is None:
                self._lines, self._base, self.done = [], number, number
                return False
            lines = read

    def _more(self) -> bool:
        read = self._split_next()
        if read is None:
            return False
        kept = self._lines[self.done - self._base :]
        self._base = self.done
        self._lines = kept + read
        unfinished = sum(map(len, kept))
        self.odd = unfinished + len(self._text) > LONG_RECORD_CHARS or any(
            "\0" in text or has_odd_quotes(text, self._quotes) for text in (*kept, self._text)
        )
        if unfinished + len(self._tail) > MAX_RECORD_CHARS:
            raise RecordTooLong
        return True

    def _split_next(self) -> list[str] | None:
        """Return the lines that the next chunk completes; None at the end of the text."""
        chunk = next(self._chunks, None)
        if chunk is None:
            text, self._tail = self._tail, ""
            self._text = text
            return split_lines(text) if text else None
        self.chars += len(chunk)
        text = self._tail + chunk
        end = _last_line_end(text)
        self._tail = text[end:]
        self._text = text[:end]
        return split_lines(self._text)


def odd_quotes(delimiter: str) -> tuple[str, ...]:
    """Return the quotes that can be read in two ways, each with what stands before it."""
    return '\\"', f'{delimiter} "', f'{delimiter}  "', '\n "'


def has_odd_quotes(text: str, quotes: tuple[str, ...]) -> bool:
    """Return whether a text has one of odd_quotes. A doubled quote is not one of them."""
    return any(quote in text and text.count(quote) > text.count(quote + '"') for quote in quotes)


def _last_line_end(text: str) -> int:
    """Return how much of a text is whole lines, whatever comes after it."""
    trailing = len(text) - len(text.rstrip("\r"))
    if trailing > 2:
        return len(text) - 2
    stop = len(text) - trailing
    return max(text.rfind("\n", 0, stop), text.rfind("\r", 0, stop)) + 1


def split_lines(text: str) -> list[str]:
    """Return the lines of a text with their ends; the last one may have none."""
    if "\r" not in text:
        return list(io.StringIO(text, newline="\n"))
    if "\r\r\n" not in text:
        return list(io.StringIO(text, newline=""))
    lines = _LINE.findall(text)
    rest = text[sum(map(len, lines)) :]
    return [*lines, rest] if rest else lines
