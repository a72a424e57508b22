"""The numbers of requests: in JSON they are numbers, in addresses and forms plain digits.

Python itself also reads `1_0`, `+1` and ` 1 `, which a caller may mean otherwise.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

_WHOLE = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?")


def _read_digits(value: object) -> object:
    """Return a value that is no text, or a text of digits. Raises PydanticKnownError."""
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise PydanticKnownError("int_parsing")
    return value


def _read_number(value: object) -> object:
    """Return a value that is no text, or a text such as 0.5. Raises PydanticKnownError."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise PydanticKnownError("float_parsing")
    return value


def _read_whole(value: object) -> object:
    """Return 5 for 5.0: JSON has one kind of number (RFC 8259, section 6)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# The bounds stand next to the type: so they are in the schema that /openapi.json shows.
_DIGITS = BeforeValidator(_read_digits)
_NUMBER_TEXT = BeforeValidator(_read_number)
_WHOLE_NUMBER = BeforeValidator(_read_whole)
Probability = Annotated[float, Field(ge=0, le=1), _NUMBER_TEXT]
Distance = Annotated[float, Field(ge=0, le=2), _NUMBER_TEXT]
Score = Annotated[float, Field(ge=-1, le=1), _NUMBER_TEXT]
# Pages of a search are small and end soon; pages of a list go on.
Limit = Annotated[int, Field(ge=1, le=100), _DIGITS, _WHOLE_NUMBER]
Offset = Annotated[int, Field(ge=0, le=10_000), _DIGITS, _WHOLE_NUMBER]
PageLimit = Annotated[int, Field(ge=1, le=1_000), _DIGITS]
PageOffset = Annotated[int, Field(ge=0, le=2**31), _DIGITS]
