"""Reads from an OpenDocument spreadsheet what calamine leaves out: merged cells, links, formats.

The file has the text of each cell as it is shown, so a number is what a person reads: 15%. Dates
stay in ISO 8601, as calamine gives them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from files.cell_marks import CellMarks
from files.merges import Area

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_ROW = f"{_TABLE}table-row"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_PARAGRAPH = f"{_TEXT}p"
_ROWS_REPEATED = f"{_TABLE}number-rows-repeated"
_COLUMNS_REPEATED = f"{_TABLE}number-columns-repeated"
_SPANNED = (f"{_TABLE}number-rows-spanned", f"{_TABLE}number-columns-spanned")
_KIND, _VALUE = f"{_OFFICE}value-type", f"{_OFFICE}value"
_ERROR_KIND = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_PIECE = 1 << 16
_SHOWN_KINDS = ("float", "percentage", "currency", "time", "boolean")
# A row or a cell that is written once for many counts for so many of them.
_MOST_REPEATED = 1_000


def read_ods_marks(file: BinaryIO) -> dict[str, CellMarks]:
    """Return what is known of the sheets of a file, by their names."""
    found: dict[str, CellMarks] = {}
    line = 1
    with zipfile.ZipFile(file) as archive, archive.open("content.xml") as content:
        for name, row in _read_rows(content):
            if name not in found:
                found[name], line = CellMarks(), 1
            repeated = _read_count(row, _ROWS_REPEATED)
            _read_row(row, range(line, line + min(repeated, _MOST_REPEATED)), found[name])
            line += repeated
    file.seek(0)
    return found


def _read_rows(content: IO[bytes]) -> Iterator[tuple[str, Element]]:
    """Yield the rows of all sheets with their sheet's name; those that were yielded are forgotten.

    Events for each element, as of iterparse, take three times as long.
    """
    builder = TreeBuilder()
    around = builder.start("around", {})
    # The child process bounds what entities may cost, and expat by how much they may grow.
    parser = XMLParser(target=builder)  # noqa: S314  # nosec B314
    more = True
    while more:
        piece = content.read(_PIECE)
        more = len(piece) > 0
        if more:
            parser.feed(piece)
        else:
            parser.close()
        sheets = around.find(f"*/{_OFFICE}body/{_OFFICE}spreadsheet")
        for sheet in () if sheets is None else [*sheets]:
            last = more and sheets is not None and sheet is sheets[-1]
            name = sheet.get(f"{_TABLE}name", "")
            complete = sheet[: -1 if last else None]
            for part in complete:
                # Rows may be grouped.
                yield from ((name, row) for row in part.iter(_ROW))
            del sheet[: len(complete)]
            if not last and sheets is not None:
                sheets.remove(sheet)


def _read_row(row: Element, lines: range, sheet: CellMarks) -> None:
    """Note what the cells of a row have, in each of the lines that it stands for."""
    column = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        repeated = _read_count(cell, _COLUMNS_REPEATED)
        if len(cell) and _says_more(cell):
            for line in lines:
                for at in range(column, column + min(repeated, _MOST_REPEATED)):
                    _read_cell(cell, line, at, sheet)
        column += repeated


def _says_more(cell: Element) -> bool:
    """Return whether a cell has more than a text, or a number that is shown as it is."""
    if len(cell) > 1 or len(cell[0]) > 0 or cell.get(_SPANNED[0]) or cell.get(_SPANNED[1]):
        return True
    value = cell.get(_VALUE)
    if value is not None:
        return cell[0].text != value
    return cell.get(_KIND) != "string" or cell.get(_ERROR_KIND) is not None


def _read_cell(cell: Element, line: int, column: int, sheet: CellMarks) -> None:
    bottom = line + _read_count(cell, _SPANNED[0]) - 1
    right = column + _read_count(cell, _SPANNED[1]) - 1
    if (bottom, right) != (line, column):
        sheet.marks.merges.append(Area(line, bottom, column, right))
    for link in cell.iter(f"{_TEXT}a"):
        address = link.get(_LINK, "")
        if address and not address.startswith("#"):
            sheet.marks.links.setdefault(line, []).append((column, address))
    text = "\n".join(_read_paragraphs(cell))
    if cell.get(_ERROR_KIND) == "error":
        sheet.errors.setdefault(line, {})[column] = text
    elif text and cell.get(_KIND) in _SHOWN_KINDS:
        sheet.shown.setdefault(line, {})[column] = text


def _read_paragraphs(cell: Element) -> Iterator[str]:
    return ("".join(child.itertext()) for child in cell if child.tag == _PARAGRAPH)


def _read_count(element: Element, name: str) -> int:
    count = element.get(name)
    return 1 if count is None else max(1, int(count))
