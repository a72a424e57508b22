"""Says where a document of JSON is malformed."""

from __future__ import annotations

import json
from typing import BinaryIO

from files.encoding import Encoding, text_chunks
from files.errors import FileError
from messages import say

# The line of an error is looked for in a document of at most so many bytes.
_LOOKED_THROUGH = 32_000_000
# What Python's json says.
_REASONS: dict[str, str] = {
    reason: reason
    for reason in (
        say("Expecting value"),
        say("Expecting ',' delimiter"),
        say("Expecting ':' delimiter"),
        say("Expecting property name enclosed in double quotes"),
        say("Extra data"),
        say("Illegal trailing comma before end of array"),
        say("Illegal trailing comma before end of object"),
        say("Invalid control character at"),
        say("Invalid \\escape"),
        say("Invalid \\uXXXX escape"),
        say("Unterminated string starting at"),
    )
}


def explain_malformed(
    file: BinaryIO, encoding: Encoding, objects: int, error: Exception
) -> FileError:
    """Return the error of a document that is not JSON, with the line if it can be found."""
    what = say("The JSON is malformed after {objects} objects.", objects=objects)
    if isinstance(error, ArithmeticError):
        what = say("A number of the JSON is too large or too small to be read.")
    elif file.seek(0, 2) <= _LOOKED_THROUGH:
        try:
            json.loads("".join(text_chunks(file, encoding)))
        except json.JSONDecodeError as found:
            what = say(
                "The JSON is malformed in line {line}, column {column}: {reason}.",
                line=found.lineno,
                column=found.colno,
                reason=_REASONS.get(found.msg, found.msg),
            )
            return FileError("malformed_csv", what, line=found.lineno)
        except ValueError as found:
            what = say("A number of the JSON can't be read: {reason}.", reason=str(found))
    return FileError("malformed_csv", what, line=objects + 1)
