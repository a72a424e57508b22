"""The routes of items: list, add, show, change, delete."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

import services.items
import store.items
from messages import say
from store.items import Item
from web.auth import auth
from web.context import current_runtime
from web.errors import invalid_request, not_found, require
from web.responses import answer_json, answer_page
from web.schemas import (
    DeletedResponse,
    ItemBody,
    ItemChange,
    ItemRequest,
    ItemsQuery,
    ItemsResponse,
)

routes = APIBlueprint("items", __name__, tag="Items")

_NO_ITEM = say("There is no such item.")


@routes.get("/items")
@routes.auth_required(auth)
@routes.input(ItemsQuery, location="query", arg_name="page")
@routes.output(ItemsResponse)
@routes.doc(summary="List the items in the order of their arrival")
def list_items(page: ItemsQuery) -> Response:
    found, total = store.items.list_items(
        current_runtime().pool,
        collection=page.collection,
        limit=page.limit,
        offset=page.offset,
    )
    return answer_page(ItemsResponse, [describe_item(item) for item in found], total, page)


@routes.post("/items")
@routes.auth_required(auth, roles=["admin"])
@routes.input(ItemRequest, location="json", arg_name="new")
@routes.output(ItemBody, status_code=201)
@routes.doc(summary="Store one question with its answer")
def add_item(new: ItemRequest) -> Response:
    item = services.items.add_item(
        current_runtime(), new.collection, new.question, new.answer, new.metadata
    )
    response = answer_json(describe_item(item), 201)
    response.headers["Location"] = f"/items/{item.id}"
    return response


@routes.get("/items/<int:item_id>")
@routes.auth_required(auth)
@routes.output(ItemBody)
@routes.doc(summary="Show an item")
def show_item(item_id: int) -> Response:
    return answer_json(describe_item(_require_item(item_id)))


@routes.put("/items/<int:item_id>")
@routes.auth_required(auth, roles=["admin"])
@routes.input(ItemChange, location="json", arg_name="new")
@routes.output(ItemBody)
@routes.doc(summary="Write an item anew")
def change_item(item_id: int, new: ItemChange) -> Response:
    before = _require_item(item_id)
    if new.id not in (None, item_id) or new.collection not in (None, before.collection):
        raise invalid_request(
            say(
                "The item is {id} of the collection {collection}: neither can change. "
                "Store a new item in the other collection, and delete this one.",
                id=item_id,
                collection=before.collection,
            ),
        )
    item = services.items.change_item(
        current_runtime(), item_id, new.question, new.answer, new.metadata
    )
    return answer_json(describe_item(require(item, _NO_ITEM)))


@routes.delete("/items/<int:item_id>")
@routes.auth_required(auth, roles=["admin"])
@routes.output(DeletedResponse)
@routes.doc(summary="Delete an item")
def delete_item(item_id: int) -> Response:
    if not (_is_id(item_id) and store.items.delete_item(current_runtime().pool, item_id)):
        raise not_found(_NO_ITEM)
    return answer_json(DeletedResponse(deleted=1))


def describe_item(item: Item) -> ItemBody:
    """Return an item as its callers see it."""
    return ItemBody(**vars(item))


def _require_item(item_id: int) -> Item:
    item = store.items.get_item(current_runtime().pool, item_id) if _is_id(item_id) else None
    return require(item, _NO_ITEM)


def _is_id(number: int) -> bool:
    """Return whether PostgreSQL's bigint holds the number."""
    return number < 2**63
