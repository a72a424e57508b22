"""Writes a collection as a CSV.

Uploading the CSV of a collection again changes nothing. The columns are those of the last file, in
its order and with its names. Metadata that only other items have come after them. Other wordings of
the questions are one column, which is there if an item has some or the file had it. export_plans.py
says what changes in that if an upload would read it otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from files.csv_form import CsvForm, write_table
from files.description import FileDescription
from files.formulas import neutralise
from files.layout import Layout
from files.phrasings import ALTERNATIVES, write_cell
from files.reading_back import Meant, Places, confirm_rows
from files.roles import find_roles, name_kept

Role = Literal["id", "question", "answer", "alternatives", "metadata", "line", "nothing"]


class Column(NamedTuple):
    """A column of the export: what it holds, its name, and for metadata its key."""

    role: Role
    name: str


def list_columns(
    file: FileDescription | None,
    keys: Sequence[str],
    *,
    has_ids: bool,
    has_alternatives: bool = False,
) -> list[Column]:
    """Return the columns of a collection.

    `file` is the last file that was uploaded, and `keys` are the names of the items' metadata.
    """
    columns = [c for c in _list_file_columns(file) if c.role != "id" or has_ids]
    roles = {column.role for column in columns}
    own: list[Role] = ["id"] if has_ids else []
    own += ["question", "answer"]
    columns[:0] = [Column(role, role) for role in own if role not in roles]
    named = {column.name for column in columns if column.role == "metadata"}
    if has_alternatives and "alternatives" not in roles:
        columns.append(Column("alternatives", ALTERNATIVES))
    columns += [Column("metadata", key) for key in keys if key not in named]
    return columns


def find_places(columns: Sequence[Column]) -> Places:
    """Return where the columns have the question, the answer, the id and the wordings."""
    roles = [column.role for column in columns]
    at_id = roles.index("id") if "id" in roles else None
    others = tuple(at for at, role in enumerate(roles) if role == "alternatives")
    return Places(roles.index("question"), roles.index("answer"), at_id, others)


def write_csv(
    columns: Sequence[Column], rows: Iterable[Meant], form: CsvForm, layout: Layout | None = None
) -> Iterator[bytes]:
    """Yield the CSV in pieces; the first of them has the header.

    With the layout that an upload finds in it, raise NotReadBack at a row that an upload would take
    otherwise.
    """
    safe = form.spreadsheet_safe
    pairs = ((row, _list_values(columns, row, line, safe)) for line, row in enumerate(rows, 2))
    fields = (
        (values for _, values in pairs) if layout is None else confirm_rows(layout, form, pairs)
    )
    return write_table([column.name for column in columns], fields, form)


def _list_values(columns: Sequence[Column], row: Meant, line: int, safe: bool) -> list[str]:
    external_id, question, answer, metadata, alternatives = row
    own = {"id": external_id or "", "question": question, "answer": answer}
    own |= {"alternatives": _write_wordings(alternatives, safe), "line": str(line), "nothing": ""}
    return [metadata.get(name, "") if role == "metadata" else own[role] for role, name in columns]


def _write_wordings(alternatives: Sequence[str], safe: bool) -> str:
    """Return the cell of the other wordings, before it is neutralised as a whole.

    A reader takes the apostrophe off the first wording (formulas.py). In a list of JSON, the cell
    has none, so that the wording needs its own.
    """
    cell = write_cell(alternatives)
    if safe and cell.startswith("[") and alternatives[0] != neutralise(alternatives[0]):
        return json.dumps([neutralise(alternatives[0]), *alternatives[1:]], ensure_ascii=False)
    return cell


def _list_file_columns(file: FileDescription | None) -> list[Column]:
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
