"""Holds a sheet of a workbook whose first rows were looked at: its header, its rows, its marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from files.column_names import normalise
from files.columns import Columns
from files.errors import FileError
from files.header import Header, find_header
from files.merges import Marks
from files.options import ReadOptions, read_wanted
from files.row_stream import take_sample
from messages import Message

# A header of merged cells may go over so many rows.
_MOST_HEADER_ROWS = 4


@dataclass(slots=True)
class SheetRow:
    """A row of a sheet: its line counted from 1, and the texts of its cells.

    By column, counted from 0: `missing` says why a cell shows nothing, `links` are the addresses
    that formulas link to, and `bold` are the cells in bold letters.
    """

    line: int
    fields: list[str]
    missing: dict[int, Message]
    links: dict[int, str]
    bold: set[int]


class Sheet(Protocol):
    """A sheet of a workbook of some format."""

    @property
    def name(self) -> str: ...

    @property
    def hidden(self) -> bool: ...

    def read_rows(self) -> Iterator[SheetRow]:
        """Yield the rows that have something in them, from the top."""

    def read_marks(self) -> Marks:
        """Return what lies over the cells."""


class SheetTable:
    """A sheet with its first rows. `names` are those of the header, or none if it has none.

    `header` says where the columns are, if that was found. `ambiguous` says that two columns could
    be meant, which whoever lays out the rows finds again, and explains. `error` says why the sheet
    can't be read.
    """

    def __init__(self, sheet: Sheet, options: ReadOptions) -> None:
        """Look at the first rows. Raises FileError if an option can't be taken."""
        self.sheet = sheet
        self._rest = sheet.read_rows()
        self.sample: list[SheetRow] = []
        self.error: FileError | None = None
        self.header: Header | None = None
        self.ambiguous = False
        self.names: list[str] = []
        self.marks = Marks()
        want = read_wanted(options)
        try:
            self.sample.extend(take_sample(self._rest))
        except FileError as error:
            self.error = error
        if self.sample and self.error is None:
            try:
                self.header = find_header([r.fields for r in self.sample], want, options.header)
            except FileError:
                self.ambiguous = True

    @property
    def columns(self) -> Columns | None:
        """Where a row has its question and its answer, if that is known."""
        return None if self.header is None else self.header.columns

    @property
    def header_row(self) -> SheetRow | None:
        """The row that names the columns, or the first of them; None if the sheet has none."""
        at = None if self.header is None else self.header.row
        return None if at is None else self.sample[at]

    def has_columns_of(self, other: SheetTable) -> bool:
        """Return whether question and answer have the same names as in another sheet."""
        own = self._name_pair()
        return own is not None and own == other._name_pair()

    def read_marks(self) -> None:
        """Read what lies over the cells, and the names from all rows of the header."""
        self.marks = self.sheet.read_marks()
        header = self.header_row
        if header is None or self.columns is None:
            return
        pair = (self.columns.question, self.columns.answer)
        bottom = max(
            (a.bottom for a in self.marks.merges if a.top == header.line and a.left in pair),
            default=header.line,
        )
        self.names = [*header.fields]
        if bottom - header.line >= _MOST_HEADER_ROWS:
            return
        for row in [row for row in self.sample if header.line < row.line <= bottom]:
            self._add_names(row)
            self.sample.remove(row)

    def read_body(self) -> Iterator[SheetRow]:
        """Yield the rows below the header, or all of them if there is none. They come once."""
        at = None if self.header is None else self.header.row
        return chain(self.sample[0 if at is None else at + 1 :], self._rest)

    def _name_pair(self) -> tuple[str, str] | None:
        header, columns = self.header_row, self.columns
        if header is None or columns is None:
            return None
        return normalise(header.fields[columns.question]), normalise(header.fields[columns.answer])

    def _add_names(self, row: SheetRow) -> None:
        """Take the names of a lower row of the header, which are more exact."""
        self.names.extend([""] * (len(row.fields) - len(self.names)))
        for index, text in enumerate(row.fields):
            self.names[index] = text or self.names[index]
