"""Why a file can't be taken as a whole.

Raised by the modules that read files (csv_*.py, files/table.py and its neighbours); web/uploads.py
makes it an answer, cli.py a line.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Code: TypeAlias = Literal[
    "empty_file", "missing_column", "malformed_csv", "undecodable_text", "no_rows", "invalid_option"
]


class FileError(Exception):
    """The file, or an option given with it, can't be taken; nothing of it may be stored.

    `code` is for programs, `message` is a sentence for a person, `details` says where
    (`line` and `byte` count from 1 and 0), or what was found (`header`).
    """

    def __init__(self, code: Code, message: str, **details: Json) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.details: dict[str, Json] = details


def explain_no_rows() -> FileError:
    """Return the error of a file that has nothing below its header."""
    return FileError(
        "no_rows",
        "The file has a header, but no rows below it. (curl -d takes the ends of lines "
        "away: use -F file=@faq.csv or --data-binary.)",
    )
