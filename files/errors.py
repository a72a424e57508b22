"""Says why a file can't be taken: by a code for a program, and by a sentence for a person."""

from __future__ import annotations

from typing import Literal, TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Code: TypeAlias = Literal[
    "empty_file",
    "missing_column",
    "malformed_csv",
    "undecodable_text",
    "no_rows",
    "too_many_rows",
    "invalid_option",
    "unsupported_media_type",
]


class FileError(Exception):
    """The file, or an option given with it, can't be taken; nothing of it may be stored.

    `code` is for programs, and `message` is a sentence for a person. `details` says where the
    error is (`line` counts from 1, `byte` from 0), or what was found instead (`header`).
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


def explain_all_rejected(line: int, error: str) -> FileError:
    """Return the error of a file none of whose rows can be read; `error` is that of the first."""
    return FileError(
        "no_rows", f"No row can be taken. The first, number {line}: {error}", line=line
    )
