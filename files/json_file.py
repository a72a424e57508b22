"""JSON Lines, and JSON documents that hold an array of objects, as a CSV.

| the JSON | becomes |
|---|---|
| an object | a row; its keys are the columns, in the order in which they first come |
| a string | itself; null nothing; numbers and true, false as JSON writes them |
| a list or an object, as metadata | its JSON |
| a list of strings, as the question | a row for each: they are phrasings of one question; \
with an `id` of 7 they get 7, 7#2, 7#3 |
| anything else nested, as question or answer | rejected (malformed_json) |
| a line of JSON Lines that is no object | rejected (malformed_json) |
| `messages` of a chat with one of `user` and one of `assistant` | question and answer; \
with more of them it is rejected (malformed_json) |
| a question of schema.org (`name`, `acceptedAnswer` with a `text`) | question and answer |
| a document with objects around it (`{"faq": [{…}]}`) | all arrays whose objects have a question \
and an answer, and what else of these holds pairs; the first array of objects where none does |
| an object whose values are mostly objects with a question and an answer | an array of them; the \
names of the values are the metadata `key` |
| an object, in no array, of texts whose names mostly end in a question mark | a row for each: the \
name is the question |
| more than files.header.MAX_COLUMNS different keys | FileError malformed_csv |
| a document that is no JSON | FileError malformed_csv |
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

import ijson

from files.column_names import is_answer_name, is_question_name
from files.encoding import Encoding, detect_encoding, text_chunks
from files.errors import FileError
from files.header import MAX_COLUMNS
from files.json_places import is_schema_org, pair_places, place_values
from files.rows import Rejection
from files.spool import SpooledCsv

# A line of JSON Lines, in characters.
MAX_LINE_CHARS = 16_000_000
# Of so large a document, in bytes, the line of an error is looked for.
_LOOKED_THROUGH = 32_000_000
_SHOWN_CHARS = 10_000

_DOCUMENT = re.compile(r'\s*\[\s*(?:\{\s*["}]|\]|\Z)')
_OBJECT = re.compile(r'\s*\{\s*["}]')
# What ijson raises where a document can't be read; decimal's errors are ArithmeticErrors.
_UNREADABLE = (ijson.JSONError, ValueError, RecursionError, ArithmeticError)


class _LineTooLong(FileError):
    """A line is longer than one of JSON Lines may be."""


def json_kind(start: str) -> Literal["array", "object"] | None:
    """Return what kind of JSON a text seems to be by its beginning, None for another text."""
    if _DOCUMENT.match(start):
        return "array"
    return "object" if _OBJECT.match(start) else None


def spool_json(
    file: BinaryIO, kind: Literal["array", "object"], encoding: str | None, spool: SpooledCsv
) -> None:
    """Write a file's objects as the rows of a CSV. Raises FileError."""
    found = detect_encoding(file, encoding)
    if kind == "array" or not _is_json_lines(file, found):
        objects = _document_objects(file, found)
    else:
        objects = _line_objects(file, found)
    positions: dict[str, int] = {}
    for number, value in objects:
        if isinstance(value, Rejection):
            spool.reject(value)
            continue
        for fields in _rows(value, positions):
            if len(positions) > MAX_COLUMNS:
                raise FileError(
                    "malformed_csv",
                    f"The objects have more than {MAX_COLUMNS} different keys up to number "
                    f"{number}; at most {MAX_COLUMNS} can be taken.",
                    line=number,
                )
            if isinstance(fields, list):
                spool.write(fields, number)
            else:
                spool.reject(_rejection(number, fields, json.dumps(value, default=float)))
    if not positions:
        raise FileError("no_rows", "The JSON holds no objects with a question and an answer.")
    spool.set_header(list(positions))


def _rows(value: dict[str, Any], positions: dict[str, int]) -> Iterator[list[str] | str]:
    """Yield an object's fields by their columns' positions, or why it can't be taken."""
    if isinstance(value.get("messages"), list):
        chat = _chat(value["messages"])
        if chat is None:
            yield "Its 'messages' are not one question and one answer."
            return
        value = {name: content for name, content in value.items() if name != "messages"} | chat
    elif is_schema_org(value.keys()):
        pair = _schema_org(value)
        if pair is None:
            yield "Its 'name' and 'acceptedAnswer' are not one question and the text of one answer."
            return
        value = pair
    fields: dict[int, str] = {}
    phrasings: tuple[int, list[str]] | None = None
    for name, content in value.items():
        at = positions.setdefault(name, len(positions))
        texts = content if isinstance(content, list) and content else None
        if texts and not all(isinstance(text, str) for text in texts):
            texts = None
        if texts and is_question_name(name) and phrasings is None:
            phrasings = at, texts
        elif texts and is_answer_name(name) and len(texts) == 1:
            fields[at] = texts[0]
        elif isinstance(content, list | dict) and (is_question_name(name) or is_answer_name(name)):
            yield f"Its {name!r} is no text."
            return
        else:
            fields[at] = _text(content)
    if phrasings is None:
        yield _ordered(fields, positions)
        return
    at, texts = phrasings
    id_at = next((n for name, n in positions.items() if name.strip().casefold() == "id"), None)
    for number, text in enumerate(texts, 1):
        row = fields | {at: text}
        if number > 1 and id_at is not None and fields.get(id_at):
            # Each phrasing is an item, so each needs an id of its own.
            row[id_at] = f"{fields[id_at]}#{number}"
        yield _ordered(row, positions)


