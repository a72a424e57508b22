"""Rejects answers of several lines that have no quotes around them: each line looks like a row.

| the row | becomes |
|---|---|
| does not end with a quote, and several lines of one field follow it | malformed_quotes, because its answer goes on there |
| is prose with a comma between such lines | malformed_quotes |
| is followed by one line of one field | itself, because that line may be anything |

The first line alone would be a wrong answer. A line of prose among the others, with its comma,
would be a wrong row.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from files.prose import is_prose
from files.records import Record
from files.rows import Rejection, Row, reject
from messages import say

# What became of a record, and the record itself, or None if it could not be read.
Entry: TypeAlias = tuple[Row | Rejection, Record | None]

# An answer may have so many lines of prose with commas one after another.
_MOST_HELD = 20


def reject_torn_answers(entries: Iterable[Entry], delimiter: str) -> Iterator[Row | Rejection]:
    """Yield what became of each record; rows that are pieces of a torn answer are rejected."""
    last: Entry | None = None
    # These may be a torn answer: first its row or a line of it, then what may be further pieces.
    held: list[Entry] = []
    begin: Entry | None = None
    for entry in entries:
        row, record = entry
        if held:
            if _is_loose(row):
                yield from map(_reject, held)
                held = [entry]
                continue
            if len(held) <= _MOST_HELD and not _is_prose(begin) and _runs_on(record, delimiter):
                held.append(entry)
                continue
            yield from (row for row, _ in held)
            held = []
        elif last is not None:
            if _is_loose(row) and _ends_open(last):
                held, last = [last, entry], None
                continue
            yield last[0]
        if isinstance(row, Row):
            last = begin = entry
        else:
            last = None
            yield row
    if last is not None:
        yield last[0]
    yield from (row for row, _ in held)


def runs_on(record: Record, delimiter: str) -> bool:
    """Return whether a field begins with a space and has no quote before it."""
    if not is_prose(record.fields):
        return False
    text = "".join(record.lines)
    return any(delimiter + f in text for f in record.fields[1:] if f[:1] == " ")


def _runs_on(record: Record | None, delimiter: str) -> bool:
    return record is not None and runs_on(record, delimiter)


def _is_prose(entry: Entry | None) -> bool:
    return entry is not None and entry[1] is not None and is_prose(entry[1].fields)


def _ends_open(entry: Entry) -> bool:
    """Return whether no quote ends a row's last field."""
    return entry[1] is not None and '"' not in entry[1].lines[-1][-3:]


def _is_loose(row: Row | Rejection) -> bool:
    """Return whether a row is one field, which may be a line of anything."""
    return isinstance(row, Rejection) and row.code == "too_few_fields" and len(row.fields) == 1


def _reject(entry: Entry) -> Rejection:
    row, record = entry
    if isinstance(row, Rejection) or record is None:
        assert isinstance(row, Rejection)  # noqa: S101, for the type checker: no record, no row
        return row
    return reject(
        row.line,
        "malformed_quotes",
        say(
            "The row seems to be a line of an answer of several lines, which needs quotes around "
            "it."
        ),
        record.fields,
    )
