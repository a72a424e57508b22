"""Which collections the current caller sees. To it, the others are not there.

A route that names one of the others answers as for a collection that does not exist: 404, or an
empty list where a filter or a search names it.
"""

from __future__ import annotations

from hashlib import blake2b

from messages import say
from services.access import Caller, narrow
from web.auth import current_caller
from web.errors import ApiError, not_found

NO_COLLECTION = say("There is no such collection.")
# The names of collections in an error, in characters.
MAX_SHOWN_NAMES = 1_000
# No idempotency key and no name of a collection holds it, since it can't be printed.
_SEPARATOR = "\x1f"


def require_caller() -> Caller:
    """Return who sent the current request. Raises LookupError in a route that nobody guards."""
    caller = current_caller()
    if caller is None:
        raise LookupError("the route asks for no credentials")
    return caller


def list_visible() -> list[str] | None:
    """Return the collections that the caller sees; None for all."""
    return narrow(None, require_caller().collections)


def sees(collection: str) -> bool:
    """Return whether the collection is there for the caller."""
    return require_caller().sees(collection)


def require_visible(collection: str) -> None:
    """Raise ApiError (404) for a collection that the caller does not see.

    And for a name that no collection can have: PostgreSQL stores no NUL.
    """
    if "\0" in collection or not sees(collection):
        raise no_collection()


def require_writable(collection: str) -> None:
    """Raise ApiError (404) that names the collections that the caller may write to, if any.

    Of the one that was meant it tells no more than the request: a request that names none means
    `default`, and its sender may not know it.
    """
    visible = list_visible()
    if not visible or collection in visible:
        require_visible(collection)
        return
    raise not_found(
        say(
            "There is no collection {collection} that you may write to. You may write to "
            "{collections}: name one with `collection`.",
            collection=collection,
            collections=", ".join(visible)[:MAX_SHOWN_NAMES],
        )
    )


def no_collection() -> ApiError:
    return not_found(NO_COLLECTION)


def separate_key(key: str) -> str:
    """Return an idempotency key as it is stored.

    Callers that are limited to other collections have other keys: else one would be told of the
    job that another one made by the same key.
    """
    visible = list_visible()
    if visible is None:
        return key
    # An index holds the key, and the names would be too long for it.
    scope = blake2b(_SEPARATOR.join(visible).encode(), digest_size=16).hexdigest()
    return f"{scope}{_SEPARATOR}{key}"
