"""Finds a header and options under which an upload reads an export as it is meant.

The reader itself says what it would read (reading_back.py), first in the beginning of the export,
and then in each row. These are tried in their order:

| the export has | and is uploaded |
|---|---|
| the names that the last file had | without options, or with the delimiter |
| the same, and notes | the same |
| known names for the wordings, or for all but the metadata: of the first language that fits | the same |
| the names that the last file had | with the places of all columns |
| the same, and empty columns of wordings and ids if it had none: an option can then name them, so that no other column is taken for them | the same |
| known names that no metadata has, all columns that can be named, and notes | the same |

The notes are the columns `_error` and `_line`, which an upload ignores (note_columns.py). With them,
no row looks like the header, or explains it: `_line` has a number, and `_error` nothing. They stand
in this order, because the other way round a reader cuts them off before it looks.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeAlias

from files.column_names import NAME_PAIRS, normalise
from files.columns import find_columns
from files.csv_form import CsvForm
from files.errors import FileError
from files.export import Column, find_places, write_csv
from files.layout import SAMPLE_CHARS, Layout
from files.note_columns import NOTE_NAMES
from files.options import Wanted
from files.phrasings import ALTERNATIVES, ALTERNATIVES_NAMES, is_alternatives_name
from files.qna_maker import labels_column
from files.reading_back import Meant, NotReadBack, name_delimiter, name_safe, read_layout

_LINE, _ERROR = NOTE_NAMES
_NOTES = (Column("nothing", _ERROR), Column("line", _LINE))
Options: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class Plan:
    """The columns of an export, and the options by which an upload reads it.

    `layout` is what the upload finds. Without it, nothing is known to be better.
    """

    columns: list[Column]
    options: Options
    layout: Layout | None

    def write(self, rows: Iterable[Meant], form: CsvForm) -> Iterator[bytes]:
        """Yield the export in pieces. Raises NotReadBack at a row that would not come back."""
        return write_csv(self.columns, rows, form, self.layout)


def list_plans(
    columns: Sequence[Column], read_rows: Callable[[], Iterator[Meant]], form: CsvForm
) -> Iterator[tuple[Plan, Iterator[Meant]]]:
    """Yield the plans that fit the first rows, each with all rows; the last one always."""
    rows = read_rows()
    head = _take_head(rows, len(columns))
    # The rows that were looked at need not be asked for again.
    passes = chain([chain(head, rows)], (read_rows() for _ in repeat(None)))
    for candidate, ways in _list_candidates(columns, form):
        start = b"".join(write_csv(candidate, head, form))
        for options in ways:
            layout = read_layout(start, options, form)
            if layout is not None and _fits(Plan(candidate, options, layout), head, form):
                yield Plan(candidate, options | name_safe(form), layout), next(passes)
    surest = _name_surely(columns)
    options = find_places(surest).as_options() | name_delimiter(form) | name_safe(form)
    yield Plan(surest, options, None), next(passes)


def _take_head(rows: Iterator[Meant], width: int) -> list[Meant]:
    """Return the first rows: as many as a reader looks at before it knows the layout."""
    head: list[Meant] = []
    size = 0
    for row in rows:
        head.append(row)
        size += width + len(row[1]) + len(row[2]) + sum(map(len, row[3].values()))
        if size >= SAMPLE_CHARS:
            break
    return head


def _fits(plan: Plan, head: Sequence[Meant], form: CsvForm) -> bool:
    try:
        for _ in plan.write(head, form):
            pass
    except NotReadBack:
        return False
    return True


def _list_candidates(
    columns: Sequence[Column], form: CsvForm
) -> Iterator[tuple[list[Column], list[Options]]]:
    """Yield columns with the options to try, in the order of the table above."""
    delimiter = name_delimiter(form)
    for named in _list_named(columns):
        yield named, [{}, delimiter]
        yield [*named, *_NOTES], [{}, delimiter]
    own = list(columns)
    for placed in (own, _add_wordings(own), _add_id(_add_wordings(own)), _name_surely(own)):
        options = find_places(placed).as_options()
        yield placed, [options, options | delimiter]


def _list_named(columns: Sequence[Column]) -> Iterator[list[Column]]:
    """Yield the columns with the names that an upload may understand by themselves."""
    own, known = list(columns), _name_wordings(columns)
    yield own
    if known != own:
        yield known
    renamed = (_rename(known, *pair) for pair in NAME_PAIRS)
    first = next(filter(_is_understood, renamed), own)
    if first not in (own, known):
        yield first


def _name_wordings(columns: Sequence[Column]) -> list[Column]:
    """Return the columns with a name that is known for other wordings."""
    return [
        Column(c.role, c.name if is_alternatives_name(c.name) else ALTERNATIVES)
        if c.role == "alternatives"
        else c
        for c in columns
    ]


def _rename(columns: Sequence[Column], question: str, answer: str) -> list[Column]:
    names = {"id": "id", "question": question, "answer": answer}
    return [Column(c.role, names.get(c.role, c.name)) for c in columns]


def _is_understood(columns: Sequence[Column]) -> bool:
    """Return whether the names alone say where the question, the answer and the id are."""
    names = [column.name for column in columns]
    if labels_column(names) is not None:
        return False
    try:
        found = find_columns(names, Wanted())
    except FileError:
        return False
    places = find_places(columns)
    own = (places.question, places.answer, places.id)
    return found is not None and (found.question, found.answer, found.id) == own


def _add_wordings(columns: Sequence[Column]) -> list[Column]:
    if any(column.role == "alternatives" for column in columns):
        return list(columns)
    return [*columns, Column("alternatives", _choose_name(columns, ALTERNATIVES_NAMES))]


def _add_id(columns: Sequence[Column]) -> list[Column]:
    if any(column.role == "id" for column in columns):
        return list(columns)
    return [Column("id", "id"), *columns]


def _name_surely(columns: Sequence[Column]) -> list[Column]:
    """Return all columns that an option can name, under names that are known, and the notes."""
    metadata = [column for column in columns if column.role == "metadata"]
    taken = {normalise(column.name) for column in metadata}
    free = [pair for pair in NAME_PAIRS if taken.isdisjoint(map(normalise, pair))]
    if labels_column([*free[0], *taken] if free else []) is not None:
        free = free[1:]
    question, answer = (free or NAME_PAIRS)[0]
    wordings = _choose_name(metadata, ALTERNATIVES_NAMES)
    own = [Column("id", "id"), Column("question", question), Column("answer", answer)]
    return [*own, Column("alternatives", wordings), *metadata, *_NOTES]


def _choose_name(columns: Sequence[Column], names: Iterable[str]) -> str:
    """Return the first of the names that no column has."""
    taken = {normalise(column.name) for column in columns}
    return next((name for name in names if normalise(name) not in taken), ALTERNATIVES)
