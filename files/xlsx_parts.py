"""Reads the parts of an .xlsx workbook that its sheets need: strings, styles, merged cells, links.

openpyxl makes an object of each piece of these parts, which takes four times as long and twice the
memory, or leaves merged cells and links out when it reads a sheet row by row.
"""

from __future__ import annotations

import datetime
import re
import xml.parsers.expat
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, TypeAlias
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser
from zipfile import ZipFile

from openpyxl.packaging.relationship import get_rels_path
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils import range_boundaries
from openpyxl.utils.escape import unescape
from openpyxl.xml.functions import iterparse

from files.merges import Area, Marks
from files.number_formats import NumberWriter, make_writer

_PIECE = 1 << 16
# A tag of the element that holds the rows. Around its name there may be a prefix and a space.
_ROWS = b"sheetData"
_ROWS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>|<(?:[\w.-]+:)?sheetData\s*/>")
_AROUND = 64
# A link over a whole column is kept for its first rows.
_MOST_LINKED_ROWS = 1_000

# In openpyxl's list the semicolons of this format are missing.
_ACCOUNTING = r'_("$"* #,##0.00_);_("$"* \(#,##0.00\);_("$"* "-"??_);_(@_)'
# Formats of East Asian versions of Excel, which have no code in the file: dates and times.
_EAST_ASIAN = dict.fromkeys([*range(27, 32), 36, *range(50, 59)], "yyyy-mm-dd") | dict.fromkeys(
    range(32, 36), "hh:mm:ss"
)
_FORMATS = BUILTIN_FORMATS | {44: _ACCOUNTING} | _EAST_ASIAN

Styles: TypeAlias = "tuple[dict[str, NumberWriter], frozenset[str]]"


class _LocalNames(dict[str, str]):
    """The names of tags without their namespaces."""

    def __missing__(self, tag: str) -> str:
        name = self[tag] = tag.rpartition("}")[2]
        return name


LOCAL_NAMES = _LocalNames()


def read_children(file: IO[bytes], name: str) -> Iterator[Element]:
    """Yield the children of the first element with a name as soon as each is complete.

    Those that were yielded are forgotten. Events for each element, as of iterparse, take twice as
    long.
    """
    builder = TreeBuilder()
    around = builder.start("around", {})
    # The child process bounds what entities may cost, and expat by how much they may grow.
    parser = XMLParser(target=builder)  # noqa: S314  # nosec B314
    parent: Element | None = None
    found: Element | None = None
    while piece := file.read(_PIECE):
        parser.feed(piece)
        if found is None or parent is None:
            parent, found = _find_child(around, name)
            continue
        ended = len(parent) > 0 and parent[-1] is not found
        complete = found[: None if ended else -1]
        yield from complete
        del found[: len(complete)]
        if ended:
            # What follows is nothing to us.
            del parent[:-1]
    parser.close()
    if found is None:
        _, found = _find_child(around, name)
    yield from found if found is not None else ()


def _find_child(around: Element, name: str) -> tuple[Element | None, Element | None]:
    """Return the parent and the first element with a name, which is not deep in the document."""
    for parent in (around, *around):
        for child in parent:
            if LOCAL_NAMES[child.tag] == name:
                return parent, child
    return None, None


def read_strings(file: IO[bytes]) -> list[str]:
    """Return the table of strings that the cells point to."""
    return [read_text(child) for child in read_children(file, "sst")]


def read_text(element: Element) -> str:
    """Return the text of a string, without the reading aids that stand beside it."""
    text = ""
    for child in element:
        name = LOCAL_NAMES[child.tag]
        if name == "t":
            text += child.text or ""
        elif name == "r":
            text += "".join(run.text or "" for run in child if LOCAL_NAMES[run.tag] == "t")
    return restore_text(text)


def restore_text(text: str) -> str:
    """Return a text as it was typed; Excel writes a carriage return as _x000D_."""
    return unescape(text) if "_x" in text else text


