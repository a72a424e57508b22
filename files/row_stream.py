"""Writes rows for another process or into a temporary file, and reads them again.

They are records of CSV in UTF-8: first the line, then the fields. The line of a rejected row is
negative, and its code and reason (as JSON) stand before its fields.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, TypeAlias, TypeVar, cast

from files.errors import FileError
from files.layout import SAMPLE_CHARS, SAMPLE_ROWS
from files.lines import MAX_RECORD_CHARS
from files.padding import PaddingBudget
from files.rows import Rejection, RejectionCode, reject
from messages import Message, say
from texts import visible_text

# At most so many rows may be rejected before they are rows of fields.
MAX_REJECTED = 10_000

# A row with its line, or one that was rejected before it had fields.
StreamedRow: TypeAlias = "tuple[int, list[str]] | Rejection"


class HasFields(Protocol):
    """A row of a table, of whatever kind."""

    @property
    def fields(self) -> list[str]: ...


RowT = TypeVar("RowT", bound=HasFields)


class RowWriter:
    """Writes rows into a file of bytes, which stays open."""

    def __init__(self, file: BinaryIO, max_rejected: int = MAX_REJECTED) -> None:
        # Half of a surrogate pair may pass: the rules for rows reject it and name its column.
        self._text = io.TextIOWrapper(file, "utf-8", "surrogatepass", newline="")
        # With this line end both CR and LF are quoted; Python 3.11 quotes only what is in it.
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._padding = PaddingBudget()
        self._max_rejected = max_rejected
        self._rejected = 0
        self._first: Rejection | None = None

    def write(self, line: int, fields: list[str]) -> None:
        """Add a row. Raises FileError (malformed_csv) if too many cells are empty."""
        self._padding.spend(line, fields)
        if sum(map(len, fields)) > MAX_RECORD_CHARS:
            error = say("Line {line}: the row is too long to be taken.", line=line)
            self._write_rejected(reject(line, "field_too_long", error, fields))
        else:
            self._writer.writerow([line, *fields])

    def reject(self, rejection: Rejection) -> None:
        """Add a row that can't be taken. Raises FileError if there are too many."""
        self._first = self._first or rejection
        self._rejected += 1
        if self._rejected > self._max_rejected:
            raise FileError(
                "malformed_csv",
                say(
                    "More than {most} rows can't be read, the first is row {line}: {error}",
                    most=self._max_rejected,
                    line=self._first.line,
                    error=self._first.error,
                ),
                line=self._first.line,
            )
        self._write_rejected(rejection)

    def close(self) -> None:
        """Write what is still held; the file stays open."""
        self._text.detach()

    def _write_rejected(self, row: Rejection) -> None:
        # The fields are cut, because the reader takes none that is longer.
        fields = [field[:MAX_RECORD_CHARS] for field in row.fields]
        self._writer.writerow([-row.line, row.code, json.dumps(row.error.as_json()), *fields])


def read_rows(file: BinaryIO) -> Iterator[StreamedRow]:
    """Yield the rows of a file from where it stands."""
    text = io.TextIOWrapper(file, "utf-8", "surrogatepass", newline="")
    try:
        for number, *fields in csv.reader(text):
            line = int(number)
            if line < 0:
                code = cast(RejectionCode, fields[0])
                error = Message.from_json(json.loads(fields[1]))
                yield Rejection(-line, code, error, fields[2:])
            else:
                yield line, fields
    finally:
        text.detach()


def take_sample(rows: Iterable[RowT]) -> Iterator[RowT]:
    """Yield the rows that are looked at to find a layout. Empty rows are passed over."""
    count = size = 0
    for row in rows:
        if not isinstance(row, Rejection):
            if not any(map(visible_text, row.fields)):
                continue
            size += sum(map(len, row.fields))
        yield row
        count += 1
        if count >= SAMPLE_ROWS or size >= SAMPLE_CHARS:
            return
