"""The bodies of answers that show what a check of the content found."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from services.checks import Kind, Severity


class CheckedItem(BaseModel):
    id: int
    external_id: str | None = Field(description="The id that a file gave it.")
    question: str
    alternatives: list[str] = Field([], description="Its first ten other wordings.")
    answer: str = Field(description="The beginning, if the answer is long.")


class CheckedRow(BaseModel):
    line: int
    id: str | None
    question: str
    answer: str = Field(description="The beginning, if the answer is long.")


class Found(BaseModel):
    kind: Kind
    severity: Severity
    message: str


class FindingBody(Found):
    items: list[CheckedItem] = Field(description="At most ten; one where it is about one answer.")


class RowFinding(Found):
    kind: Literal["same_question", "mergeable", "empty_answer", "cut_off_answer"]
    items: list[CheckedRow] = Field(description="The rows, as `items` of a check; at most ten.")


class CheckResponse(BaseModel):
    results: list[FindingBody] = Field(description="The most severe first.")
    total: int = Field(description="Of the results; at most 2,000 of a kind are kept.")
    limit: int
    offset: int
    items: int = Field(description="How many items the collection holds.")
    checked: int = Field(description="How many of them were checked, the newest: at most 20,000.")
    counts: dict[Kind, int] = Field(description="All that was found, by kind.")
    warnings: list[str] = Field(
        [],
        exclude_if=lambda said: not said,
        description="What could not be checked. Only there if any.",
    )


class RowCheck(BaseModel):
    """What the texts of a file's rows tell; near questions are found once they are stored."""

    results: list[RowFinding] = Field(description="The most severe first, at most 100.")
    total: int = Field(description="How many there are in all.")
    checked: int = Field(description="How many rows were checked, the first: at most 20,000.")
