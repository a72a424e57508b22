"""The bodies of answers that show jobs, uploads and rejected rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from web.check_schemas import RowCheck
from web.schemas import JobKind, JobStatus, Mode


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
    kind: JobKind
    collection: str
    filename: str | None
    mode: Mode | None = Field(description="Of an import; null for an evaluation.")
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
    result: dict[str, Any] | None = Field(
        None,
        description="What an evaluation found, once it has succeeded; only where one job is shown.",
        exclude_if=lambda result: result is None,
    )


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
    check: RowCheck


class ErrorsResponse(BaseModel):
    results: list[RowErrorBody]
    total: int
    limit: int
    offset: int
