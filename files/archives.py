"""Names the formats that are not read, by their first bytes, and says what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

# So many bytes are enough to tell these formats apart.
FIRST_BYTES = 1 << 10

_UNPACK = "unpack it, and upload the file that is in it"
_SAVE_TEXT = "copy its questions and answers into a table, and save that as CSV or .xlsx"
_SAVE_TABLE = "save the table in it as CSV, or as JSON Lines"
_EXPORT = "export the notes in plain text (.txt), and upload that"
_OPEN = "open it in a spreadsheet program, and save it as .xlsx or as CSV"

_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"PK\x05\x06", "an empty zip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a rar archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (b"\x04\x22\x4d\x18", "an lz4 archive", _UNPACK),
    (b"%PDF-", "a PDF document", _SAVE_TEXT),
    (b"{\\rtf", "an RTF document", _SAVE_TEXT),
    (b"SQLite format 3\x00", "an SQLite database", _SAVE_TABLE),
    (b"ARROW1", "an Arrow (Feather) file", _SAVE_TABLE),
    (b"ORC\x00", "an ORC file", _SAVE_TABLE),
    (b"ORC\n", "an ORC file", _SAVE_TABLE),
    (b"Obj\x01", "an Avro file", _SAVE_TABLE),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _SAVE_TABLE),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", _SAVE_TEXT),
    (b"\xff\xd8\xff", "a JPEG image", _SAVE_TEXT),
    (b"GIF87a", "a GIF image", _SAVE_TEXT),
    (b"GIF89a", "a GIF image", _SAVE_TEXT),
    (b"RIFF", "a picture, a sound or a film (RIFF)", _SAVE_TEXT),
    (b"ID3\x03", "a sound (MP3)", _SAVE_TEXT),
    (b"ID3\x04", "a sound (MP3)", _SAVE_TEXT),
    (b"\x7fELF", "a program", _SAVE_TABLE),
    (b"MZ\x90\x00", "a program", _SAVE_TABLE),
    (b"\x93NUMPY", "an array of NumPy", _SAVE_TABLE),
    (b"\x80\x03", "a pickle of Python", _SAVE_TABLE),
    (b"\x80\x04\x95", "a pickle of Python", _SAVE_TABLE),
    (b"\x80\x05\x95", "a pickle of Python", _SAVE_TABLE),
    (b"MIME-Version:", "a mail or a web archive", _SAVE_TEXT),
)
_TAR = b"ustar"
_TAR_PLACE = 257

# Parts of zip archives, and the names that a folder of an old Office document has in it.
_PARTS: tuple[tuple[str, str, str], ...] = (
    ("word/document.xml", "a Word document (.docx)", _SAVE_TEXT),
    ("ppt/presentation.xml", "a PowerPoint presentation (.pptx)", _SAVE_TEXT),
    ("Index/Document.iwa", "a document of Apple Numbers, Pages or Keynote", _OPEN),
    ("Index.zip", "a document of Apple Numbers, Pages or Keynote", _OPEN),
    ("collection.anki2", "a deck of Anki (.apkg)", _EXPORT),
    ("collection.anki21", "a deck of Anki (.apkg)", _EXPORT),
    ("collection.anki21b", "a deck of Anki (.apkg)", _EXPORT),
    ("META-INF/container.xml", "an EPUB book", _SAVE_TEXT),
    ("AndroidManifest.xml", "an Android app", _UNPACK),
)
_STREAMS: tuple[tuple[str, str, str], ...] = (
    ("EncryptedPackage", "an Office document with a password", "save it without the password"),
    ("WordDocument", "an old Word document (.doc)", _SAVE_TEXT),
    ("PowerPoint Document", "an old PowerPoint presentation (.ppt)", _SAVE_TEXT),
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


def explain_unread(start: bytes) -> str | None:
    """Return why a file that begins like this is not read; None if it may be a text of rows."""
    for beginning, kind, advice in _BEGINNINGS:
        if start.startswith(beginning):
            return _explain(kind, advice)
    if start[_TAR_PLACE : _TAR_PLACE + len(_TAR)] == _TAR:
        return _explain("a tar archive", _UNPACK)
    text = start.lstrip(_BOMS)
    if text.startswith(b"<?xml") or _HTML.match(text):
        return _explain_markup(text)
    return None


def explain_archive(names: Iterable[str], media_type: bytes = b"") -> str:
    """Return why a zip archive with these files in it is not read.

    `media_type` is what an OpenDocument says of itself.
    """
    inside = set(names)
    if media_type.startswith(_OPEN_DOCUMENT):
        return _explain("an OpenDocument that is no spreadsheet (.odt, .odp)", _SAVE_TEXT)
    for part, kind, advice in _PARTS:
        if part in inside:
            return _explain(kind, advice)
    return _explain("a zip archive, or no workbook that can be read", _UNPACK)


def explain_broken_archive() -> str:
    """Return why a file that begins like a zip archive can't be read."""
    return (
        "The file begins like a zip archive or a workbook, but it is broken, or has a password: "
        "perhaps not all of it was sent. Save it again, and upload that."
    )


def explain_office(directory: bytes) -> str:
    """Return why an Office document of before 2007 with this directory is not read."""
    for stream, kind, advice in _STREAMS:
        if stream.encode("utf-16-le") in directory:
            return _explain(kind, advice)
    return _explain("a document of an old Office program", _OPEN)


def explain_missing(kind: str, package: str) -> str:
    """Return why a file is not read that a package which is not installed would read."""
    return (
        f"The file is {kind}, and the package that reads it is not installed: install it for the "
        f"service (pip install {package}), or {_SAVE_TABLE}."
    )


def _explain_markup(text: bytes) -> str:
    if _EXCEL_XML.search(text):
        return _explain("an Excel workbook of 2003 as XML", _OPEN)
    if _FLAT_ODF.search(text):
        return _explain("an OpenDocument as flat XML", _OPEN)
    if _HTML.search(text):
        return _explain("an HTML page", _OPEN)
    return _explain("XML", _SAVE_TABLE)


def _explain(kind: str, advice: str) -> str:
    return f"The file is {kind}, which is not read: {advice}."
