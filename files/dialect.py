"""Finds the delimiter of a text, and its header.

The delimiter is the one by which a row at the beginning has known names of columns. If there are
several such delimiters, or none, it is the one by which most rows are equally wide. Excel's line
`sep=;` and Anki's lines (anki.py) say what the delimiter is; they are no rows.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from files.anki import MAX_LINES, AnkiLines, explain_narrow, is_anki_line
from files.columns import find_columns, showing_rows
from files.errors import FileError
from files.header import Header, find_header
from files.layout import (
    SAMPLE_CHARS,
    SAMPLE_ROWS,
    Layout,
    check_width,
    filled_width,
    find_width,
    lay_out,
    skip_header,
)
from files.lines import Lines, RecordTooLong
from files.options import Wanted
from files.records import Format, RecordReader
from files.refusals import explain_missing_columns
from files.source_text import explain_source
from files.spaced_fields import restore_spaces
from messages import say
from texts import visible_text

# If delimiters fit equally well, the first of them is taken.
DELIMITERS = ("\t", ",", ";", "|")
# How an address writes them.
_ENCODED = {"\t": "tab", ";": "%3B", "|": "%7C"}
# To see whether a text is the source of a program, so many lines are looked at.
_SOURCE_LINES = 50
_NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SEP_LINE = re.compile('\ufeff?"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_NOTHING = " \t,;|\r\n\ufeff\u00a0"


@dataclass(frozen=True)
class Dialect:
    """A text's format, the layout of its rows, and how many lines stand before its first row.

    `header_line` counts from 1, and is None where the text has no header.
    """

    form: Format
    layout: Layout
    header_line: int | None
    first: int


@dataclass(frozen=True)
class Sample:
    """A file's first lines from the first that is not empty, and how many lines are before them.

    `sep` is the delimiter that one of the lines before them names, and `anki` what Anki's lines
    say.
    """

    lines: list[str]
    before: int
    sep: str | None = None
    anki: AnkiLines | None = None


@dataclass(frozen=True)
class _Candidate:
    form: Format
    rows: list[list[str]]
    ends: list[tuple[int, int]]
    header: Header | None
    fit: float


def read_delimiter(given: str | None) -> str | None:
    """Return the delimiter that the caller asked for. Raises FileError (invalid_option)."""
    if given is None:
        return None
    delimiter = _NAMED.get(given.strip().lower() or given, given)
    if len(delimiter) != 1 or delimiter in '"\r\n\0' or delimiter.isalnum():
        raise FileError(
            "invalid_option",
            say(
                "delimiter={given!r}: give one character, such as , or ; or |, or tab.",
                given=given[:20],
            ),
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
    beginning = "".join(sample.lines[:_SOURCE_LINES])
    source = explain_source(beginning, sure=True)
    if source is not None:
        raise source
    delimiters = [delimiter] if delimiter else [sample.sep] if sample.sep else DELIMITERS
    best = _choose(sample, delimiters, want, header)
    line = sample.before + 1 + (best.ends[0][0] if best.ends else 0)
    if not best.rows:
        raise FileError(
            "malformed_csv",
            say("No row of the file can be read: look at the quotes in line {line}.", line=line),
            line=line,
        )
    check_width(best.rows, line)
    if best.header is None:
        raise _explain_missing(sample, delimiters, best, line, want)
    layout = lay_out(best.rows, want, best.header, header)
    form = Format(best.form.delimiter, best.form.skip_spaces, layout.width + layout.notes)
    if best.header.row is None:
        return Dialect(form, layout, line - 1 if sample.anki else None, line - 1)
    begin, end = best.ends[best.header.row]
    return Dialect(form, layout, sample.before + begin + 1, sample.before + end)


def _choose(
    sample: Sample, delimiters: Sequence[str], want: Wanted, header: bool | None
) -> _Candidate:
    candidates = [_candidate(sample, d, want, header) for d in delimiters]
    return max(candidates, key=lambda c: (c.header is not None, c.fit))


def _explain_missing(
    sample: Sample, delimiters: Sequence[str], best: _Candidate, line: int, want: Wanted
) -> FileError:
    """Return the error of a text without question and answer."""
    source = explain_source("".join(sample.lines[:_SOURCE_LINES]), sure=False)
    if source is not None:
        return source
    if sample.anki is not None and want == Wanted(joins=want.joins):
        return explain_narrow(best.rows)
    delimiter = best.form.delimiter

    def confirm(tried: Wanted, header: bool | None) -> str:
        """Return the delimiter as an option if another one would be found with these options."""
        found = _choose(sample, delimiters, tried, header).form.delimiter
        return "" if found == delimiter else f"&delimiter={_ENCODED.get(delimiter, delimiter)}"

    return explain_missing_columns(best.rows, line, want, confirm=confirm)


def read_sample(chunks: Iterator[str]) -> Sample:
    """Return a text's beginning. Raises FileError (empty_file, malformed_csv)."""
    source = Lines(chunks, ",")
    lines: list[str] = []
    before = size = 0
    sep: str | None = None
    anki: AnkiLines | None = None
    try:
        for number, line in enumerate(source.read_from(0), 1):
            source.done = number
            if not lines:
                found = _SEP_LINE.fullmatch(line) if number == 1 else None
                sep = found[1] if found else sep
                anki = _read_anki_line(line, anki, number)
                above = anki is not None and line.lstrip('\ufeff"').startswith("#")
                if found or above or not line.replace('""', "").strip(_NOTHING):
                    before = number
                    continue
            lines.append(line)
            size += len(line)
            if size >= SAMPLE_CHARS:
                break
    except RecordTooLong:
        if not lines:
            raise FileError(
                "malformed_csv",
                say(
                    "Line {line} is too long to be a row: it has millions of characters.",
                    line=before + 1,
                ),
                line=before + 1,
            ) from None
    if not lines:
        raise FileError("empty_file", say("The file is empty: it has no header and no rows."))
    if anki is not None and anki.separator:
        sep = anki.separator
    return Sample(lines, before, sep, anki)