def _chat(messages: list[Any]) -> dict[str, str] | None:
    """Return a chat's texts by their roles as columns; None where it is not one of each role."""
    texts: dict[str, str] = {}
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if not (isinstance(role, str) and isinstance(content, str)) or role in texts:
            return None
        texts[role] = content
    if not {"user", "assistant"} <= texts.keys():
        return None
    question, answer = texts.pop("user"), texts.pop("assistant")
    return {"question": question, "answer": answer} | texts


def _schema_org(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return https://schema.org/Question as an object like the others; None without its texts."""
    accepted = value["acceptedAnswer"]
    if isinstance(accepted, list) and len(accepted) == 1:
        accepted = accepted[0]
    answer = accepted.get("text") if isinstance(accepted, dict) else None
    if not (isinstance(value["name"], str) and isinstance(answer, str)):
        return None
    more = {name: content for name, content in accepted.items() if name not in ("@type", "text")}
    pair = {"question": value["name"], "answer": answer}
    own = {"name", "acceptedAnswer", *pair}
    others = {name: content for name, content in value.items() if name not in own}
    return pair | others | ({"acceptedAnswer": more} if more else {})


def _ordered(fields: dict[int, str], positions: dict[str, int]) -> list[str]:
    return [fields.get(n, "") for n in range(len(positions))]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, default=float)
    return str(value)


def _is_json_lines(file: BinaryIO, encoding: Encoding) -> bool:
    """Return whether a file's first line is an object, and it is not the whole document."""
    lines = _lines(text_chunks(file, encoding))
    try:
        first = next((line for line in lines if line.strip()), "")
    except _LineTooLong:
        return False
    if not isinstance(_parsed(first), dict):
        return False
    if any(line.strip() for line in lines):
        return True
    try:
        return not pair_places(_Utf8(text_chunks(file, encoding)))
    except _UNREADABLE:
        # As a line it can be read: a comma may follow it, or a number be too large for a document.
        return True


def _line_objects(
    file: BinaryIO, encoding: Encoding
) -> Iterator[tuple[int, dict[str, Any] | Rejection]]:
    for number, line in enumerate(_lines(text_chunks(file, encoding)), 1):
        if not line.strip(" \t\r\ufeff"):
            continue
        value = _parsed(line)
        if isinstance(value, dict):
            yield number, value
        else:
            yield number, _rejection(number, "The line is not a JSON object.", line)


def _parsed(line: str) -> Any:
    """Return a line's value, None where it is no JSON; a comma at its end is of an array's."""
    try:
        line = line.strip(" \t\r\ufeff").removesuffix(",")
        return json.loads(line, parse_float=_Number, parse_constant=_no_constant)
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


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _lines(chunks: Iterator[str]) -> Iterator[str]:
    number, rest = 0, ""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split("\n")
        yield from whole
        number += len(whole)
        if len(rest) > MAX_LINE_CHARS:
            raise _LineTooLong(
                "malformed_csv",
                f"Line {number + 1} is longer than {MAX_LINE_CHARS} characters.",
                line=number + 1,
            )
    if rest:
        yield rest


class _Utf8:
    """The text of chunks as a file of UTF-8, which is what ijson reads."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        while self._rest == b"" and size:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = chunk.encode()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def _document_objects(
    file: BinaryIO, encoding: Encoding
) -> Iterator[tuple[int, dict[str, Any] | Rejection]]:
    """Yield the document's objects, counted from 1."""
    number = 0
    try:
        places = pair_places(_Utf8(text_chunks(file, encoding))) or {"": "array"}
        values = place_values(_Utf8(text_chunks(file, encoding)), places)
        for number, (kind, key, value) in enumerate(values, 1):
            if kind == "texts":
                yield number, {"question": key, "answer": value}
            elif isinstance(value, dict):
                yield number, value if kind == "array" else {"key": key} | value
            elif "" not in places or kind != "array":
                text = json.dumps(value, ensure_ascii=False, default=float)
                yield number, _rejection(number, "It is not a JSON object.", text)
    except _UNREADABLE as error:
        raise _malformed(file, encoding, number, error) from error


def _malformed(file: BinaryIO, encoding: Encoding, objects: int, error: Exception) -> FileError:
    """Return the error of a document that is no JSON, with its line where it can be found."""
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


def _rejection(number: int, error: str, text: str) -> Rejection:
    shown = text[:_SHOWN_CHARS].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return Rejection(number, "malformed_json", error, [shown])
