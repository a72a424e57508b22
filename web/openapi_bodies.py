"""The bodies that a route reads by hand, as /openapi.json shows them: files, and forms of searches.

An option of an upload can come in the form or in the address. It is described in the form alone,
and in words for the address: a page or a generated client that finds it at two places sends it
twice, and that is refused.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from web.nulls import strip_null
from web.openapi_errors import JSON
from web.openapi_examples import CSV, EVALUATION_CSV, EVALUATION_FORM, EXAMPLES, UPLOAD_FORM
from web.schemas import MAX_IDEMPOTENCY_KEY, EvaluationOptions, UploadOptions

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_UPLOADS: dict[str, tuple[type[BaseModel], str, str, dict[str, Any]]] = {
    "upload_file": (UploadOptions, "UploadForm", CSV, UPLOAD_FORM),
    "evaluate_collection": (EvaluationOptions, "EvaluationForm", EVALUATION_CSV, EVALUATION_FORM),
}
# Fields that are objects: a form holds their JSON.
_AS_JSON = ("filter",)
# Swagger UI fills each field of a form: by its example, or by one that it makes up.
_FIELD_EXAMPLES: dict[str, Any] = {
    "question": "How do I pay?",
    "collection": "default",
    "filter": "",
    "max_distance": 2,
    "min_confidence": 0.6,
}
_YES_NO = ["", "true", "false"]


def describe_bodies(schemas: dict[str, Any], operation: dict[str, Any]) -> None:
    """Add to an operation, and to the components, the bodies that its route does not declare."""
    name = operation["operationId"]
    if name == "search":
        schemas["SearchForm"] = _make_form(schemas["SearchRequest"], "SearchForm")
        # A page offers the first.
        operation["requestBody"]["content"] = {
            JSON: operation["requestBody"]["content"][JSON],
            FORM: _refer("SearchForm", EXAMPLES["SearchForm"]),
        }
    if name in _UPLOADS:
        model, title, csv, example = _UPLOADS[name]
        schemas[title] = _make_upload_form(model, title)
        operation["requestBody"] = _describe_file(title, csv, example)
    if name == "upload_file":
        operation["parameters"].append(_describe_idempotency_key())


def _make_form(body: dict[str, Any], title: str) -> dict[str, Any]:
    """Return the schema of a form with the fields of a body of JSON."""
    fields = {name: strip_null(schema) for name, schema in body["properties"].items()}
    for name in _AS_JSON:
        described = {key: fields[name].pop(key) for key in ("title", "description")}
        fields[name] = {
            "type": "string",
            # Many programs look at no contentSchema: this says the same of the least.
            "pattern": r"^\s*(\{[\s\S]*\}\s*)?$",
            "contentMediaType": JSON,
            "contentSchema": fields[name],
            **described,
        }
    for name, example in _FIELD_EXAMPLES.items():
        fields[name] = fields[name] | {"example": example}
    return body | {"properties": fields, "title": title}


def _describe_option(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an option. An empty one is one that is not given.

    Its example keeps it empty in Swagger UI, which else makes up a value and sends it.
    """
    if schema.get("default", "") is not None:
        return schema
    option = strip_null(schema) | {"example": ""}
    option.pop("minLength", None)
    return option | ({"type": "string", "enum": _YES_NO} if option["type"] == "boolean" else {})


def _make_upload_form(model: type[BaseModel], title: str) -> dict[str, Any]:
    options = model.model_json_schema()["properties"]
    fields = {name: _describe_option(schema) for name, schema in options.items()}
    file = {
        "type": "string",
        "format": "binary",
        "description": "CSV, TSV, JSON, JSONL, YAML, Parquet or a workbook.",
    }
    return {
        "type": "object",
        "title": title,
        "required": ["file"],
        "properties": {"file": file, **fields},
        "additionalProperties": False,
    }


def _describe_file(form: str, csv: str, example: dict[str, Any]) -> dict[str, Any]:
    multipart = _refer(form, example)
    multipart["encoding"] = {"file": {"contentType": "text/csv"}}
    return {
        "required": True,
        "description": "The file as part `file` of a form, with the options beside it; or the file "
        "alone, with the options in the address, under the same names (`?collection=shop`).",
        "content": {
            MULTIPART: multipart,
            "text/csv": {"schema": {"type": "string", "format": "binary"}, "example": csv},
        },
    }


def _refer(name: str, example: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}, "example": example}


def _describe_idempotency_key() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key with the same file and options returns the first job and "
        "creates nothing; with anything else it is refused (422). A key lives as long as its job: "
        "it goes when the job has been over for JOB_RETENTION_DAYS.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_IDEMPOTENCY_KEY,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
    }
