"""The bodies and queries of requests, and the bodies of answers.

pydantic validates by them, and OpenAPI shows them.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
)
from pydantic.config import JsonDict

from files.columns import can_name_metadata
from files.options import ReadOptions
from messages import say
from services.imports import ImportOptions
from services.search import Query
from texts import (
    COLLECTION_NAME,
    COLUMN_NAME,
    MAX_ANSWER_CHARS,
    MAX_METADATA_CHARS,
    MAX_QUESTION_CHARS,
    VISIBLE,
    visible_text,
)
from web.filter_schemas import Filter, count_values, read_conditions
from web.json_bodies import refuse_repeated
from web.number_schemas import (
    Distance,
    Limit,
    Offset,
    PageLimit,
    PageOffset,
    Probability,
    Score,
)
from web.validation import RequestModel, Text, require_storable

MAX_IDEMPOTENCY_KEY = 255
# A search may name so many collections.
MAX_COLLECTIONS = 100
# As many columns as a file may have (files/columns.py).
MAX_METADATA_COLUMNS = 1_000
MAX_OPTION_CHARS = 1_000
MAX_NAME_CHARS = 200


def _require_visible(text: str) -> str:
    if not visible_text(text):
        raise ValueError(say("must hold something to read"))
    return text


def _require_column_name(text: str) -> str:
    if not can_name_metadata(text):
        raise ValueError(
            say("must be a name without spaces around it, other than id, _line, _error")
        )
    return text


def _require_collection_name(text: str) -> str:
    if not re.fullmatch(COLLECTION_NAME, text):
        raise ValueError(
            say("must be 1 to 100 letters without accents, digits, hyphens, underscores or points")
        )
    return text


def _name_once(names: list[str]) -> list[str]:
    """Return the names in their order: one that is given twice is one."""
    return list(dict.fromkeys(names))


def _read_filter(value: object) -> object:
    """Return the filter that the text of a form's field holds; None where nobody filled it in."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        refuse_repeated(value, ("filter",))
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(say('must be a JSON object such as {{"column": "value"}}')) from error


Question = Annotated[
    str,
    Field(max_length=MAX_QUESTION_CHARS, json_schema_extra={"pattern": VISIBLE}),
    AfterValidator(require_storable),
    AfterValidator(_require_visible),
]
Answer = Annotated[
    str,
    Field(max_length=MAX_ANSWER_CHARS, json_schema_extra={"pattern": VISIBLE}),
    AfterValidator(require_storable),
    AfterValidator(_require_visible),
]
# Only names that a file's column can have, so that an export can be uploaded again.
MetadataName = Annotated[
    str,
    Field(max_length=MAX_NAME_CHARS, json_schema_extra={"pattern": COLUMN_NAME}),
    AfterValidator(require_storable),
    AfterValidator(_require_column_name),
]
MetadataValue = Annotated[Text, Field(max_length=MAX_METADATA_CHARS)]
CollectionName = Annotated[
    str,
    Field(json_schema_extra={"pattern": COLLECTION_NAME}),
    AfterValidator(_require_collection_name),
]
CollectionNames = Annotated[
    list[CollectionName],
    Field(min_length=1, max_length=MAX_COLLECTIONS),
    AfterValidator(_name_once),
]
OneOrSeveral = Annotated[
    Annotated[CollectionName, Tag("one")] | Annotated[CollectionNames, Tag("several")],
    Discriminator(count_values),
]
Option = Annotated[Text, Field(min_length=1, max_length=MAX_OPTION_CHARS)]
# What the service says of a thing: a change may hold it as it was read.
READ_ONLY: JsonDict = {"readOnly": True}
Mode = Literal["upsert", "replace", "append"]
JobKind = Literal["import", "evaluation"]
JobStatus = Literal["enqueued", "processing", "succeeded", "failed", "canceled"]
_DELIMITER = "What parts the fields: a character, or `tab`. Found by itself."
_ENCODING = "Such as `utf-8` or `windows-1252`. Found by itself."
_LIMIT = "The most results."
_OFFSET = "Results to pass over."


class SearchRequest(RequestModel):
    question: Question = Field(
        validation_alias=AliasChoices("question", "query", "q"),
        description="What is asked. `query` and `q` are other names for it.",
    )
    limit: Limit = Field(5, description="The most results.")
    offset: Offset = Field(0, description="Results to pass over.")
    collection: OneOrSeveral | None = Field(
        None, description="One collection or several; all where there is none."
    )
    filter: Annotated[Filter | None, BeforeValidator(_read_filter)] = Field(
        None,
        description="Metadata that the items must have: column and value, or a list of values of "
        'which one is enough, or {"not": …}.',
    )
    max_distance: Distance | None = Field(
        None, description="The largest cosine distance of a result."
    )
    min_score: Score | None = Field(
        None, description="The smallest score of a result: 1 - distance."
    )
    order: Literal["distance", "relevance"] = Field(
        "distance",
        description="relevance puts the 20 nearest in order of relevance, which also looks at the "
        "wording; what follows stays by distance.",
    )
    min_confidence: Probability | None = Field(
        None,
        description="Your own line instead of thresholds.answer: the decision is answer if "
        "confidence reaches it, unless question and item differ in a code or in an opposite.",
    )
    log: bool = Field(
        True,
        description="Whether the question may be kept in a list of asked questions. This version "
        "keeps none, so it changes nothing yet.",
    )

    def as_query(self, visible: frozenset[str] | None = None) -> Query:
        """Return what the service is asked by somebody who sees these collections; None for all."""
        names = [self.collection] if isinstance(self.collection, str) else self.collection
        return Query(
            question=self.question,
            limit=self.limit,
            offset=self.offset,
            collections=names,
            metadata=read_conditions(self.filter),
            max_distance=self.max_distance,
            min_score=self.min_score,
            order=self.order,
            min_confidence=self.min_confidence,
            visible=visible,
        )


