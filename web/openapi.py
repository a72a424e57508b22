"""What /openapi.json says beyond what APIFlask reads from the routes.

The routes give paths, parameters, models, summaries and descriptions. Here each operation gets the
name of its view as its operationId, and what its parts have in common with others: errors, headers,
examples, links, ways to log in.

The library is APIFlask rather than spectree. Both (3.1.2, 3.0.0) validate by pydantic in the same
time, 0.2 ms a request. But with spectree, a form sent to a route of JSON reaches the view as None,
broken JSON is an empty body, and the documentation loads its scripts from elsewhere. Which routes
need credentials must be described by hand, where APIFlask reads it from Flask-HTTPAuth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import current_app

from web.job_schemas import DryRunResponse
from web.nulls import strip_null
from web.openapi_bodies import describe_bodies
from web.openapi_errors import JSON, describe_errors
from web.openapi_examples import CSV, EXAMPLES, METRICS
from web.openapi_links import LINKS
from web.openapi_parts import (
    ANSWER_HEADERS,
    COMMON_PARAMETERS,
    HEADERS,
    IF_MATCH,
    IF_MATCH_OPERATIONS,
    PATH_PARAMETERS,
    SECURITY,
    SECURITY_SCHEMES,
    TAGS,
    refer_headers,
)
from web.schemas import ErrorBody

TITLE = "Conector PGVector"
DESCRIPTION = """\
Finds the stored questions and answers that mean the same as a new question.

Errors are `{"error": "<a sentence>", "code": "<for programs>"}`, some with details beside. Any \
operation can also answer 405 (`method_not_allowed`, with `Allow`), and 500 (`internal_error`) if \
the service itself fails. The sentences are in the language of the request's `Accept-Language`: \
English or Portuguese.\
"""

_REF = "#/components/schemas/"
# These answer with a CSV: alone, or where the request asks for it (`Accept: text/csv`).
_CSV_OPERATIONS = ("export_collection", "list_errors")
_HTML = "<!doctype html>…"
_DESCRIPTIONS = {
    "204": "Done.",
    "200": "Done.",
    "201": "Stored.",
    "202": "A job was made, which goes on by itself.",
}


def complete_spec(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
    """Return the description, a mapping, with what the routes alone do not say."""
    if isinstance(spec, str):
        return spec
    components = spec["components"]
    schemas = _flatten(components["schemas"])
    for model in (ErrorBody, DryRunResponse):
        own = model.model_json_schema(ref_template=_REF + "{model}")
        schemas |= own.pop("$defs", {}) | {model.__name__: own}
    views = dict(_list_views())
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = views[path, method]
            _describe_operation(schemas, path, method, operation)
    spec["paths"] = _point_at_flat(spec["paths"])
    components["schemas"] = _tidy(_point_at_flat(schemas))
    components["headers"] = HEADERS
    components["securitySchemes"] = SECURITY_SCHEMES
    spec["tags"] = TAGS
    return spec


def _list_views() -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each route's path and method, and the name of its view."""
    for rule in current_app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in rule.methods or ():
            yield (path, method.lower()), rule.endpoint.rpartition(".")[2]


def _describe_operation(
    schemas: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> None:
    name = operation["operationId"]
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    operation["parameters"] = [_describe_parameter(path, one) for one in operation["parameters"]]
    if name in IF_MATCH_OPERATIONS:
        operation["parameters"].append(IF_MATCH)
    describe_bodies(schemas, operation)
    answers = _describe_answers(name, operation["responses"])
    operation["responses"] = answers | describe_errors(path, method, operation)
    if operation.get("security"):
        operation["security"] = SECURITY
        operation["parameters"] += COMMON_PARAMETERS
    for answer in operation["responses"].values():
        answer.setdefault("headers", {}).update(refer_headers(("X-Request-Id",)))
    for media in _list_media(operation):
        model = media["schema"].get("$ref", "").rpartition("/")[2]
        if model in EXAMPLES and "examples" not in media:
            media["example"] = EXAMPLES[model]


def _describe_parameter(path: str, parameter: dict[str, Any]) -> dict[str, Any]:
    if parameter["in"] == "path":
        start = "/" + path.split("/")[1]
        return parameter | PATH_PARAMETERS.get((start, parameter["name"]), {})
    schema = strip_null(parameter["schema"])
    described = {"description": schema.pop("description", "")}
    return parameter | described | {"schema": schema}


def _describe_answers(name: str, responses: dict[str, Any]) -> dict[str, Any]:
    """Return the answers that are no errors, with their headers and links."""
    answers = {status: one for status, one in responses.items() if status.startswith("2")}
    for status, answer in answers.items():
        if answer["description"] == current_app.config["SUCCESS_DESCRIPTION"]:
            answer["description"] = _DESCRIPTIONS[status]
        if name in ANSWER_HEADERS:
            answer["headers"] = refer_headers(ANSWER_HEADERS[name])
        if (name, status) in LINKS:
            answer["links"] = LINKS[name, status]
    if name in _CSV_OPERATIONS:
        csv = {"schema": {"type": "string"}, "example": CSV}
        kept = answers["200"].get("content", {}) if name == "list_errors" else {}
        answers["200"]["content"] = {**kept, "text/csv": csv}
    if name == "show_page":
        answers["200"]["content"] = {"text/html": {"schema": {"type": "string"}, "example": _HTML}}
    if name == "show_metrics":
        text = {"schema": {"type": "string"}, "example": METRICS}
        answers["200"]["content"] = {"text/plain": text, "application/openmetrics-text": text}
    if name == "upload_file":
        schema = {"$ref": f"{_REF}DryRunResponse"}
        content = {JSON: {"schema": schema}}
        answers["200"] = {"description": "What a dry run found.", "content": content}
    if name == "check_readiness":
        answers["503"] = {
            "description": "Something is not there; `parts` says what.",
            "headers": refer_headers(("Retry-After",)),
            "content": answers["200"]["content"],
        }
    return answers


def _list_media(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for place in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from place.get("content", {}).values()


def _flatten(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return models under their own names; APIFlask puts the name of the outer one before."""
    flat: dict[str, Any] = {}
    for name, schema in schemas.items():
        flat.setdefault(name.rpartition(".")[2], schema)
    return {name: flat[name] for name in flat if name not in ("HTTPError", "ValidationError")}


def _point_at_flat(part: Any) -> Any:
    """Return a part of the document, its references to models under their own names."""
    if isinstance(part, list):
        return [_point_at_flat(member) for member in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _REF + re.split(r"[./]", member)[-1]
        if name == "$ref" and member.startswith(_REF)
        else _point_at_flat(member)
        for name, member in part.items()
    }


def _tidy(part: Any) -> Any:
    """Return schemas without the null that stands for a field that is left out.

    And with the names of an object's members as `propertyNames`, for pydantic makes patterns of
    them that say nothing of other names.
    """
    if isinstance(part, list):
        return [_tidy(member) for member in part]
    if not isinstance(part, dict):
        return part
    tidy = {
        name: _tidy(member) for name, member in part.items() if (name, member) != ("default", None)
    }
    if "patternProperties" in tidy:
        ((pattern, values),) = tidy.pop("patternProperties").items()
        names = tidy.get("propertyNames", {}) | {"pattern": pattern}
        tidy |= {"additionalProperties": values, "propertyNames": names}
    return tidy
