"""Whatever its names and rows are, an export is read as it is meant."""

from __future__ import annotations

import io
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from files.csv_form import CsvForm
from files.description import FileDescription
from files.errors import FileError
from files.export import list_columns
from files.export_plans import list_plans
from files.options import ReadOptions
from files.reading_back import Meant, NotReadBack
from files.rows import Row
from files.table import open_table
from tests.support.header_words import NAMES, TEXTS
from texts import list_alternatives

FORMS = st.builds(CsvForm, st.sampled_from(",;\t|^"), st.booleans(), st.booleans())
KEYS = st.lists(st.sampled_from(("id", *NAMES)), unique=True, max_size=5)


@st.composite
def items(draw: st.DrawFn, *, most: int = 6) -> tuple[list[str], list[Meant], bool]:
    """Return the names of metadata, items that have some of them, and whether all have ids."""
    keys = draw(KEYS)
    has_ids = draw(st.booleans())
    wordings = st.lists(TEXTS, max_size=2) if draw(st.booleans()) else st.just([])
    found: list[Meant] = []
    for number in range(draw(st.integers(1, most))):
        question = draw(TEXTS)
        values = draw(st.fixed_dictionaries(dict.fromkeys(keys, TEXTS | st.just(""))))
        others = list_alternatives(question, draw(wordings))
        id = draw(st.just(str(number)) | st.none()) if has_ids else None
        found.append((id, question, draw(TEXTS), values, others))
    return keys, found, has_ids


@st.composite
def files(draw: st.DrawFn) -> FileDescription | None:
    """Return the description of a file whose columns the caller named, or None."""
    header = draw(st.lists(st.sampled_from((*NAMES, "id")), min_size=2, max_size=6))
    at = draw(st.permutations(range(1, len(header) + 1)))
    own = [str(place) for place in at]
    if draw(st.integers(0, 3)) == 0:
        return None
    text = "\r\n".join("\t".join(row) for row in (header, ["?"] * len(header)))
    options = ReadOptions(
        question_column=own[0],
        answer_column=own[1],
        id_column=own[2] if len(own) > 2 and draw(st.booleans()) else None,
        alternatives_column=own[3] if len(own) > 3 and draw(st.booleans()) else None,
        header=True,
        delimiter="\t",
    )
    try:
        with open_table(io.BytesIO(text.encode()), options) as table:
            return table.description
    except FileError:
        return None


def export(
    file: FileDescription | None, found: tuple[list[str], list[Meant], bool], form: CsvForm
) -> tuple[bytes, dict[str, str]]:
    """Return an export and the options by which it is uploaded."""
    keys, rows, has_ids = found
    columns = list_columns(
        file, sorted(keys), has_ids=has_ids, has_alternatives=any(row[4] for row in rows)
    )
    for plan, all_rows in list_plans(columns, lambda: iter(rows), form):
        try:
            return b"".join(plan.write(all_rows, form)), plan.options
        except NotReadBack:
            continue
    raise AssertionError("there is always a plan")


def read(data: bytes, options: dict[str, str]) -> list[Meant]:
    given = {name: value for name, value in options.items() if name not in _FLAGS}
    flags = {name: True for name in _FLAGS if name in options}
    with open_table(io.BytesIO(data), ReadOptions(**given, **flags)) as table:  # type: ignore[arg-type]
        rows = [row for row in table if isinstance(row, Row)]
    return [(r.id, r.question, r.answer, _fill(r.metadata), r.alternatives or []) for r in rows]


_FLAGS = ("header", "spreadsheet_safe")


def _fill(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if value}


def mean(rows: Sequence[Meant]) -> list[Meant]:
    return [(*row[:3], _fill(row[3]), row[4]) for row in rows]


@settings(max_examples=300, deadline=None)
@given(files(), items(), FORMS)
def test_an_export_is_read_with_its_options_as_it_is_meant(
    file: FileDescription | None, found: tuple[list[str], list[Meant], bool], form: CsvForm
) -> None:
    assert read(*export(file, found, form)) == mean(found[1])
