"""Reads the sheets of a workbook, of whatever format, as one table.

| the workbook has | becomes |
|---|---|
| sheets whose columns of questions and answers have the same names | one table; the metadata `sheet` says which one a row is from |
| other sheets, and hidden ones | not read, and named in the answer |
| a sheet that `sheet=` names | the only one that is read |
| a sheet without a question and an answer, before one that has them | not read, and named |
| a merged cell | its text in each of its rows (merges.py) |
| a row that heads the rows below it | their metadata `section` (sections.py) |
| a link behind a text | the metadata `link`, unless the text shows the address |
| an id that an earlier sheet has too | that id with the name of its sheet: 7#Support |
| a column of the file that is named like that | the metadata is `sheet_2` and the like |

It runs in the child process, and the parent reads what it writes by workbook.py.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from files.errors import FileError
from files.options import ReadOptions
from files.row_stream import RowWriter
from files.sheet_rows import SheetWriter
from files.sheet_table import Sheet, SheetTable
from messages import say

# So many sheets are looked at; further ones are not read.
_MOST_SHEETS = 100
_SHOWN_SHEETS = 20


def write_sheets(
    sheets: Sequence[Sheet],
    writer: RowWriter,
    say: Callable[[dict[str, Any]], None],
    options: Mapping[str, Any],
) -> None:
    """Say which sheets are not read, and write the header and the rows of those that are.

    Raises FileError.
    """
    tables, unread = choose_tables(sheets, ReadOptions(**options))
    others = [sheet.name for sheet in sheets if sheet is not tables[0].sheet]
    say({"others": others, "unread": unread})
    for table in tables:
        table.read_marks()
    output = SheetWriter(tables, writer)
    output.write_header()
    for table in tables:
        output.write(table)


def choose_tables(
    sheets: Sequence[Sheet], options: ReadOptions
) -> tuple[list[SheetTable], list[str]]:
    """Return the sheets to read as one table, and the names of those that are not read.

    Raises FileError.
    """
    if not sheets:
        raise FileError("empty_file", say("The workbook has no sheet with cells."))
    visible = [sheet for sheet in sheets if not sheet.hidden] or list(sheets)
    if options.sheet is not None:
        table = SheetTable(_find_sheet(sheets, visible, options.sheet), options)
        if table.error is not None:
            raise table.error
        return [table], []
    tables = [SheetTable(sheet, options) for sheet in visible[:_MOST_SHEETS]]
    if tables[0].error is not None:
        raise tables[0].error
    found = [table for table in tables if table.header or table.ambiguous]
    first = (found or [table for table in tables if table.sample] or tables)[0]
    read = [table for table in tables if table is first or table.has_columns_of(first)]
    empty = [table.sheet for table in tables if not table.sample and table.error is None]
    known = [*empty, *(table.sheet for table in read)]
    return read, [sheet.name for sheet in sheets if sheet not in known]


def _find_sheet(sheets: Sequence[Sheet], visible: Sequence[Sheet], asked: str) -> Sheet:
    """Return a sheet by its name, or by its place among those that can be seen."""
    for sheet in sheets:
        if sheet.name.casefold() == asked.strip().casefold():
            return sheet
    if re.fullmatch(r"[0-9]{1,4}", asked.strip()) and 0 < int(asked) <= len(visible):
        return visible[int(asked) - 1]
    names = ", ".join(repr(sheet.name) for sheet in sheets[:_SHOWN_SHEETS])
    raise FileError(
        "invalid_option",
        say("sheet={asked!r} is not there. The sheets: {names}.", asked=asked[:100], names=names),
    )
