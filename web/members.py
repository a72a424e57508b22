"""How an error names the members of a request."""

from __future__ import annotations

from collections.abc import Iterable

from messages import Message, say
from web.errors import ApiError, invalid_request

MAX_SHOWN_CHARS = 200


def join_names(names: Iterable[int | str]) -> str:
    """Return the names that lead to a member, joined by points."""
    return ".".join(str(name) for name in names)[:MAX_SHOWN_CHARS]


def refuse_member(place: str, error: Message) -> ApiError:
    """Return the 400 that says what is wrong at a place; an empty one is the whole body."""
    return invalid_request(
        say("{place}: {error}.", place=place or say("The body"), error=error),
        details={"fields": [{"field": place, "error": error}]},
    )


def refuse_several(place: str, times: int) -> ApiError:
    """Return the 400 of a member that is given several times."""
    return refuse_member(place, say("given {times} times", times=times))
