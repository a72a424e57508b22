"""Holds a table whose rows come as lists of fields, from a format other than text of fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from files.description import FileDescription
from files.errors import explain_all_rejected, explain_no_rows
from files.layout import Layout
from files.row_stream import StreamedRow
from files.rows import Rejection, Row, RowRules


class RowTable:
    """Rows of fields under the rules of rows.py. They can be read once."""

    def __init__(
        self,
        rows: Iterable[StreamedRow],
        layout: Layout,
        overflow: Literal["reject", "join"],
        description: FileDescription,
    ) -> None:
        self._rows = rows
        self._rules = RowRules(layout, overflow)
        self.description = description

    def __iter__(self) -> Iterator[Row | Rejection]:
        """Yield the rows in their order. Raises FileError (no_rows) if no row has fields."""
        yield from self._rules.merge(self._take_rows())

    def _take_rows(self) -> Iterator[Row | Rejection]:
        found = False
        first: Rejection | None = None
        for streamed in self._rows:
            if isinstance(streamed, Rejection):
                first = first or streamed
                yield streamed
                continue
            row = self._rules.take(*streamed)
            if row is not None:
                found = True
                yield row
        if not found and first is not None:
            raise explain_all_rejected(first.line, first.error)
        if not found:
            raise explain_no_rows()
