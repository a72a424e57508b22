"""The bodies and queries of requests, and the bodies of answers.

pydantic validates by them, and OpenAPI shows them.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)

from files.options import ReadOptions
from services.imports import ImportOptions
from services.search import Query
from texts import (
    MAX_ANSWER_CHARS,
    MAX_METADATA_CHARS,
    MAX_QUESTION_CHARS,
    visible_text,
)
from web.validation import RequestModel

MAX_IDEMPOTENCY_KEY = 255
# A search may name so many collections, and so many columns that its items must have.
MAX_COLLECTIONS = 100
MAX_FILTER_COLUMNS = 50
MAX_FILTER_NAME_CHARS = 1_000
MAX_FILTER_CHARS = 10_000
# As many columns as a file may have (files/columns.py).
MAX_METADATA_COLUMNS = 1_000
MAX_OPTION_CHARS = 1_000


def _require_storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character NUL, which PostgreSQL can't store")
    return text


def _require_visible(text: str) -> str:
    if not visible_text(text):
        raise ValueError("must hold something to read")
    return text


def _require_column_name(text: str) -> str:
    if not visible_text(text) or text != text.strip() or text.casefold() == "id":
        raise ValueError("must be a name without spaces around it, other than id")
    return text


def _read_json(value: object) -> object:
    """Return the object that a JSON text holds: a form field can hold nothing but text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError('must be a JSON object such as {"column": "value"}') from error


def _count_names(value: object) -> str:
    """Return which of the two types is meant, so that an error speaks of that one alone."""
    return "several" if isinstance(value, list) else "one"


Text = Annotated[str, AfterValidator(_require_storable)]
Question = Annotated[
    str,
    Field(max_length=MAX_QUESTION_CHARS),
    AfterValidator(_require_storable),
    AfterValidator(_require_visible),
]
Answer = Annotated[
    str,
    Field(max_length=MAX_ANSWER_CHARS),
    AfterValidator(_require_storable),
    AfterValidator(_require_visible),
]
# Only names that a file's column can have, so that an export can be uploaded again.
MetadataName = Annotated[
    str,
    Field(max_length=200),
    AfterValidator(_require_storable),
    AfterValidator(_require_column_name),
]
MetadataValue = Annotated[Text, Field(max_length=MAX_METADATA_CHARS)]
# Any name that a file's column may have had.
StoredName = Annotated[Text, Field(max_length=MAX_METADATA_CHARS)]
CollectionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
CollectionNames = Annotated[list[CollectionName], Field(min_length=1, max_length=MAX_COLLECTIONS)]
OneOrSeveral = Annotated[
    Annotated[CollectionName, Tag("one")] | Annotated[CollectionNames, Tag("several")],
    Discriminator(_count_names),
]
Filter = Annotated[
    dict[
        Annotated[Text, Field(max_length=MAX_FILTER_NAME_CHARS)],
        Annotated[Text, Field(max_length=MAX_FILTER_CHARS)],
    ],
    Field(max_length=MAX_FILTER_COLUMNS),
]
Option = Annotated[Text, Field(min_length=1, max_length=MAX_OPTION_CHARS)]
Mode = Literal["upsert", "replace", "append"]
JobStatus = Literal["enqueued", "processing", "succeeded", "failed", "canceled"]
# Pages of a search are small and end soon; pages of a list go on.
Limit = Annotated[int, Field(ge=1, le=100)]
Offset = Annotated[int, Field(ge=0, le=10_000)]
PageLimit = Annotated[int, Field(ge=1, le=1_000)]
PageOffset = Annotated[int, Field(ge=0, le=2**31)]


class SearchRequest(RequestModel):
    question: Question = Field(description="What is asked.")
    limit: Limit = Field(5, description="The most results.")
    offset: Offset = Field(0, description="Results to pass over.")
    collection: OneOrSeveral | None = Field(
        None, description="One collection or several; all where there is none."
    )
    filter: Annotated[Filter | None, BeforeValidator(_read_json)] = Field(
        None, description="Metadata that the items must have: column and value."
    )
    max_distance: Annotated[float, Field(ge=0, le=2)] | None = Field(
        None, description="The largest cosine distance of a result."
    )

    def as_query(self) -> Query:
        """Return what the service is asked."""
        names = [self.collection] if isinstance(self.collection, str) else self.collection
        return Query(
            question=self.question,
            limit=self.limit,
            offset=self.offset,
            collections=names,
            metadata=self.filter,
            max_distance=self.max_distance,
        )


class BatchRequest(RequestModel):
    queries: Annotated[list[SearchRequest], Field(min_length=1, max_length=100)]


class UploadOptions(RequestModel):
    collection: CollectionName = Field("default", description="Where the rows go.")
    mode: Mode = Field(
        "upsert",
        description="upsert adds and updates; replace makes the collection this file; append "
        "changes no item that exists.",
    )
    question_column: Option | None = Field(
        None, description="Header name, or position counted from 1."
    )
    answer_column: Option | None = None
    id_column: Option | None = None
    header: bool | None = Field(None, description="Whether the file has a header.")
    delimiter: Option | None = None
    encoding: Option | None = None
    overflow: Literal["reject", "join"] = Field(
        "reject", description="join gives a row's extra fields back to its last column, the answer."
    )
    sheet: Option | None = Field(
        None, description="Of a workbook: the sheet's name, or its position from 1."
    )
    dry_run: bool = Field(False, description="Check and count, store nothing, answer 200.")

    def as_import(self) -> ImportOptions:
        """Return what the service is asked."""
        reading = ReadOptions(
            question_column=self.question_column,
            answer_column=self.answer_column,
            id_column=self.id_column,
            header=self.header,
            delimiter=self.delimiter,
            encoding=self.encoding,
            overflow=self.overflow,
            sheet=self.sheet,
        )
        return ImportOptions(self.collection, self.mode, reading)


class JobsQuery(RequestModel):
    status: JobStatus | None = None
    collection: CollectionName | None = None
    limit: PageLimit = 20
    offset: PageOffset = 0


class PageQuery(RequestModel):
    limit: PageLimit = 100
    offset: PageOffset = 0


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
    matched: Literal["question", "alternative", "pair"] = Field(
        description="What was nearest: the question, another wording, question and answer together."
    )
    matched_text: str | None = Field(
        description="The wording that was nearest; null where it is question and answer together."
    )
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
    status: JobStatus
    collection: str
    filename: str | None
    mode: Mode
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    rows: RowCounts
    progress: float
    rows_per_second: float | None
    eta_seconds: float | None
    waiting: str | None = Field(description="What the job waits for; null while it goes on.")
    error: JobError | None
    file: dict[str, Any] = Field(description="What was found in the file.")


class UploadResponse(BaseModel):
    message: str
    job: JobBody


class PreviewRow(BaseModel):
    line: int
    id: str | None
    question: str
    alternatives: list[str] | None = Field(
        None,
        description="Other wordings; only there if the file has a place for them.",
        exclude_if=lambda texts: texts is None,
    )
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
    format: str | None = Field(None, description="csv, json, yaml, parquet, xlsx, …")
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


class CollectionBody(BaseModel):
    name: str
    items: int
    updated_at: datetime


class CollectionsResponse(BaseModel):
    results: list[CollectionBody]


class DeletedResponse(BaseModel):
    deleted: int