class BatchRequest(RequestModel):
    queries: Annotated[list[SearchRequest], Field(min_length=1, max_length=100)] = Field(
        description="Each as for POST /search."
    )


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
    answer_column: Option | None = Field(None, description="The same for the answer.")
    id_column: Option | None = Field(None, description="The same for the id, if there is one.")
    alternatives_column: Option | None = Field(
        None,
        description="The columns with other wordings of the question: names or positions, with "
        "commas between. Found by name where it is not given.",
    )
    header: bool | None = Field(None, description="Whether the file has a header.")
    delimiter: Option | None = Field(None, description=_DELIMITER)
    encoding: Option | None = Field(None, description=_ENCODING)
    overflow: Literal["reject", "join"] = Field(
        "reject", description="join gives a row's extra fields back to its last column, the answer."
    )
    sheet: Option | None = Field(
        None, description="Of a workbook: the sheet's name, or its position from 1."
    )
    spreadsheet_safe: bool = Field(
        False, description="Take off the apostrophes that an export with this option put on."
    )
    dry_run: bool = Field(False, description="Check and count, store nothing, answer 200.")

    def as_import(self) -> ImportOptions:
        """Return what the service is asked."""
        reading = ReadOptions(
            question_column=self.question_column,
            answer_column=self.answer_column,
            id_column=self.id_column,
            alternatives_column=self.alternatives_column,
            header=self.header,
            delimiter=self.delimiter,
            encoding=self.encoding,
            overflow=self.overflow,
            sheet=self.sheet,
            spreadsheet_safe=self.spreadsheet_safe,
        )
        return ImportOptions(self.collection, self.mode, reading)


class EvaluationOptions(RequestModel):
    collection: CollectionName = Field("default", description="What is asked.")
    question_column: Option | None = Field(
        None, description="Header name, or position counted from 1. Found by its name."
    )
    expected_column: Option | None = Field(None, description="The same for the column `expected`.")
    header: bool | None = Field(None, description="Whether the file has a header.")
    delimiter: Option | None = Field(None, description=_DELIMITER)
    encoding: Option | None = Field(None, description=_ENCODING)
    sheet: Option | None = Field(None, description="Of a workbook: name, or position from 1.")

    def as_reading(self) -> ReadOptions:
        """Return how the file is to be read."""
        return ReadOptions(
            question_column=self.question_column,
            answer_column=self.expected_column,
            answer_option="expected_column",
            header=self.header,
            delimiter=self.delimiter,
            encoding=self.encoding,
            sheet=self.sheet,
        )


class ThresholdsRequest(RequestModel):
    answer: Probability = Field(0.6, description="From this confidence on, answer.")
    none: Probability = Field(0.2, description="Below this, pass.")
    constant: Annotated[float, Field(ge=-10, le=10)] = Field(
        0.0, description="Moves the confidence of this collection by so many log-odds."
    )
    # What a GET and an evaluation's `fitted` have besides can be sent back with the rest.
    own: bool | None = Field(None, description="Passed over.", json_schema_extra=READ_ONLY)
    calibration_error: float | None = Field(
        None, description="Passed over.", json_schema_extra=READ_ONLY
    )


class JobsQuery(RequestModel):
    status: JobStatus | None = Field(None, description="Only jobs that are so far.")
    collection: CollectionName | None = Field(None, description="Only jobs of this collection.")
    kind: JobKind | None = Field(None, description="Only jobs of this kind.")
    limit: PageLimit = Field(20, description=_LIMIT)
    offset: PageOffset = Field(0, description=_OFFSET)


class PageQuery(RequestModel):
    limit: PageLimit = Field(100, description=_LIMIT)
    offset: PageOffset = Field(0, description=_OFFSET)


class ErrorBody(BaseModel):
    model_config = ConfigDict(extra="allow")
    error: str = Field(description="A sentence for a person.")
    code: str = Field(description="For a program.")


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


class ThresholdsBody(BaseModel):
    answer: float = Field(description="The decision is answer from this confidence on.")
    none: float = Field(
        description="The decision is none if it is less likely than this that one of the first "
        "three by relevance is right."
    )


class CollectionThresholds(ThresholdsBody):
    constant: float = Field(description="Moves the confidence by so many log-odds.")
    own: bool = Field(description="Whether they are the collection's own, or the default.")


class SearchResponse(BaseModel):
    question: str
    search_id: UUID = Field(description="A random id of this search.")
    decision: Literal["answer", "ambiguous", "none"] = Field(
        description="What a bot should do: give best; offer the first three by relevance; pass."
    )
    confidence: float = Field(
        description="The estimated probability that best is right, 0 to 1, if half of the "
        "questions have an answer."
    )
    thresholds: ThresholdsBody
    best: SearchResult | None = Field(
        description="The first by relevance, whatever the decision is. Null if nothing was found."
    )
    results: list[SearchResult]
    took_ms: float
    warnings: list[str] = Field(
        [],
        exclude_if=lambda said: not said,
        description="Names that nothing has, and what is not known yet. Only there if any.",
    )


class BatchResponse(BaseModel):
    results: list[SearchResponse]


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


class ColumnBody(BaseModel):
    name: str
    values: int = Field(description="How many different values it has.")
    common: list[str] = Field(description="The commonest of them.")


class CollectionDetails(CollectionBody):
    columns: list[ColumnBody] = Field(description="Of its metadata, by its newest 20,000 items.")


class CollectionsResponse(BaseModel):
    results: list[CollectionBody]


class DeletedResponse(BaseModel):
    deleted: int
