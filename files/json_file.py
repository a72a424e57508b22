"""Reads JSON Lines, and JSON documents that hold objects, as a table.

| the file has | what becomes of it |
|---|---|
| a line of JSON Lines that is an object | its rows (json_objects.py); if it is no pair, those of the pairs inside it |
| a line of JSON Lines that is not an object | rejected (malformed_json) |
| a document with objects around the pairs (`{"faq": [{…}]}`) | the objects at all places that hold pairs (json_walk.py), with the names and texts around them as metadata; if no place does, those of the first array of objects |
| an object whose values are mostly objects with a question and an answer | these objects; the names of the values become the metadata `key` |
| an object of texts, in no array, whose names mostly end in a question mark | a row for each text; the name is the question |
| a value beside the objects of such a place | rejected (malformed_json), unless it is a short text that becomes metadata |
| only objects that give no row | FileError no_rows, with the reason of the first |
| more than MAX_COLUMNS different keys | FileError malformed_csv |
| a document that is no JSON | FileError malformed_csv |
"""  # noqa: E501

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO, Literal, TypeAlias

import ijson

from files.columns import MAX_COLUMNS, Columns, find_given, find_id, showing_rows
from files.encoding import Encoding, detect_encoding, text_chunks
from files.errors import FileError, explain_all_rejected
from files.header import Header, name_columns
from files.json_chats import is_chat, is_turn, list_conversations
from files.json_halves import mark_halves
from files.json_lines import MAX_LINE_CHARS, LineTooLong, parse_line, split_lines
from files.json_malformed import explain_malformed
from files.json_objects import ObjectRows, UnfitObject
from files.json_places import Place, Places, Utf8, read_places, split_object
from files.json_shapes import Shapes
from files.json_text import read_text, read_texts
from files.json_walk import find_places
from files.layout import SAMPLE_ROWS, lay_out
from files.options import Column, ReadOptions, Wanted, read_wanted
from files.refusals import explain_missing_columns
from files.row_stream import RowWriter, StreamedRow, read_rows
from files.row_table import RowTable
from files.rows import Rejection, reject
from files.sandbox import run_sandboxed
from messages import Message, join, say

_SHOWN_CHARS = 10_000
# A name that the caller gave is compared up to here.
_COLUMN_CHARS = 200

_DOCUMENT = re.compile(r'\s*(?:\[\s*)+(?:\{\s*["}]|\]|\Z)')
_OBJECT = re.compile(r'\s*\{\s*["}]')
_FORM = say('Each item needs the names of its parts, as in [{{"question": "…", "answer": "…"}}].')
# ijson raises these if a document can't be read. The errors of decimal are ArithmeticErrors.
_UNREADABLE = (ijson.JSONError, ValueError, RecursionError, ArithmeticError)

JsonKind: TypeAlias = Literal["array", "object"]
# An object, or its rejection, with its line or its number in a document, counted from 1, and with
# what the document says around it.
Found: TypeAlias = tuple[int, "dict[str, Any] | Rejection", dict[str, str]]


@dataclass(frozen=True)
class Objects:
    """What was found in the objects of a file, whose rows are in a spool.

    The `names` of the columns; which of them hold `nested` values, as JSON, in some rows; which of
    them have the further phrasings of questions that were lists (`phrased`); and the question and
    the answer of most objects, if that is sure. `end` says that all were read.
    """

    names: list[str]
    nested: list[int] = field(default_factory=list)
    phrased: list[int] = field(default_factory=list)
    pair: list[str] | None = None
    end: bool = True


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
    arguments |= name_columns_wanted(options)
    with (
        tempfile.TemporaryFile() as spool,
        run_sandboxed("json", file, arguments, spool) as sandbox,
    ):
        yield make_table(Objects(**sandbox.hear()), spool, options)


def name_columns_wanted(options: ReadOptions) -> dict[str, Any]:
    """Return the columns that the caller asked for as arguments of the child, which are short."""
    want = read_wanted(options)
    given = {"question": want.question, "answer": want.answer}
    return {name: _shorten(column) for name, column in given.items()} | {
        "alternatives": [_shorten(column) for column in want.alternatives]
    }


def _shorten(column: Column | None) -> Column | None:
    return column[:_COLUMN_CHARS] if isinstance(column, str) else column


