"""Finds the encoding of a file, and yields its text in chunks.

| the file | is read as |
|---|---|
| came with `encoding=` | that encoding; if its bytes do not fit, undecodable_text |
| begins with a BOM | UTF-8, UTF-16 or UTF-32, as the BOM says |
| has NUL in every other byte | UTF-16 without BOM |
| is valid UTF-8 from end to end | UTF-8; nothing is guessed |
| is UTF-8 except for a few bytes | undecodable_text, which names the first of them; a guess would give nonsense |
| is anything else | the old encoding that makes it the likeliest text in one of its languages |
| is likely in no encoding | undecodable_text |
"""  # noqa: E501

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from files.errors import FileError
from files.languages import likelihood
from messages import say

CHUNK_BYTES = 1 << 18

# To find an old encoding, so much of the lines that have bytes outside ASCII is looked at.
_EVIDENCE_BYTES = 1 << 16
_CUT = 2 * _EVIDENCE_BYTES

# A text is at least this likely for each byte outside ASCII. Random bytes are near -12.
_LEAST_LIKELY = -9.0

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_WEST = "pt es fr de it ca gl nl sv da nb fi is ga sq et"
# (name, its languages, how much less likely it is from the start)
_OLD: tuple[tuple[str, str, float], ...] = (
    ("windows-1252", _WEST, 0),
    ("windows-1250", "pl cs sk hu ro hr sl sq de", 3),
    ("windows-1251", "ru uk bg sr be", 3),
    ("cp949", "ko", 4),
    ("gb18030", "zh", 4),
    ("big5", "tw", 4),
    ("cp932", "ja", 4),
    ("euc_jp", "ja", 5),
    ("windows-1254", "tr", 4),
    ("windows-1253", "el", 4),
    ("windows-1255", "he", 4),
    ("windows-1256", "ar fa", 4),
    ("windows-1257", "lt lv et", 5),
    ("cp874", "th", 5),
    ("mac_roman", "pt es fr de it nl sv da nb fi", 6),
    ("cp850", "pt es fr de it nl sv da nb fi", 6),
    ("iso8859_2", "pl cs sk hu ro hr sl", 6),
    ("koi8_r", "ru", 6),
    ("koi8_u", "uk", 8),
    ("cp866", "ru be", 6),
    ("mac_cyrillic", "ru uk bg", 8),
    ("cp852", "pl cs sk hu hr sl", 8),
)

# Python's codecs that are not encodings of text files, or that can hide what a text holds.
_NO_ENCODINGS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"}

_HIGH = re.compile(rb"[\x80-\xff]")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True)
class Encoding:
    """An encoding by the name that a person knows, and how many bytes of BOM come first."""

    name: str
    bom: int = 0


def detect_encoding(file: BinaryIO, given: str | None) -> Encoding:
    """Return the encoding of a seekable file. What was looked at decodes without an error.

    Raises FileError: undecodable_text with the byte, invalid_option for an unknown encoding.
    """
    file.seek(0)
    start = file.read(CHUNK_BYTES)
    marked = next((Encoding(name, len(bom)) for bom, name in _BOMS if start.startswith(bom)), None)
    if given is not None:
        encoding = _given(given, start)
    elif marked:
        encoding = marked
    elif "\0" in start.decode("latin-1") and (wide := _utf16(start)):
        encoding = wide
    else:
        return _utf8_or_old(file)
    _validate(file, encoding)
    return encoding


