"""The routes of items and collections."""

from __future__ import annotations

from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import Response

import store.items
from files.export import csv_pieces, export_columns
from services.items import Items
from services.runtime import current_runtime
from store.items import DuplicateItem, Item
from web.auth import auth
from web.errors import ApiError, not_found
from web.responses import spooled_csv
from web.schemas import (
    CollectionBody,
    CollectionsResponse,
    DeletedResponse,
    ExportQuery,
    ItemBody,
    ItemChange,
    ItemRequest,
    ItemsQuery,
    ItemsResponse,
    json_response,
)

items = APIBlueprint("items", __name__)


@items.get("/items")
@items.auth_required(auth)
@items.input(ItemsQuery, location="query", arg_name="page")
@items.output(ItemsResponse)
@items.doc(summary="List the items in the order of their arrival", tags=["Items"])
def list_items(page: ItemsQuery) -> Response:
    found, total = store.items.list_items(
        current_runtime().pool,
        collection=page.collection,
        limit=page.limit,
        offset=page.offset,
    )
    results = [_item_body(item) for item in found]
    return json_response(
        ItemsResponse(results=results, total=total, limit=page.limit, offset=page.offset)
    )


@items.post("/items")
@items.auth_required(auth, roles=["admin"])
@items.input(ItemRequest, location="json", arg_name="new")
@items.output(ItemBody, status_code=201)
@items.doc(summary="Store one question with its answer", tags=["Items"])
def add_item(new: ItemRequest) -> Response:
    try:
        item = _items().add(new.collection, new.question, new.answer, new.metadata)
    except DuplicateItem as error:
        raise _refused(error) from error
    response = json_response(_item_body(item), 201)
    response.headers["Location"] = f"/items/{item.id}"
    return response


@items.get("/items/<int:item_id>")
@items.auth_required(auth)
@items.output(ItemBody)
@items.doc(summary="Show an item", tags=["Items"])
def show_item(item_id: int) -> Response:
    return json_response(_item_body(_existing(_looked_up(item_id))))


@items.put("/items/<int:item_id>")
@items.auth_required(auth, roles=["admin"])
@items.input(ItemChange, location="json", arg_name="new")
@items.output(ItemBody)
@items.doc(summary="Write an item anew", tags=["Items"])
def change_item(item_id: int, new: ItemChange) -> Response:
    before = _existing(_looked_up(item_id))
    if new.id not in (None, item_id) or new.collection not in (None, before.collection):
        raise ApiError(
            400,
            "invalid_request",
            f"The item is {item_id} of the collection {before.collection}: neither can change. "
            "Store a new item in the other collection, and delete this one.",
        )
    try:
        item = _items().change(item_id, new.question, new.answer, new.metadata)
    except DuplicateItem as error:
        raise _refused(error) from error
    return json_response(_item_body(_existing(item)))


@items.delete("/items/<int:item_id>")
@items.auth_required(auth, roles=["admin"])
@items.output(DeletedResponse)
@items.doc(summary="Delete an item", tags=["Items"])
def delete_item(item_id: int) -> Response:
    if not (_in_range(item_id) and store.items.delete_item(current_runtime().pool, item_id)):
        raise not_found("such item")
    return json_response(DeletedResponse(deleted=1))


@items.get("/collections")
@items.auth_required(auth)
@items.output(CollectionsResponse)
@items.doc(summary="List the collections that hold items", tags=["Collections"])
def list_collections() -> Response:
    found = store.items.list_collections(current_runtime().pool)
    results = [
        CollectionBody(name=one.name, items=one.items, updated_at=one.updated_at) for one in found
    ]
    return json_response(CollectionsResponse(results=results))


@items.delete("/collections/<name>")
@items.auth_required(auth, roles=["admin"])
@items.output(DeletedResponse)
@items.doc(
    summary="Delete a collection's items and cancel its unfinished jobs", tags=["Collections"]
)
def delete_collection(name: str) -> Response:
    deleted = None
    if "\0" not in name:
        deleted = store.items.delete_collection(current_runtime().pool, name)
    if deleted is None:
        raise not_found("such collection")
    return json_response(DeletedResponse(deleted=deleted))


@items.get("/collections/<name>/export")
@items.auth_required(auth)
@items.input(ExportQuery, location="query", arg_name="query")
@items.doc(
    summary="The collection as a CSV that can be uploaded again",
    tags=["Collections"],
    description="In the order and under the names of the columns of its last file. Where an "
    "upload would need options to understand them, the header `Upload-Options` has them. "
    "`spreadsheet_safe=true` puts an apostrophe before cells that a spreadsheet would take for a "
    "formula; the file name says so, and an upload of it would change those cells.",
    responses={200: "The CSV."},
)
def export(name: str, query: ExportQuery) -> Response:
    found = None
    if "\0" not in name:
        with store.items.exporting(current_runtime().pool, name) as found:
            if found is not None:
                columns, options = export_columns(
                    found.file, found.metadata_names, has_ids=found.has_ids
                )
                pieces = csv_pieces(columns, found.rows, spreadsheet_safe=query.spreadsheet_safe)
                safe = "-spreadsheet-safe" if query.spreadsheet_safe else ""
                response = spooled_csv(pieces, f"{name}{safe}.csv")
    if found is None:
        raise not_found("such collection")
    if options:
        response.headers["Upload-Options"] = urlencode(options)
    return response


def _items() -> Items:
    runtime = current_runtime()
    return Items(runtime.pool, runtime.model, runtime.embeddings)


def _in_range(item_id: int) -> bool:
    return item_id < 2**63


def _looked_up(item_id: int) -> Item | None:
    return store.items.get_item(current_runtime().pool, item_id) if _in_range(item_id) else None


def _existing(item: Item | None) -> Item:
    if item is None:
        raise not_found("such item")
    return item


def _refused(error: DuplicateItem) -> ApiError:
    return ApiError(
        409,
        "duplicate_item",
        f"The collection holds this question with this answer already, as item {error.id}: "
        f"change that one (PUT /items/{error.id}).",
        details={"id": error.id},
    )


def _item_body(item: Item) -> ItemBody:
    return ItemBody(**vars(item))
