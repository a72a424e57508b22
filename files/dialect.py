"""How a file's fields are told apart, and where its header is.

The delimiter is the one by which a row of the beginning has known names of columns; of several
such, or of none, the one by which most rows are equally wide.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from files.errors import FileError
from files.header import (
    MAX_COLUMNS,
    Header,
    Wanted,
    check_answers,
    find_header,
    missing_column,
)
from files.lines import Lines, RecordTooLong
from files.records import Format, RecordReader, is_prose
from texts import visible_text

SAMPLE_CHARS = 1 << 17
SAMPLE_ROWS = 200

# Of delimiters that fit equally well the first is taken.
DELIMITERS = ("\t", ",", ";", "|")
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SEP_LINE = re.compile('\ufeff?"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_NOTHING = " \t,;|\r\n\ufeff\u00a0"


@dataclass(frozen=True)
class Dialect:
    """A file's format; its header or what stands for it; the lines before its first record.

    `header_line` counts from 1, and is None where the file has no header. `usual` is the width of
    most rows where the header is wider, else the header's; `spaced` says that they are written
    with a space after the delimiter.
    """

    form: Format
    columns: Header
    names: list[str]
    header_line: int | None
    first: int
    usual: int
    spaced: bool


@dataclass(frozen=True)
class Sample:
    """A file's first lines from the first that has something in it, with what is before them."""

    lines: list[str]
    before: int
    whole: bool
    sep: str | None = None


@dataclass(frozen=True)
class _Candidate:
    form: Format
    rows: list[list[str]]
    ends: list[tuple[int, int]]
    header: Header | None
    fit: float


def delimiter_option(given: str | None) -> str | None:
    """Return the delimiter that the caller asked for. Raises FileError (invalid_option)."""
    if given is None:
        return None
    delimiter = _NAMED.get(given.strip().lower() or given, given)
    if len(delimiter) != 1 or delimiter in '"\r\n\0' or delimiter.isalnum():
        raise FileError(
            "invalid_option",
            f"delimiter={given[:20]!r}: give one character, such as , or ; or |, or tab.",
        )
    return delimiter


def detect_dialect(
    chunks: Iterator[str], want: Wanted, header: bool | None, delimiter: str | None
) -> Dialect:
    """Return how a text is read.

    Raises FileError: empty_file, missing_column, malformed_csv (more than MAX_COLUMNS columns, or
    a first row too long to be one).
    """
    sample = read_sample(chunks)
    delimiters = [delimiter] if delimiter else [sample.sep] if sample.sep else list(DELIMITERS)
    candidates = [_candidate(sample, d, want, header) for d in delimiters]
    best = max(candidates, key=lambda c: (c.header is not None, c.fit))
    if not best.rows:
        raise FileError(
            "malformed_csv",
            f"No row of the file can be read: look at the quotes in line {sample.before + 1}.",
            line=sample.before + 1,
        )
    line = sample.before + 1 + best.ends[0][0]
    width = max(map(len, best.rows[:10]))
    if width > MAX_COLUMNS:
        raise _too_wide(line, width)
    if best.header is None:
        raise missing_column(best.rows, line, want)
    dialect = _dialect(sample, best, best.header)
    if dialect.header_line is not None:
        check_answers(dialect.names, best.header.columns, _data(best.rows, best.header), want)
    return dialect


def _dialect(sample: Sample, best: _Candidate, header: Header) -> Dialect:
    columns = header.columns
    needed = max(columns.question, columns.answer, columns.id or 0) + 1
    if header.row is None:
        first = sample.before + best.ends[0][0]
        width = needed if _is_prose(best.rows, needed) else max(_usual_width(best.rows), needed)
        names: list[str] = []
        header_line = None
    else:
        begin, end = best.ends[header.row]
        first = sample.before + end
        names = best.rows[header.row]
        # A column without a name at the end is none: what stands there is too much for its row.
        while len(names) > needed and not visible_text(names[-1]):
            names = names[:-1]
        width = len(names)
        header_line = sample.before + begin + 1
    form = Format(best.form.delimiter, best.form.skip_spaces, width)
    rows = _data(best.rows, header)
    usual = width if header.row is None else _width_of_most(rows, needed, width)
    common = [row for row in rows if len(row) == usual]
    spaced = 2 * sum(map(is_prose, common)) > len(common)
    return Dialect(form, header, names, header_line, first, usual, spaced)


def _data(rows: list[list[str]], header: Header | None) -> list[list[str]]:
    return rows if header is None or header.row is None else rows[header.row + 1 :]


def _width_of_most(rows: Sequence[list[str]], needed: int, width: int) -> int:
    """Return how wide rows are that mostly lack fields at their end, else `width`."""
    lengths = Counter(len(row) for row in rows if needed <= len(row) < width)
    return lengths.most_common(1)[0][0] if 2 * lengths.total() > len(rows) else width


