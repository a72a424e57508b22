"""Reads JSON Lines, and JSON documents that hold objects, as a table.

| the file has | what becomes of it |
|---|---|
| a line of JSON Lines that is an object | its rows (json_objects.py) |
| a line of JSON Lines that is not an object | rejected (malformed_json) |
| a document with objects around the pairs (`{"faq": [{…}]}`) | the objects at all places that hold pairs (json_places.py); if no place does, those of the first array of objects |
| an object whose values are mostly objects with a question and an answer | these objects; the names of the values become the metadata `key` |
| an object of texts, in no array, whose names mostly end in a question mark | a row for each text; the name is the question |
| a value beside the objects of such a place | rejected (malformed_json) |
| more than MAX_COLUMNS different keys | FileError malformed_csv |
| a document that is no JSON | FileError malformed_csv |
"""  # noqa: E501

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, Literal, TypeAlias

import ijson

from files.columns import MAX_COLUMNS
from files.encoding import Encoding, detect_encoding, text_chunks
from files.errors import FileError
from files.header import find_header
from files.json_objects import UnfitObject, make_rows
from files.json_places import Utf8, find_places, read_places
from files.layout import SAMPLE_ROWS, lay_out
from files.options import ReadOptions, read_wanted
from files.refusals import explain_missing_columns
from files.row_stream import RowWriter, read_rows
from files.row_table import RowTable
from files.rows import Rejection, reject
from files.sandbox import run_sandboxed

# A line of JSON Lines, in characters.
MAX_LINE_CHARS = 16_000_000
# The line of an error is looked for in a document of at most so many bytes.
_LOOKED_THROUGH = 32_000_000
_SHOWN_CHARS = 10_000

_DOCUMENT = re.compile(r'\s*\[\s*(?:\{\s*["}]|\]|\Z)')
_OBJECT = re.compile(r'\s*\{\s*["}]')
# ijson raises these if a document can't be read. The errors of decimal are ArithmeticErrors.
_UNREADABLE = (ijson.JSONError, ValueError, RecursionError, ArithmeticError)

JsonKind: TypeAlias = Literal["array", "object"]
# An object, or its rejection, with its line or its number in a document, counted from 1.
Found: TypeAlias = tuple[int, "dict[str, Any] | Rejection"]


class _LineTooLong(FileError):
    """A line is longer than one of JSON Lines may be."""


def find_json_kind(start: str) -> JsonKind | None:
    """Return what kind of JSON a text seems to be by its beginning; None for another text."""
    if _DOCUMENT.match(start):
        return "array"
    return "object" if _OBJECT.match(start) else None


@contextmanager
def open_json(file: BinaryIO, kind: JsonKind, options: ReadOptions) -> Iterator[RowTable]:
    """Yield the rows of a file's objects. Raises FileError.

    The columns are known only after the last object, so the rows wait in a file.
    """
    encoding = detect_encoding(file, options.encoding)
    arguments = {"kind": kind, "encoding": encoding.name, "bom": encoding.bom}
    with (
        tempfile.TemporaryFile() as spool,
        run_sandboxed("json", file, arguments, spool) as sandbox,
    ):
        names = sandbox.hear()["names"]
        yield make_table(names, spool, options)


def make_table(names: list[str], spool: BinaryIO, options: ReadOptions) -> RowTable:
    """Return the table of the rows in a spool, whose columns have these names."""
    want = read_wanted(options)
    spool.seek(0)
    streamed = islice(read_rows(spool), SAMPLE_ROWS)
    sample = [row[1] for row in streamed if not isinstance(row, Rejection)]
    header = find_header([names], want, header=True)
    if header is None:
        raise explain_missing_columns([names], 1, want)
    layout = lay_out([names, *sample], want, header)
    spool.seek(0)
    description = layout.describe("json", header_line=1)
    return RowTable(read_rows(spool), layout, options.overflow, description)


def write_json(
    file: BinaryIO,
    writer: RowWriter,
    _say: object = None,
    *,
    kind: JsonKind,
    encoding: str,
    bom: int = 0,
    max_line_chars: int = MAX_LINE_CHARS,
) -> dict[str, list[str]]:
    """Write the rows of a file's objects; return the names of their columns. Raises FileError."""
    positions: dict[str, int] = {}
    for number, value in _find_objects(file, kind, Encoding(encoding, bom), max_line_chars):
        if isinstance(value, Rejection):
            writer.reject(value)
            continue
        try:
            rows = make_rows(value, positions)
        except UnfitObject as error:
            rows = []
            writer.reject(_reject(number, str(error), json.dumps(value, default=float)))
        if len(positions) > MAX_COLUMNS:
            raise FileError(
                "malformed_csv",
                f"The objects have more than {MAX_COLUMNS} different keys up to number {number}; "
                f"at most {MAX_COLUMNS} can be taken.",
                line=number,
            )
        for fields in rows:
            writer.write(number, fields)
    if not positions:
        raise FileError("no_rows", "The JSON holds no objects with a question and an answer.")
    return {"names": list(positions)}


