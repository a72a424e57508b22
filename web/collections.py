"""The routes of collections: list, delete, export."""

from __future__ import annotations

from contextlib import suppress

from apiflask import APIBlueprint
from flask import Response

import store.collections
import store.columns
from files.csv_form import choose_form
from files.description import FileDescription
from files.export import list_columns
from files.export_plans import list_plans
from files.reading_back import NotReadBack
from store.collections import Export
from web.auth import ADMINS, auth
from web.context import current_runtime
from web.csv_schemas import ExportQuery
from web.errors import require
from web.responses import answer_csv, answer_json, name_options
from web.schemas import (
    CollectionBody,
    CollectionDetails,
    CollectionsResponse,
    ColumnBody,
    DeletedResponse,
)
from web.scope import NO_COLLECTION, list_visible, require_visible

# A column shows so many of its values.
COMMON_VALUES = 10

routes = APIBlueprint("collections", __name__, tag="Collections")


@routes.get("/collections")
@routes.auth_required(auth)
@routes.output(CollectionsResponse)
@routes.doc(
    summary="List the collections that hold items",
    description="A collection comes to be by its first item.",
)
def list_collections() -> Response:
    found = store.collections.list_collections(current_runtime().pool, list_visible())
    results = [
        CollectionBody(name=one.name, items=one.items, updated_at=one.updated_at) for one in found
    ]
    return answer_json(CollectionsResponse(results=results))


@routes.get("/collections/<name>")
@routes.auth_required(auth)
@routes.output(CollectionDetails)
@routes.doc(
    summary="Show a collection and the columns of its metadata",
    description="The columns by which a search can filter, with the number of their different "
    "values and the commonest of them, as the newest 20,000 items have them. A value of more than "
    "200 characters is counted and not shown.",
)
def show_collection(name: str) -> Response:
    require_visible(name)
    pool = current_runtime().pool
    found = require(store.collections.get_collection(pool, name), NO_COLLECTION)
    columns = store.columns.list_columns(pool, [name], common=COMMON_VALUES)
    body = CollectionDetails(**vars(found), columns=[ColumnBody(**vars(one)) for one in columns])
    return answer_json(body)


@routes.delete("/collections/<name>")
@routes.auth_required(auth, roles=ADMINS)
@routes.output(DeletedResponse)
@routes.doc(
    summary="Delete a collection's items and cancel its unfinished jobs",
    description="They can not be had back: export the collection first.",
)
def delete_collection(name: str) -> Response:
    require_visible(name)
    deleted = store.collections.delete_collection(current_runtime().pool, name)
    return answer_json(DeletedResponse(deleted=require(deleted, NO_COLLECTION)))


@routes.get("/collections/<name>/export")
@routes.auth_required(auth)
@routes.input(ExportQuery, location="query", arg_name="query")
@routes.doc(
    summary="The collection as a CSV that can be uploaded again",
    description="In the order and under the names of the columns of its last file, in its "
    "delimiter, with a BOM where it had one. Where an upload would need options to understand it, "
    "the header `Upload-Options` has them. The columns `_error` and `_line`, which an upload "
    "ignores, are there if a row could be taken for the header. `spreadsheet_safe=true` puts an "
    "apostrophe before cells that a spreadsheet would take for a formula; an upload with the same "
    "option takes it off.",
    responses={200: "The CSV."},
)
def export_collection(name: str, query: ExportQuery) -> Response:
    require_visible(name)
    with store.collections.open_export(current_runtime().pool, name) as stored:
        return _answer_export(name, require(stored, NO_COLLECTION), query)


def _answer_export(name: str, stored: Export, query: ExportQuery) -> Response:
    file = FileDescription.from_json(stored.file)
    columns = list_columns(
        file,
        stored.metadata_names,
        has_ids=stored.has_ids,
        has_alternatives=stored.has_alternatives,
    )
    form = choose_form(
        file,
        delimiter=query.delimiter,
        bom=query.bom,
        spreadsheet_safe=query.spreadsheet_safe,
    )
    safe = "-spreadsheet-safe" if query.spreadsheet_safe else ""
    for plan, rows in list_plans(columns, stored.read_rows, form):
        with suppress(NotReadBack):
            response = answer_csv(plan.write(rows, form), f"{name}{safe}.csv")
            name_options(response, plan.options)
            return response
    raise AssertionError("the last plan always fits")
