"""Writes a table as a CSV in the form that its reader wants: RFC 4180, in UTF-8."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from files.description import FileDescription
from files.formulas import neutralise

BOM = "\ufeff"
# Rows in a piece of the answer.
_PIECE_ROWS = 500


@dataclass(frozen=True)
class CsvForm:
    """How a CSV is written. By a BOM, Excel knows UTF-8.

    `spreadsheet_safe` puts an apostrophe before what a spreadsheet would take for a formula.
    """

    delimiter: str = ","
    bom: bool = False
    spreadsheet_safe: bool = False


def choose_form(
    file: FileDescription | None,
    *,
    delimiter: str | None = None,
    bom: bool | None = None,
    spreadsheet_safe: bool = False,
) -> CsvForm:
    """Return the form that was asked for; None means as the file had it.

    A file without a delimiter, such as a workbook, gives a comma. What is made for a spreadsheet
    has a BOM.
    """
    own = "," if file is None or file.delimiter is None else file.delimiter
    has_bom = spreadsheet_safe or (file is not None and file.bom)
    return CsvForm(delimiter or own, has_bom if bom is None else bom, spreadsheet_safe)


def write_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], form: CsvForm
) -> Iterator[bytes]:
    """Yield the CSV in pieces; the first of them has the header."""
    text = io.StringIO(newline="")
    # With this line end both CR and LF are quoted; Python 3.11 quotes only what is in it.
    writer = csv.writer(text, delimiter=form.delimiter, lineterminator="\r\n")
    if form.bom:
        text.write(BOM)
    safe = neutralise if form.spreadsheet_safe else str
    writer.writerow(map(safe, header))
    for number, row in enumerate(rows, 1):
        writer.writerow(map(safe, row))
        if number % _PIECE_ROWS == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
