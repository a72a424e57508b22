"""The bodies and queries of requests about items, and the bodies of their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from texts import COLUMN_NAME, MAX_ALTERNATIVES, MAX_METADATA_CHARS, MAX_QUESTION_CHARS
from web.nulls import strip_nulls
from web.number_schemas import PageLimit, PageOffset
from web.schemas import (
    MAX_METADATA_COLUMNS,
    MAX_NAME_CHARS,
    READ_ONLY,
    Answer,
    CollectionName,
    MetadataName,
    MetadataValue,
    Question,
)
from web.validation import RequestModel, Text, require_storable

Alternatives = Annotated[list[Question], Field(max_length=MAX_ALTERNATIVES)]
# A name that the item has, whatever it is, or a name as for a new item (NewNames).
KeptName = Annotated[
    str,
    AfterValidator(require_storable),
    Field(
        max_length=MAX_METADATA_CHARS,
        json_schema_extra={"pattern": COLUMN_NAME, "maxLength": MAX_NAME_CHARS},
    ),
]


class ItemRequest(RequestModel):
    question: Question
    alternatives: Alternatives = Field([], description="Other wordings of the question.")
    answer: Answer
    collection: CollectionName = "default"
    metadata: dict[MetadataName, MetadataValue] = Field(
        {}, max_length=MAX_METADATA_COLUMNS, description="Column and value."
    )


class OwnFields(RequestModel):
    """What the service gives an item: a change may hold it as it was read, and not change it."""

    collection: CollectionName | None = Field(
        None, description="The item's own; can't change.", json_schema_extra=READ_ONLY
    )
    id: int | None = Field(
        None, description="The item's own; can't change.", json_schema_extra=READ_ONLY
    )
    external_id: str | None = Field(
        None, description="The item's own; can't change.", json_schema_extra=READ_ONLY
    )
    created_at: str | None = Field(None, description="Passed over.", json_schema_extra=READ_ONLY)
    updated_at: str | None = Field(None, description="Passed over.", json_schema_extra=READ_ONLY)


class ItemChange(OwnFields):
    """What `GET /items/<id>` answers can be changed and sent back."""

    question: Question
    alternatives: Alternatives = Field([], description="Other wordings of the question.")
    answer: Answer
    metadata: dict[KeptName, MetadataValue] = Field(
        {},
        max_length=MAX_METADATA_COLUMNS,
        description="Column and value. Any name that the item has may stay.",
    )


class ItemPatch(OwnFields):
    """What of an item is to change; the rest stays as it is."""

    model_config = ConfigDict(json_schema_extra=strip_nulls)

    question: Question | None = None
    alternatives: Alternatives | None = Field(None, description="All other wordings.")
    answer: Answer | None = None
    metadata: (
        Annotated[dict[KeptName, MetadataValue], Field(max_length=MAX_METADATA_COLUMNS)] | None
    ) = Field(None, description="All columns and values. Any name that the item has may stay.")


class NewNames(RequestModel):
    """What a change gives an item under names that it did not have: as for a new item."""

    metadata: dict[MetadataName, MetadataValue]


class ItemsQuery(RequestModel):
    collection: CollectionName | None = Field(None, description="Only items of this collection.")
    text: Annotated[Text, Field(max_length=MAX_QUESTION_CHARS)] | None = Field(
        None,
        description="A part of question, alternatives or answer, in any case, with or without "
        "accents.",
    )
    limit: PageLimit = Field(20, description="The most results.")
    offset: PageOffset = Field(0, description="Results to pass over.")


class ItemBody(BaseModel):
    id: int
    external_id: str | None = Field(description="The id that a file gave it.")
    question: str
    alternatives: list[str] = Field(description="Other wordings of the question.")
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
