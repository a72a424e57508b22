"""Names the formats that are not read, by their first bytes, and says what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

from messages import Message, say

# So many bytes are enough to tell these formats apart.
FIRST_BYTES = 1 << 10

_UNPACK = say("unpack it, and upload the file that is in it")
_SAVE_TEXT = say("copy its questions and answers into a table, and save that as CSV or .xlsx")
_SAVE_TABLE = say("save the table in it as CSV, or as JSON Lines")
_EXPORT = say("export the notes in plain text (.txt), and upload that")
_OPEN = say("open it in a spreadsheet program, and save it as .xlsx or as CSV")

_BEGINNINGS: tuple[tuple[bytes, Message, Message], ...] = (
    (b"\x1f\x8b", say("a gzip archive"), _UNPACK),
    (b"PK\x05\x06", say("an empty zip archive"), _UNPACK),
    (b"BZh", say("a bzip2 archive"), _UNPACK),
    (b"\xfd7zXZ\x00", say("an xz archive"), _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", say("a 7z archive"), _UNPACK),
    (b"Rar!\x1a\x07", say("a rar archive"), _UNPACK),
    (b"\x28\xb5\x2f\xfd", say("a zstd archive"), _UNPACK),
    (b"\x04\x22\x4d\x18", say("an lz4 archive"), _UNPACK),
    (b"%PDF-", say("a PDF document"), _SAVE_TEXT),
    (b"{\\rtf", say("an RTF document"), _SAVE_TEXT),
    (b"SQLite format 3\x00", say("an SQLite database"), _SAVE_TABLE),
    (b"ARROW1", say("an Arrow (Feather) file"), _SAVE_TABLE),
    (b"ORC\x00", say("an ORC file"), _SAVE_TABLE),
    (b"ORC\n", say("an ORC file"), _SAVE_TABLE),
    (b"Obj\x01", say("an Avro file"), _SAVE_TABLE),
    (b"\x89HDF\r\n\x1a\n", say("an HDF5 file"), _SAVE_TABLE),
    (b"\x89PNG\r\n\x1a\n", say("a PNG image"), _SAVE_TEXT),
    (b"\xff\xd8\xff", say("a JPEG image"), _SAVE_TEXT),
    (b"GIF87a", say("a GIF image"), _SAVE_TEXT),
    (b"GIF89a", say("a GIF image"), _SAVE_TEXT),
    (b"RIFF", say("a picture, a sound or a film (RIFF)"), _SAVE_TEXT),
    (b"ID3\x03", say("a sound (MP3)"), _SAVE_TEXT),
    (b"ID3\x04", say("a sound (MP3)"), _SAVE_TEXT),
    (b"\x7fELF", say("a program"), _SAVE_TABLE),
    (b"MZ\x90\x00", say("a program"), _SAVE_TABLE),
    (b"\x93NUMPY", say("an array of NumPy"), _SAVE_TABLE),
    (b"\x80\x03", say("a pickle of Python"), _SAVE_TABLE),
    (b"\x80\x04\x95", say("a pickle of Python"), _SAVE_TABLE),
    (b"\x80\x05\x95", say("a pickle of Python"), _SAVE_TABLE),
    (b"MIME-Version:", say("a mail or a web archive"), _SAVE_TEXT),
)
_TAR = b"ustar"
_TAR_PLACE = 257

# Parts of zip archives, and the names that a folder of an old Office document has in it.
_PARTS: tuple[tuple[str, Message, Message], ...] = (
    ("word/document.xml", say("a Word document (.docx)"), _SAVE_TEXT),
    ("ppt/presentation.xml", say("a PowerPoint presentation (.pptx)"), _SAVE_TEXT),
    ("Index/Document.iwa", say("a document of Apple Numbers, Pages or Keynote"), _OPEN),
    ("Index.zip", say("a document of Apple Numbers, Pages or Keynote"), _OPEN),
    ("collection.anki2", say("a deck of Anki (.apkg)"), _EXPORT),
    ("collection.anki21", say("a deck of Anki (.apkg)"), _EXPORT),
    ("collection.anki21b", say("a deck of Anki (.apkg)"), _EXPORT),
    ("META-INF/container.xml", say("an EPUB book"), _SAVE_TEXT),
    ("AndroidManifest.xml", say("an Android app"), _UNPACK),
)
_STREAMS: tuple[tuple[str, Message, Message], ...] = (
    (
        "EncryptedPackage",
        say("an Office document with a password"),
        say("save it without the password"),
    ),
    ("WordDocument", say("an old Word document (.doc)"), _SAVE_TEXT),
    ("PowerPoint Document", say("an old PowerPoint presentation (.ppt)"), _SAVE_TEXT),
)

_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
# Texts that are no tables, though a program may have called them .xls or .csv.
_EXCEL_XML = re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet")
_FLAT_ODF = re.compile(rb"urn:oasis:names:tc:opendocument:xmlns:office")
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|table|script|style|meta|link|title)\b|<!--",
    re.IGNORECASE,
)
_BOMS = b"\xef\xbb\xbf \t\r\n"


def explain_unread(start: bytes) -> Message | None:
    """Return why a file that begins like this is not read; None if it may be a text of rows."""
    for beginning, kind, advice in _BEGINNINGS:
        if start.startswith(beginning):
            return _explain(kind, advice)
    if start[_TAR_PLACE : _TAR_PLACE + len(_TAR)] == _TAR:
        return _explain(say("a tar archive"), _UNPACK)
    text = start.lstrip(_BOMS)
    if text.startswith(b"<?xml") or _HTML.match(text):
        return _explain_markup(text)
    return None


def explain_archive(names: Iterable[str], media_type: bytes = b"") -> Message:
    """Return why a zip archive with these files in it is not read.

    `media_type` is what an OpenDocument says of itself.
    """
    inside = set(names)
    if media_type.startswith(_OPEN_DOCUMENT):
        return _explain(say("an OpenDocument that is no spreadsheet (.odt, .odp)"), _SAVE_TEXT)
    for part, kind, advice in _PARTS:
        if part in inside:
            return _explain(kind, advice)
    return _explain(say("a zip archive, or no workbook that can be read"), _UNPACK)


def explain_broken_archive() -> Message:
    """Return why a file that begins like a zip archive can't be read."""
    return say(
        "The file begins like a zip archive or a workbook, but it is broken, or has a password: "
        "perhaps not all of it was sent. Save it again, and upload that."
    )


def explain_office(directory: bytes) -> Message:
    """Return why an Office document of before 2007 with this directory is not read."""
    for stream, kind, advice in _STREAMS:
        if stream.encode("utf-16-le") in directory:
            return _explain(kind, advice)
    return _explain(say("a document of an old Office program"), _OPEN)


def explain_missing(kind: str, package: str) -> Message:
    """Return why a file is not read that a package which is not installed would read."""
    return say(
        "The file is {kind}, and the package that reads it is not installed: install it for the "
        "service (pip install {package}), or {advice}.",
        kind=kind,
        package=package,
        advice=_SAVE_TABLE,
    )


def _explain_markup(text: bytes) -> Message:
    if _EXCEL_XML.search(text):
        return _explain(say("an Excel workbook of 2003 as XML"), _OPEN)
    if _FLAT_ODF.search(text):
        return _explain(say("an OpenDocument as flat XML"), _OPEN)
    if _HTML.search(text):
        return _explain(say("an HTML page"), _OPEN)
    return _explain(say("XML"), _SAVE_TABLE)


def _explain(kind: Message, advice: Message) -> Message:
    return say("The file is {kind}, which is not read: {advice}.", kind=kind, advice=advice)
