"""Tells by the names of an object's members whether it is a pair: a question with its answer."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Literal, TypeAlias

from files.column_names import is_answer_name, is_pattern_pair, is_question_name, normalise
from files.columns import MAX_COLUMNS, find_columns
from files.errors import FileError
from files.likely_columns import find_likely_names
from files.options import Wanted

# How sure it is that an object is a pair: by known names, or names that the caller gave; by names
# that mean something only beside each other; by likely names; not at all.
Shape: TypeAlias = Literal["pair", "paired", "likely", "other"]

# A member of such a name may hold the pair of an object whose other members are for programs: of
# Contentful and Airtable (`fields`), Strapi (`attributes`), GraphQL (`node`), Elasticsearch and
# others.
WRAPPERS = ("fields", "attributes", "properties", "node", "_source", "acf", "record", "row", "item")
# So many different sets of names are remembered.
_MOST_SHAPES = 1_000


# The answers that a question of schema.org may have, the best first.
SCHEMA_ANSWERS = ("acceptedAnswer", "suggestedAnswer")


class Shapes:
    """Judges objects. With names that the caller gave, only these make a pair."""

    def __init__(self, want: Wanted) -> None:
        self._question, self._answer = (
            normalise(column) if isinstance(column, str) else None
            for column in (want.question, want.answer)
        )
        self._known: dict[frozenset[str], Shape] = {}

    def find(self, names: Set[str]) -> Shape:
        """Return what an object with these names is."""
        if len(names) > MAX_COLUMNS:
            # Such an object could not be taken.
            return "other"
        key = frozenset(names)
        shape = self._known.get(key)
        if shape is None:
            shape = self._judge(key)
            if len(self._known) < _MOST_SHAPES:
                self._known[key] = shape
        return shape

    def find_wrapper(self, value: dict[str, Any]) -> str | None:
        """Return the member of an object that is a pair, if it is there for nothing else."""
        for name in WRAPPERS:
            content = value.get(name)
            if isinstance(content, dict) and self.find(content.keys()) == "pair":
                return name if self.find(value.keys()) != "pair" else None
        return None

    def _judge(self, names: frozenset[str]) -> Shape:
        if self._question is not None or self._answer is not None:
            return "pair" if self._is_wanted(names) else "other"
        if is_pair(names):
            return "pair"
        listed = sorted(names)
        try:
            if find_columns(listed, Wanted()) is not None:
                return "paired"
        except FileError:
            # Two of the names are the same in all but their case.
            return "other"
        return "likely" if find_likely_names(listed) is not None else "other"

    def _is_wanted(self, names: frozenset[str]) -> bool:
        normal = set(map(normalise, names))
        asked = any(map(is_question_name, names))
        told = any(map(is_answer_name, names))
        return (asked if self._question is None else self._question in normal) and (
            told if self._answer is None else self._answer in normal
        )


def is_pair(names: Set[str]) -> bool:
    """Return whether the names of an object alone say that it is a pair."""
    known = any(map(is_question_name, names)) and any(map(is_answer_name, names))
    return known or is_schema_org(names) or is_pattern_pair(names)


def is_schema_org(names: Set[str]) -> bool:
    """Return whether an object is a question of https://schema.org/Question."""
    if "name" not in names or names.isdisjoint(SCHEMA_ANSWERS):
        return False
    return not any(map(is_question_name, names))


def read_schema_org(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return https://schema.org/Question as an object like the others; None if it lacks a text."""
    source = next((name for name in SCHEMA_ANSWERS if value.get(name)), SCHEMA_ANSWERS[0])
    given = value.get(source)
    listed = given if isinstance(given, list) else [given]
    # Only one answer is accepted; of those that are suggested, the first counts.
    one = len(listed) == 1 or source != SCHEMA_ANSWERS[0]
    accepted = listed[0] if one else None
    answer = accepted.get("text") if isinstance(accepted, dict) else None
    if accepted is None or not (isinstance(value["name"], str) and isinstance(answer, str)):
        return None
    more = {name: content for name, content in accepted.items() if name not in ("@type", "text")}
    pair = {"question": value["name"], "answer": answer}
    own = {"name", source, *pair}
    others = {name: content for name, content in value.items() if name not in own}
    if len(listed) > 1:
        return pair | others | {source: listed}
    return pair | others | ({source: more} if more else {})
