"""The routes of jobs: list, show, errors, cancel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, request

import store.jobs
from files.export import original_fields
from services.runtime import current_runtime
from store.jobs import Job, RejectedRow
from web.auth import auth
from web.errors import not_found
from web.responses import spooled_csv
from web.schemas import (
    ErrorsResponse,
    JobBody,
    JobError,
    JobsQuery,
    JobsResponse,
    PageQuery,
    RowCounts,
    RowErrorBody,
    json_response,
)

jobs = APIBlueprint("jobs", __name__, tag="Jobs")


@jobs.get("/jobs")
@jobs.auth_required(auth)
@jobs.input(JobsQuery, location="query", arg_name="page")
@jobs.output(JobsResponse)
@jobs.doc(summary="List the jobs, newest first")
def list_jobs(page: JobsQuery) -> Response:
    found, total = store.jobs.list_jobs(
        current_runtime().pool,
        status=page.status,
        collection=page.collection,
        limit=page.limit,
        offset=page.offset,
    )
    results = [job_body(job) for job in found]
    return json_response(
        JobsResponse(results=results, total=total, limit=page.limit, offset=page.offset)
    )


@jobs.get("/jobs/<uuid:job_id>")
@jobs.auth_required(auth)
@jobs.output(JobBody)
@jobs.doc(summary="Show a job and its progress")
def show_job(job_id: UUID) -> Response:
    return json_response(job_body(_existing(store.jobs.get_job(current_runtime().pool, job_id))))


@jobs.get("/jobs/<uuid:job_id>/errors")
@jobs.auth_required(auth)
@jobs.input(PageQuery, location="query", arg_name="page")
@jobs.output(ErrorsResponse)
@jobs.doc(
    summary="List the job's rejected rows",
    description="With `Accept: text/csv`, all of them in the columns of the file: mend them and "
    "upload them again.",
)
def job_errors(job_id: UUID, page: PageQuery) -> Response:
    job = _existing(store.jobs.get_job(current_runtime().pool, job_id))
    if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
        return _errors_csv(job)
    rows, total = store.jobs.list_errors(
        current_runtime().pool, job_id, limit=page.limit, offset=page.offset
    )
    results = [RowErrorBody(line=row.line, code=row.code, error=row.error) for row in rows]
    return json_response(
        ErrorsResponse(results=results, total=total, limit=page.limit, offset=page.offset)
    )


@jobs.post("/jobs/<uuid:job_id>/cancel")
@jobs.auth_required(auth, roles=["admin"])
@jobs.output(JobBody)
@jobs.doc(summary="End a job; rows already written stay")
def cancel_job(job_id: UUID) -> Response:
    return json_response(job_body(_existing(store.jobs.cancel_job(current_runtime().pool, job_id))))


def job_body(job: Job) -> JobBody:
    """Return a job as its callers see it."""
    remaining = job.total - job.done
    ended = job.finished_at is not None
    eta = 0.0 if ended else round(remaining / job.rate, 1) if job.rate else None
    return JobBody(
        id=job.id,
        status=job.status,  # type: ignore[arg-type]
        collection=job.collection,
        filename=job.filename,
        mode=job.mode,  # type: ignore[arg-type]
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        rows=RowCounts(
            total=job.total,
            done=job.done,
            inserted=job.inserted,
            updated=job.updated,
            unchanged=job.unchanged,
            rejected=job.rejected,
            deleted=job.deleted,
        ),
        progress=round(job.done / job.total, 4) if job.total else 1.0,
        rows_per_second=None if job.rate is None else round(job.rate, 1),
        eta_seconds=eta,
        error=JobError(error=job.error, code=job.error_code or "failed") if job.error else None,
        file=job.file,
    )


def _existing(job: Job | None) -> Job:
    if job is None:
        raise not_found("such job")
    return job


def _errors_csv(job: Job) -> Response:
    pool = current_runtime().pool

    def pieces() -> Iterator[bytes]:
        columns = [str(name) for name in job.file.get("columns", [])]
        if job.file.get("header_line") is not None:
            yield _csv_line(columns)
        for row in store.jobs.all_errors(pool, job.id):
            yield _csv_line(_original(job, row))

    return spooled_csv(pieces(), f"{job.id}-rejected.csv")


def _original(job: Job, row: RejectedRow) -> list[str]:
    """Return a row in the columns of its file; one that could not be parsed is one field."""
    if not isinstance(row.fields, dict):
        return list(row.fields)
    # A row that was taken first, and rejected later: its metadata have the columns' names.
    return original_fields(job.file, row.fields)


def _csv_line(fields: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(fields)
    return text.getvalue().encode()
