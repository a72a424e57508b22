"""The rows of a CSV file of questions and answers: each taken, or rejected by line and reason.

Pure: a seekable binary stream goes in, rows and rejections come out, in constant memory. What a
file is like is found by files/encoding.py (its characters), files/dialect.py (its delimiter),
files/header.py (its columns) and files/records.py (its records); each has its own table.

| the row | becomes |
|---|---|
| as wide as the header | question and answer trimmed of spaces, all else as it is |
| wider, its extra fields empty | the row without them |
| wider, with overflow=join and the answer last | as wide as the header, where that is what it is \
with each field that begins with a space put back to the one before it; else its extra fields \
belong to the answer |
| wider otherwise | too_many_fields |
| not wider than a header that most rows do not fill, but wider than these, with a field that \
begins with a space and has no quotes | too_many_fields |
| shorter, but with question and answer | its missing metadata is empty |
| shorter otherwise | too_few_fields |
| not ended by a quote, and followed by several lines of one field | malformed_quotes: its answer goes on there |
| prose with a comma between such lines | malformed_quotes |
| nothing to see in any field, or a blank line | skipped, and not counted |
| the header once more (files that were put together) | skipped, and not counted |
| nothing to see in the question, or the answer | empty_question, empty_answer |
| longer than MAX_* in a field | field_too_long |
| with NUL in a field | invalid_character |
| with quotes that can't be read | malformed_quotes (files/records.py) |
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from typing import BinaryIO, Literal

from files.dialect import Dialect, delimiter_option, detect_dialect
from files.encoding import Encoding, detect_encoding, text_chunks
from files.errors import FileError
from files.header import metadata_names, shown_name, wanted
from files.lines import NUL, Lines
from files.qna_maker import labels, labels_column
from files.records import Broken, Records, glued, is_prose
from files.rows import ReadOptions, Rejection, RejectionCode, Row
from texts import visible_text

MAX_QUESTION_CHARS = 10_000
MAX_ANSWER_CHARS = 1_000_000
MAX_METADATA_CHARS = 1_000_000
MAX_ID_CHARS = 1_000

# What a rejection shows of the row, so that a million of them stay small.
MAX_SHOWN_FIELDS = 2_000
MAX_SHOWN_CHARS = 1_000_000

# How many lines of prose with commas an answer may have beside each other.
_MOST_HELD = 20

# Trimmed around question, answer and id. No-break spaces and invisible marks are text.
SPACES = " \t\r\n\v\f"


def open_csv(file: BinaryIO, options: ReadOptions) -> CsvFile:
    """Find out how a seekable file of bytes is read. Raises FileError."""
    want = wanted(options.question_column, options.answer_column, options.id_column)
    delimiter = delimiter_option(options.delimiter)
    encoding = detect_encoding(file, options.encoding)
    dialect = detect_dialect(text_chunks(file, encoding), want, options.header, delimiter)
    return CsvFile(file, encoding, dialect, options.overflow)


class CsvFile:
    """A file of which is known how to read it; each iteration reads it from its beginning."""

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
        self._columns = dialect.columns.columns
        self._metadata = metadata_names(dialect.names, self._columns)
        self._labels = labels_column(dialect.names)
        self._names = [name.strip() for name in dialect.names]
        self._joins = overflow == "join" and self._columns.answer == dialect.form.width - 1
        self._narrow = dialect.usual < dialect.form.width and not dialect.spaced
        self.format = "csv"
        self.encoding = encoding.name
        self.delimiter = dialect.form.delimiter
        self.has_header = dialect.header_line is not None
        self.header_line = dialect.header_line
        self.columns = [shown_name(name) for name in dialect.names] or [
            str(position) for position in range(1, dialect.form.width + 1)
        ]
        self.question_column = self._column_name(self._columns.question)
        self.answer_column = self._column_name(self._columns.answer)
        id_index = self._columns.id
        self.id_column = None if id_index is None else self._column_name(id_index)

    def __iter__(self) -> Iterator[Row | Rejection]:
        """Yield the file's rows in their order.

        Raises FileError: malformed_csv where a quote is never closed, no_rows where the file has
        nothing but its header.
        """
        found = False
        for row in self._whole_rows():
            found = True
            yield row
        if not found:
            raise FileError(
                "no_rows",
                "The file has a header, but no rows below it. (curl -d takes the ends of lines "
                "away: use -F file=@faq.csv or --data-binary.)",
            )

    def _whole_rows(self) -> Iterator[Row | Rejection]:
        """Yield the rows; those that are pieces of an answer of several lines are rejected.

        One line of one field may be anything. Several after a row are what its answer goes on
        with: its first line alone would be a wrong answer, and a line of prose between them,
        with its comma, a wrong row.
        """
        records = self._records()
        last: Row | None = None
        fields, ending = records.fields, records.ending
        held: list[tuple[Row | Rejection, list[str]]] = []
        for entry in self._rows(records):
            if held:
                if _is_loose(entry):
                    yield from starmap(_torn, held)
                    held = [(entry, records.fields)]
                    continue
                if len(held) <= _MOST_HELD and records.runs_on() and not is_prose(fields):
                    held.append((entry, records.fields))
                    continue
                yield from (each for each, _ in held)
                held = []
            elif last is not None:
                if _is_loose(entry) and '"' not in ending[-3:]:
                    held = [(last, fields), (entry, records.fields)]
                    last = None
                    continue
                yield last
            if isinstance(entry, Row):
                last, fields, ending = entry, records.fields, records.ending
            else:
                last = None
                yield entry
        if last is not None:
            yield last
        yield from (each for each, _ in held)

    def _records(self) -> Records:
        lines = Lines(text_chunks(self._file, self._encoding), self.delimiter)
        for number in range(self._dialect.first):
            # No further: the row that comes next may be too long to be kept.
            lines.line(number)
            lines.done = number + 1
        return Records(lines, self._dialect.form)

    def _rows(self, records: Records) -> Iterator[Row | Rejection]:
        width = self._dialect.form.width
        question_at, answer_at, id_at = (
            self._columns.question,
            self._columns.answer,
            self._columns.id,
        )
        metadata = list(self._metadata.items())
        narrow = self._narrow
        asked = self._names[question_at] if self._names else None
        for record in records:
            if isinstance(record, Broken):
                yield _broken(record)
                continue
            line, fields = record
            if len(fields) != width or narrow:
                fitted = self._fitted(line, fields, records)
                if not isinstance(fitted, list):
                    if fitted is not None:
                        yield fitted
                    continue
                fields = fitted
            question = fields[question_at].strip(SPACES)
            answer = fields[answer_at].strip(SPACES)
            # Most texts begin with a letter of ASCII, which need not be looked at further.
            if not ("!" <= question[:1] <= "~" or _visible(question)) or not (
                "!" <= answer[:1] <= "~" or _visible(answer)
            ):
                if any(map(_visible, fields)):
                    yield self._empty(line, question, fields)
                continue
            if question == asked and [field.strip() for field in fields] == self._names:
                continue
            id = None if id_at is None else fields[id_at].strip(SPACES) or None
            if (
                records.odd
                or len(question) > MAX_QUESTION_CHARS
                or (id is not None and len(id) > MAX_ID_CHARS)
            ):
                rejection = self._unfit(line, fields)
                if rejection is not None:
                    yield rejection
                    continue
            values = {name: fields[index] for index, name in metadata}
            if self._labels is not None:
                # Beside the column itself, so that a filter finds them and an export has both.
                values = labels(fields[self._labels]) | values
            yield Row(line, id, question, answer, values)

    def _fitted(
        self, line: int, fields: list[str], records: Records
    ) -> list[str] | Rejection | None:
        """Return a row of another width as wide as the others; None where nothing is in it."""
        width = self._dialect.form.width
        if self._narrow and len(fields) > self._dialect.usual and records.runs_on():
            return _too_many(line, fields, self._dialect.usual)
        if len(fields) > width:
            if not any(map(_visible, fields[width:])):
                return fields[:width]
            if self._joins:
                whole = None if self._dialect.spaced else glued(fields, self.delimiter, width)
                return whole or [*fields[: width - 1], self.delimiter.join(fields[width - 1 :])]
            return _too_many(line, fields, width)
        if not any(map(_visible, fields)):
            return None
        if len(fields) <= max(self._columns.question, self._columns.answer):
            return _rejection(
                line,
                "too_few_fields",
                f"The row has {len(fields)} of {width} fields and lacks its question or its "
                "answer; an answer of several lines needs quotes around it.",
                fields,
            )
        return fields + [""] * (width - len(fields))

    def _empty(self, line: int, question: str, fields: list[str]) -> Rejection:
        if not _visible(question):
            return _rejection(line, "empty_question", "The question is empty.", fields)
        return _rejection(line, "empty_answer", "The answer is empty.", fields)

    def _unfit(self, line: int, fields: list[str]) -> Rejection | None:
        """Return why a row with something unusual in it can't be taken, or None."""
        for index, field in enumerate(fields):
            limit = self._limit(index)
            name = self._column_name(index)
            trimmed = index in (self._columns.question, self._columns.id)
            length = len(field.strip(SPACES) if trimmed else field)
            if length > limit:
                return _rejection(
                    line,
                    "field_too_long",
                    f"Column {name} has {length} characters; at most {limit} can be taken.",
                    fields,
                )
            if NUL in field:
                return _rejection(
                    line,
                    "invalid_character",
                    f"Column {name} holds the character U+0000 (NUL), which can't be stored.",
                    fields,
                )
        return None

    def _limit(self, index: int) -> int:
        if index == self._columns.question:
            return MAX_QUESTION_CHARS
        if index == self._columns.id:
            return MAX_ID_CHARS
        return MAX_ANSWER_CHARS if index == self._columns.answer else MAX_METADATA_CHARS

    def _column_name(self, index: int) -> str:
        """Return a column's name, or its position where it has none or shares it."""
        name = self.columns[index] if index < len(self.columns) else ""
        return name if name and self.columns.count(name) == 1 else str(index + 1)


