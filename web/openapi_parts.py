"""What many operations of /openapi.json share: tags, ways to log in, headers, names in paths."""

from __future__ import annotations

from typing import Any

from texts import COLLECTION_NAME

TAGS = [
    {"name": "Upload", "description": "A file of questions and answers goes in, a job comes out."},
    {"name": "Jobs", "description": "What becomes of an upload or an evaluation."},
    {"name": "Search", "description": "Finds the pairs that mean the same as a question."},
    {"name": "Items", "description": "Single pairs of question and answer."},
    {"name": "Collections", "description": "Groups of items: their content, export, thresholds."},
    {"name": "Evaluation", "description": "How well a collection answers."},
    {"name": "Users and keys", "description": "Who may call, and what. For admins."},
    {"name": "Page", "description": "The page for people."},
    {"name": "Operations", "description": "Whether the service is well."},
]

# Each operation that needs credentials takes any of these.
SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "BasicAuth": {
        "type": "http",
        "scheme": "basic",
        "description": "A user's name and password; or any name, with a key as the password.",
    },
    "BearerAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key: `Authorization: Bearer cpg_…`.",
    },
}
SECURITY: list[dict[str, list[str]]] = [{name: []} for name in SECURITY_SCHEMES]

_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "Content-Disposition": {
        "description": "The name under which a browser saves the file.",
        "schema": _TEXT,
        "example": 'attachment; filename="shop.csv"',
    },
    "Content-Language": {
        "description": "The language of the sentences, chosen by the request's Accept-Language.",
        "schema": {"type": "string", "enum": ["en", "pt-BR"]},
        "example": "en",
    },
    "ETag": {
        "description": "Stands for the item as it is now; send it back as If-Match.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'},
        "example": '"9f3a77c14b1e0d2c5a6b8e90"',
    },
    "Location": {
        "description": "The address of what was made.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/items/17",
    },
    "Retry-After": {
        "description": "Try again after so many seconds.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 5,
    },
    "Upload-Options": {
        "description": "The options, as they stand in an address, with which an upload of this "
        "file is read as it is meant. Only there if it needs any.",
        "schema": _TEXT,
        "example": "question_column=1&answer_column=2&alternatives_column=3&header=true",
    },
    "WWW-Authenticate": {
        "description": "How to log in.",
        "schema": _TEXT,
        "example": 'Basic realm="Conector PGVector"',
    },
    "X-Request-Id": {
        "description": "The request's own id, as it was sent or made here. Lines of the log have "
        "it, those of the job that a request made too.",
        "schema": _TEXT,
        "example": "1b4e28ba2fa111d2883f0016d3cca427",
    },
}
# Headers of answers, by operation. They are there whenever the answer is a good one, but these.
_SOMETIMES = ("Upload-Options", "Content-Disposition")
_CSV_HEADERS = ("Content-Disposition", "Upload-Options")
ANSWER_HEADERS: dict[str, tuple[str, ...]] = {
    "upload_file": ("Location",),
    "evaluate_collection": ("Location",),
    "add_item": ("Location", "ETag"),
    "show_item": ("ETag",),
    "change_item": ("ETag",),
    "patch_item": ("ETag",),
    "list_errors": _CSV_HEADERS,
    "export_collection": _CSV_HEADERS,
}

# Each operation that needs credentials takes these.
COMMON_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "The language of the sentences: English, or Portuguese as in `pt-BR`.",
        "schema": _TEXT,
    },
    {
        "name": "X-Request-Id",
        "in": "header",
        "required": False,
        "description": "An id of yours, which the answer and the log then have.",
        "schema": _TEXT,
    },
]

IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the item as you read it: if it is another one now, nothing is "
    "changed, and the answer is 412.",
    "schema": _TEXT,
}
IF_MATCH_OPERATIONS = ("change_item", "patch_item", "delete_item")

# What stands in a path, by the path's beginning and the name.
PATH_PARAMETERS: dict[tuple[str, str], dict[str, Any]] = {
    ("/items", "item_id"): {
        "description": "The item's `id`.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 17,
    },
    ("/jobs", "job_id"): {
        "description": "The job's `id`.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "0b0ff1a5-2f0c-4c2b-9d2e-6a1f4f9c1f11",
    },
    ("/collections", "name"): {
        "description": "The collection's name.",
        "schema": {"type": "string", "pattern": COLLECTION_NAME},
        "example": "shop",
    },
    ("/users", "name"): {"description": "The user's name.", "example": "ana"},
    ("/keys", "key_id"): {
        "description": "The key's `id`.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 3,
    },
}


def refer_headers(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the headers of an answer."""
    return {
        name: {"$ref": f"#/components/headers/{name}"}
        if name in _SOMETIMES
        else {**HEADERS[name], "required": True}
        for name in names
    }
