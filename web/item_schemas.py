"""The bodies and queries of requests about items, and the bodies of their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from texts import MAX_ALTERNATIVES, MAX_QUESTION_CHARS
from web.schemas import (
    MAX_METADATA_COLUMNS,
    Answer,
    CollectionName,
    MetadataName,
    MetadataValue,
    PageLimit,
    PageOffset,
    Question,
    StoredName,
)
from web.validation import RequestModel, Text

Alternatives = Annotated[list[Question], Field(max_length=MAX_ALTERNATIVES)]


class ItemRequest(RequestModel):
    question: Question
    alternatives: Alternatives = Field([], description="Other wordings of the question.")
    answer: Answer
    collection: CollectionName = "default"
    metadata: dict[MetadataName, MetadataValue] = Field(
        {}, max_length=MAX_METADATA_COLUMNS, description="Column and value."
    )


class ItemChange(RequestModel):
    """What `GET /items/<id>` answers can be changed and sent back."""

    question: Question
    alternatives: Alternatives = Field([], description="Other wordings of the question.")
    answer: Answer
    metadata: dict[StoredName, MetadataValue] = Field(
        {}, max_length=MAX_METADATA_COLUMNS, description="Column and value."
    )
    collection: CollectionName | None = Field(None, description="The item's own; can't change.")
    id: int | None = Field(None, description="The item's own; can't change.")
    external_id: str | None = Field(None, description="Passed over.")
    created_at: str | None = Field(None, description="Passed over.")
    updated_at: str | None = Field(None, description="Passed over.")


class ItemPatch(RequestModel):
    """What of an item is to change; the rest stays as it is."""

    question: Question | None = None
    alternatives: Alternatives | None = Field(None, description="All other wordings.")
    answer: Answer | None = None
    metadata: (
        Annotated[dict[StoredName, MetadataValue], Field(max_length=MAX_METADATA_COLUMNS)] | None
    ) = Field(None, description="All columns and values.")


class ItemsQuery(RequestModel):
    collection: CollectionName | None = None
    text: Annotated[Text, Field(max_length=MAX_QUESTION_CHARS)] | None = Field(
        None,
        description="A part of question, alternatives or answer, in any case, with or without "
        "accents.",
    )
    limit: PageLimit = 20
    offset: PageOffset = 0


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