def make_table(objects: Objects, spool: BinaryIO, options: ReadOptions) -> RowTable:
    """Return the table of the rows in a spool, which were made of these objects."""
    want = read_wanted(options)
    names = objects.names
    spool.seek(0)
    streamed = islice(read_rows(spool), SAMPLE_ROWS)
    sample = [row[1] for row in streamed if not isinstance(row, Rejection)]
    with showing_rows([names, *sample]):
        columns = _find_columns(objects, sample, want)
    if columns is None:
        spool.seek(0)
        shown = [_show_texts(row, objects.nested) for row in sample]
        raise _explain_rejected(spool) or explain_missing_columns(
            [names, *shown], 1, want, keys=True, advice=_advise(objects)
        )
    # Objects have no header that one of them could repeat or explain.
    layout = lay_out([names, *sample], want, Header(0, columns), None)
    # What the reader made of phrasings can't be the choices of a quiz.
    others = dict.fromkeys((*layout.columns.alternatives, *objects.phrased))
    columns = replace(layout.columns, alternatives=tuple(others))
    layout = replace(layout, columns=columns, no_items=[], keyed=True)
    spool.seek(0)
    description = layout.describe("json", header_line=1)
    pair = (layout.columns.question, layout.columns.answer)
    rows = _complete_rows(read_rows(spool), max(*pair, layout.columns.instead or 0) + 1)
    nested = {*objects.nested, *objects.phrased}
    own = [at for at in (*pair, layout.columns.instead) if at is not None and at in nested]
    if own:
        rows = _reject_json(rows, own)
    return RowTable(rows, layout, options.overflow, description)


def _find_columns(
    objects: Objects, sample: Sequence[Sequence[str]], want: Wanted
) -> Columns | None:
    """Return the columns: those of most objects, or else by all names together and the rows."""
    if objects.pair is None:
        return _name_columns(objects, sample, want)
    question, answer = map(objects.names.index, objects.pair)
    id_index = find_given(objects.names, want.id, "id_column")
    if id_index == -1:
        return None
    if want.id is None:
        id_index = find_id(objects.names, (question, answer))
    return Columns(question, answer, id_index)


def _name_columns(
    objects: Objects, sample: Sequence[Sequence[str]], want: Wanted
) -> Columns | None:
    """Return the columns by all names and the rows, but for what was made of phrasings."""
    made = () if want.positions else objects.phrased
    kept = [at for at in range(len(objects.names)) if at not in made]
    rows = [[row[at] for at in kept if at < len(row)] for row in sample]
    found = name_columns([objects.names[at] for at in kept], rows, want)
    if found is None:
        return None
    question, answer, id_index, instead = (
        None if at is None else kept[at]
        for at in (found.question, found.answer, found.id, found.instead)
    )
    return Columns(question or 0, answer or 0, id_index, instead)


def _advise(objects: Objects) -> Message | None:
    """Return what to do with objects that have a question and an answer under no names."""
    if is_turn(objects.names):
        chat = say("Each object is one turn of a chat: put the turns of each chat together.")
        return join(chat, _FORM)
    if len(objects.nested) == len(objects.names):
        return join(say("They hold lists and objects, but no question beside its answer."), _FORM)
    return None


def _show_texts(row: list[str], nested: Sequence[int]) -> list[str]:
    """Return a row with what its lists and objects would be as a question or an answer."""
    shown = [*row]
    for at in nested:
        if at < len(row) and _is_nested(row[at]):
            value = json.loads(row[at])
            texts = read_texts(value) or [read_text(value) or ""]
            shown[at] = texts[0]
    return shown


def _explain_rejected(spool: BinaryIO) -> FileError | None:
    """Return the error of objects that were all rejected; None if one was taken."""
    first = None
    for row in read_rows(spool):
        if not isinstance(row, Rejection):
            return None
        first = first or row
    return None if first is None else explain_all_rejected(first.line, first.error)


def _complete_rows(rows: Iterable[StreamedRow], width: int) -> Iterator[StreamedRow]:
    """Yield rows with fields for the question and the answer: of an object, none is left out."""
    for row in rows:
        if not isinstance(row, Rejection) and len(row[1]) < width:
            row[1].extend([""] * (width - len(row[1])))
        yield row


def _reject_json(rows: Iterable[StreamedRow], own: Sequence[int]) -> Iterator[StreamedRow]:
    """Yield rows, and reject those that have JSON of a list or an object as question or answer."""
    for row in rows:
        if not isinstance(row, Rejection) and any(_is_nested(row[1][at]) for at in own):
            error = say("Its question or its answer is a list or an object, not a text.")
            yield reject(row[0], "malformed_json", error, row[1])
        else:
            yield row


def _is_nested(field: str) -> bool:
    if not field.startswith(("[", "{")):
        return False
    try:
        return isinstance(json.loads(field), list | dict)
    except (ValueError, RecursionError):
        return False


