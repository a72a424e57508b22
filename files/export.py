"""Writes a collection as a CSV, and the rejected rows of a job.

Uploading the CSV of a collection again changes nothing. The columns are those of the last file, in
its order and with its names. Metadata that only other items have come after them. An upload may not
understand those names, because the file was read by positions, or by names that only its options
gave. Then the columns are called id, question and answer. If a column of metadata has such a name,
they are called as in the first language in which none has. Other wordings of the questions are one
column, which is there if an item has some or the file had it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from files.column_names import NAME_PAIRS, QUIZ_ANSWERS, find_choices, normalise
from files.columns import Columns, find_columns, name_metadata
from files.description import FileDescription
from files.errors import FileError
from files.options import Wanted
from files.phrasings import ALTERNATIVES, find_alternatives, write_cell

Role = Literal["id", "question", "answer", "alternatives", "metadata"]
ExportRow = tuple[str | None, str, str, dict[str, str], list[str]]

# What a spreadsheet may take for the beginning of a formula: OWASP, "CSV Injection".
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Rows in a piece of the answer.
_PIECE_ROWS = 500


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
) -> tuple[list[Column], dict[str, int]]:
    """Return the columns, and the upload options that read them; no options if names are enough.

    `file` is the last file that was uploaded, and `keys` are the names of the items' metadata.
    Options count columns from 1.
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
    for candidate in (columns, *(_rename(columns, *pair) for pair in NAME_PAIRS)):
        if _is_understood(candidate):
            return candidate, {}
    options = {
        f"{column.role}_column": position
        for position, column in enumerate(columns, 1)
        if column.role not in ("metadata", "alternatives")
    }
    return columns, options


def write_csv(
    columns: Sequence[Column], rows: Iterable[ExportRow], *, spreadsheet_safe: bool
) -> Iterator[bytes]:
    """Yield the CSV in UTF-8: RFC 4180, the header first.

    `spreadsheet_safe` puts an apostrophe before what a spreadsheet would take for a formula, and
    a BOM at the beginning, by which Excel knows UTF-8.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    safe = _neutralise if spreadsheet_safe else str
    if spreadsheet_safe:
        text.write("\ufeff")
    writer.writerow([safe(column.name) for column in columns])
    for number, row in enumerate(rows, 1):
        writer.writerow([safe(value) for value in _list_values(columns, row)])
        if number % _PIECE_ROWS == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def write_rejected(
    file: FileDescription | None, rows: Iterable[Sequence[str] | Mapping[str, Any]]
) -> Iterator[bytes]:
    """Yield rejected rows as a CSV in UTF-8 with the columns of their file, to be mended.

    A row is its fields, or one field where they could not be told apart. A row that was taken first
    and rejected later is a mapping of id, question, answer and metadata.
    """
    if file is not None and file.header_line is not None:
        yield _write_line(file.columns)
    for row in rows:
        if file is not None and isinstance(row, Mapping):
            yield _write_line(_restore_fields(file, row))
        else:
            yield _write_line(list(row))


def _write_line(fields: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(fields)
    return text.getvalue().encode()


def _restore_fields(file: FileDescription, row: Mapping[str, Any]) -> list[str]:
    """Return a row (id, question, answer, metadata) in all columns of the file it came from."""
    roles = _find_roles(file)
    kept = _name_metadata(file, roles)
    own = {role: row.get(role) or "" for role in ("id", "question", "answer")}
    own["alternatives"] = write_cell(row.get("alternatives") or [])
    fields = []
    for index in range(len(file.columns)):
        role = roles.get(index)
        fields.append(own[role] if role else row["metadata"].get(kept.get(index, ""), ""))
        if role == "alternatives":
            # Of several columns, the first one has all.
            own[role] = ""
    return fields


def _list_values(columns: Sequence[Column], row: ExportRow) -> list[str]:
    external_id, question, answer, metadata, alternatives = row
    own = {"id": external_id or "", "question": question, "answer": answer}
    own["alternatives"] = write_cell(alternatives)
    return [metadata.get(name, "") if role == "metadata" else own[role] for role, name in columns]


def _neutralise(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value


def _list_columns(file: FileDescription | None) -> list[Column]:
    """Return the columns of a file that items keep, in its order."""
    roles = {} if file is None else _find_roles(file)
    if file is None or not {"question", "answer"} <= set(roles.values()):
        return []
    kept = _name_metadata(file, roles)
    first = next((index for index, role in roles.items() if role == "alternatives"), None)
    return [
        Column(roles[index], name) if index in roles else Column("metadata", kept[index])
        for index, name in enumerate(file.columns)
        if index in kept or (index in roles and (roles[index] != "alternatives" or index == first))
    ]


def _find_roles(file: FileDescription) -> dict[int, Role]:
    others: list[tuple[Role, str]] = [("alternatives", name) for name in file.alternatives_columns]
    own: tuple[tuple[Role, str | None], ...] = (
        *others,
        ("id", file.id_column),
        ("question", file.question_column),
        ("answer", file.answer_column),
    )
    places = ((_find_column(file.columns, column), role) for role, column in own)
    return {index: role for index, role in places if index is not None}


def _name_metadata(file: FileDescription, roles: Mapping[int, Role]) -> dict[int, str]:
    """Return the names of the columns that are metadata, by their index."""
    at = {role: index for index, role in roles.items()}
    if file.header_line is None or "question" not in at or "answer" not in at:
        return {}
    others = tuple(index for index, role in roles.items() if role == "alternatives")
    columns = Columns(at["question"], at["answer"], at.get("id"), alternatives=others)
    return name_metadata(file.columns, columns)


def _find_column(names: Sequence[str], column: str | None) -> int | None:
    """Return the index of a column that a description gives by its name or by its position."""
    if column is None:
        return None
    if names.count(column) == 1:
        return names.index(column)
    return int(column) - 1 if column.isdecimal() and 0 < int(column) <= len(names) else None


def _rename(columns: Sequence[Column], question: str, answer: str) -> list[Column]:
    names = {"id": "id", "question": question, "answer": answer}
    return [Column(c.role, names.get(c.role, c.name)) for c in columns]


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
    roles = [column.role for column in columns]
    at_id = roles.index("id") if "id" in roles else None
    if (found.question, found.answer, found.id) != (
        roles.index("question"),
        roles.index("answer"),
        at_id,
    ):
        return False
    others = tuple(at for at, role in enumerate(roles) if role == "alternatives")
    if find_alternatives(names, found.question, found.answer, []) != others:
        return False
    found = replace(found, alternatives=others)
    kept = [name for name, role in zip(names, roles, strict=True) if role == "metadata"]
    return list(name_metadata(names, found).values()) == kept
