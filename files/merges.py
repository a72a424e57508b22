"""Lets a merged cell count for each of its rows, as a person reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Area(NamedTuple):
    """Cells that are merged: rows counted from 1, columns from 0, the last ones included."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Marks:
    """What lies over the cells of a sheet: merged areas, and (column, address) of links by row."""

    merges: list[Area] = field(default_factory=list)
    links: dict[int, list[tuple[int, str]]] = field(default_factory=dict)


class Merges:
    """The merged areas of a sheet, whose rows are given from the top to the bottom."""

    def __init__(self, areas: list[Area]) -> None:
        self._areas = sorted(areas)
        self._next = 0
        # For each column, the last row of the area in it, and the text of that area.
        self._open: dict[int, tuple[int, str]] = {}

    def fill(self, row: int, fields: list[str]) -> int:
        """Write what the areas around a row hold into its fields; return how many were empty."""
        while self._next < len(self._areas) and self._areas[self._next].top <= row:
            area = self._areas[self._next]
            self._next += 1
            if area.top == row and area.bottom > row and area.left < len(fields):
                self._open[area.left] = (area.bottom, fields[area.left])
                if not fields[area.left]:
                    del self._open[area.left]
        filled = 0
        for column, (bottom, text) in [*self._open.items()]:
            if row > bottom:
                del self._open[column]
                continue
            if column >= len(fields):
                fields.extend([""] * (column + 1 - len(fields)))
            if not fields[column]:
                fields[column] = text
                filled += 1
        return filled
