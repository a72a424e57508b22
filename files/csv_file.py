"""Reads a text of fields and delimiters (CSV, TSV and the like) in constant memory.

Other modules find out how it is written: encoding.py its characters, dialect.py its delimiter,
header.py its columns, and records.py its records. rows.py has the rules for rows of any format.
A text adds these:

| the row | becomes |
|---|---|
| is wider than most rows, which do not fill the header, but not wider than the header; and a field without quotes begins with a space | too_many_fields |
| is a piece of an answer of several lines that has no quotes around it | malformed_quotes (torn_answers.py) |
| has quotes that can't be read | malformed_quotes (records.py) |
| is a blank line | skipped, and not counted |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Literal

from files.dialect import Dialect, detect_dialect, read_delimiter
from files.encoding import Encoding, detect_encoding, text_chunks
from files.errors import explain_no_rows
from files.lines import Lines
from files.options import ReadOptions, read_wanted
from files.records import Broken, Record, Records
from files.rows import Rejection, Row, RowRules, reject, reject_wide
from files.spaced_fields import read_source
from files.torn_answers import Entry, reject_torn_answers, runs_on
from messages import say


def open_csv(file: BinaryIO, options: ReadOptions) -> CsvFile:
    """Find out how a seekable file of bytes is read. Raises FileError."""
    want = read_wanted(options)
    delimiter = read_delimiter(options.delimiter)
    encoding = detect_encoding(file, options.encoding)
    dialect = detect_dialect(text_chunks(file, encoding), want, options.header, delimiter)
    return CsvFile(file, encoding, dialect, options.overflow)


class CsvFile:
    """A file whose encoding and dialect are known. Each iteration reads it from its beginning."""

    def __init__(
        self,
        file: BinaryIO,
        encoding: Encoding,
        dialect: Dialect,
        overflow: Literal["reject", "join"],
    ) -> None:
        self._file = file
        self._encoding = encoding
        self._dialect = dialect
        self.layout = dialect.layout
        self._rules = RowRules(dialect.layout, overflow, dialect.form.delimiter)
        self.description = dialect.layout.describe(
            "csv",
            encoding=encoding.name,
            delimiter=dialect.form.delimiter,
            header_line=dialect.header_line,
            bom=encoding.bom > 0,
        )

    def __iter__(self) -> Iterator[Row | Rejection]:
        """Yield the file's rows in their order.

        Raises FileError: malformed_csv if a quote is never closed, no_rows if the file has nothing
        but its header.
        """
        found = False
        for row in self._rules.merge(self._read_rows()):
            found = True
            yield row
        if not found:
            raise explain_no_rows()

    def _read_rows(self) -> Iterator[Row | Rejection]:
        return reject_torn_answers(self._entries(), self._dialect.form.delimiter)

    def _entries(self) -> Iterator[Entry]:
        layout = self._dialect.layout
        delimiter = self._dialect.form.delimiter
        take = self._rules.take
        # If most rows do not fill the header, one that does may be prose with a comma.
        widest = layout.width if layout.spaced else layout.usual
        joins = self._rules.joins and self._dialect.form.skip_spaces
        narrow = widest < layout.width and not layout.notes
        for record in self._records():
            if isinstance(record, Broken):
                yield _reject_broken(record), None
                continue
            line, fields, lines, odd = record
            if joins and len(fields) > layout.width:
                fields = read_source(fields, lines, delimiter, layout.width - 1)
            if narrow and len(fields) > widest and runs_on(record, delimiter):
                yield reject_wide(line, fields, widest), record
                continue
            entry = take(line, fields, odd=odd)
            if entry is not None:
                yield entry, record

    def _records(self) -> Iterator[Record | Broken]:
        lines = Lines(text_chunks(self._file, self._encoding), self._dialect.form.delimiter)
        for number in range(self._dialect.first):
            # It reads no further, because the next row may be too long to be kept.
            lines.line(number)
            lines.done = number + 1
        return iter(Records(lines, self._dialect.form))


def _reject_broken(record: Broken) -> Rejection:
    lines = say("Line {line}", line=record.line)
    if record.end != record.line:
        lines = say("Lines {line} to {end}", line=record.line, end=record.end)
    if record.code == "field_too_long":
        error = say("{lines}: the row is too long to be taken.", lines=lines)
    else:
        error = say(
            "{lines}: a quote inside a field is not doubled, or a quote is never closed. Write a "
            'quote inside quotes twice ("").',
            lines=lines,
        )
    return reject(record.line, record.code, error, [record.text])
