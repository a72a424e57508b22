"""Writes a collection as a CSV.

Uploading the CSV of a collection again changes nothing. The columns are those of the last file, in
its order and with its names. Metadata that only other items have come after them. An upload may not
understand those names, because the file was read by positions, or by names that only its options
gave. Then the columns are called id, question and answer. If a column of metadata has such a name,
they are called as in the first language in which none has. Other wordings of the questions are one
column, which is there if an item has some or the file had it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from files.column_names import NAME_PAIRS, QUIZ_ANSWERS, find_choices, normalise
from files.columns import find_columns, name_metadata
from files.csv_form import CsvForm, write_table
from files.description import FileDescription
from files.errors import FileError
from files.options import Wanted
from files.phrasings import ALTERNATIVES, find_alternatives, is_alternatives_name, write_cell
from files.reading_back import Places
from files.roles import find_roles, name_kept

Role = Literal["id", "question", "answer", "alternatives", "metadata"]
ExportRow = tuple[str | None, str, str, dict[str, str], list[str]]


class Column(NamedTuple):
    """A column of the export: what it holds, its name, and for metadata its key."""

    role: Role
    name: str


def choose_columns(
    file: FileDescription | None,
    keys: Sequence[str],
    *,
    has_ids: bool,
    has_alternatives: bool = False,
) -> tuple[list[Column], bool]:
    """Return the columns, and whether their names are enough to read them again.

    `file` is the last file that was uploaded, and `keys` are the names of the items' metadata.
    """
    columns = [c for c in _list_columns(file) if c.role != "id" or has_ids]
    roles = {column.role for column in columns}
    own: list[Role] = ["id"] if has_ids else []
    own += ["question", "answer"]
    columns[:0] = [Column(role, role) for role in own if role not in roles]
    named = {column.name for column in columns if column.role == "metadata"}
    if has_alternatives and "alternatives" not in roles:
        columns.append(Column("alternatives", ALTERNATIVES))
    columns += [Column("metadata", key) for key in keys if key not in named]
    renamed = (_rename(columns, *pair) for pair in NAME_PAIRS)
    for candidate in (columns, _rename_alternatives(columns), *renamed):
        if _is_understood(candidate):
            return candidate, True
    return columns, False


def find_places(columns: Sequence[Column]) -> Places:
    """Return where the columns have the question, the answer and the id."""
    roles = [column.role for column in columns]
    at_id = roles.index("id") if "id" in roles else None
    return Places(roles.index("question"), roles.index("answer"), at_id)


def write_csv(
    columns: Sequence[Column], rows: Iterable[ExportRow], form: CsvForm
) -> Iterator[bytes]:
    """Yield the CSV in pieces; the first of them has the header."""
    names = [column.name for column in columns]
    return write_table(names, (_list_values(columns, row) for row in rows), form)


def _list_values(columns: Sequence[Column], row: ExportRow) -> list[str]:
    external_id, question, answer, metadata, alternatives = row
    own = {"id": external_id or "", "question": question, "answer": answer}
    own["alternatives"] = write_cell(alternatives)
    return [metadata.get(name, "") if role == "metadata" else own[role] for role, name in columns]


def _list_columns(file: FileDescription | None) -> list[Column]:
    """Return the columns of a file that items keep, in its order."""
    roles = {} if file is None else find_roles(file)
    if file is None or not {"question", "answer"} <= set(roles.values()):
        return []
    kept = name_kept(file, roles)
    first = next((index for index, role in roles.items() if role == "alternatives"), None)
    return [
        Column(roles[index], name) if index in roles else Column("metadata", kept[index])
        for index, name in enumerate(file.columns)
        if index in kept or (index in roles and (roles[index] != "alternatives" or index == first))
    ]


def _rename(columns: Sequence[Column], question: str, answer: str) -> list[Column]:
    names = {"id": "id", "question": question, "answer": answer}
    return [Column(c.role, names.get(c.role, c.name)) for c in _rename_alternatives(columns)]


def _rename_alternatives(columns: Sequence[Column]) -> list[Column]:
    """Return the columns with a name that is known for other wordings."""
    return [
        Column(c.role, c.name if is_alternatives_name(c.name) else ALTERNATIVES)
        if c.role == "alternatives"
        else c
        for c in columns
    ]


def _is_understood(columns: Sequence[Column]) -> bool:
    """Return whether an upload without options would read the columns as they are meant."""
    names = [column.name for column in columns]
    plain = [normalise(column.name) for column in columns if column.role != "alternatives"]
    if find_choices(plain) or not QUIZ_ANSWERS.keys().isdisjoint(plain):
        # Whether an upload takes such a file depends on its answers (header.py, check_answers).
        return False
    try:
        found = find_columns(names, Wanted())
    except FileError:
        return False
    if found is None:
        return False
    if Places(found.question, found.answer, found.id) != find_places(columns):
        return False
    others = tuple(at for at, column in enumerate(columns) if column.role == "alternatives")
    if find_alternatives(names, found.question, found.answer, []) != others:
        return False
    found = replace(found, alternatives=others)
    kept = [column.name for column in columns if column.role == "metadata"]
    return list(name_metadata(names, found).values()) == kept
