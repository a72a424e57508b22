"""COPY's text format: the form of a line, and a stream that PostgreSQL reads lines from.

A module of its own, because it knows the format and no table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import psycopg2
from psycopg2.extensions import cursor

# The pieces that psycopg2 asks for, in bytes: larger ones mean fewer calls from C into Python.
_PIECE_BYTES = 1 << 16


def format_line(*values: str | Mapping[str, str] | Sequence[str] | None) -> str:
    """Return one line of COPY's text format; None is NULL, mappings and lists become JSON.

    https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
    """
    return "\t".join(map(_escape, values)) + "\n"


def format_array(texts: Sequence[str] | None) -> str | None:
    """Return the text of a PostgreSQL array of texts, to be a value of `format_line`.

    https://www.postgresql.org/docs/current/arrays.html, "Array Input and Output Syntax".
    """
    if texts is None:
        return None
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _escape(value: str | Mapping[str, str] | Sequence[str] | None) -> str:
    if value is None:
        return "\\N"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if "\r" in text:
        text = text.replace("\r", "\\r")
    if "\t" in text:
        text = text.replace("\t", "\\t")
    return text


class CopyStream:
    """A file of lines that are made while PostgreSQL reads it, so that memory stays constant.

    `on_read` is called for each piece that PostgreSQL asks for.
    """

    def __init__(self, lines: Iterable[str], on_read: Callable[[], None]) -> None:
        self._lines = iter(lines)
        self._on_read = on_read
        self._rest = b""
        self._error: Exception | None = None

    def read(self, size: int = _PIECE_BYTES, /) -> bytes:
        """Return up to `size` bytes, and nothing at the end."""
        self._on_read()
        if not self._rest:
            self._rest = self._make_piece(size)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def readline(self, size: int = _PIECE_BYTES, /) -> bytes:
        """Do as `read`: psycopg2 requires the method, but never calls it."""
        return self.read(size)

    def _make_piece(self, size: int) -> bytes:
        pieces, length = [], 0
        try:
            for line in self._lines:
                pieces.append(line)
                length += len(line)
                if length >= size:
                    break
            return "".join(pieces).encode()
        except Exception as error:
            # psycopg2 turns it into a QueryCanceled; copy_into raises the error itself.
            self._error = error
            raise

    def copy_into(self, cur: cursor, statement: str) -> None:
        """Run a COPY that reads this stream. Raises what making the lines raised."""
        try:
            cur.copy_expert(statement, self, size=_PIECE_BYTES)
        except psycopg2.Error:
            if self._error is not None:
                raise self._error from None
            raise
