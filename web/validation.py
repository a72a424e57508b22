"""Requests become models: JSON is read strictly, forms and queries are the text that they are.

What is wrong becomes an answer that names each field.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request, request
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict

from messages import cite, join, say
from texts import STORABLE
from web.decoding import decode_json, require_utf8
from web.errors import ApiError, invalid_request, unsupported_media_type
from web.json_bodies import parse_json
from web.members import MAX_SHOWN_CHARS, join_names, refuse_several
from web.reasons import phrase_reason

MAX_JSON_BYTES = 8 * 1024 * 1024
# Where a file may be sent, which may be as large as MAX_UPLOAD_MB says.
FILE_PATHS = ("/upload", "/evaluate")
MAX_SHOWN_FIELDS = 10
_URL_ENCODED = "application/x-www-form-urlencoded"
_FORM_TYPES = (_URL_ENCODED, "multipart/form-data")

M = TypeVar("M", bound=BaseModel)


def require_storable(text: str) -> str:
    """Return a text that PostgreSQL can store. Raises ValueError."""
    if "\0" in text:
        raise ValueError(say("must not hold the character NUL, which PostgreSQL can't store"))
    return text


def is_id(number: int) -> bool:
    """Return whether PostgreSQL's bigint holds a number that is not negative."""
    return number < 2**63


# What a validator of ours asks for stands in the schema as a pattern.
Text = Annotated[
    str,
    AfterValidator(require_storable),
    Field(json_schema_extra={"pattern": STORABLE}),
]


class RequestModel(BaseModel):
    """A request. An unknown field is an error: it may be a known one, misspelt."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RequestAdapter(PydanticAdapter):
    """Reads a route's input, wherever in the request it is, into its model."""

    def validate_input(self, request: Request, location: str, **_kwargs: Any) -> BaseModel:
        if location in ("query", "querystring"):
            require_utf8(request.query_string, say("The address"))
            return validate(self.model_class, take_once(request.args))
        _refuse_parameters(request)
        if request.mimetype == "application/json":
            return validate(self.model_class, decode_json(request))
        if location == "json_or_form" and request.mimetype in _FORM_TYPES:
            return validate(self.model_class, _read_form(request, self.model_class))
        expected = cite("application/json")
        if location == "json_or_form":
            expected = say("application/json or {other}", other=_URL_ENCODED)
        raise unsupported_media_type(
            say(
                "The body's Content-Type is {type}: send it as {expected}.",
                type=request.mimetype or say("missing"),
                expected=expected,
            )
        )


def _refuse_parameters(request: Request) -> None:
    """Raise ApiError (400) that names a parameter of the address that belongs in the body.

    Passed over, `POST /items?collection=shop` would store the item in another collection.
    """
    for name in request.args:
        shown = name[:MAX_SHOWN_CHARS]
        raise invalid_request(
            say("{name}: give it in the body, not in the address.", name=shown),
            details={"fields": [{"field": shown, "error": say("give it in the body")}]},
        )


# A route takes its adapter when its decorators run. That is after this line: they need a model, and
# models of requests are subclasses of RequestModel.
registry.register("pydantic", RequestAdapter)


def validate(model: type[M], given: Mapping[str, Any] | str) -> M:
    """Return what is given, fields by their names or the text of JSON, as the model.

    Raises ApiError (400) that names each field that is wrong, and how.
    """
    text = given if isinstance(given, str) else None
    fields = given if text is None else parse_json(text)
    _refuse_two_names(model, fields)
    try:
        if text is None:
            return model.model_validate(fields)
        # Not of `fields`: JSON can say in texts what has no form in JSON itself.
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise _explain_invalid(error, fields) from error