def _find_objects(
    file: BinaryIO, kind: JsonKind, encoding: Encoding, max_chars: int
) -> Iterator[Found]:
    if kind == "object" and _is_json_lines(file, encoding, max_chars):
        return _read_lines(text_chunks(file, encoding), max_chars)
    return _read_document(file, encoding)


def _is_json_lines(file: BinaryIO, encoding: Encoding, max_chars: int) -> bool:
    """Return whether a file's first line is an object, and it is not the whole document."""
    lines = _split_lines(text_chunks(file, encoding), max_chars)
    try:
        first = next((line for line in lines if line.strip()), "")
    except _LineTooLong:
        return False
    if not isinstance(_parse_line(first), dict):
        return False
    if any(line.strip() for line in lines):
        return True
    try:
        return not find_places(_as_utf8(file, encoding))
    except _UNREADABLE:
        # It can be read as a line: a comma may follow, or a number may be too large for a document.
        return True


def _read_lines(chunks: Iterable[str], max_chars: int) -> Iterator[Found]:
    """Yield the object of each line of a text, by the line's number counted from 1."""
    for number, line in enumerate(_split_lines(chunks, max_chars), 1):
        if not line.strip(" \t\r\ufeff"):
            continue
        value = _parse_line(line)
        if isinstance(value, dict):
            yield number, value
        else:
            yield number, _reject(number, "The line is not a JSON object.", line)


def _parse_line(line: str) -> Any:
    """Return a line's value, None if it is not JSON. A comma at its end is left from an array."""
    try:
        line = line.strip(" \t\r\ufeff").removesuffix(",")
        return json.loads(line, parse_float=_Number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


class _Number(float):
    """A number that is written as it was read."""

    def __new__(cls, text: str) -> _Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _split_lines(chunks: Iterable[str], max_chars: int) -> Iterator[str]:
    number, rest = 0, ""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split("\n")
        yield from whole
        number += len(whole)
        if len(rest) > max_chars:
            raise _LineTooLong(
                "malformed_csv",
                f"Line {number + 1} is longer than {max_chars} characters.",
                line=number + 1,
            )
    if rest:
        yield rest


def _as_utf8(file: BinaryIO, encoding: Encoding) -> Utf8:
    """Return a file's text as UTF-8, which is what ijson reads."""
    utf8: Utf8 = ijson.from_iter(chunk.encode() for chunk in text_chunks(file, encoding))
    return utf8


def _read_document(file: BinaryIO, encoding: Encoding) -> Iterator[Found]:
    """Yield the document's objects, counted from 1."""
    number = 0
    try:
        places = find_places(_as_utf8(file, encoding)) or {"": "array"}
        values = read_places(_as_utf8(file, encoding), places)
        for number, (kind, key, value) in enumerate(values, 1):
            if kind == "texts":
                yield number, {"question": key, "answer": value}
            elif isinstance(value, dict):
                yield number, value if kind == "array" else {"key": key} | value
            elif "" not in places or kind != "array":
                text = json.dumps(value, ensure_ascii=False, default=float)
                yield number, _reject(number, "It is not a JSON object.", text)
    except _UNREADABLE as error:
        raise _explain_malformed(file, encoding, number, error) from error


def _explain_malformed(
    file: BinaryIO, encoding: Encoding, objects: int, error: Exception
) -> FileError:
    """Return the error of a document that is not JSON, with the line if it can be found."""
    what = f"The JSON is malformed after {objects} objects"
    if isinstance(error, ArithmeticError):
        what = "A number of the JSON is too large or too small to be read"
    elif file.seek(0, 2) <= _LOOKED_THROUGH:
        try:
            json.loads("".join(text_chunks(file, encoding)))
        except json.JSONDecodeError as found:
            what = f"The JSON is malformed in line {found.lineno}, column {found.colno}"
            return FileError("malformed_csv", f"{what}: {found.msg}.", line=found.lineno)
        except ValueError as found:
            what = f"A number of the JSON can't be read: {found}"
    return FileError("malformed_csv", f"{what}.", line=objects + 1)


def _reject(number: int, error: str, text: str) -> Rejection:
    return reject(number, "malformed_json", error, [text[:_SHOWN_CHARS]])
