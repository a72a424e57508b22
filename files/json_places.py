"""Finds where in a JSON document its questions and answers are.

| the document holds | what it is |
|---|---|
| an array whose objects have a question and an answer | a place of pairs |
| an object whose values are mostly such objects | a place of pairs, which have names |
| an object of texts, in no array, whose names mostly end in a question mark | a place of texts |
| one of these inside a pair, or inside another place | a part of that pair or place |
| none of these | the first array of objects is the place |
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

import ijson

from files.column_names import is_answer_name, is_question_name
from files.errors import FileError

MAX_DEPTH = 100
_QUESTION_MARKS = ("?", "？", "؟")

_BEGINS, _ENDS = ("start_map", "start_array"), ("end_map", "end_array")

# What a place of a document holds: an array of objects, an object of objects, an object of texts.
PlaceKind: TypeAlias = Literal["array", "objects", "texts"]


class Utf8(Protocol):
    """A file of UTF-8."""

    def read(self, size: int) -> bytes: ...


@dataclass(slots=True)
class _Open:
    """An object that is being read: its names, and how many of its values are texts or pairs."""

    names: set[str] = field(default_factory=set)
    texts: int = 0
    pairs: int = 0


def find_places(document: Utf8) -> dict[str, PlaceKind]:
    """Return where in a document the pairs are, named as ijson names places.

    If no place has pairs, return the first array of objects. Return {} if there is none, or if the
    document is a pair itself. Raises FileError if the document is nested deeper than MAX_DEPTH,
    because the names of its places could take more memory than there is.
    """
    walk = _Walk()
    for event, value in ijson.basic_parse(document):
        if event == "map_key":
            walk.path[-1] = value
            walk.objects[-1].names.add(value)
        elif event == "string":
            if walk.arrays and not walk.arrays[-1]:
                walk.objects[-1].texts += 1
        elif event in _ENDS:
            if walk.end():
                return {}
        elif event in _BEGINS:
            walk.begin(event)
    # What is inside a pair belongs to that pair.
    outer = {
        place: kind
        for place, kind in walk.found.items()
        if walk.found.keys().isdisjoint(_list_around(place))
    }
    return outer or walk.first


class _Walk:
    """A walk through a document: what is open, and which places were found."""

    def __init__(self) -> None:
        self.first: dict[str, PlaceKind] = {}
        self.found: dict[str, PlaceKind] = {}
        self.path: list[str] = []
        # For each array or object that is open, whether it is an array.
        self.arrays: list[bool] = []
        self.objects: list[_Open] = []

    def begin(self, event: str) -> None:
        """Open an array or an object. Raises FileError if it lies too deep."""
        if event == "start_map":
            if not self.first and self.arrays and self.arrays[-1]:
                self.first = {".".join(self.path): "array"}
            self.objects.append(_Open())
        self.path.append("item" if event == "start_array" else "")
        self.arrays.append(event == "start_array")
        if len(self.path) > MAX_DEPTH:
            raise FileError(
                "malformed_csv", f"The JSON is nested deeper than {MAX_DEPTH} levels.", line=1
            )

    def end(self) -> bool:
        """Close the innermost array or object; return whether the document itself is a pair."""
        self.path.pop()
        if self.arrays.pop():
            return False
        closed = self.objects.pop()
        kind = _find_kind(closed, self.arrays)
        if kind == "array":
            if not self.arrays:
                return True
            if not self.arrays[-1]:
                self.objects[-1].pairs += 1
                return False
        if kind is not None:
            place = ".".join(self.path)
            self.found[place] = "array" if kind == "array" else self.found.get(place, kind)
        return False


def read_places(
    document: Utf8, places: dict[str, PlaceKind]
) -> Iterator[tuple[PlaceKind, str, Any]]:
    """Yield (kind, name, value) for each value at the places of a document, in its order.

    Values of an array have no name.
    """
    if list(places.values()) == ["array"]:
        # This is four times as fast, and most documents are like this.
        yield from (("array", "", value) for value in ijson.items(document, next(iter(places))))
        return
    events = ijson.parse(document)
    for place, event, value in events:
        kind = places.get(place)
        if kind == "array":
            yield kind, "", _build(events, event, value)
        elif kind is not None and event == "map_key":
            _, first, content = next(events)
            yield kind, value, _build(events, first, content)


def _build(events: Iterator[tuple[str, str, Any]], event: str, value: Any) -> Any:
    """Return the value that begins with an event, with the further events that belong to it."""
    builder = ijson.ObjectBuilder()
    depth = 0
    while True:
        builder.event(event, value)
        depth += (event in _BEGINS) - (event in _ENDS)
        if depth == 0:
            return builder.value
        _, event, value = next(events)


def _list_around(place: str) -> Iterator[str]:
    """Yield the names of the places that a place is in."""
    if place:
        yield ""
    yield from (place[:at] for at, character in enumerate(place) if character == ".")


def _find_kind(closed: _Open, around: list[bool]) -> PlaceKind | None:
    """Return what an object is: one of an array of pairs, or what holds pairs itself."""
    if _is_pair(closed.names):
        return "array"
    half = len(closed.names) / 2
    if closed.pairs > half:
        return "objects"
    if closed.texts > half and True not in around:
        asked = sum(name.rstrip().endswith(_QUESTION_MARKS) for name in closed.names)
        return "texts" if asked > half else None
    return None


def _is_pair(names: set[str]) -> bool:
    return (
        "messages" in names
        or is_schema_org(names)
        or (any(map(is_question_name, names)) and any(map(is_answer_name, names)))
    )


def is_schema_org(names: Set[str]) -> bool:
    """Return whether an object is a question of https://schema.org/Question."""
    return {"name", "acceptedAnswer"} <= names and not any(map(is_question_name, names))
