"""PostgreSQL's COPY formats: text for rows, binary for vectors."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import psycopg2
from numpy.typing import NDArray
from psycopg2.extensions import cursor

# PostgreSQL takes what it is given; larger pieces mean fewer calls from C into Python.
_CHUNK = 1 << 16


def copy_line(*values: str | Mapping[str, str] | Sequence[str] | None) -> str:
    """Return one line of COPY's text format; None is NULL, mappings and lists become JSON.

    https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
    """
    return "\t".join(map(_field, values)) + "\n"


def _field(value: str | Mapping[str, str] | Sequence[str] | None) -> str:
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
    """Lines for COPY, made while PostgreSQL takes them: memory stays constant.

    `on_read` is called for each piece that PostgreSQL asks for.
    """

    def __init__(self, lines: Iterable[str], on_read: Callable[[], None]) -> None:
        self._lines = iter(lines)
        self._on_read = on_read
        self._rest = b""
        self._error: Exception | None = None

    def read(self, size: int = _CHUNK, /) -> bytes:
        """Return up to `size` bytes; none at the end, or where making them failed."""
        self._on_read()
        if not self._rest:
            self._rest = self._next_piece(size)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def readline(self, size: int = _CHUNK, /) -> bytes:
        """Not called; psycopg2 asks that it be there."""
        return self.read(size)

    def _next_piece(self, size: int) -> bytes:
        pieces, length = [], 0
        try:
            for line in self._lines:
                pieces.append(line)
                length += len(line)
                if length >= size:
                    break
        except Exception as error:
            # psycopg2 would turn it into a QueryCanceled of its own; copy_into raises it.
            self._error = error
            raise
        return "".join(pieces).encode()

    def copy_into(self, cur: cursor, statement: str) -> None:
        """Run the COPY. Raises what making the lines raised."""
        try:
            cur.copy_expert(statement, self, size=_CHUNK)
        except psycopg2.Error:
            if self._error is not None:
                raise self._error from None
            raise


def halfvec_rows(
    job_id: bytes, vectors: Iterable[tuple[int, str, NDArray[np.float32]]]
) -> Iterator[bytes]:
    """Yield a binary COPY of (job id, row number, kind, halfvec) rows.

    halfvec's binary form is its dimension and a zero (16 bits each), then the 16-bit floats, all
    big-endian: pgvector, src/halfvec.c, halfvec_recv.
    """
    yield b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
    for row_no, kind, vector in vectors:
        name = kind.encode()
        floats = vector.astype(">f2").tobytes()
        yield struct.pack("!hi", 4, 16) + job_id
        yield struct.pack("!iqi", 8, row_no, len(name)) + name
        yield struct.pack("!iHH", 4 + len(floats), len(vector), 0) + floats
    yield struct.pack("!h", -1)