def _visible(text: str) -> bool:
    """Return whether a reader sees anything in a text."""
    if text.isascii():
        return bool(text) and (not text.isspace())
    return text[0].isalnum() or bool(visible_text(text))


def _broken(record: Broken) -> Rejection:
    lines = (
        f"Line {record.line}"
        if record.end == record.line
        else (f"Lines {record.line} to {record.end}")
    )
    if record.code == "field_too_long":
        error = f"{lines}: the row is too long to be taken."
    else:
        error = (
            f"{lines}: a quote inside a field is not doubled, or a quote is never closed. Write a "
            'quote inside quotes twice ("").'
        )
    return _rejection(record.line, record.code, error, [record.text])


def _too_many(line: int, fields: list[str], usual: int) -> Rejection:
    return _rejection(
        line,
        "too_many_fields",
        f"The row has {len(fields)} fields, the others {usual}: a delimiter or a quote in a field "
        "needs quotes around the field.",
        fields,
    )


def _is_loose(entry: Row | Rejection) -> bool:
    return (
        isinstance(entry, Rejection) and entry.code == "too_few_fields" and len(entry.fields) == 1
    )


def _torn(entry: Row | Rejection, fields: list[str]) -> Rejection:
    if isinstance(entry, Rejection):
        return entry
    return _rejection(
        entry.line,
        "malformed_quotes",
        "The row seems to be a line of an answer of several lines, which needs quotes around it.",
        fields,
    )


def _rejection(line: int, code: RejectionCode, error: str, fields: list[str]) -> Rejection:
    shown = [field[:MAX_SHOWN_CHARS].replace(NUL, "\ufffd") for field in fields[:MAX_SHOWN_FIELDS]]
    return Rejection(line, code, error, shown)
