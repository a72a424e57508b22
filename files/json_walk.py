"""Finds where in a JSON document its questions and answers are, and what is said around them.

| the document holds | what it is |
|---|---|
| an array whose objects have a question and an answer, or a chat | a place of pairs |
| an object whose values are mostly such objects | a place of pairs, which have names |
| an object of texts, in no array, whose names mostly end in a question mark | a place of texts |
| an array whose objects have a pair in a member such as `fields` (json_shapes.py) | a place of pairs |
| an array of lists of turns | a place of chats |
| one of these inside a pair, or inside another place | a part of that pair or place |
| none of these, but arrays whose objects have names that mean a question and an answer only beside each other (`title`, `answer`) | these arrays are places of pairs |
| none of these, but objects in no array that have a question and an answer | each of them is a place |
| none of these, but an array whose objects have likely names (likely_columns.py) | the first such array is the place |
| none of these either | the first array of objects is the place |
| several places of one kind | sections: what differs in the names that lead to them becomes the metadata `section`, or `language` |
| short texts of an object around some of the pairs, but not around all (`{"title": …, "questions": […]}`) | metadata of these pairs |

A pair has the names that the caller asked for, where he did; else names that are known.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import ijson

from files.errors import FileError
from files.json_chats import CHATS, is_turn
from files.json_languages import is_language
from files.json_places import MOST_AROUND, Place, PlaceKind, Places, Utf8, is_short
from files.json_shapes import WRAPPERS, Shapes
from files.options import Wanted

MAX_DEPTH = 100
_QUESTION_MARKS = ("?", "？", "؟")
_BEGINS, _ENDS = ("start_map", "start_array"), ("end_map", "end_array")
# So many places of one pair are remembered, of one object and of all.
_MOST_LONE = 20

# The names that lead to a place; None for an array.
Path: TypeAlias = "tuple[str | None, ...]"


@dataclass(slots=True)
class _Open:
    """An object that is being read.

    Its number; its names; how many of its values are texts or pairs, and where the first of these
    are; whether it has a chat, a member that is its pair, or a pair inside; and its first texts.
    """

    number: int
    names: set[str] = field(default_factory=set)
    texts: int = 0
    pairs: int = 0
    lone: list[str] = field(default_factory=list)
    chat: bool = False
    wraps: bool = False
    holds: bool = False
    short: dict[str, str] = field(default_factory=dict)


def find_places(document: Utf8, want: Wanted) -> Places:
    """Return where in a document the pairs are.

    If no place has pairs, return the first array of objects. There is no place if the document has
    no such array, or is a pair itself. Raises FileError if the document is nested deeper than
    MAX_DEPTH, because the names of its places could take more memory than there is.
    """
    walk = _Walk(want)
    for event, value in ijson.basic_parse(document):
        if event == "map_key":
            walk.path[-1] = value
            walk.objects[-1].names.add(value)
        elif event == "string":
            if walk.arrays and not walk.arrays[-1]:
                walk.add_text(value)
        elif event in _ENDS:
            if walk.end():
                return Places()
        elif event in _BEGINS:
            walk.begin(event)
    found = walk.found or dict.fromkeys(walk.paired or walk.lone, "array")
    # What is inside a pair belongs to that pair.
    outer: dict[str, PlaceKind] = {
        place: kind for place, kind in found.items() if found.keys().isdisjoint(_list_around(place))
    }
    if not outer:
        likely = walk.likely or walk.first
        around = walk.list_around(dict.fromkeys(walk.likely, "array")) if walk.likely else {}
        return Places({place: Place("array") for place in likely}, around)
    return Places(_name_sections(outer, walk.paths), walk.list_around(outer))


class _Walk:
    """A walk through a document: what is open, and which places were found."""

    def __init__(self, want: Wanted) -> None:
        self._shapes = Shapes(want)
        self.first: list[str] = []
        self.likely: list[str] = []
        self.paired: list[str] = []
        self.lone: list[str] = []
        self.found: dict[str, PlaceKind] = {}
        self.paths: dict[str, Path] = {}
        self.path: list[str] = []
        # For each array or object that is open, whether it is an array.
        self.arrays: list[bool] = []
        self.objects: list[_Open] = []
        self._count = 0
        # The short texts of objects around pairs, and where they are, by the objects' numbers.
        self._around: dict[int, tuple[Path, dict[str, str]]] = {}

    def begin(self, event: str) -> None:
        """Open an array or an object. Raises FileError if it lies too deep."""
        if event == "start_map":
            if not self.first and self.arrays and self.arrays[-1]:
                self.first.append(".".join(self.path))
            self.objects.append(_Open(self._count))
            self._count += 1
        self.path.append("item" if event == "start_array" else "")
        self.arrays.append(event == "start_array")
        if len(self.path) > MAX_DEPTH:
            raise FileError(
                "malformed_csv", f"The JSON is nested deeper than {MAX_DEPTH} levels.", line=1
            )

    def add_text(self, text: str) -> None:
        """Take a text of the innermost object."""
        one = self.objects[-1]
        one.texts += 1
        if len(one.short) < MOST_AROUND:
            one.short[self.path[-1]] = text

    def end(self) -> bool:
        """Close the innermost array or object; return whether the document itself is a pair."""
        self.path.pop()
        if self.arrays.pop():
            return False
        closed = self.objects.pop()
        in_array = bool(self.arrays) and self.arrays[-1]
        kind = self._find_kind(closed)
        if kind == "array" and not in_array:
            if not self.arrays:
                return True
            self._add_member()
        elif kind is not None:
            self._add_place(kind)
        elif in_array and not closed.holds:
            closed.holds = self._look_closer(closed)
        if kind is None and len(self.lone) < _MOST_LONE:
            self.lone += closed.lone
        if self.objects and (closed.holds or kind is not None):
            self.objects[-1].holds = True
        if closed.short and (kind == "objects" or (kind is None and closed.holds)):
            short = {name: text for name, text in closed.short.items() if is_short(name, text)}
            self._around[closed.number] = self._find_path(), short
        return False

    def list_around(self, places: dict[str, PlaceKind]) -> dict[int, dict[str, str]]:
        """Return the texts around some of the places, by the numbers of the objects.

        What is around all of them says nothing about a pair, unless it stands in an array.
        """
        common = _count_common([self.paths[place] for place in places])
        return {
            number: texts
            for number, (path, texts) in self._around.items()
            if texts and (None in path or len(path) > common)
        }

    def _find_path(self) -> Path:
        return tuple(
            None if array else name for name, array in zip(self.path, self.arrays, strict=True)
        )

    def _add_member(self) -> None:
        """Take a pair that is a member of the innermost object."""
        around = self.objects[-1]
        around.pairs += 1
        around.wraps = around.wraps or self.path[-1] in WRAPPERS
        if len(around.lone) < _MOST_LONE:
            place = ".".join(self.path)
            around.lone.append(place)
            self.paths.setdefault(place, self._find_path())

    def _add_place(self, kind: PlaceKind) -> None:
        place = ".".join(self.path)
        if place not in self.paths:
            self.paths[place] = self._find_path()
        self.found[place] = "array" if kind == "array" else self.found.get(place, kind)

    def _look_closer(self, closed: _Open) -> bool:
        """See what an object in an array is that is no pair; return whether it may be one."""
        if len(self.arrays) > 1 and is_turn(closed.names):
            if self.arrays[-2]:
                self._add_chat()
                return True
            if self.path[-2] in CHATS:
                self.objects[-1].chat = True
                return False
        shape = self._shapes.find(closed.names)
        place = ".".join(self.path)
        if shape == "likely":
            if not self.likely:
                self.likely.append(place)
                self.paths[place] = self._find_path()
            return True
        if shape != "paired":
            return False
        if place not in self.paths:
            self.paired.append(place)
            self.paths[place] = self._find_path()
        return True

    def _add_chat(self) -> None:
        """Take the list that is being read for a chat."""
        place = ".".join(self.path[:-1])
        if place not in self.paths:
            self.paired.append(place)
            self.paths[place] = self._find_path()[:-1]

    def _find_kind(self, closed: _Open) -> PlaceKind | None:
        """Return what an object is: one of an array of pairs, or what holds pairs itself."""
        if closed.chat or self._shapes.find(closed.names) == "pair":
            return "array"
        if closed.wraps and self.arrays and self.arrays[-1]:
            return "array"
        half = len(closed.names) / 2
        if closed.pairs > half or (closed.pairs > 1 and closed.pairs + closed.texts > half):
            return "objects"
        if closed.texts > half and True not in self.arrays:
            asked = sum(name.rstrip().endswith(_QUESTION_MARKS) for name in closed.names)
            return "texts" if asked > half else None
        return None


def _list_around(place: str) -> Iterator[str]:
    """Yield the names of the places that a place is in."""
    if place:
        yield ""
    yield from (place[:at] for at, character in enumerate(place) if character == ".")


def _name_sections(found: dict[str, PlaceKind], paths: dict[str, Path]) -> dict[str, Place]:
    """Return the places with their sections."""
    names: dict[str, str] = {}
    for kind in ("array", "objects", "texts"):
        alike = [place for place, its in found.items() if its == kind]
        names |= _find_sections({place: paths[place] for place in alike})
    named = [name for name in names.values() if name]
    key = "language" if named and all(map(is_language, named)) else "section"
    return {
        place: Place(kind, ((key, names[place]),) if names.get(place) else ())
        for place, kind in found.items()
    }


def _find_sections(paths: dict[str, Path]) -> dict[str, str]:
    """Return what differs in the names that lead to several places of one kind."""
    if len(paths) < 2:
        return {}
    common = _count_common(list(paths.values()))
    leading: dict[str, list[str]] = {}
    for place, path in paths.items():
        leading[place] = []
        for name in path[common:]:
            if name is None:
                break
            leading[place].append(name)
    ends = {tuple(names[-1:]) for names in leading.values() if len(names) != 1}
    if len(ends) == 1 and all(len(names) > 1 for names in leading.values()):
        # All sections have their pairs in a member of the same name.
        leading = {place: names[:-1] for place, names in leading.items()}
    return {place: " / ".join(names) for place, names in leading.items()}


def _count_common(paths: Sequence[Path]) -> int:
    """Return how many names at the beginning are the same in all paths."""
    first, last = min(paths, key=_sort_key), max(paths, key=_sort_key)
    count = 0
    for one, other in zip(first, last, strict=False):
        if one != other:
            break
        count += 1
    return count


def _sort_key(path: Path) -> tuple[tuple[bool, str], ...]:
    return tuple((name is None, name or "") for name in path)
