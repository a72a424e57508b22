"""What is fuzzed: a reader takes any bytes, and gives rows or a FileError."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import files.json_file
import files.workbook
import files.xlsx
import files.yaml_file
from files.csv_file import open_csv
from files.encoding import detect_encoding
from files.errors import FileError
from files.options import ReadOptions
from files.row_stream import RowWriter, read_rows
from files.rows import Rejection, Row
from tests.support.files import workbook

CORPUS = Path(__file__).parent / "corpus"
# Options that change how a text is read; the first byte of an input chooses.
OPTIONS = (
    ReadOptions(),
    ReadOptions(question_column="1", answer_column="2"),
    ReadOptions(overflow="join"),
    ReadOptions(header=False, question_column="1", answer_column="2", delimiter=" "),
    ReadOptions(encoding="utf-8"),
    ReadOptions(encoding="gb18030"),
)
# Parts of a workbook; the first byte of an input chooses which one it is.
PARTS = (
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/_rels/workbook.xml.rels",
    "[Content_Types].xml",
)
# ijson's C code ends the process on longer ones, which is why it runs in one of its own.
_LONG_NUMBER = re.compile(rb"[0-9]{4000}")


def read_csv(data: bytes) -> None:
    options = OPTIONS[data[0] % len(OPTIONS)] if data else OPTIONS[0]
    check(lambda: open_csv(io.BytesIO(data[1:]), options))


def read_json(data: bytes) -> None:
    if _LONG_NUMBER.search(data):
        return
    check(lambda: _read_json(io.BytesIO(data)))


def read_yaml(data: bytes) -> None:
    if _LONG_NUMBER.search(data):
        return
    check(lambda: _read_yaml(io.BytesIO(data)))


def read_xlsx(data: bytes) -> None:
    part = PARTS[data[0] % len(PARTS)] if data else PARTS[0]
    check(lambda: _read_workbook(part, data[1:]))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": read_csv,
    "json": read_json,
    "yaml": read_yaml,
    "xlsx": read_xlsx,
}


def check(read: Callable[[], Iterable[Row | Rejection]]) -> None:
    """Read all rows; whatever they are, they can be stored and shown."""
    try:
        for row in read():
            if isinstance(row, Rejection):
                shown = [row.error, *row.fields]
            else:
                shown = [row.question, row.answer, row.id or "-", *row.metadata.values()]
                assert row.question.strip()
                assert row.answer.strip()
            assert row.line > 0
            assert "\0" not in "".join(shown)
            "".join(shown).encode()
    except FileError:
        return


def _read_json(file: io.BytesIO) -> Iterable[Row | Rejection]:
    encoding = detect_encoding(file, None)
    spool = io.BytesIO()
    writer = RowWriter(spool)
    for kind in ("array", "object"):
        try:
            said = files.json_file.write_json(
                file,
                writer,
                kind=kind,
                encoding=encoding.name,
                bom=encoding.bom,
            )
            break
        except FileError:
            if kind == "object":
                raise
    writer.close()
    return files.json_file.make_table(files.json_file.Objects(**said), spool, ReadOptions())


def _read_yaml(file: io.BytesIO) -> Iterable[Row | Rejection]:
    encoding = detect_encoding(file, None)
    spool = io.BytesIO()
    writer = RowWriter(spool)
    said = files.yaml_file.write_yaml(file, writer, encoding=encoding.name, bom=encoding.bom)
    writer.close()
    return files.json_file.make_table(files.json_file.Objects(**said), spool, ReadOptions())


def _read_workbook(part: str, content: bytes) -> Iterable[Row | Rejection]:
    rows = io.BytesIO()
    writer = RowWriter(rows)
    files.xlsx.write_xlsx(change_part(part, content), writer, lambda _: None, options={})
    writer.close()
    rows.seek(0)
    return files.workbook.make_table(read_rows(rows), ReadOptions())


def change_part(part: str, content: bytes) -> io.BytesIO:
    """Return a workbook with one of its parts exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_BOOK)) as old, zipfile.ZipFile(out, "w") as new:
        for name in {*old.namelist(), part}:
            new.writestr(name, content if name == part else old.read(name))
    out.seek(0)
    return out


_BOOK = workbook(("A", [["question", "answer", "n"], ["q", "a", 1]]))