def _refuse_two_names(
    model: type[BaseModel], fields: Any, path: tuple[int | str, ...] = ()
) -> None:
    """Raise ApiError (400) that says which of a field's names are given, if several are.

    pydantic would call the second one unknown. The fields may be those of a request in a list, to
    which `path` leads.
    """
    if not isinstance(fields, Mapping):
        return
    for name, field in model.model_fields.items():
        names = field.validation_alias
        choices = names.choices if isinstance(names, AliasChoices) else ()
        given = [str(choice) for choice in choices if choice in fields]
        if len(given) > 1:
            error = say("is another name for {name}: give one of them", name=given[0])
            place = join_names((*path, given[1]))
            raise invalid_request(
                join(cite(place), join(error, cite("."), between=""), between=" "),
                details={"fields": [{"field": place, "error": error}]},
            )
        listed = fields.get(name)
        for one in get_args(field.annotation):
            if isinstance(one, type) and issubclass(one, RequestModel) and isinstance(listed, list):
                for number, each in enumerate(listed):
                    _refuse_two_names(one, each, (*path, name, number))


def take_once(*fields: MultiDict[str, str]) -> dict[str, str]:
    """Return the fields of all of them, each of which is given once. Raises ApiError (400)."""
    given = [pair for one in fields for pair in one.items(multi=True)]
    for name, times in Counter(name for name, _ in given).items():
        if times > 1:
            raise refuse_several(name, times)
    return dict(given)


def bound_body() -> None:
    """Hold everything but files to the size of a large question, not of a large file."""
    if request.path not in FILE_PATHS:
        request.max_content_length = MAX_JSON_BYTES


def _read_form(request: Request, model: type[BaseModel]) -> dict[str, Any]:
    """Return the form's fields; one that comes several times is a list, if it may be one.

    Raises ApiError (400).
    """
    if request.mimetype == _URL_ENCODED:
        require_utf8(request.get_data(), say("The form"))
    lists = request.form.to_dict(flat=False)
    if len(lists) == 1 and next(iter(lists)).lstrip().startswith("{"):
        raise invalid_request(
            say(
                "The body looks like JSON, but came as a form: send it with the header "
                "Content-Type: application/json."
            )
        )
    for name, values in lists.items():
        if len(values) > 1 and not _takes_list(model, name):
            raise refuse_several(name, len(values))
    return {name: values[0] if len(values) == 1 else values for name, values in lists.items()}


def _takes_list(model: type[BaseModel], name: str) -> bool:
    """Return whether the field may be a list. It may be named by its alias."""
    field = model.model_fields.get(name)
    return field is not None and _is_list(field.annotation)


def _is_list(kind: Any) -> bool:
    origin = get_origin(kind)
    if origin in (Union, UnionType, Annotated):
        return any(_is_list(one) for one in get_args(kind))
    return origin is list


def _explain_invalid(error: ValidationError, given: Any) -> ApiError:
    errors = error.errors(include_url=False, include_input=False)
    shown = errors[:MAX_SHOWN_FIELDS]
    found = [(_name_field(one, given), phrase_reason(one)) for one in shown]
    sentences = [join(cite(at), text, between=": ") if at else text for at, text in found]
    return invalid_request(
        join(join(*sentences, between="; "), cite("."), between=""),
        details={"fields": [{"field": place, "error": text} for place, text in found]},
    )


def _name_field(error: ErrorDetails, given: Any) -> str:
    """Return the names that lead to a field, joined by points.

    pydantic puts names of its own between them: of the branch of a union, and `[key]`. So what is
    given is followed, and only names that are in it count, or the last one where it is missing.
    """
    names: list[int | str] = []
    for part in error["loc"]:
        given = _open_text(given)
        if _has_member(given, part):
            names.append(part)
            given = given[part]
    return join_names(names + ([error["loc"][-1]] if error["type"] == "missing" else []))


def _open_text(given: Any) -> Any:
    """Return the object of a form's field that holds JSON, or what is given as it is."""
    if not (isinstance(given, str) and given.lstrip()[:1] == "{"):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given


def _has_member(given: Any, part: int | str) -> bool:
    if isinstance(given, list):
        return isinstance(part, int) and part < len(given)
    return isinstance(given, Mapping) and part in given