def _read_anki_line(line: str, anki: AnkiLines | None, number: int) -> AnkiLines | None:
    """Return what Anki's lines say with this one; None if the file is no export of Anki."""
    if anki is None and is_anki_line(line):
        anki = AnkiLines()
    if anki is not None and number <= MAX_LINES:
        anki.read(line)
    return anki


def _candidate(sample: Sample, delimiter: str, want: Wanted, header: bool | None) -> _Candidate:
    form = Format(delimiter, _skips_spaces(sample, delimiter))
    rows: list[list[str]] = []
    ends: list[tuple[int, int]] = []
    for begin, end, fields in _sample_rows(sample, form):
        if any(map(visible_text, fields)):
            rows.append(fields)
            ends.append((begin, end))
    found = _find_header(sample, rows, want, header, delimiter)
    data = skip_header(rows, found)
    width = find_width(rows) if found is None or found.row is None else len(rows[found.row])
    fit = sum(filled_width(row) <= width <= len(row) for row in data) / len(data) if data else 1.0
    if width < 2:
        fit = 0.0
    if found is None or found.row is None:
        # A comma in prose is followed by a space.
        spaced = sum(field.startswith(" ") for row in rows for field in row[1:])
        fit -= spaced / (1 + sum(len(row) - 1 for row in rows))
    return _Candidate(form, rows, ends, found, fit)


def _find_header(
    sample: Sample, rows: list[list[str]], want: Wanted, header: bool | None, delimiter: str
) -> Header | None:
    if sample.anki is None or not rows:
        return find_header(rows, want, header)
    with showing_rows(rows):
        return _find_anki_header(sample.anki, rows, want, header, delimiter)


def _find_anki_header(
    anki: AnkiLines, rows: list[list[str]], want: Wanted, header: bool | None, delimiter: str
) -> Header | None:
    known = find_columns(rows[0], want) if header is not False and not want.positions else None
    if known is not None:
        return Header(0, known)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    names = anki.name_columns(width, delimiter)
    columns = anki.find_columns(names, want)
    return None if columns is None else Header(None, columns, names)


def _sample_rows(sample: Sample, form: Format) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (begin, end, fields) of well-formed records. A line that begins none is left out."""
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
                if form.skip_spaces:
                    fields = restore_spaces(fields, sample.lines[begin:end], form.delimiter)
                yield begin, end, fields
                begin, count = end, count + 1
                if count >= SAMPLE_ROWS:
                    return
            return
        except csv.Error:
            begin, count = begin + 1, count + 1


def _skips_spaces(sample: Sample, delimiter: str) -> bool:
    """Return whether a space stands between the delimiters and the quotes of the file."""
    if delimiter == " ":
        return False
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
