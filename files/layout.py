"""Finds how the rows of a table are laid out: its columns, their names, and the width of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from files.columns import (
    MAX_COLUMNS,
    Columns,
    clip_names,
    find_given,
    name_metadata,
    show_names,
    showing_rows,
)
from files.description import FileDescription, LeftOut
from files.errors import FileError
from files.explanations import explains
from files.header import Header, check_answers, check_lists, find_header
from files.instructions import prefer_inputs
from files.note_columns import count_notes, cut_notes
from files.options import Wanted, refuse_same_columns
from files.phrasings import find_alternatives
from files.prose import is_prose
from files.refusals import explain_missing_columns
from files.unnamed import count_unnamed, has_row_numbers, shift_columns
from messages import say
from texts import visible_text

# To find its layout, so much of a table is looked at.
SAMPLE_ROWS = 200
SAMPLE_CHARS = 1 << 17
# The width of so many rows is checked before they are used.
_WIDTH_ROWS = 10


@dataclass(frozen=True)
class Layout:
    """Which field of a row is what.

    `names` are those of the header, or none if there is no header; the last `unnamed` of them are
    empty, but their columns hold values. `header` is its place among the rows that were looked at.
    `no_items` are the rows below it that are none, without the spaces around their cells: the
    header once more, and one that explains the columns. `left_out` counts them as they are read.
    `width` is how many fields a row should have. `usual` is the width of most rows if they do not
    fill the header, and otherwise the header's. `spaced` says that most rows have a space after a
    delimiter. The `notes` are so many columns at the end of a file of rejected rows
    (note_columns.py), which are not counted in all this. `keyed` says that the rows were objects:
    an empty field of a column of other wordings is a key that the object does not have.
    """

    columns: Columns
    names: list[str]
    header: int | None
    width: int
    usual: int
    spaced: bool
    unnamed: int = 0
    no_items: list[list[str]] = field(default_factory=list)
    notes: int = 0
    keyed: bool = False
    left_out: LeftOut = field(default_factory=LeftOut)

    @cached_property
    def metadata_names(self) -> dict[int, str]:
        """The names of the columns that become metadata, by their index."""
        return name_metadata(show_names(self.names, self.unnamed), self.columns)

    @cached_property
    def shown_names(self) -> list[str]:
        """The columns as a person knows them: by name, or by position if there is no header."""
        positions = [str(position) for position in range(1, self.width + 1)]
        return show_names(self.names, self.unnamed) or positions

    def column_name(self, index: int) -> str:
        """Return a column's name, or its position if it has none or shares it."""
        name = self.shown_names[index] if index < len(self.shown_names) else ""
        return name if name and self.shown_names.count(name) == 1 else str(index + 1)

    def describe(
        self,
        kind: str,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        header_line: int | None = None,
        bom: bool = False,
    ) -> FileDescription:
        """Return the description of a file of that kind with this layout."""
        id_index = self.columns.id
        return FileDescription(
            format=kind,
            encoding=encoding,
            delimiter=delimiter,
            header_line=header_line,
            columns=self.shown_names,
            question_column=self.column_name(self.columns.question),
            answer_column=self.column_name(self.columns.answer),
            id_column=None if id_index is None else self.column_name(id_index),
            alternatives_columns=[self.column_name(at) for at in self.columns.alternatives],
            bom=bom,
            left_out=self.left_out,
        )


def find_layout(rows: Sequence[list[str]], want: Wanted, header: bool | None, line: int) -> Layout:
    """Return the layout of a table by its first rows. The first of them is in `line`.

    Raises FileError: missing_column, and malformed_csv with more than MAX_COLUMNS columns.
    """
    check_width(rows, line)
    found = find_header(rows, want, header)
    if found is None:
        raise explain_missing_columns(rows, line, want)
    return lay_out(rows, want, found, header)


def lay_out(rows: Sequence[list[str]], want: Wanted, header: Header, told: bool | None) -> Layout:
    """Return the layout of a table whose header was found among its first rows.

    `told` says whether the caller knows of a header; None means that it was to be found out.
    Raises FileError (missing_column) if the answers below the header are not texts.
    """
    with showing_rows(rows):
        return _lay_out(rows, want, header, told)


