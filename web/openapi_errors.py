"""The errors that each operation can answer, as /openapi.json shows them.

| status | which operations | codes |
|---|---|---|
| 400 | with a query or a body | `invalid_request`; of a body `incomplete_body`, `malformed_json` or `malformed_request`; of a file `missing_file`, `invalid_option` |
| 401, 429 | with credentials | `unauthorized`; `too_many_failures` |
| 429 | that search, or take a file | `too_many_requests` |
| 403 | with roles; that change something | `forbidden`; `cross_site` |
| 404 | with a name or a number in the path; evaluations | `not_found` |
| 408, 413, 415 | with a body | `too_slow`, `too_large`, `unsupported_media_type` |
| 409 | that write an item's question and answer; that change a user | `duplicate_item`; `duplicate_user`, `reserved_name` |
| 412 | with If-Match | `changed_meanwhile` |
| 422 | that embed a text, or take a file | `embedding_failed`; the codes of files; `idempotency_key_reused` |
| 431 | all | `header_too_large` |
| 503 | with credentials | `unavailable` |
"""  # noqa: E501, a table can't be broken

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import files.errors
from web.cross_site import SAFE_METHODS, SAFE_PATHS

JSON = "application/json"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

# A code for programs, and a sentence such as a person gets with it.
SENTENCES = {
    "invalid_request": "limit: input should be less than or equal to 100.",
    "malformed_json": "The body is not valid JSON: trailing comma at line 1 column 20.",
    "malformed_request": "The multipart body can't be read: its boundary, or its end, is missing "
    "or wrong.",
    "incomplete_body": "The body ended before it was whole: send it again.",
    "missing_file": "Send one file as the part `file` (curl -F file=@faq.csv); there are 0 parts "
    "named `file`.",
    "invalid_option": "sheet: the file has no sheet 2.",
    "unauthorized": "Name, password or key is missing or wrong (HTTP basic auth, or a bearer "
    "token).",
    "forbidden": "This needs the role editor.",
    "cross_site": "The request came from the page of another site, and only pages of "
    "https://faq.example may change something here.",
    "not_found": "There is no such item.",
    "too_slow": "The body came too slowly: send it again, faster.",
    "duplicate_item": "The collection holds this question with this answer already, as item 17: "
    "change that one (PUT /items/17).",
    "duplicate_user": "There is a user ana already.",
    "reserved_name": "admin is the admin of API_USERNAME and API_PASSWORD: change these in the "
    "environment or in .env, and take another name for other users.",
    "changed_meanwhile": "The item is no longer what it was when you read it: this is what it is "
    "now. Look at it, and send your change with its ETag.",
    "too_large": "The body is larger than the 8388608 bytes allowed here.",
    "unsupported_media_type": "The body's Content-Type is missing: send it as application/json.",
    "embedding_failed": "The model fails on the text. Shorten or reword it.",
    "empty_file": "The file is empty.",
    "missing_column": "The file has no column for the question.",
    "malformed_csv": "A quote that opens in line 7 is never closed.",
    "undecodable_text": "Byte 812 is not UTF-8.",
    "no_rows": "The file has a header, but no rows below it.",
    "too_many_rows": "The file has more rows than are taken.",
    "idempotency_key_reused": "This Idempotency-Key came before with another file or other "
    "options. Nothing of this upload was stored: send it with a key of its own.",
    "too_many_failures": "Too many wrong passwords. Try again in 30 seconds.",
    "header_too_large": "The headers are more than 32768 bytes, or more than 100.",
    "too_many_requests": "More searches than the 60 a minute that each user or key may send. Try "
    "again in 30 seconds.",
    "unavailable": "PostgreSQL does not answer. Try again in a moment.",
}
_DESCRIPTIONS = {
    "400": "The request can't be meant as it is.",
    "401": "Name and password, or the key, are missing or wrong.",
    "403": "The caller may not do that.",
    "404": "There is no such thing, or the caller may not know of it.",
    "408": "The body came too slowly.",
    "409": "There is one already: the item `id`, or the user of that name.",
    "412": "`If-Match` no longer fits: `item` is the item as it is now.",
    "413": "The body is too large.",
    "415": "The body's type, or its charset, is not taken.",
    "422": "What came can be read, but not be taken; `code` and its details say why.",
    "429": "Too many wrong passwords, or more searches or uploads than a user or key may send.",
    "431": "The headers, or the address, are too large.",
    "503": "PostgreSQL or the model is away, or busy.",
}
_HEADERS = {
    "401": ("WWW-Authenticate",),
    "412": ("ETag",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}
# These need a role, but not always the same one: whoever changes another user's password, and what
# METRICS_ACCESS names.
_OWN_RULES = {"change_password": "manager", "show_metrics": "metrics"}
_NEEDED = {
    "editor": "It needs the role `editor`.",
    "admin": "It needs the role `admin`.",
    "manager": "It needs the role `admin`, limited to no collections.",
    "metrics": "It needs the role of METRICS_ACCESS (`admin`), limited to no collections.",
}
_CONFLICTS = {
    "add_item": ["duplicate_item"],
    "change_item": ["duplicate_item"],
    "patch_item": ["duplicate_item"],
    "add_user": ["duplicate_user", "reserved_name"],
    "remove_user": ["reserved_name"],
    "change_password": ["reserved_name"],
}
_RATED = ("search", "search_batch", "upload_file", "evaluate_collection")
_WRITES_PAIR = {"add_item", "change_item", "patch_item"}
_EMBEDS = {"search", "search_batch", *_WRITES_PAIR}
_OPTION_CODES = {"invalid_option", "unsupported_media_type"}
FILE_CODES = [code for code in get_args(files.errors.Code) if code not in _OPTION_CODES]


def describe_errors(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return {status: response} of the errors that an operation can answer."""
    codes = _list_codes(path, method, operation)
    errors = {status: _describe_error(status, codes[status]) for status in sorted(codes)}
    needed = [_NEEDED[role] for role in _list_roles(operation)[:1]]
    if needed:
        errors["403"]["description"] += f" {needed[0]}"
    return errors


def _list_codes(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, list[str]]:
    places = {parameter["in"] for parameter in operation["parameters"]}
    codes = _list_caller_codes(path, method, operation) | {"431": ["header_too_large"]}
    body = operation.get("requestBody", {}).get("content", {})
    if "query" in places or body:
        codes["400"] = ["invalid_request", *_list_body_codes(body)]
    if "path" in places or operation["operationId"] == "evaluate_collection":
        codes["404"] = ["not_found"]
    if body:
        codes |= {"408": ["too_slow"], "413": ["too_large"], "415": ["unsupported_media_type"]}
    if operation["operationId"] in _CONFLICTS:
        codes["409"] = _CONFLICTS[operation["operationId"]]
    if any(parameter["name"] == "If-Match" for parameter in operation["parameters"]):
        codes["412"] = ["changed_meanwhile"]
    unprocessable = ["embedding_failed"] if operation["operationId"] in _EMBEDS else []
    if _takes_file(body):
        unprocessable += FILE_CODES
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"]):
        unprocessable.append("idempotency_key_reused")
    if operation["operationId"] in _RATED:
        codes["429"].append("too_many_requests")
    return codes | ({"422": unprocessable} if unprocessable else {})


def _list_caller_codes(
    path: str, method: str, operation: Mapping[str, Any]
) -> dict[str, list[str]]:
    if not operation.get("security"):
        return {}
    codes = {"401": ["unauthorized"], "429": ["too_many_failures"], "503": ["unavailable"]}
    forbidden = ["forbidden"] if _list_roles(operation) else []
    if method.upper() not in SAFE_METHODS and path not in SAFE_PATHS:
        forbidden.append("cross_site")
    return codes | ({"403": forbidden} if forbidden else {})


def _list_roles(operation: Mapping[str, Any]) -> list[str]:
    """Return the roles that an operation is for, the least first; none where it is for all."""
    if operation["operationId"] in _OWN_RULES:
        return [_OWN_RULES[operation["operationId"]]]
    # OpenAPI has OAuth's scopes in these lists, APIFlask puts roles there.
    security = operation.get("security", [])
    return [role for one in security for roles in one.values() for role in roles]


def _list_body_codes(body: Mapping[str, Any]) -> list[str]:
    codes = ["incomplete_body"] if body else []
    if JSON in body:
        codes.append("malformed_json")
    if any(kind in body for kind in _FORMS):
        codes.append("malformed_request")
    return codes + (["missing_file", "invalid_option"] if _takes_file(body) else [])


def _takes_file(body: Mapping[str, Any]) -> bool:
    return "text/csv" in body


def _describe_error(status: str, codes: list[str]) -> dict[str, Any]:
    listed = ", ".join(f"`{code}`" for code in codes)
    examples = {code: {"value": _make_example(code)} for code in codes}
    headers = ("Content-Language", *_HEADERS.get(status, ()))
    return {
        "description": f"{_DESCRIPTIONS[status]} `code`: {listed}.",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/ErrorBody"}, "examples": examples}
        },
    }


def _make_example(code: str) -> dict[str, str]:
    return {"error": SENTENCES[code], "code": code}
