"""Splits a CSV text into records. Each is whole and right, or is given back as one that is broken.

Python's csv reader reads what is well formed. If it finds an error, or if a text can be read in two
ways (files.lines.Lines.odd), this module reads the record again slowly:

| in strict CSV, the record | and it is |
|---|---|
| is well formed | taken as it stands |
| has a quote in a field that does not begin with one (5" pipe) | taken as it stands: the quote is text |
| has spaces between a delimiter and a quote, or after a closing quote, or inner quotes written \\" ; and if it is read like this, it is well formed and as wide as the header | read like this |
| has text after a closing quote, all in one line | rejected, that line |
| has text after a closing quote, and may go on in further lines | rejected: the line alone, or all lines on which the two readings below differ |
| follows such a record, and has quotes inside unquoted fields | rejected as well, up to a clean row |
| has a quote that is never closed up to the end of the file | FileError with the line where the quote opens |
| is longer than files.lines.MAX_RECORD_CHARS | rejected, if its end can be told |

The two readings: if the next lines are records of their own, a quote was never closed, and only the
first line is broken. If the lines together are as wide as the header, an inner quote was not
doubled. If both or neither hold, nothing tells which reading is right. A line among the next ones
that has text after a closing quote itself is broken like the first, and speaks for neither.
"""  # noqa: E501

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal, NamedTuple

from files.errors import FileError
from files.lines import MAX_RECORD_CHARS, Lines, RecordTooLong, has_odd_quotes, odd_quotes
from files.prose import is_prose
from files.spaced_fields import restore_spaces
from messages import say

# The limit belongs to the whole process, so it is raised and never lowered.
csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_CHARS))

# So many records after a broken one are looked at to tell what is broken.
_LOOKAHEAD = 100
# Looking ahead may read so many characters of a text again, and so many times the text itself. If a
# text has more broken records than that, each of their lines is rejected alone.
_LOOKED_CHARS = 1 << 18
_LOOKED_TIMES = 2


@dataclass(frozen=True)
class Format:
    """How fields are told apart; `width` is the number of fields that a record should have."""

    delimiter: str
    skip_spaces: bool = False
    width: int = 0


@dataclass(frozen=True, slots=True)
class Broken:
    """Lines that hold a record that can't be read; `line` counts from 1, `end` is the last."""

    line: int
    end: int
    code: Literal["malformed_quotes", "field_too_long"]
    text: str