def write_json(
    file: BinaryIO,
    writer: RowWriter,
    _say: object = None,
    *,
    kind: JsonKind,
    encoding: str,
    bom: int = 0,
    question: Column | None = None,
    answer: Column | None = None,
    alternatives: Sequence[Column] = (),
    max_line_chars: int = MAX_LINE_CHARS,
) -> dict[str, Any]:
    """Write the rows of a file's objects, whose members are `question` and so on if they are given.

    Return what Objects holds. Raises FileError.
    """
    want = Wanted(question, answer, alternatives=tuple(alternatives))
    objects = ObjectRows(want)
    positions = objects.positions
    first: Rejection | None = None
    found = _find_objects(file, kind, Encoding(encoding, bom), max_line_chars, want)
    for number, value, around in found:
        rows, rejection = _make_rows(objects, number, value, around)
        if rejection is not None:
            first = first or rejection
            writer.reject(rejection)
        if len(positions) > MAX_COLUMNS:
            raise _refuse_keys(number)
        for fields in rows:
            writer.write(number, fields)
    if not positions and first is not None:
        raise explain_all_rejected(first.line, first.error)
    if not positions:
        raise FileError(
            "no_rows",
            say("The {format} holds no objects with a question and an answer.", format="JSON"),
        )
    return {
        "names": list(positions),
        "nested": sorted(objects.nested),
        "phrased": sorted(objects.phrased),
        "pair": objects.pair and list(objects.pair),
    }


def _refuse_keys(number: int) -> FileError:
    error = say(
        "The objects have more than {most} different keys up to number {number}; at most {most} "
        "can be taken.",
        most=MAX_COLUMNS,
        number=number,
    )
    return FileError("malformed_csv", error, line=number)


def _make_rows(
    objects: ObjectRows, number: int, value: dict[str, Any] | Rejection, around: dict[str, str]
) -> tuple[list[list[str]], Rejection | None]:
    """Return the rows of an object, or its rejection."""
    if isinstance(value, Rejection):
        return [], value
    try:
        return objects.make_rows(value, around), None
    except UnfitObject as error:
        return [], _reject(number, error.message, json.dumps(value, default=float))


def _find_objects(
    file: BinaryIO, kind: JsonKind, encoding: Encoding, max_chars: int, want: Wanted
) -> Iterator[Found]:
    if kind == "object" and _is_json_lines(file, encoding, max_chars, want):
        return _read_lines(text_chunks(file, encoding), max_chars, Shapes(want))
    return _read_document(file, encoding, want)


def _is_json_lines(file: BinaryIO, encoding: Encoding, max_chars: int, want: Wanted) -> bool:
    """Return whether a file's first line is an object, and it is not the whole document."""
    lines = split_lines(text_chunks(file, encoding), max_chars)
    try:
        first = next((line for line in lines if line.strip()), "")
    except LineTooLong:
        return False
    if not isinstance(parse_line(first), dict):
        return False
    if any(line.strip() for line in lines):
        return True
    try:
        return not find_places(_as_utf8(file, encoding), want).places
    except _UNREADABLE:
        # It can be read as a line: a comma may follow, or a number may be too large for a document.
        return True


def _read_lines(chunks: Iterable[str], max_chars: int, shapes: Shapes) -> Iterator[Found]:
    """Yield the object of each line of a text, by the line's number counted from 1."""
    for number, line in enumerate(split_lines(chunks, max_chars), 1):
        if not line.strip(" \t\r\ufeff"):
            continue
        value = parse_line(line)
        if isinstance(value, dict):
            for one, around in split_object(value, shapes):
                yield number, one, around
        else:
            yield (
                number,
                _reject(number, say("The line is not a {format} object.", format="JSON"), line),
                {},
            )


def _as_utf8(file: BinaryIO, encoding: Encoding) -> Utf8:
    """Return a file's text as UTF-8, which is what ijson reads."""
    chunks = mark_halves(text_chunks(file, encoding))
    utf8: Utf8 = ijson.from_iter(chunk.encode() for chunk in chunks)
    return utf8


def _read_document(file: BinaryIO, encoding: Encoding, want: Wanted) -> Iterator[Found]:
    """Yield the document's objects, counted from 1."""
    number = 0
    try:
        places = find_places(_as_utf8(file, encoding), want)
        where = places.places or {"": Place("array")}
        values = read_places(_as_utf8(file, encoding), Places(where, places.around))
        for number, (kind, key, value, around) in enumerate(values, 1):
            if kind == "texts":
                yield number, {"question": key, "answer": value}, around
            elif is_chat(value):
                yield number, {"messages": value}, around
            elif isinstance(value, dict):
                value = value if kind == "array" else {"key": key} | value
                for at, one in enumerate(list_conversations(value), number):
                    yield at, one, around
            elif "" not in where or kind != "array":
                text = json.dumps(value, ensure_ascii=False, default=float)
                yield (
                    number,
                    _reject(number, say("It is not a {format} object.", format="JSON"), text),
                    {},
                )
    except _UNREADABLE as error:
        raise explain_malformed(file, encoding, number, error) from error


def _reject(number: int, error: Message, text: str) -> Rejection:
    return reject(number, "malformed_json", error, [text[:_SHOWN_CHARS]])
