"""Filters: what the metadata of an item must be, and the form in which PostgreSQL compares it.

| the condition | keeps the items |
|---|---|
| `column` is one of `values` | that have one of them there |
| the same, and one of the values has nothing to see | that have one of the others, or nothing there |
| is negated | that it would not keep, also those without the column |

Names and values are compared as a reader sees them (texts.visible_text): the schema keeps metadata
in this form where that differs from what is stored.
"""  # noqa: E501

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from texts import visible_text


@dataclass(frozen=True)
class Condition:
    """What a column must be: one of the values, or none of them."""

    column: str
    values: tuple[str, ...]
    negated: bool = False


def compose_path(conditions: Sequence[Condition]) -> str:
    """Return the predicate of jsonpath that all conditions together are.

    A GIN index of jsonb_path_ops serves it, except for its negations.
    """
    return " && ".join(f"({_compose(condition)})" for condition in conditions)


def _compose(condition: Condition) -> str:
    member = f"$.{_quote(condition.column)}"
    values = dict.fromkeys(map(visible_text, condition.values))
    kept = " || ".join(_compare(member, value) for value in values)
    return f"!({kept})" if condition.negated else kept


def _compare(member: str, value: str) -> str:
    # A column that is missing is as empty as one without a value.
    return f"{member} == {_quote(value)}" if value else f'!({member} != "")'


def _quote(text: str) -> str:
    """Return a text as a string of jsonpath, which is written as in JSON."""
    return json.dumps(visible_text(text), ensure_ascii=False)