@cache
def _compile_ends(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what ends a field without quotes, and what follows the quote that ends one with."""
    escaped = re.escape(delimiter)
    return re.compile(f"[{escaped}\r\n]"), re.compile(f" *(?:({escaped})|[\r\n]|\\Z)")


class RecordReader:
    """Reads one record slowly, piece by piece, and goes on where strict CSV has an error.

    A quote closes a field only if a delimiter or the end of the line follows. `strays` counts the
    other quotes, `openings` those of them that look as if a field began there, and `inner` the
    quotes inside unquoted fields.
    """

    def __init__(
        self, form: Format, *, spaces: bool = False, escapes: bool = False, keep: bool = True
    ) -> None:
        self._delimiter = form.delimiter
        # If the delimiter is a space, each space ends a field.
        self._spaces = (spaces or form.skip_spaces) and form.delimiter != " "
        self._escapes = escapes
        self._keep = keep
        self._end_of_field, self._after_quote = _compile_ends(form.delimiter)
        self._state: Literal["start", "plain", "quoted", "quote"] = "start"
        self._parts: list[str] = []
        self.fields: list[str] = []
        self.width = 1
        self.strays = self.openings = self.inner = self.lines = 0

    @property
    def open(self) -> bool:
        """Whether the record is inside a quoted field."""
        return self._state == "quoted"

    def clean(self, width: int) -> bool:
        """Return whether the record is well formed, `width` wide, and without inner quotes."""
        return not (self.strays or self.inner or self.open) and self.width == width

    def feed(self, piece: str) -> bool:
        """Read a line, or a part of one; return whether the record ends with it."""
        at = 0
        while at < len(piece):
            if self._state == "quoted":
                at = self._quoted(piece, at)
                continue
            after = (self._quote if self._state == "quote" else self._plain)(piece, at)
            if after is None:
                return True
            at = after
        return False

    def end(self) -> None:
        """Say that the text ends here."""
        if not self.open:
            self._end_field()

    def _quoted(self, piece: str, at: int) -> int:
        quote = piece.find('"', at)
        if quote < 0:
            self._add(piece[at:])
            self.lines += piece.endswith(("\n", "\r"))
            return len(piece)
        if self._escapes:
            before = piece[at:quote]
            if (len(before) - len(before.rstrip("\\"))) % 2:
                self._add(before[:-1] + '"')
                return quote + 1
        self._add(piece[at:quote])
        self._state = "quote"
        return quote + 1

    def _quote(self, piece: str, at: int) -> int | None:
        if piece[at] == '"':
            self._add('"')
            self._state = "quoted"
            return at + 1
        follows = self._after_quote.match(piece, at)
        if follows is None:
            self.strays += 1
            self.openings += at < 2 or piece[at - 2] == self._delimiter
            self._add('"')
            self._state = "quoted"
            return at
        self._end_field()
        if follows[1] is None:
            return None
        self.width += 1
        self._state = "start"
        return follows.end()

    def _plain(self, piece: str, at: int) -> int | None:
        if self._state == "start":
            begin = at
            while self._spaces and piece[begin] == " " and begin + 1 < len(piece):
                begin += 1
            if piece[begin] == '"':
                self._state = "quoted"
                return begin + 1
            self._state = "plain"
        stop = self._end_of_field.search(piece, at)
        text = piece[at : stop.start() if stop else len(piece)]
        self.inner += '"' in text
        self._add(text)
        if stop is None:
            return len(piece)
        self._end_field()
        if stop[0] != self._delimiter:
            return None
        self.width += 1
        self._state = "start"
        return stop.end()

    def _add(self, text: str) -> None:
        if self._keep:
            self._parts.append(text)

    def _end_field(self) -> None:
        if self._keep:
            self.fields.append("".join(self._parts))
            self._parts.clear()


class Record(NamedTuple):
    """A record that was read: the line where it begins, its fields, and its physical lines.

    `line` counts from 1. `odd` says that a field may be too long, or hold NUL.
    """

    line: int
    fields: list[str]
    lines: list[str]
    odd: bool


@dataclass
class _Readings:
    """Two readings of a broken record, side by side until they agree where a record begins.

    In the reading `unclosed`, only the first line is broken: its quote is never closed. In the
    reading `inner`, the quotes inside a field are not doubled, and the field may have several
    lines. Each is the line that the reading has come to, or None if the text ended in a record.
    `good` and `bad` count the records of `unclosed` that are well formed, and those that are not;
    `alike` counts the lines that are broken as the first one is.
    """

    unclosed: int | None
    inner: int | None
    inner_fits: bool
    good: int = 0
    bad: int = 0
    alike: int = 0

    def are_settled(self) -> bool:
        ended = self.unclosed is None or self.unclosed == self.inner
        return ended or self.good + self.bad + self.alike >= _LOOKAHEAD


class Records:
    """The records of `lines` from the first line that is not done, with Broken ones among them."""

    def __init__(self, lines: Lines, form: Format) -> None:
        self._lines = lines
        self._form = form
        self._quotes = odd_quotes(form.delimiter)
        # After a broken record, what looks like a record may be a piece of it.
        self._distrust = False
        self._looked = 0

    def __iter__(self) -> Iterator[Record | Broken]:
        while (stopped := (yield from self._strictly())) is not None:
            try:
                yield self._slowly(stopped)
            except RecordTooLong:
                yield self._skip()

    def _strictly(self) -> Generator[Record, None, Exception | None]:
        """Yield records as strict CSV; return what stopped it before the end of the text."""
        lines = self._lines
        start, spaced = lines.done, self._form.skip_spaces
        reader = csv.reader(
            lines.read_from(start),
            delimiter=self._form.delimiter,
            skipinitialspace=spaced,
            strict=True,
        )
        try:
            for fields in reader:
                begin, end = lines.done, start + reader.line_num
                raw = lines.kept(begin, end)
                if (lines.odd or self._distrust) and self._suspicious(begin, raw):
                    return csv.Error()
                lines.done = end
                if spaced:
                    fields = restore_spaces(fields, raw, self._form.delimiter)
                yield Record(begin + 1, fields, raw, lines.odd)
        except (csv.Error, RecordTooLong) as error:
            return error
        return None

    def _suspicious(self, begin: int, raw: list[str]) -> bool:
        """Return whether well-formed lines may mean something else than strict CSV says."""
        if not self._distrust and not has_odd_quotes("\n".join(("", *raw)), self._quotes):
            return False
        reader, _ = self._read(begin)
        self._distrust = self._distrust and not reader.clean(self._form.width)
        return reader.inner > 0

    def _slowly(self, stopped: Exception) -> Record | Broken:
        """Return the record that stopped strict reading, in the first reading that is clean."""
        if isinstance(stopped, RecordTooLong):
            raise stopped
        begin = self._lines.done
        for spaces, escapes in self._choose_readings(begin):
            reader, end = self._read(begin, spaces=spaces, escapes=escapes, strict=True)
            if end is not None and reader.clean(self._form.width):
                raw = self._lines.kept(begin, end)
                self._lines.done = end
                return Record(begin + 1, reader.fields, raw, self._lines.odd)
        if "end of data" in str(stopped):
            raise _explain_unclosed(begin)
        end = self._end_of_broken(begin)
        text = "".join(self._lines.kept(begin, end))
        self._lines.done = end
        self._distrust = True
        return Broken(begin + 1, end, "malformed_quotes", text)

    def _choose_readings(self, begin: int) -> Iterator[tuple[bool, bool]]:
        """Yield how a record may be read: with spaces passed over, with quotes escaped.

        Readings that can't differ from the first one in what that has read are left out.
        """
        before = self._looked
        yield False, False
        lines, length = ["\n"], self._looked - before
        while length > 0 and (line := self._lines.line(begin + len(lines) - 1)) is not None:
            lines.append(line)
            length -= len(line)
        text = "".join(lines)
        spaced = "\n " in text or f"{self._form.delimiter} " in text
        escaped = '\\"' in text
        for spaces, escapes in product((False, True), repeat=2):
            if (spaces or escapes) and spaces <= spaced and escapes <= escaped:
                yield spaces, escapes

    def _read(
        self, begin: int, *, spaces: bool = False, escapes: bool = False, strict: bool = False
    ) -> tuple[RecordReader, int | None]:
        """Read a record; return it with the line where it ends, or None if the text ends before.

        With `strict`, reading stops after the first line in which the record is not well formed.
        """
        reader = RecordReader(self._form, spaces=spaces, escapes=escapes)
        number = begin
        while (line := self._lines.line(number)) is not None:
            number += 1
            self._looked += len(line)
            if reader.feed(line):
                return reader, number
            if strict and (reader.strays or reader.inner):
                return reader, None
        reader.end()
        return reader, None if reader.open else number

    def _end_of_broken(self, begin: int) -> int:
        """Return the line where the next record begins that can be told apart from a broken one."""
        if self._looked > _LOOKED_CHARS + _LOOKED_TIMES * self._lines.chars:
            return begin + 1
        reader, inner = self._read(begin)
        if inner == begin + 1:
            return inner
        fits = reader.width == self._form.width and not reader.openings
        both = _Readings(begin + 1, inner, fits)
        while not both.are_settled() and self._read_on(both):
            pass
        if both.inner is None:
            # A reading that never ends can't be right, so less is asked of the other one.
            if both.bad * 2 <= both.good:
                return begin + 1
            raise _explain_unclosed(begin)
        if both.good > 0 and both.bad * 20 <= both.good and not both.inner_fits:
            return begin + 1
        return both.inner

    def _read_on(self, both: _Readings) -> bool:
        """Read one record more in the reading that is behind; return whether there was one."""
        if both.inner is not None and both.unclosed is not None and both.inner < both.unclosed:
            reader, both.inner = self._read(both.inner)
            both.inner_fits &= both.inner is not None and reader.clean(self._form.width)
            return True
        if both.unclosed is None or self._lines.line(both.unclosed) is None:
            return False
        line = both.unclosed
        reader, both.unclosed = self._read(line, strict=True)
        whole = both.unclosed == line + 1 and reader.width >= self._form.width
        if reader.strays and (whole or (both.unclosed is None and reader.lines <= 1)):
            both.unclosed, both.alike = line + 1, both.alike + 1
            return True
        if both.unclosed is None:
            reader, both.unclosed = self._read(line)
        fits = both.unclosed is not None and reader.clean(self._form.width)
        # If a field goes on, a line of its prose may look like a record.
        fits &= both.inner is not None or not is_prose(reader.fields)
        both.good += fits
        both.bad += not fits and any(reader.fields)
        return True

    def _skip(self) -> Broken:
        """Return the record that is too long to be kept, and go on after it."""
        begin = self._lines.done
        reader = RecordReader(self._form, keep=False)
        ended = self._lines.skip(reader)
        # A field may just be long. But a quote that was never closed runs into other rows' quotes.
        misfit = reader.strays or (reader.lines and reader.width != self._form.width)
        if misfit or (not ended and reader.open):
            raise _explain_unclosed(begin)
        return Broken(begin + 1, self._lines.done, "field_too_long", "")


def _explain_unclosed(begin: int) -> FileError:
    return FileError(
        "malformed_csv",
        say(
            "A quote that opens in the row of line {line} is never closed: the rows after it "
            'can\'t be told apart. Close it there, or write a quote inside quotes twice ("").',
            line=begin + 1,
        ),
        line=begin + 1,
    )
