"""Finds the options by which an upload reads a CSV of ours as it is meant.

As a rule none is needed, because the CSV has the names that its file had. It may need some if the
file needed some itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from files.csv_form import BOM, CsvForm
from files.dialect import Dialect, detect_dialect, read_delimiter
from files.errors import FileError
from files.layout import SAMPLE_CHARS
from files.options import ReadOptions, read_wanted


@dataclass(frozen=True)
class Places:
    """Where a row has its question, its answer and its id, counted from 0."""

    question: int
    answer: int
    id: int | None = None

    def as_options(self) -> dict[str, str]:
        """Return the upload options that say so. They count from 1."""
        given = {"question": self.question, "answer": self.answer, "id": self.id}
        return {f"{role}_column": str(at + 1) for role, at in given.items() if at is not None}


def find_options(start: bytes, form: CsvForm, places: Places, *, by_names: bool) -> dict[str, str]:
    """Return the upload options of a CSV that begins with `start`; none if it needs none.

    `by_names` says that the names of its columns are enough.
    """
    safe = {"spreadsheet_safe": "true"} if form.spreadsheet_safe else {}
    # UTF-8 has up to four bytes a character.
    text = start[: 4 * SAMPLE_CHARS].decode(errors="ignore").removeprefix(BOM)
    delimiter = {"delimiter": {"\t": "tab"}.get(form.delimiter, form.delimiter)}
    placed = places.as_options() | {"header": "true"}
    ways: list[dict[str, str]] = [{}, delimiter] if by_names else []
    for options in (*ways, placed):
        if _is_read(text, options, form, places):
            return options | safe
    return placed | delimiter | safe


def _is_read(text: str, options: Mapping[str, str], form: CsvForm, places: Places) -> bool:
    try:
        found = _detect(text, options)
    except FileError:
        return False
    columns = found.layout.columns
    return (
        found.form.delimiter == form.delimiter
        and found.header_line == 1
        and Places(columns.question, columns.answer, columns.id) == places
    )


def _detect(text: str, options: Mapping[str, str]) -> Dialect:
    """Return how an upload would read a text. Raises FileError."""
    columns = {name: value for name, value in options.items() if name.endswith("_column")}
    want = read_wanted(ReadOptions(**columns))  # type: ignore[arg-type]
    header = True if "header" in options else None
    return detect_dialect(iter([text]), want, header, read_delimiter(options.get("delimiter")))
