"""The routes of collections: list, delete, export."""

from __future__ import annotations

from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import Response

import store.collections
from files.description import FileDescription
from files.export import choose_columns, write_csv
from store.collections import Export
from web.auth import auth
from web.context import current_runtime
from web.errors import not_found, require
from web.responses import answer_csv, answer_json
from web.schemas import CollectionBody, CollectionsResponse, DeletedResponse, ExportQuery

routes = APIBlueprint("collections", __name__, tag="Collections")


@routes.get("/collections")
@routes.auth_required(auth)
@routes.output(CollectionsResponse)
@routes.doc(summary="List the collections that hold items")
def list_collections() -> Response:
    found = store.collections.list_collections(current_runtime().pool)
    results = [
        CollectionBody(name=one.name, items=one.items, updated_at=one.updated_at) for one in found
    ]
    return answer_json(CollectionsResponse(results=results))


@routes.delete("/collections/<name>")
@routes.auth_required(auth, roles=["admin"])
@routes.output(DeletedResponse)
@routes.doc(summary="Delete a collection's items and cancel its unfinished jobs")
def delete_collection(name: str) -> Response:
    _require_name(name)
    deleted = store.collections.delete_collection(current_runtime().pool, name)
    return answer_json(DeletedResponse(deleted=require(deleted, "such collection")))


@routes.get("/collections/<name>/export")
@routes.auth_required(auth)
@routes.input(ExportQuery, location="query", arg_name="query")
@routes.doc(
    summary="The collection as a CSV that can be uploaded again",
    description="In the order and under the names of the columns of its last file. Where an "
    "upload would need options to understand them, the header `Upload-Options` has them. "
    "`spreadsheet_safe=true` puts an apostrophe before cells that a spreadsheet would take for a "
    "formula; the file name says so, and an upload of it would change those cells.",
    responses={200: "The CSV."},
)
def export(name: str, query: ExportQuery) -> Response:
    _require_name(name)
    with store.collections.open_export(current_runtime().pool, name) as stored:
        return _answer_export(name, require(stored, "such collection"), query.spreadsheet_safe)


def _require_name(name: str) -> None:
    """Raise ApiError (404) for a name that no collection can have: PostgreSQL stores no NUL."""
    if "\0" in name:
        raise not_found("such collection")


def _answer_export(name: str, stored: Export, spreadsheet_safe: bool) -> Response:
    columns, options = choose_columns(
        FileDescription.from_json(stored.file),
        stored.metadata_names,
        has_ids=stored.has_ids,
        has_alternatives=stored.has_alternatives,
    )
    pieces = write_csv(columns, stored.rows, spreadsheet_safe=spreadsheet_safe)
    safe = "-spreadsheet-safe" if spreadsheet_safe else ""
    response = answer_csv(pieces, f"{name}{safe}.csv")
    if options:
        response.headers["Upload-Options"] = urlencode(options)
    return response
