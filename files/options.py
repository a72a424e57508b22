"""What a caller says of a file, beside the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ReadOptions:
    """How a file is to be read; None where that is to be found.

    Columns are header names, or positions counted from 1. `sheet` is the name of a workbook's
    sheet, or its position counted from 1.
    """

    question_column: str | None = None
    answer_column: str | None = None
    id_column: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    overflow: Literal["reject", "join"] = "reject"
    sheet: str | None = None