def _lay_out(rows: Sequence[list[str]], want: Wanted, header: Header, told: bool | None) -> Layout:
    columns, names = header.columns, header.names
    data = skip_header(rows, header)
    if header.row is not None:
        names = rows[header.row]
        counted = want.positions or any(isinstance(one, int) for one in want.alternatives)
        if not counted and has_row_numbers(names, data):
            # The program that wrote the file gives no name to the numbers of its rows.
            names, columns = ["", *names], shift_columns(columns)
    named = _find_wanted(names or [""] * find_width(rows), columns, want)
    needed = max(columns.question, columns.answer, columns.id or 0, *named) + 1
    unnamed = notes = 0
    if names:
        # A last column without a name is a column only if the rows have values there.
        while len(names) > needed and not visible_text(names[-1]):
            names = names[:-1]
        if count_notes(names) and len(names) - count_notes(names) >= needed:
            notes = count_notes(names)
            names = names[:-notes]
            data = [cut_notes(row, len(names)) for row in data]
        elif not want.joins:
            unnamed = count_unnamed(names, data, rows[header.row or 0])
        names = [*names, *[""] * unnamed]
        width = max(len(names), needed)
    else:
        width = needed if _goes_on_as_prose(rows, needed) else max(find_width(rows), needed)
    usual = _narrow_width(data, needed, width) if names else width
    common = [row for row in data if len(row) == usual]
    spaced = 2 * sum(map(is_prose, common)) > len(common)
    no_items = []
    if header.row is not None:
        check_answers(names, columns, data, want)
        check_lists(names, columns, data, want)
        columns = prefer_inputs(names, columns, data, want)
        guess = told is None and not (want.names or want.positions)
        no_items = _find_no_items(names, columns, data, width, guess=guess)
    if names and not named:
        named = find_alternatives(names, columns.question, columns.answer, data)
    columns = replace(columns, alternatives=named)
    return Layout(columns, names, header.row, width, usual, spaced, unnamed, no_items, notes)


def _find_no_items(
    names: Sequence[str],
    columns: Columns,
    data: Sequence[Sequence[str]],
    width: int,
    *,
    guess: bool,
) -> list[list[str]]:
    """Return the header as a row may repeat it, and the row that explains the columns, if any."""
    found = [list(names)]
    if data and explains(data[0], names, columns, data[1:], guess=guess):
        found.append([*data[0], *[""] * width][:width])
    return [[cell.strip() for cell in row] for row in found]


def _find_wanted(names: Sequence[str], columns: Columns, want: Wanted) -> tuple[int, ...]:
    """Return the columns that the caller named for other wordings.

    Raises FileError: missing_column, and invalid_option if they have another role.
    """
    found = []
    for column in want.alternatives:
        at = find_given(names, column, "alternatives_column")
        if at is None or at < 0:
            raise FileError(
                "missing_column",
                say("alternatives_column: there is no column {column!r}.", column=column),
                header=clip_names(names),
            )
        found.append(at)
    own = [at for at in (columns.question, columns.answer, columns.id) if at is not None]
    if len({*found, *own}) < len(found) + len(own):
        raise refuse_same_columns(want.answer_option)
    return tuple(found)


def check_width(rows: Sequence[list[str]], line: int) -> None:
    """Raise FileError (malformed_csv) if the first rows have more than MAX_COLUMNS fields."""
    width = max(map(len, rows[:_WIDTH_ROWS]))
    if width > MAX_COLUMNS:
        raise FileError(
            "malformed_csv",
            say(
                "Line {line} has {width} columns; at most {most} can be taken.",
                line=line,
                width=width,
                most=MAX_COLUMNS,
            ),
            line=line,
        )


def skip_header(rows: Sequence[list[str]], header: Header | None) -> Sequence[list[str]]:
    """Return the rows below the header, or all of them if there is none."""
    return rows if header is None or header.row is None else rows[header.row + 1 :]


def find_width(rows: Sequence[list[str]]) -> int:
    """Return how many fields most rows have, without the empty ones at their end."""
    return Counter(map(filled_width, rows)).most_common(1)[0][0] if rows else 0


def filled_width(row: Sequence[str]) -> int:
    """Return a row's width without the empty fields at its end."""
    width = len(row)
    while width and not row[width - 1]:
        width -= 1
    return width


def _narrow_width(rows: Sequence[list[str]], needed: int, width: int) -> int:
    """Return how wide the rows are if most lack fields at their end, else `width`."""
    lengths = Counter(len(row) for row in rows if needed <= len(row) < width)
    return lengths.most_common(1)[0][0] if 2 * lengths.total() > len(rows) else width


def _goes_on_as_prose(rows: Sequence[list[str]], needed: int) -> bool:
    """Return whether what follows the columns asked for is the rest of a text, not columns."""
    beyond = [field for row in rows for field in row[needed:] if field.strip()]
    return bool(beyond) and 2 * sum(field.startswith(" ") for field in beyond) >= len(beyond)
