"""The JSON of a body: parsed, with a bounded number of members, none of them twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from messages import say
from web.errors import ApiError
from web.members import join_names, refuse_member, refuse_several
from web.reasons import phrase_json_error

# No object or array of JSON has more members, and no body more in all: 100 searches with all their
# filters have fewer. Models have limits of their own, but a megabyte of wrong members would become
# a gigabyte of errors.
MAX_MEMBERS = 1_000
MAX_MEMBERS_IN_ALL = 20_000

Path = tuple[int | str, ...]


def parse_json(text: str) -> Any:
    """Return what a text of JSON holds. Raises ApiError (400) where that is not JSON, or large."""
    try:
        parsed = from_json(text)
    except ValueError as error:
        raise ApiError(
            400,
            "malformed_json",
            say("The body is not valid JSON: {error}.", error=phrase_json_error(error)),
        ) from error
    _bound_members(parsed)
    refuse_repeated(text)
    return parsed


def _walk(parsed: Any) -> Iterator[tuple[Path, Any]]:
    """Yield each object and array with the names that lead to it, the outer before the inner."""
    waiting: list[tuple[Path, Any]] = [((), parsed)]
    while waiting:
        path, value = waiting.pop()
        if not isinstance(value, (dict, list)):
            continue
        yield path, value
        members = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [((*path, name), member) for name, member in members]


def _bound_members(parsed: Any) -> None:
    """Raise ApiError (400) that names the object or array with too many members."""
    total = 0
    for path, value in _walk(parsed):
        if len(value) > MAX_MEMBERS:
            many = say(
                "has {count:,} members; at most {most:,} are taken",
                count=len(value),
                most=MAX_MEMBERS,
            )
            raise refuse_member(join_names(path), many)
        total += len(value)
        if total > MAX_MEMBERS_IN_ALL:
            many = say(
                "has more than {most:,} members in all; fewer are taken", most=MAX_MEMBERS_IN_ALL
            )
            raise refuse_member("", many)


def refuse_repeated(text: str, place: Path = ()) -> None:
    """Raise ApiError (400) that names a member that an object in a text of JSON has twice.

    RFC 8259, section 4, leaves open which one counts, so a caller could not know which is lost.
    `place` leads to the text itself.
    """
    repeated: list[tuple[dict[str, Any], str, int]] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            ((name, times),) = Counter(name for name, _ in pairs).most_common(1)
            repeated.append((members, name, times))
        return members

    # Python bounds the digits of an integer, but not those of a float.
    parsed = json.loads(text, object_pairs_hook=note, parse_int=float)
    if repeated:
        # The last one is the outermost, so it is in no member that another one took the place of.
        members, name, times = repeated[-1]
        path = next(path for path, value in _walk(parsed) if value is members)
        raise refuse_several(join_names((*place, *path, name)), times)
