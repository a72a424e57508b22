"""The filter of a search, as a request gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import Discriminator, Field, Tag

from store.filters import Condition
from web.validation import RequestModel, Text

# A filter may name so many columns, and so many values of each.
MAX_FILTER_COLUMNS = 50
MAX_FILTER_VALUES = 100
MAX_FILTER_NAME_CHARS = 1_000
MAX_FILTER_CHARS = 10_000


# The path to an error has the kind in it. No member is called so, as a `not` is (validation.py).
NEGATION = "<negation>"


def count_values(value: object) -> str:
    """Return which of the two types is meant, so that an error speaks of that one alone."""
    return "several" if isinstance(value, list) else "one"


def _tell_kind(value: object) -> str:
    return NEGATION if isinstance(value, dict | Negation) else count_values(value)


FilterText = Annotated[Text, Field(max_length=MAX_FILTER_CHARS)]
FilterTexts = Annotated[list[FilterText], Field(min_length=1, max_length=MAX_FILTER_VALUES)]
OneOrSeveral: TypeAlias = Annotated[
    Annotated[FilterText, Tag("one")] | Annotated[FilterTexts, Tag("several")],
    Discriminator(count_values),
]


class Negation(RequestModel):
    """What a column must not be."""

    values: OneOrSeveral = Field(alias="not", description="A value, or several.")


FilterValue: TypeAlias = Annotated[
    Annotated[FilterText, Tag("one")]
    | Annotated[FilterTexts, Tag("several")]
    | Annotated[Negation, Tag(NEGATION)],
    Discriminator(_tell_kind),
]
Filter = Annotated[
    dict[Annotated[Text, Field(max_length=MAX_FILTER_NAME_CHARS)], FilterValue],
    Field(max_length=MAX_FILTER_COLUMNS),
]


def read_conditions(
    given: Mapping[str, str | list[str] | Negation] | None,
) -> tuple[Condition, ...] | None:
    """Return a filter as the conditions that it has; None if it has none."""
    if not given:
        return None
    return tuple(_read_condition(column, value) for column, value in given.items())


def _read_condition(column: str, value: str | list[str] | Negation) -> Condition:
    negated = isinstance(value, Negation)
    values = value.values if isinstance(value, Negation) else value
    listed = (values,) if isinstance(values, str) else tuple(values)
    return Condition(column, listed, negated)
