"""Knows archives and documents by their first bytes, because they are not texts to be read."""

from __future__ import annotations

# As long as the longest of the beginnings below.
FIRST_BYTES = 8

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive, or no Excel workbook (.xlsx) that can be read"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls), or one with a password"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"%PDF-", "a PDF document"),
)


def name_archive(first_bytes: bytes) -> str | None:
    """Return what kind of archive or document begins with these bytes; None for a text."""
    for beginning, kind in _BEGINNINGS:
        if first_bytes.startswith(beginning):
            return kind
    return None
