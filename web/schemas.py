"""The request and response bodies, typed once: pydantic validates by them, OpenAPI shows them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes
from uuid import UUID

from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from texts import visible_text
from web.errors import ApiError

MAX_QUESTION = 10_000
MAX_ANSWER = 1_000_000
MAX_OFFSET = 10_000
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character NUL, which PostgreSQL can't store")
    return text


def _visible(text: str) -> str:
    if not visible_text(text):
        raise ValueError("must hold something to read")
    return text


def _column_name(text: str) -> str:
    if not visible_text(text) or text != text.strip() or text.casefold() == "id":
        raise ValueError("must be a name without spaces around it, other than id")
    return text


def _from_json(value: object) -> object:
    """Take the text of a JSON object too: a form field can hold nothing else."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError('must be a JSON object such as {"column": "value"}') from error


Text = Annotated[str, AfterValidator(_storable)]
Question = Annotated[
    str, Field(max_length=MAX_QUESTION), AfterValidator(_storable), AfterValidator(_visible)
]
Answer = Annotated[
    str, Field(max_length=MAX_ANSWER), AfterValidator(_storable), AfterValidator(_visible)
]
# As a column of a file could be named, so that an export can be uploaded again.
MetadataName = Annotated[
    str, Field(max_length=200), AfterValidator(_storable), AfterValidator(_column_name)
]
CollectionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
Limit = Annotated[int, Field(ge=1, le=100)]
Offset = Annotated[int, Field(ge=0, le=MAX_OFFSET)]


