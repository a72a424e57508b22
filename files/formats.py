"""Finds the format of a file from what is in it.

Names and media types of uploads are often wrong: a workbook is sent as text/csv, and a page of HTML
is called .xls.
"""

from __future__ import annotations

import importlib.util
import re
import zipfile
from typing import BinaryIO, Literal, TypeAlias

from files.archives import (
    FIRST_BYTES,
    explain_archive,
    explain_broken_archive,
    explain_missing,
    explain_office,
    explain_unread,
)
from files.errors import FileError

Format: TypeAlias = Literal["text", "xlsx", "xlsb", "ods", "xls", "parquet"]

_ZIP = b"PK\x03\x04"
_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A text may begin with these letters, but not go on with a control character.
_PARQUET = re.compile(rb"PAR1[\x00-\x1f]")
# zipfile raises NotImplementedError for a version of the format that it does not know.
_BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, OSError, ValueError)
_ODF_TYPE = "mimetype"
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_LONGEST_TYPE = 1_000
# What is read of the directory of an old Office document, which names its parts in UTF-16.
_DIRECTORY_BYTES = 1 << 14
_OLD_BOOKS = ("Workbook", "Book")


def find_format(file: BinaryIO) -> Format:
    """Return the format of a seekable file, and go back to its beginning.

    Raises FileError (unsupported_media_type) if it is not read.
    """
    file.seek(0)
    start = file.read(FIRST_BYTES)
    try:
        return _find_format(file, start)
    finally:
        file.seek(0)


def _find_format(file: BinaryIO, start: bytes) -> Format:
    if start.startswith(_ZIP):
        return _find_packed_format(file)
    if start.startswith(_OFFICE):
        return _find_old_format(file, start)
    if _PARQUET.match(start):
        if importlib.util.find_spec("pyarrow") is None:
            raise refuse(explain_missing("Parquet", "pyarrow"))
        return "parquet"
    reason = explain_unread(start)
    if reason is not None:
        raise refuse(reason)
    return "text"


def _find_packed_format(file: BinaryIO) -> Format:
    """Return the format of a zip archive; none of its large parts is inflated."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            kind = b""
            if _ODF_TYPE in names and archive.getinfo(_ODF_TYPE).file_size < _LONGEST_TYPE:
                kind = archive.read(_ODF_TYPE)
    except (*_BROKEN_ZIP, RuntimeError):
        # A RuntimeError says that a part has a password.
        raise refuse(explain_broken_archive()) from None
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if kind.startswith(_SPREADSHEET):
        return "ods"
    raise refuse(explain_archive(names, kind))


def _find_old_format(file: BinaryIO, start: bytes) -> Format:
    """Return the format of an Office document of before 2007 (MS-CFB, 2.2 and 2.6)."""
    sector = 1 << min(int.from_bytes(start[30:32], "little"), 16)
    file.seek((int.from_bytes(start[48:52], "little") + 1) * sector)
    directory = file.read(_DIRECTORY_BYTES)
    encrypted = "EncryptedPackage".encode("utf-16-le") in directory
    # The name of a part ends with NUL.
    if not encrypted and any(f"{n}\0".encode("utf-16-le") in directory for n in _OLD_BOOKS):
        return "xls"
    raise refuse(explain_office(directory))


def refuse(reason: str) -> FileError:
    """Return the error of a file in a format that is not read."""
    return FileError("unsupported_media_type", reason)
