"""What /openapi.json says beyond what APIFlask reads from the routes.

- The routes of uploads read their body by hand, since it is a file.
- A search takes a form as well as JSON.
- Credentials are basic auth or a key as a bearer token. Any route that needs them may answer 429 or
  503; one that needs a role or changes something, 403; one that takes a body, 413 or 415; one that
  embeds a text, 422.

The library is APIFlask rather than spectree. Both (3.1.2, 3.0.0) validate by pydantic in the same
time, 0.2 ms a request. But with spectree, a form sent to a route of JSON reaches the view as None,
broken JSON is an empty body, and the documentation loads its scripts from elsewhere. Which routes
need credentials must be described by hand, where APIFlask reads it from Flask-HTTPAuth.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from web.cross_site import SAFE_METHODS, SAFE_PATHS
from web.job_schemas import DryRunResponse
from web.schemas import MAX_IDEMPOTENCY_KEY, EvaluationOptions, UploadOptions

TITLE = "Conector PGVector"
DESCRIPTION = "Finds the stored questions and answers that mean the same as a new question."

_FILE = {"type": "string", "format": "binary"}
_ERROR = {"$ref": "#/components/schemas/HTTPError"}
_WRITING = (("/items", "post"), ("/items/{item_id}", "put"))
_EMBEDDING = (("/search", "post"), ("/search/batch", "post"), *_WRITING)
# The page shows these groups of routes first.
_FIRST_TAGS = ("Jobs", "Items")
_SECURITY_SCHEMES = {
    "BasicAuth": {
        "type": "http",
        "scheme": "basic",
        "description": "A user and its password; or any name, with a key as the password.",
    },
    "BearerAuth": {"type": "http", "scheme": "bearer", "description": "A key: `cpg_…`."},
}
_NEEDED = {
    "editor": "The role is less than `editor`",
    "admin": "The role is less than `admin`",
    "manager": "The role is less than `admin`, or limited to collections",
}
_CROSS_SITE = "the page of another site asks for it (`cross_site`)"
# Who changes another user's password needs a role, which depends on the name.
_PASSWORD = ("/users/{name}/password", "put")
_TOO_MANY = (
    "Too many wrong passwords (`too_many_failures`), or more searches or uploads than each user or "
    "key may send (`too_many_requests`)."
)
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}


def complete_spec(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
    """Return the description, a mapping, with what the routes alone do not say."""
    if isinstance(spec, str):
        return spec
    spec["tags"] = [{"name": tag} for tag in _FIRST_TAGS]
    schemas = spec["components"]["schemas"]
    dry_run = DryRunResponse.model_json_schema(ref_template="#/components/schemas/{model}")
    for name, schema in dry_run.pop("$defs").items():
        schemas.setdefault(name, schema)
    schemas["DryRunResponse"] = dry_run
    spec["components"]["securitySchemes"] = _SECURITY_SCHEMES
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            needed = "manager" if (path, method) == _PASSWORD else None
            _add_errors(operation, needed, changes=_may_change(path, method))
    for path, method in _EMBEDDING:
        responses = spec["paths"][path][method]["responses"]
        responses["422"] = _describe_error("The model fails on the text.")
    for path, method in _WRITING:
        responses = spec["paths"][path][method]["responses"]
        responses["409"] = _describe_error(
            "The collection holds the pair already, as the item `id`."
        )
    search = spec["paths"]["/search"]["post"]["requestBody"]["content"]
    search["application/x-www-form-urlencoded"] = search["application/json"]
    _describe_upload(spec["paths"]["/upload"]["post"])
    _describe_file(spec["paths"]["/evaluate"]["post"], EvaluationOptions)
    errors = spec["paths"]["/jobs/{job_id}/errors"]["get"]["responses"]["200"]["content"]
    errors["text/csv"] = {"schema": {"type": "string"}}
    export = spec["paths"]["/collections/{name}/export"]["get"]["responses"]["200"]
    export["content"] = {"text/csv": {"schema": {"type": "string"}}}
    _describe_metrics(spec["paths"]["/metrics"]["get"]["responses"])
    page = spec["paths"]["/"]["get"]["responses"]["200"]
    page["content"] = {"text/html": {"schema": {"type": "string"}}}
    return spec


def _describe_metrics(responses: dict[str, Any]) -> None:
    text = {"schema": {"type": "string"}}
    responses["200"] = {
        "description": "The numbers.",
        "content": {"text/plain": text, "application/openmetrics-text": text},
    }
    responses["403"] = _describe_error(
        "This role may not read the metrics, or the user or key is limited to collections."
    )


def _describe_file(operation: dict[str, Any], model: type[BaseModel]) -> None:
    """Describe a body that is a file, with options beside it."""
    options = model.model_json_schema()["properties"]
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
    form = {"type": "object", "required": ["file"], "properties": {"file": _FILE, **options}}
    operation["requestBody"] = {
        "required": True,
        "content": {"multipart/form-data": {"schema": form}, "text/csv": {"schema": _FILE}},
    }
    for status, description in (
        ("400", "A wrong option, or a body that was cut off."),
        ("413", "The file is too large."),
        ("415", "Not a CSV, or compressed."),
        ("422", "The file can't be taken as a whole; `code` and its details say why."),
    ):
        operation["responses"][status] = _describe_error(description)


def _describe_upload(operation: dict[str, Any]) -> None:
    _describe_file(operation, UploadOptions)
    operation["parameters"].append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key with the same file and options returns the first job and "
            "creates nothing; with anything else it is refused (422). A key lives as long as its "
            "job: it goes when the job has been over for JOB_RETENTION_DAYS.",
            "schema": {"type": "string", "maxLength": MAX_IDEMPOTENCY_KEY},
        }
    )
    responses = operation["responses"]
    responses["200"] = {
        "description": "What a dry run found.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/DryRunResponse"}}
        },
    }
    responses["422"] = _describe_error(
        "The file can't be taken as a whole; `code` and its details say why. Or the "
        "Idempotency-Key came before with another file or other options "
        "(`idempotency_key_reused`)."
    )


def _may_change(path: str, method: str) -> bool:
    return method.upper() not in SAFE_METHODS and path not in SAFE_PATHS


def _add_errors(operation: dict[str, Any], needed: str | None, *, changes: bool) -> None:
    responses = operation["responses"]
    if not operation.get("security"):
        return
    # OpenAPI has OAuth's scopes in these lists, APIFlask puts roles there: 403 describes them.
    roles = [role for one in operation["security"] for names in one.values() for role in names]
    operation["security"] = [{name: []} for name in _SECURITY_SCHEMES]
    reasons = [_NEEDED[role] for role in [*roles, needed][:1] if role]
    reasons += [_CROSS_SITE] if changes else []
    if reasons:
        sentence = "; or ".join(reasons) + "."
        responses["403"] = _describe_error(sentence[0].upper() + sentence[1:])
    if "requestBody" in operation:
        responses["413"] = _describe_error("The body is too large.")
        responses["415"] = _describe_error("The body's type, or its charset, is not taken.")
    responses["429"] = {**_describe_error(_TOO_MANY), "headers": _RETRY}
    responses["503"] = {**_describe_error("PostgreSQL or the model is away."), "headers": _RETRY}


def _describe_error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}
