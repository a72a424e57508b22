"""The queries of the routes that answer with a CSV."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from messages import say
from web.schemas import PageQuery
from web.validation import RequestModel

# The delimiters that spreadsheets read, by their names.
DELIMITERS = {"comma": ",", "semicolon": ";", "pipe": "|", "tab": "\t"}


def _read_delimiter(text: str) -> str:
    """Return the delimiter that is written so, or by its name."""
    delimiter = DELIMITERS.get(text, text)
    if delimiter not in DELIMITERS.values():
        raise ValueError(say("must be one of , ; | or tab (in an address: %2C %3B %7C tab)"))
    return delimiter


Delimiter = Annotated[
    str,
    AfterValidator(_read_delimiter),
    Field(json_schema_extra={"enum": [*DELIMITERS.values(), *DELIMITERS]}),
]


class CsvQuery(RequestModel):
    """How a CSV is written."""

    delimiter: Delimiter | None = Field(
        None, description="`,` `;` `|` or `tab`; that of the file where none is given."
    )
    spreadsheet_safe: bool = Field(
        False, description="Put an apostrophe before what a spreadsheet takes for a formula."
    )


class ExportQuery(CsvQuery):
    bom: bool | None = Field(
        None, description="Whether it begins with a BOM; as the file did where nothing is given."
    )


class ErrorsQuery(CsvQuery, PageQuery):
    """A page as JSON, or as CSV; all as CSV where no limit is given."""
