"""Formats are told by what is in a file; one that is not read is named, with what to do."""

from __future__ import annotations

import io
import sys

import pytest

from files.errors import FileError
from files.formats import find_format
from tests.support.client import Client
from tests.support.files import read
from tests.support.workbooks import make_book, make_ods, make_xlsb, ods_rows, pack

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def ole(*names: str) -> bytes:
    """Return the beginning of an old Office document, and its directory with these names."""
    head = OLE + bytes(22) + (9).to_bytes(2, "little") + bytes(16) + (1).to_bytes(4, "little")
    directory = b"".join(f"{name}\0".encode("utf-16-le").ljust(128, b"\0") for name in names)
    return head.ljust(1024, b"\0") + directory.ljust(1024, b"\0")


ROWS = [["question", "answer"], ["q", "a"]]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"question,answer\nq,a\n", "text"),
        (b"", "text"),
        (b"PAR1,question\n", "text"),
        (b"PK,question\n", "text"),
        (make_book(("A", ROWS)), "xlsx"),
        (make_xlsb(ROWS), "xlsb"),
        (make_ods(("A", ods_rows(ROWS))), "ods"),
        (ole("Root Entry", "Workbook"), "xls"),
        (ole("Root Entry", "Book"), "xls"),
    ],
)
def test_formats_that_are_read(data: bytes, found: str) -> None:
    file = io.BytesIO(data)
    assert find_format(file) == found
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x1f\x8b\x08\x00", "gzip archive.*unpack"),
        (b"BZh91AY", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07\x01", "rar"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"faq.csv".ljust(257, b"\0") + b"ustar\0", "tar archive"),
        (pack({"faq.csv": "question,answer\n"}), "zip archive.*unpack"),
        (pack({"word/document.xml": "<w/>"}), r"Word document \(.docx\).*table"),
        (pack({"ppt/presentation.xml": "<p/>"}), r"\.pptx"),
        (pack({"Index/Document.iwa": "x"}), "Apple Numbers.*save it as .xlsx"),
        (pack({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}),
         "OpenDocument.*table"),
        (pack({"collection.anki21": "x", "media": "{}"}), "deck of Anki.*plain text"),
        (b"PK\x03\x04 broken", "zip archive.*broken"),
        (b"%PDF-1.7\n", "PDF"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"SQLite format 3\x00", "SQLite.*CSV"),
        (b"ARROW1\0\0", "Arrow"),
        (b"ORC\x0a", "ORC"),
        (b"Obj\x01", "Avro"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "RIFF"),
        (b"ID3\x03\0\0\0", "MP3"),
        (b"\x7fELF\x02\x01", "program"),
        (b"MZ\x90\x00\x03", "program"),
        (b"\x93NUMPY\x01\x00v\x00", "NumPy"),
        (b"\x80\x04\x95\x10\0\0\0", "pickle"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n", "mail"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "no text"),
        (b"\x03\x7a\x01\x01\x05\x00\x00\x00" + bytes(40), "no text"),
        (bytes(100), "no text"),
        (ole("Root Entry", "WordDocument"), r"\.doc\)"),
        (ole("Root Entry", "EncryptedPackage"), "password"),
        (ole("Root Entry"), "old Office"),
        (b"\xef\xbb\xbf<!DOCTYPE html>\n<html><table>", "HTML.*spreadsheet"),
        (b"<table><tr><td>question</td>", "HTML"),
        (b'<script type="application/ld+json">\n{"@type": "FAQPage"}\n</script>', "HTML"),
        (b"<!-- faq -->\n<div>x</div>\n", "HTML"),
        (b"<div class='faq'><h3>When?</h3><p>At nine.</p></div>\n", "piece of an HTML page"),
        (b"<h1>FAQ</h1>\n<p>When?</p>\n", "piece of an HTML page"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
         "Excel workbook of 2003"),
        (b'<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:'
         b'xmlns:office:1.0">', "flat XML"),
        (b'<?xml version="1.0"?><faq/>', "XML"),
    ],
)  # fmt: skip
def test_formats_that_are_not_read(data: bytes, name: str) -> None:
    with pytest.raises(FileError, match=name) as error:
        read(data)
    assert error.value.code == "unsupported_media_type"


def test_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    # None stands for a module that is not installed.
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FileError, match=r"Parquet.*pip install pyarrow.*CSV") as error:
        read(b"PAR1\x15\x04\x15\x48")
    assert error.value.code == "unsupported_media_type"


def test_an_upload_of_such_a_file_is_answered_415(client: Client) -> None:
    for media in ("text/csv", "application/vnd.apache.parquet"):
        response = client.post("/upload", data=b"%PDF-1.7\n", content_type=media)
        assert (response.status_code, response.json["code"]) == (415, "unsupported_media_type")
        assert "PDF" in response.json["error"]
    sent = {"file": (io.BytesIO(pack({"word/document.xml": "<w/>"})), "faq.docx")}
    response = client.post("/upload", data=sent)
    assert response.status_code == 415
    assert "Word" in response.json["error"]


def test_media_types_of_the_formats_that_are_read(client: Client) -> None:
    for media, body in (
        ("application/vnd.ms-excel.sheet.binary.macroEnabled.12", make_xlsb(ROWS)),
        ("application/vnd.oasis.opendocument.spreadsheet", make_ods(("A", ods_rows(ROWS)))),
        ("application/vnd.ms-excel", make_book(("A", ROWS))),
        ("application/yaml", b"- question: q\n  answer: a\n"),
        ("text/x-yaml", b"- question: q\n  answer: a\n"),
    ):
        response = client.post("/upload", data=body, content_type=media)
        assert response.status_code == 202, response.text