def read_styles(file: IO[bytes], epoch: datetime.datetime) -> Styles:
    """Return what writes the numbers of each style, and which styles are bold."""
    codes: dict[int, str] = {}
    bold_fonts: list[bool] = []
    styles: list[tuple[int, int]] = []
    cells = False
    for event, element in iterparse(file, ("start", "end")):
        name = LOCAL_NAMES[element.tag]
        if name == "cellXfs":
            cells = event == "start"
        if event == "start":
            continue
        if name == "numFmt":
            codes.setdefault(int(element.get("numFmtId", 0)), element.get("formatCode", ""))
        elif name == "font":
            bold_fonts.append(_is_bold(element))
        elif name == "xf" and cells:
            styles.append((int(element.get("numFmtId", 0)), int(element.get("fontId", 0))))
        if name in ("font", "fill", "border", "xf", "cellXfs", "cellStyleXfs", "dxf"):
            element.clear()
    known = _FORMATS | codes
    makers = {code: make_writer(code, epoch) for code in {known.get(n, "") for n, _ in styles}}
    writers = {str(n): makers[known.get(number, "")] for n, (number, _) in enumerate(styles)}
    bold = frozenset(
        str(n) for n, (_, font) in enumerate(styles) if bold_fonts[font : font + 1] == [True]
    )
    return writers, bold


def _is_bold(font: Element) -> bool:
    return any(
        LOCAL_NAMES[child.tag] == "b" and child.get("val", "1") not in ("0", "false")
        for child in font
    )


def read_marks(archive: ZipFile, part: str) -> Marks:
    """Return the merged cells and the links of a sheet, which stand behind its rows."""
    merges: list[Area] = []
    links: list[tuple[Area, str, str]] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name not in ("mergeCell", "hyperlink"):
            return
        area = _read_area(attributes.get("ref", ""))
        if area is not None and name == "mergeCell":
            merges.append(area)
        elif area is not None:
            target = next((v for key, v in attributes.items() if key.endswith(":id")), "")
            links.append((area, target, attributes.get("location", "")))

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = begin
    # What follows the rows ends with the end of an element that began before them.
    with archive.open(part) as file, suppress(xml.parsers.expat.ExpatError):
        parser.Parse(b"<behind>", False)
        for piece in _read_behind_rows(file):
            parser.Parse(piece, False)
    targets = _read_targets(archive, part) if links else {}
    return Marks(merges, _spread_links(links, targets))


def _read_behind_rows(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a sheet's XML that follow its rows."""
    rest = b""
    while piece := file.read(_PIECE):
        data = rest + piece
        at = data.find(_ROWS)
        while at >= 0:
            found = _ROWS_END.search(data, max(0, at - _AROUND), at + _AROUND)
            if found:
                yield data[found.end() :]
                yield from iter(lambda: file.read(_PIECE), b"")
                return
            at = data.find(_ROWS, at + 1)
        rest = data[-_AROUND:]


def _read_area(reference: str) -> Area | None:
    try:
        left, top, right, bottom = range_boundaries(reference)
    except (ValueError, TypeError):
        return None
    if None in (left, top, right, bottom):
        return None
    return Area(top, bottom, left - 1, right - 1)


def _read_targets(archive: ZipFile, part: str) -> dict[str, str]:
    """Return the addresses outside of the workbook that a sheet names, by their ids."""
    path = get_rels_path(part)
    if path not in archive.namelist():
        return {}
    targets = {}
    with archive.open(path) as file:
        for _, element in iterparse(file):
            if element.get("TargetMode") == "External":
                targets[element.get("Id", "")] = element.get("Target", "")
            element.clear()
    return targets


def _spread_links(
    links: list[tuple[Area, str, str]], targets: dict[str, str]
) -> dict[int, list[tuple[int, str]]]:
    """Return the column and the address of each link, by the rows."""
    spread: dict[int, list[tuple[int, str]]] = {}
    for area, target, location in links:
        address = targets.get(target, "")
        if not address or address.startswith("#"):
            # It leads to another place of the workbook.
            continue
        if location and "#" not in address:
            address += f"#{location}"
        for row in range(area.top, min(area.bottom, area.top + _MOST_LINKED_ROWS) + 1):
            spread.setdefault(row, []).append((area.left, address))
    return spread
