"""What /openapi.json says beyond what APIFlask reads from the routes.

An upload is read by hand (web/uploads.py), since its body is a file; a search takes a form as well;
any route may be answered 403, 429 or 503, and one that embeds a text 422.

The library is APIFlask rather than spectree. Both (3.1.2, 3.0.0) validate by pydantic in the same
time, 0.2 ms a request; but with spectree a form sent to a route of JSON reaches the view as None,
broken JSON is an empty body, the documentation loads its scripts from elsewhere, and what needs
credentials is to be described by hand, where APIFlask reads it from Flask-HTTPAuth.
"""

from __future__ import annotations

from typing import Any

from web.schemas import DryRunResponse, UploadOptions

_FILE = {"type": "string", "format": "binary"}
_ERROR = {"$ref": "#/components/schemas/HTTPError"}
_WRITING = (("/items", "post"), ("/items/{item_id}", "put"))
_EMBEDDING = (("/search", "post"), ("/search/batch", "post"), *_WRITING)
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


def completed(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
    """Return the description, a mapping, with what the routes alone do not say."""
    if isinstance(spec, str):
        return spec
    schemas = spec["components"]["schemas"]
    dry_run = DryRunResponse.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, schema in dry_run.pop("$defs").items():
        schemas.setdefault(name, schema)
    schemas["DryRunResponse"] = dry_run
    for path in spec["paths"].values():
        for operation in path.values():
            _add_errors(operation)
    for path, method in _EMBEDDING:
        responses = spec["paths"][path][method]["responses"]
        responses["422"] = _error("The model fails on the text.")
    for path, method in _WRITING:
        responses = spec["paths"][path][method]["responses"]
        responses["409"] = _error("The collection holds the pair already, as the item `id`.")
    search = spec["paths"]["/search"]["post"]["requestBody"]["content"]
    search["application/x-www-form-urlencoded"] = search["application/json"]
    _describe_upload(spec["paths"]["/upload"]["post"])
    errors = spec["paths"]["/jobs/{job_id}/errors"]["get"]["responses"]["200"]["content"]
    errors["text/csv"] = {"schema": {"type": "string"}}
    export = spec["paths"]["/collections/{name}/export"]["get"]["responses"]["200"]
    export["content"] = {"text/csv": {"schema": {"type": "string"}}}
    return spec


def _describe_upload(operation: dict[str, Any]) -> None:
    options = UploadOptions.model_json_schema()["properties"]
    operation["parameters"] = [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema.get("description", ""),
            "schema": schema,
        }
        for name, schema in options.items()
    ]
    operation["parameters"].append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key again returns the first job and creates nothing.",
            "schema": {"type": "string", "maxLength": 255},
        }
    )
    form = {"type": "object", "required": ["file"], "properties": {"file": _FILE, **options}}
    operation["requestBody"] = {
        "required": True,
        "content": {"multipart/form-data": {"schema": form}, "text/csv": {"schema": _FILE}},
    }
    responses = operation["responses"]
    responses["200"] = {
        "description": "What a dry run found.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/DryRunResponse"}}
        },
    }
    for status, description in (
        ("400", "A wrong option, or a body that was cut off."),
        ("413", "The file is too large."),
        ("415", "Not a CSV, or compressed."),
        ("422", "The file can't be taken as a whole; `code` and its details say why."),
    ):
        responses[status] = _error(description)


def _add_errors(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if not operation.get("security"):
        return
    # What OpenAPI has in these lists are OAuth's scopes; roles are in the description of 403.
    if any(scopes for one in operation["security"] for scopes in one.values()):
        responses["403"] = _error("Only an admin may do that.")
    operation["security"] = [{name: [] for name in one} for one in operation["security"]]
    responses["429"] = {**_error("Too many wrong passwords."), "headers": _RETRY}
    responses["503"] = {**_error("PostgreSQL or the model is away."), "headers": _RETRY}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}