def _is_prose(rows: Sequence[list[str]], needed: int) -> bool:
    """Return whether what follows the columns asked for is the rest of a text, not columns.

    A comma in prose is followed by a space.
    """
    beyond = [field for row in rows for field in row[needed:] if field.strip()]
    return bool(beyond) and 2 * sum(field.startswith(" ") for field in beyond) >= len(beyond)


def read_sample(chunks: Iterator[str]) -> Sample:
    """Return a text's beginning. Raises FileError (empty_file, malformed_csv)."""
    source = Lines(chunks, ",")
    lines: list[str] = []
    before = size = 0
    sep: str | None = None
    try:
        for number, line in enumerate(source.read_from(0), 1):
            source.done = number
            if not lines:
                found = _SEP_LINE.fullmatch(line) if number == 1 else None
                sep = found[1] if found else sep
                if found or not line.replace('""', "").strip(_NOTHING):
                    before = number
                    continue
            lines.append(line)
            size += len(line)
            if size >= SAMPLE_CHARS:
                return Sample(lines, before, whole=False, sep=sep)
    except RecordTooLong:
        if not lines:
            raise FileError(
                "malformed_csv",
                f"Line {before + 1} is too long to be a row: it has millions of characters.",
                line=before + 1,
            ) from None
        return Sample(lines, before, whole=False, sep=sep)
    if not lines:
        raise FileError("empty_file", "The file is empty: it has no header and no rows.")
    return Sample(lines, before, whole=True, sep=sep)


def _candidate(sample: Sample, delimiter: str, want: Wanted, header: bool | None) -> _Candidate:
    form = Format(delimiter, _skips_spaces(sample, delimiter))
    rows: list[list[str]] = []
    ends: list[tuple[int, int]] = []
    for begin, end, fields in _sample_rows(sample, form):
        if any(map(visible_text, fields)):
            rows.append(fields)
            ends.append((begin, end))
    found = find_header(rows, want, header)
    data = _data(rows, found)
    width = _usual_width(rows) if found is None or found.row is None else len(rows[found.row])
    fit = sum(_width(row) <= width <= len(row) for row in data) / len(data) if data else 1.0
    if width < 2:
        fit = 0.0
    if found is None or found.row is None:
        # A comma in prose is followed by a space.
        spaced = sum(field.startswith(" ") for row in rows for field in row[1:])
        fit -= spaced / (1 + sum(len(row) - 1 for row in rows))
    return _Candidate(form, rows, ends, found, fit)


def _sample_rows(sample: Sample, form: Format) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (begin, end, fields) of well-formed records; a line that begins none is left out."""
    begin = count = 0
    while begin < len(sample.lines) and count < SAMPLE_ROWS:
        start = begin
        reader = csv.reader(
            sample.lines[start:],
            delimiter=form.delimiter,
            skipinitialspace=form.skip_spaces,
            strict=True,
        )
        try:
            for fields in reader:
                end = start + reader.line_num
                yield begin, end, fields
                begin, count = end, count + 1
                if count >= SAMPLE_ROWS:
                    return
            return
        except csv.Error:
            begin, count = begin + 1, count + 1


def _skips_spaces(sample: Sample, delimiter: str) -> bool:
    """Return whether the quotes of the file come after a delimiter and a space."""
    pattern = re.compile(f'(?:^|{re.escape(delimiter)}) +"')
    if not any(pattern.search(line) for line in sample.lines):
        return False
    plain = _misfits(sample, Format(delimiter))
    skipping = _misfits(sample, Format(delimiter, skip_spaces=True))
    return skipping < plain


def _misfits(sample: Sample, form: Format) -> int:
    """Return how many quotes of the sample are where no quote should be."""
    misfits = number = 0
    for _ in range(SAMPLE_ROWS):
        reader = RecordReader(form)
        while number < len(sample.lines):
            number += 1
            if reader.feed(sample.lines[number - 1]):
                break
        else:
            return misfits
        misfits += reader.strays + reader.inner
    return misfits


def _usual_width(rows: Sequence[list[str]]) -> int:
    """Return how many fields most rows have."""
    return Counter(map(_width, rows)).most_common(1)[0][0] if rows else 0


def _width(row: Sequence[str]) -> int:
    """Return a row's width without the empty fields at its end."""
    width = len(row)
    while width and not row[width - 1]:
        width -= 1
    return width


def _too_wide(line: int, width: int) -> FileError:
    return FileError(
        "malformed_csv",
        f"Line {line} has {width} columns; at most {MAX_COLUMNS} can be taken.",
        line=line,
    )
