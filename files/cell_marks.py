"""Holds what is known of the cells of a sheet that calamine does not give with their values."""

from __future__ import annotations

from dataclasses import dataclass, field

from files.merges import Marks


@dataclass(frozen=True)
class CellMarks:
    """What lies over the cells; and by line and column, what they show.

    `shown` are numbers as their formats show them. `errors` are the errors that cells show. `bold`
    are the cells in bold letters.
    """

    marks: Marks = field(default_factory=Marks)
    shown: dict[int, dict[int, str]] = field(default_factory=dict)
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    bold: dict[int, set[int]] = field(default_factory=dict)
