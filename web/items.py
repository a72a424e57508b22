"""The routes of items: list, add, show, change, delete."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b

from apiflask import APIBlueprint
from flask import Response, request

import services.items
import store.items
from messages import say
from services.items import Content
from store.items import Item, ItemChanged
from web.auth import EDITORS, auth
from web.context import current_runtime
from web.errors import ApiError, not_found, require
from web.item_schemas import (
    ItemBody,
    ItemChange,
    ItemPatch,
    ItemRequest,
    ItemsQuery,
    ItemsResponse,
    NewNames,
    OwnFields,
)
from web.members import refuse_member
from web.responses import answer_json, answer_page
from web.schemas import DeletedResponse
from web.scope import list_visible, require_writable, sees
from web.validation import is_id, validate

routes = APIBlueprint("items", __name__, tag="Items")
_IF_MATCH = "With `If-Match` and an ETag that no longer fits, 412 with the item as it is now."

_NO_ITEM = say("There is no such item.")


@routes.get("/items")
@routes.auth_required(auth)
@routes.input(ItemsQuery, location="query", arg_name="page")
@routes.output(ItemsResponse)
@routes.doc(
    summary="List the items in the order of their arrival",
    description="Those of one collection, or those that have a text in them. A search by meaning "
    "is `/search`.",
)
def list_items(page: ItemsQuery) -> Response:
    found, total = store.items.list_items(
        current_runtime().pool,
        collection=page.collection,
        text=page.text,
        visible=list_visible(),
        limit=page.limit,
        offset=page.offset,
    )
    return answer_page(ItemsResponse, [describe_item(item) for item in found], total, page)


@routes.post("/items")
@routes.auth_required(auth, roles=EDITORS)
@routes.input(ItemRequest, location="json", arg_name="new")
@routes.output(ItemBody, status_code=201)
@routes.doc(
    summary="Store one question with its answer",
    description="A search can find the item when this returns. Many at once are an upload.",
)
def add_item(new: ItemRequest) -> Response:
    require_writable(new.collection)
    item = services.items.add_item(current_runtime(), new.collection, _read_content(new))
    response = _answer_item(item, 201)
    response.headers["Location"] = f"/items/{item.id}"
    return response


@routes.get("/items/<int:item_id>")
@routes.auth_required(auth)
@routes.output(ItemBody)
@routes.doc(
    summary="Show an item",
    description="Its `ETag` stands for what it is now: send it back as `If-Match` with a change.",
)
def show_item(item_id: int) -> Response:
    return _answer_item(_require_item(item_id))


@routes.put("/items/<int:item_id>")
@routes.auth_required(auth, roles=EDITORS)
@routes.input(ItemChange, location="json", arg_name="new")
@routes.output(ItemBody)
@routes.doc(
    summary="Write an item anew",
    description=f"What the body does not name is emptied; PATCH keeps it. {_IF_MATCH}",
)
def change_item(item_id: int, new: ItemChange) -> Response:
    _require_own(item_id, new)
    return _change(item_id, new.metadata, lambda _: _read_content(new))


@routes.patch("/items/<int:item_id>")
@routes.auth_required(auth, roles=EDITORS)
@routes.input(ItemPatch, location="json", arg_name="change")
@routes.output(ItemBody)
@routes.doc(
    summary="Change what is named of an item",
    description=f"Only texts that the item did not have are embedded. {_IF_MATCH}",
)
def patch_item(item_id: int, change: ItemPatch) -> Response:
    _require_own(item_id, change)
    own = OwnFields.model_fields
    named = {name: getattr(change, name) for name in change.model_fields_set if name not in own}
    if None in named.values():
        empty = next(name for name, value in named.items() if value is None)
        raise refuse_member(empty, say("can't be null; leave it out to keep it"))
    return _change(item_id, change.metadata, lambda item: replace(_read_content(item), **named))


@routes.delete("/items/<int:item_id>")
@routes.auth_required(auth, roles=EDITORS)
@routes.output(DeletedResponse)
@routes.doc(summary="Delete an item", description=f"It can not be had back. {_IF_MATCH}")
def delete_item(item_id: int) -> Response:
    _require_item(item_id)
    with _refuse_changed():
        deleted = store.items.delete_item(current_runtime().pool, item_id, _read_if_match())
    if not deleted:
        raise not_found(_NO_ITEM)
    return answer_json(DeletedResponse(deleted=1))


def describe_item(item: Item) -> ItemBody:
    """Return an item as its callers see it."""
    return ItemBody(**vars(item))


def _change(
    item_id: int, metadata: Mapping[str, str] | None, decide: Callable[[Item], Content]
) -> Response:
    """Change an item, and return what it is then. Raises ApiError (400, 404, 412).

    Metadata may keep the names that the item has, whatever they are; a file can give it any.
    """
    known = _require_item(item_id).metadata
    added = {name: value for name, value in (metadata or {}).items() if name not in known}
    validate(NewNames, {"metadata": added})
    with _refuse_changed():
        item = services.items.change_item(current_runtime(), item_id, decide, _read_if_match())
    return _answer_item(require(item, _NO_ITEM))


def _read_content(given: ItemRequest | ItemChange | Item) -> Content:
    return Content(given.question, given.answer, given.alternatives, given.metadata)


def _answer_item(item: Item, status: int = 200) -> Response:
    response = answer_json(describe_item(item), status)
    response.set_etag(_make_etag(item))
    return response


def _make_etag(item: Item) -> str:
    return blake2b(describe_item(item).model_dump_json().encode(), digest_size=12).hexdigest()


def _read_if_match() -> Callable[[Item], bool] | None:
    """Return whether an item fits the header If-Match; None without the header."""
    if "If-Match" not in request.headers:
        return None
    # Outside the request there is no header any more.
    tags = request.if_match
    return lambda item: tags.contains(_make_etag(item))


@contextmanager
def _refuse_changed() -> Iterator[None]:
    try:
        yield
    except ItemChanged as error:
        now = describe_item(error.item).model_dump(mode="json")
        raise ApiError(
            412,
            "changed_meanwhile",
            say(
                "The item is no longer what it was when you read it: this is what it is now. Look "
                "at it, and send your change with its ETag."
            ),
            details={"item": now},
            headers={"ETag": f'"{_make_etag(error.item)}"'},
        ) from error


def _require_own(item_id: int, change: OwnFields) -> None:
    """Raise ApiError (400) if a change gives an item another id, external id or collection."""
    item = _require_item(item_id)
    is_other = change.id not in (None, item_id)
    if is_other or change.collection not in (None, item.collection):
        error = say(
            "the item is {id} of the collection {collection}, and neither can change: store a new "
            "item in the other collection, and delete this one",
            id=item_id,
            collection=item.collection,
        )
        raise refuse_member("id" if is_other else "collection", error)
    if change.external_id not in (None, item.external_id):
        own = json.dumps(item.external_id, ensure_ascii=False)
        error = say(
            "is {own}, which only a file can give, and can't change here: leave it out", own=own
        )
        raise refuse_member("external_id", error)


def _require_item(item_id: int) -> Item:
    """Return an item that the caller sees. It stays in its collection. Raises ApiError (404)."""
    item = store.items.get_item(current_runtime().pool, item_id) if is_id(item_id) else None
    if item is None or not sees(item.collection):
        raise not_found(_NO_ITEM)
    return item
