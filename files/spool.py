"""A table of another format, written as a CSV of ours so that it goes through the same rows.

In files, so in constant memory but for sixteen bytes a row.
"""

from __future__ import annotations

import csv
import heapq
import io
import shutil
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO, BinaryIO, cast

from files.csv_file import CsvFile, open_csv
from files.errors import FileError
from files.lines import split_lines
from files.rows import ReadOptions, Rejection, Row

# So many rows that were rejected before they could be written are kept.
MAX_REJECTED = 10_000
# So many cells are written: an empty one takes three bytes here, and none where it is left out.
MAX_CELLS = 300_000_000


class SpooledCsv:
    """Rows on their way into a CSV file; each knows its place in the table that it is from."""

    def __init__(self, file: IO[bytes]) -> None:
        """Write to an empty file, which must stay open until `open` has read it."""
        self._file = file
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        self._header = ""
        self._line = self._cells = 0
        self._lines = array("L")
        self._sources = array("L")
        self._rejected: list[Rejection] = []

    def set_header(self, names: Sequence[str]) -> None:
        """Name the columns; where nothing does, the first row may."""
        self._header = self._record(names).encode("utf-8", "replace").decode()

    def write(self, fields: Sequence[str], source: int) -> None:
        """Add a row that is number `source` of its table.

        Raises FileError (malformed_csv) when the cells are too many.
        """
        self._cells += len(fields)
        if self._cells > MAX_CELLS:
            raise FileError(
                "malformed_csv",
                f"The table has more than {MAX_CELLS} cells, with those that are empty.",
                line=source,
            )
        record = self._record(fields) if fields else "\n"
        try:
            self._file.write(record.encode())
        except UnicodeEncodeError:
            shown = [field.encode("utf-8", "replace").decode() for field in fields]
            self.reject(
                Rejection(
                    source,
                    "invalid_character",
                    "The row holds half of a surrogate pair, which can't be stored.",
                    shown,
                )
            )
            return
        self._lines.append(self._line)
        self._sources.append(source)
        self._line += len(split_lines(record)) if "\r" in record else record.count("\n")

    def reject(self, rejection: Rejection) -> None:
        """Add a row that can't be taken. Raises FileError when they are too many."""
        if len(self._rejected) >= MAX_REJECTED:
            raise FileError(
                "malformed_csv",
                f"More than {MAX_REJECTED} rows can't be read, the first is row "
                f"{self._rejected[0].line}: {self._rejected[0].error}",
                line=self._rejected[0].line,
            )
        self._rejected.append(rejection)

    def open(self, file: IO[bytes], options: ReadOptions, kind: str) -> SpooledTable:
        """Return the rows of what was written, which now is in another file. Raises FileError."""
        file.write(self._header.encode())
        self._file.seek(0)
        shutil.copyfileobj(self._file, file)
        header = True if self._header else options.header
        own = replace(options, delimiter=",", encoding="utf-8", header=header)
        return SpooledTable(
            open_csv(cast(BinaryIO, file), own),
            kind,
            len(split_lines(self._header)),
            self._lines,
            self._sources,
            self._rejected,
        )

    def _record(self, fields: Sequence[str]) -> str:
        self._text.seek(0)
        self._text.truncate()
        self._writer.writerow(fields)
        return self._text.getvalue()


class SpooledTable:
    """A table of another format as files.csv_file.CsvFile reads it, with its own places of rows."""

    def __init__(
        self,
        csv: CsvFile,
        kind: str,
        header_lines: int,
        lines: array[int],
        sources: array[int],
        rejected: list[Rejection],
    ) -> None:
        self._csv = csv
        self._header_lines = header_lines
        self._lines = lines
        self._sources = sources
        self._rejected = rejected
        self.format = kind
        self.encoding = None
        self.delimiter = None
        self.columns = csv.columns
        self.question_column = csv.question_column
        self.answer_column = csv.answer_column
        self.id_column = csv.id_column
        self.header_line = csv.header_line
        if csv.header_line is not None and not header_lines:
            self.header_line = self._source(csv.header_line)

    def __iter__(self) -> Iterator[Row | Rejection]:
        rows = (replace(row, line=self._source(row.line)) for row in self._csv)
        return heapq.merge(rows, self._rejected, key=lambda row: row.line)

    def _source(self, line: int) -> int:
        """Return the number of the row that begins in a line of the CSV."""
        return self._sources[bisect_right(self._lines, line - 1 - self._header_lines) - 1]
