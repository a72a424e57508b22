"""A table whose rows come as lists of fields, from a format that is no text of fields itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from files.description import FileDescription
from files.errors import explain_no_rows
from files.layout import Layout
from files.rows import Rejection, Row, RowRules


class RowTable:
    """Rows of (line, fields) under the rules of rows.py; they can be read once."""

    def __init__(
        self,
        rows: Iterable[tuple[int, list[str]]],
        layout: Layout,
        overflow: Literal["reject", "join"],
        description: FileDescription,
        merge: Callable[[Iterator[Row | Rejection]], Iterator[Row | Rejection]] = iter,
    ) -> None:
        """`merge` puts in what was rejected before it was a row."""
        self._rows = rows
        self._rules = RowRules(layout, overflow)
        self._merge = merge
        self.description = description

    def __iter__(self) -> Iterator[Row | Rejection]:
        """Yield the rows in their order. Raises FileError (no_rows) where there is none."""
        return self._merge(self._take())

    def _take(self) -> Iterator[Row | Rejection]:
        found = False
        for line, fields in self._rows:
            row = self._rules.take(line, fields)
            if row is not None:
                found = True
                yield row
        if not found:
            raise explain_no_rows()