class RequestModel(BaseModel):
    """A request. An unknown field is an error: it may be a known one, misspelt."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class SearchRequest(RequestModel):
    question: Question = Field(description="What is asked.")
    limit: Limit = Field(5, description="The most results.")
    offset: Offset = Field(0, description="Results to pass over.")
    collection: CollectionName | Annotated[list[CollectionName], Field(min_length=1)] | None = (
        Field(None, description="One collection or several; all where there is none.")
    )
    filter: Annotated[dict[Text, Text] | None, BeforeValidator(_from_json)] = Field(
        None, description="Metadata that the items must have: column and value."
    )
    max_distance: Annotated[float, Field(ge=0, le=2)] | None = Field(
        None, description="The largest cosine distance of a result."
    )

    @property
    def collections(self) -> list[str] | None:
        return [self.collection] if isinstance(self.collection, str) else self.collection


class BatchRequest(RequestModel):
    queries: Annotated[list[SearchRequest], Field(min_length=1, max_length=100)]


class UploadOptions(RequestModel):
    collection: CollectionName = Field("default", description="Where the rows go.")
    mode: Literal["upsert", "replace", "append"] = Field(
        "upsert",
        description="upsert adds and updates; replace makes the collection this file; append "
        "changes no item that exists.",
    )
    question_column: Annotated[Text, Field(min_length=1)] | None = Field(
        None, description="Header name, or position counted from 1."
    )
    answer_column: Annotated[Text, Field(min_length=1)] | None = None
    id_column: Annotated[Text, Field(min_length=1)] | None = None
    header: bool | None = Field(None, description="Whether the file has a header.")
    delimiter: Annotated[Text, Field(min_length=1)] | None = None
    encoding: Annotated[Text, Field(min_length=1)] | None = None
    overflow: Literal["reject", "join"] = Field(
        "reject", description="join gives a row's extra fields back to its last column, the answer."
    )
    sheet: Annotated[Text, Field(min_length=1)] | None = Field(
        None, description="Of an Excel workbook: the sheet's name, or its position from 1."
    )
    dry_run: bool = Field(False, description="Check and count, store nothing, answer 200.")


class JobsQuery(RequestModel):
    status: Literal["enqueued", "processing", "succeeded", "failed", "canceled"] | None = None
    collection: CollectionName | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 20
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0


class PageQuery(RequestModel):
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0


class ItemRequest(RequestModel):
    question: Question
    answer: Answer
    collection: CollectionName = "default"
    metadata: dict[MetadataName, Text] = Field({}, description="Column and value.")


class ItemChange(RequestModel):
    """What `GET /items/<id>` answers can be changed and sent back."""

    question: Question
    answer: Answer
    # By whatever name a file's column had.
    metadata: dict[Text, Text] = Field({}, description="Column and value.")
    collection: CollectionName | None = Field(None, description="The item's own; can't change.")
    id: int | None = Field(None, description="The item's own; can't change.")
    created_at: str | None = Field(None, description="Passed over.")
    updated_at: str | None = Field(None, description="Passed over.")


class ItemsQuery(RequestModel):
    collection: CollectionName | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 20
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0


class ExportQuery(RequestModel):
    spreadsheet_safe: bool = Field(
        False, description="Put an apostrophe before what a spreadsheet takes for a formula."
    )


class ErrorBody(BaseModel):
    model_config = ConfigDict(extra="allow")
    error: str
    code: str


class SearchResult(BaseModel):
    id: int
    question: str
    answer: str
    collection: str
    distance: float = Field(description="Cosine distance, 0 to 2.")
    score: float = Field(description="1 - distance.")
    matched: Literal["question", "pair"]
    metadata: dict[str, str]


class SearchResponse(BaseModel):
    question: str
    results: list[SearchResult]
    took_ms: float


class BatchResponse(BaseModel):
    results: list[SearchResponse]


class RowCounts(BaseModel):
    total: int
    done: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    deleted: int


class JobError(BaseModel):
    error: str
    code: str


class JobBody(BaseModel):
    id: UUID
    status: Literal["enqueued", "processing", "succeeded", "failed", "canceled"]
    collection: str
    filename: str | None
    mode: Literal["upsert", "replace", "append"]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    rows: RowCounts
    progress: float
    rows_per_second: float | None
    eta_seconds: float | None
    error: JobError | None
    file: dict[str, Any] = Field(description="What was found in the file.")


class UploadResponse(BaseModel):
    message: str
    job: JobBody


class PreviewRow(BaseModel):
    line: int
    id: str | None
    question: str
    answer: str
    metadata: dict[str, str]


class DryRunJob(JobBody):
    id: None = None  # type: ignore[assignment]


class JobsResponse(BaseModel):
    results: list[JobBody]
    total: int
    limit: int
    offset: int


class RowErrorBody(BaseModel):
    line: int
    code: str
    error: str


class Preview(BaseModel):
    """How a file was read, its first rows and its first rejections."""

    model_config = ConfigDict(extra="allow")
    format: str | None = Field(None, description="csv, json or xlsx.")
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    columns: list[str]
    question_column: str
    answer_column: str
    id_column: str | None
    rows: list[PreviewRow]
    errors: list[RowErrorBody]


class DryRunResponse(BaseModel):
    message: str
    job: DryRunJob = Field(description="The job as it would end; it is not stored.")
    preview: Preview


class ErrorsResponse(BaseModel):
    results: list[RowErrorBody]
    total: int
    limit: int
    offset: int


class HealthResponse(BaseModel):
    status: Literal["ok"]
    version: str


class ReadyResponse(BaseModel):
    status: Literal["ok", "not_ready"]
    parts: dict[str, str]


class ItemBody(BaseModel):
    id: int
    question: str
    answer: str
    collection: str
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime


class ItemsResponse(BaseModel):
    results: list[ItemBody]
    total: int
    limit: int
    offset: int


class CollectionBody(BaseModel):
    name: str
    items: int
    updated_at: datetime


class CollectionsResponse(BaseModel):
    results: list[CollectionBody]


class DeletedResponse(BaseModel):
    deleted: int


def json_response(model: BaseModel, status: int = 200) -> Response:
    """Return a response body as HTTP sends it."""
    return Response(model.model_dump_json(), status=status, mimetype="application/json")


class RequestAdapter(PydanticAdapter):
    """Reads a request into its model: JSON strictly, forms and queries as the text they are."""

    def validate_input(self, request: Request, location: str, **_kwargs: Any) -> BaseModel:
        try:
            if location in ("query", "querystring"):
                return self.model_class.model_validate(request.args.to_dict())
            if request.mimetype == "application/json":
                return self.model_class.model_validate_json(request.get_data(), strict=True)
            if location == "json_or_form" and request.mimetype in FORM_TYPES:
                return self.model_class.model_validate(_form(request))
        except ValidationError as error:
            raise invalid_request(error) from error
        expected = "application/json"
        if location == "json_or_form":
            expected += " or application/x-www-form-urlencoded"
        raise ApiError(
            415,
            "unsupported_media_type",
            f"The body's Content-Type is {request.mimetype or 'missing'}: send it as {expected}.",
        )


# Before any route is made: a route takes its adapter when its decorators run.
registry.register("pydantic", RequestAdapter)


def _form(request: Request) -> dict[str, Any]:
    """Return the form's fields; a field that comes several times is a list."""
    if request.mimetype == FORM_TYPES[0]:
        try:
            unquote_to_bytes(request.get_data()).decode()
        except UnicodeDecodeError as error:
            raise ApiError(
                400,
                "invalid_request",
                "The form is not UTF-8: send it in UTF-8, or as JSON with the header "
                "Content-Type: application/json.",
            ) from error
    lists = request.form.to_dict(flat=False)
    if len(lists) == 1 and next(iter(lists)).lstrip().startswith("{"):
        raise ApiError(
            400,
            "invalid_request",
            "The body looks like JSON, but came as a form: send it with the header "
            "Content-Type: application/json.",
        )
    return {name: values[0] if len(values) == 1 else values for name, values in lists.items()}


def invalid_request(error: ValidationError) -> ApiError:
    """Return the 400 that names each field that is wrong, and how."""
    found = [(_place(e["loc"]), _sentence(e)) for e in error.errors(include_url=False)[:10]]
    if error.errors(include_url=False)[0]["type"] == "json_invalid":
        return ApiError(400, "malformed_json", f"The body is not valid JSON: {found[0][1]}.")
    sentences = "; ".join(f"{place}: {text}" if place else text for place, text in found)
    return ApiError(
        400,
        "invalid_request",
        f"{sentences}.",
        details={"fields": [{"field": place, "error": text} for place, text in found]},
    )


def _place(location: tuple[int | str, ...]) -> str:
    # pydantic names the branch of a union too: "str", "list[…]", "constrained-str".
    names = [str(p) for p in location if not re.search(r"[\[\]-]|^(str|int|dict|list)$", str(p))]
    return ".".join(names)


def _sentence(error: Any) -> str:
    text = str(error["msg"]).removeprefix("Value error, ").removeprefix("Invalid JSON: ")
    return text[:1].lower() + text[1:] if text.startswith("Input") else text