def text_chunks(file: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """Yield the text from its beginning in bounded chunks. Raises FileError with the byte."""
    file.seek(encoding.bom)
    decoder = codecs.getincrementaldecoder(encoding.name)()
    position = encoding.bom
    while True:
        chunk = file.read(CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            # The decoder puts what it kept of earlier chunks before this one.
            byte = position + error.start - (len(error.object) - len(chunk))
            raise _undecodable(encoding.name, byte, error.object[error.start]) from None
        if text:
            yield text
        if not chunk:
            return
        position += len(chunk)


def find_codec(name: str) -> str | None:
    """Return the name of Python's codec for an encoding of text, or None where it has none."""
    try:
        found = codecs.lookup(name.strip()).name
        # Python refuses to decode with a codec that is no encoding of text, such as base64.
        bytes(8).decode(found, "replace")
    except (LookupError, ValueError):
        return None
    return None if found.replace("_", "-") in _NO_ENCODINGS else found


def _given(name: str, start: bytes) -> Encoding:
    """Return the encoding that the caller named, without its BOM."""
    found = find_codec(name)
    if found is None:
        raise FileError(
            "invalid_option",
            say(
                "encoding={name!r} is not known; utf-8, utf-16, windows-1252, windows-1251, "
                "cp949 and shift_jis are, for example.",
                name=name[:40],
            ),
        )
    plain = found.removesuffix("-sig").replace("_", "-")
    for bom, marked in _BOMS:
        if start.startswith(bom) and marked.startswith(plain):
            return Encoding(marked, len(bom))
    # Without a BOM, UTF-16 is what Windows writes.
    return Encoding({"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(plain, found))


def _utf16(start: bytes) -> Encoding | None:
    """Return UTF-16 if the NULs of its ASCII characters are in every other byte."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    for name, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        # If a text of single bytes with a few NULs is read like this, it has no line ends.
        if (
            zeros * 20 >= half
            and others * 20 <= zeros
            and re.search("[\r\n]", start.decode(name, "ignore"))
        ):
            return Encoding(name)
    return None


def _validate(file: BinaryIO, encoding: Encoding) -> None:
    for _ in text_chunks(file, encoding):
        pass


def _utf8_or_old(file: BinaryIO) -> Encoding:
    try:
        _validate(file, Encoding("utf-8"))
    except FileError:
        evidence = _evidence(file)
        marks = len(_UTF8.findall(evidence))
        bytes_left = len(_HIGH.findall(_UTF8.sub(b"", evidence)))
        # A few wrong bytes do not make UTF-8 another encoding: a text in an old encoding hardly
        # ever looks like UTF-8.
        if marks and marks >= bytes_left:
            raise
        old = _likeliest(evidence)
        if old is None:
            raise
        return old
    return Encoding("utf-8")


def _evidence(file: BinaryIO) -> bytes:
    """Return the first lines that hold bytes outside ASCII."""
    file.seek(0)
    lines: list[bytes] = []
    size = 0
    rest = b""
    while size < _EVIDENCE_BYTES and (chunk := file.read(CHUNK_BYTES)):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > CHUNK_BYTES:
            whole, rest = [*whole, rest], b""
        for line in whole:
            if not line.isascii():
                lines.append(line)
                size += len(line)
    return b"\n".join(lines if rest.isascii() else [*lines, rest])[:_CUT]


def _likeliest(evidence: bytes) -> Encoding | None:
    """Return the old encoding in which bytes are likeliest a text, or None."""
    high = len(_HIGH.findall(evidence))
    best, likeliest = "", -1e300
    for name, languages, handicap in _OLD:
        try:
            text = evidence.decode(name)
        except UnicodeDecodeError as error:
            # If the evidence was cut, it may end inside a character.
            if len(evidence) < _CUT or error.start < len(evidence) - 4:
                continue
            text = evidence[: error.start].decode(name)
        likely = likelihood(text, languages.split()) - handicap
        if likely > likeliest:
            best, likeliest = name, likely
    if not best or likeliest < (_LEAST_LIKELY * 2) * high - 20:
        return None
    return Encoding(best)


def _undecodable(name: str, byte: int, value: int) -> FileError:
    return FileError(
        "undecodable_text",
        say(
            "Byte {byte} (0x{value:02X}) is not {name}: save the file as UTF-8, or say which "
            "encoding it has (encoding=windows-1252, for example).",
            byte=byte,
            value=value,
            name=name,
        ),
        byte=byte,
        encoding=name,
    )
