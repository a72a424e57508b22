"""Rows on their way through a temporary file, where a table's columns are known only at its end.

They take constant memory; what is rejected before it is a row is kept, up to MAX_REJECTED.
"""

from __future__ import annotations

import csv
import heapq
import io
import tempfile
from collections.abc import Iterable, Iterator

from files.errors import FileError
from files.lines import MAX_RECORD_CHARS
from files.rows import Rejection, Row, reject

# So many rows that were rejected before they could be written are kept.
MAX_REJECTED = 10_000
# So many cells are written. A row that lacks most columns is written with empty ones.
MAX_CELLS = 300_000_000


class RowSpool:
    """A temporary file of rows, each with the number that it has in its own file."""

    def __init__(self, *, max_rejected: int = MAX_REJECTED, max_cells: int = MAX_CELLS) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by __exit__
        self._text = io.TextIOWrapper(self._file, "utf-8", newline="")
        # With this line end both CR and LF are quoted; Python 3.11 quotes only what is in it.
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._max_rejected = max_rejected
        self._max_cells = max_cells
        self._cells = 0
        self._rejected: list[Rejection] = []

    def __enter__(self) -> RowSpool:
        return self

    def __exit__(self, *error: object) -> None:
        self._text.close()

    def write(self, line: int, fields: list[str]) -> None:
        """Add a row. Raises FileError (malformed_csv) where the cells are too many.

        A row that no format could hold is rejected here: one that is longer than a record of a
        CSV may be, or that UTF-8 can't write.
        """
        self._cells += len(fields)
        if self._cells > self._max_cells:
            raise FileError(
                "malformed_csv",
                f"The table has more than {self._max_cells} cells, with those that are empty.",
                line=line,
            )
        if sum(map(len, fields)) > MAX_RECORD_CHARS:
            self.reject(
                reject(
                    line, "field_too_long", f"Line {line}: the row is too long to be taken.", fields
                )
            )
            return
        try:
            self._writer.writerow([line, *fields])
        except UnicodeEncodeError:
            self.reject(
                reject(
                    line,
                    "invalid_character",
                    "The row holds half of a surrogate pair, which can't be stored.",
                    fields,
                )
            )

    def reject(self, rejection: Rejection) -> None:
        """Add a row that can't be taken. Raises FileError where they are too many."""
        if len(self._rejected) >= self._max_rejected:
            first = self._rejected[0]
            raise FileError(
                "malformed_csv",
                f"More than {self._max_rejected} rows can't be read, the first is row "
                f"{first.line}: {first.error}",
                line=first.line,
            )
        self._rejected.append(rejection)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that were written."""
        self._text.seek(0)
        for line, *fields in csv.reader(self._text):
            yield int(line), fields

    def merge_rejected(self, rows: Iterable[Row | Rejection]) -> Iterator[Row | Rejection]:
        """Yield what became of the rows, and the rejected ones in their places."""
        return heapq.merge(rows, self._rejected, key=lambda row: row.line)
