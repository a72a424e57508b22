"""Reads the pairs of a JSON document at the places that json_walk.py found, with what is around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import ijson

from files.column_names import is_answer_name, is_question_name
from files.json_chats import find_chat, is_chat, list_conversations
from files.json_shapes import Shapes

# Texts around a pair: so many of one object, and none that is longer.
MOST_AROUND, AROUND_CHARS = 6, 200
_BEGINS, _ENDS = ("start_map", "start_array"), ("end_map", "end_array")
# A line of JSON Lines may have its pairs so many lists and objects deep.
_DEEPEST = 8

# What a place of a document holds: an array of objects, an object of objects, an object of texts.
PlaceKind: TypeAlias = Literal["array", "objects", "texts"]


class Utf8(Protocol):
    """A file of UTF-8."""

    def read(self, size: int) -> bytes: ...


@dataclass(frozen=True)
class Place:
    """What a place holds, and the section of its pairs, with the name that it has as metadata."""

    kind: PlaceKind
    section: tuple[tuple[str, str], ...] = ()


@dataclass
class Places:
    """The places of a document, named as ijson names places.

    `around` are the texts around places, by the number of the object that has them.
    """

    places: dict[str, Place] = field(default_factory=dict)
    around: dict[int, dict[str, str]] = field(default_factory=dict)


class Value(NamedTuple):
    """A value at a place: its name, if it has one, and the metadata that the document gives it."""

    kind: PlaceKind
    name: str
    value: Any
    around: dict[str, str]


def read_places(document: Utf8, places: Places) -> Iterator[Value]:
    """Yield each value at the places of a document, in its order. Those of an array have no name.

    Of an object of pairs, its short texts are left out if they are metadata of the pairs.
    """
    if list(places.places.values()) == [Place("array")] and not places.around:
        # This is four times as fast, and most documents are like this.
        where = next(iter(places.places))
        yield from (Value("array", "", value, {}) for value in ijson.items(document, where))
        return
    yield from _Reading(document, places).read()


class _Reading:
    """One reading of a document, which counts the objects as the walk did."""

    def __init__(self, document: Utf8, places: Places) -> None:
        self._events = ijson.parse(document)
        self._places = places
        self._count = 0
        # What is said around the objects that are open.
        self._open: list[dict[str, str]] = []

    def read(self) -> Iterator[Value]:
        for prefix, event, value in self._events:
            place = self._places.places.get(prefix)
            if place is None or event in _ENDS:
                self._follow(event)
            elif place.kind == "array":
                yield self._make(place, "", self._build(event, value))
            elif event == "start_map":
                self._follow(event)
            elif event == "map_key":
                _, first, content = next(self._events)
                built = self._build(first, content)
                if not (isinstance(built, str) and value in self._open[-1]):
                    yield self._make(place, value, built)

    def _follow(self, event: str) -> None:
        if event == "start_map":
            self._open.append(self._places.around.get(self._count, {}))
            self._count += 1
        elif event == "end_map":
            self._open.pop()

    def _make(self, place: Place, name: str, value: Any) -> Value:
        around = dict(place.section)
        # What is nearest says most.
        for texts in reversed(self._open):
            if len(around) < MOST_AROUND:
                around = add_around(around, texts)
        return Value(place.kind, name, value, around)

    def _build(self, event: str, value: Any) -> Any:
        """Return the value that begins with an event, with the further events that belong to it."""
        builder = ijson.ObjectBuilder()
        depth = 0
        while True:
            builder.event(event, value)
            self._count += event == "start_map"
            depth += (event in _BEGINS) - (event in _ENDS)
            if depth == 0:
                return builder.value
            _, event, value = next(self._events)


def add_around(around: dict[str, str], texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts around a pair, with those of an object further out.

    Their names are never those of a pair. A name that is nearer already gets a number further out.
    """
    added: dict[str, str] = {}
    for key, text in texts.items():
        name = first = f"section_{key}" if _is_taken(key) else key
        number = 1
        while name in around:
            number += 1
            name = f"{first}_{number}"
        added[name] = text
    return added | around


def is_short(name: str, text: str) -> bool:
    """Return whether a text of an object may be metadata of the pairs in it."""
    # Names such as `@type` and `_id` are for programs.
    return len(text) <= AROUND_CHARS and bool(text.strip()) and not name.startswith(("@", "_", "$"))


def split_object(
    value: dict[str, Any], shapes: Shapes
) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Return the pairs inside an object, each with the texts around it; itself if it is a pair.

    An object without any pair is returned as it is.
    """
    known = shapes.find(value.keys()) != "other" or find_chat(value) is not None
    if known or shapes.find_wrapper(value) is not None:
        return [(value, {})]
    inside = list(_find_inside(value, shapes, {}, 0))
    return inside or [(one, {}) for one in list_conversations(value)]


def _find_inside(
    value: Any, shapes: Shapes, around: dict[str, str], depth: int
) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and _is_pair(one, shapes):
                yield one, around
            elif is_chat(one):
                yield {"messages": one}, around
            else:
                yield from _find_inside(one, shapes, around, depth + 1)
    elif isinstance(value, dict):
        short = [(k, v) for k, v in value.items() if isinstance(v, str) and is_short(k, v)]
        inner = add_around(add_around({}, dict(short[:MOST_AROUND])), around)
        for content in value.values():
            if isinstance(content, list | dict):
                yield from _find_inside(content, shapes, inner, depth + 1)


def _is_pair(value: dict[str, Any], shapes: Shapes) -> bool:
    return shapes.find(value.keys()) == "pair" or shapes.find_wrapper(value) is not None


def _is_taken(key: str) -> bool:
    return key.strip().casefold() == "id" or is_question_name(key) or is_answer_name(key)
