"""Requests become models: JSON is read strictly, forms and queries are the text that they are.

What is wrong becomes an answer that names each field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request, request
from pydantic import BaseModel, ConfigDict, ValidationError

from web.errors import ApiError, invalid_request, unsupported_media_type

MAX_JSON_BYTES = 8 * 1024 * 1024
MAX_SHOWN_FIELDS = 10
_URL_ENCODED = "application/x-www-form-urlencoded"
_FORM_TYPES = (_URL_ENCODED, "multipart/form-data")

M = TypeVar("M", bound=BaseModel)


class RequestModel(BaseModel):
    """A request. An unknown field is an error: it may be a known one, misspelt."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RequestAdapter(PydanticAdapter):
    """Reads a route's input, wherever in the request it is, into its model."""

    def validate_input(self, request: Request, location: str, **_kwargs: Any) -> BaseModel:
        if location in ("query", "querystring"):
            return validate(self.model_class, request.args.to_dict())
        if request.mimetype == "application/json":
            return validate(self.model_class, request.get_data())
        if location == "json_or_form" and request.mimetype in _FORM_TYPES:
            return validate(self.model_class, _read_form(request))
        expected = "application/json"
        if location == "json_or_form":
            expected += f" or {_URL_ENCODED}"
        raise unsupported_media_type(
            f"The body's Content-Type is {request.mimetype or 'missing'}: send it as {expected}."
        )


# A route takes its adapter when its decorators run. That is after this line: they need a model, and
# models of requests are subclasses of RequestModel.
registry.register("pydantic", RequestAdapter)


def validate(model: type[M], given: Mapping[str, Any] | bytes) -> M:
    """Return what is given, fields by their names or the bytes of JSON, as the model.

    Raises ApiError (400) that names each field that is wrong, and how.
    """
    try:
        if isinstance(given, bytes):
            return model.model_validate_json(given, strict=True)
        return model.model_validate(given)
    except ValidationError as error:
        raise _explain_invalid(error) from error


def bound_body() -> None:
    """Hold everything but uploads to the size of a large question, not of a large file."""
    if request.path != "/upload":
        request.max_content_length = MAX_JSON_BYTES


def _read_form(request: Request) -> dict[str, Any]:
    """Return the form's fields; a field that comes several times is a list."""
    if request.mimetype == _URL_ENCODED:
        try:
            unquote_to_bytes(request.get_data()).decode()
        except UnicodeDecodeError as error:
            raise invalid_request(
                "The form is not UTF-8: send it in UTF-8, or as JSON with the header "
                "Content-Type: application/json."
            ) from error
    lists = request.form.to_dict(flat=False)
    if len(lists) == 1 and next(iter(lists)).lstrip().startswith("{"):
        raise invalid_request(
            "The body looks like JSON, but came as a form: send it with the header "
            "Content-Type: application/json."
        )
    return {name: values[0] if len(values) == 1 else values for name, values in lists.items()}


def _explain_invalid(error: ValidationError) -> ApiError:
    errors = error.errors(include_url=False)
    found = [(_name_field(e["loc"]), _phrase_reason(e["msg"])) for e in errors[:MAX_SHOWN_FIELDS]]
    if errors[0]["type"] == "json_invalid":
        return ApiError(400, "malformed_json", f"The body is not valid JSON: {found[0][1]}.")
    sentences = "; ".join(f"{place}: {text}" if place else text for place, text in found)
    return invalid_request(
        f"{sentences}.",
        details={"fields": [{"field": place, "error": text} for place, text in found]},
    )


def _name_field(location: tuple[int | str, ...]) -> str:
    # pydantic names the branch of a union too: "str", "list[…]", "constrained-str".
    names = [str(p) for p in location if not re.search(r"[\[\]-]|^(str|int|dict|list)$", str(p))]
    return ".".join(names)


def _phrase_reason(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Invalid JSON: ")
    return text[:1].lower() + text[1:] if text.startswith("Input") else text
