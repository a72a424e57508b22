"""Says which column of a file that was read has which role, by the file's description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from files.columns import Columns, name_metadata
from files.description import FileDescription

OwnRole: TypeAlias = Literal["id", "question", "answer", "alternatives"]


def find_roles(file: FileDescription) -> dict[int, OwnRole]:
    """Return the roles of a file's columns by their index, counted from 0."""
    own: tuple[tuple[OwnRole, str | None], ...] = (
        *(("alternatives", name) for name in file.alternatives_columns),
        ("id", file.id_column),
        ("question", file.question_column),
        ("answer", file.answer_column),
    )
    places = ((_find_column(file.columns, column), role) for role, column in own)
    return {index: role for index, role in places if index is not None}


def name_kept(file: FileDescription, roles: Mapping[int, OwnRole]) -> dict[int, str]:
    """Return the names of the columns that are metadata, by their index."""
    at = {role: index for index, role in roles.items()}
    if not has_header(file) or "question" not in at or "answer" not in at:
        return {}
    others = tuple(index for index, role in roles.items() if role == "alternatives")
    columns = Columns(at["question"], at["answer"], at.get("id"), alternatives=others)
    return name_metadata(file.columns, columns)


def has_header(file: FileDescription) -> bool:
    """Return whether a file's columns have names; otherwise they are called by their positions.

    Some templates have names that stand in no line of the file (phpmyfaq.py).
    """
    positions = [str(position) for position in range(1, len(file.columns) + 1)]
    return file.header_line is not None or file.columns != positions


def _find_column(names: Sequence[str], column: str | None) -> int | None:
    """Return the index of a column that a description gives by its name or by its position."""
    if column is None:
        return None
    if names.count(column) == 1:
        return names.index(column)
    return int(column) - 1 if column.isdecimal() and 0 < int(column) <= len(names) else None
