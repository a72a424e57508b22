"""The routes of jobs: list, show, list the rejected rows, cancel."""

from __future__ import annotations

from itertools import chain
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, request

import store.evaluations
import store.jobs
import store.rejections
from files.csv_form import choose_form
from files.description import FileDescription
from files.reading_back import find_options
from files.rejected_rows import Rejected, RejectedColumns, write_rejected
from messages import say
from store.jobs import Job
from store.rejections import RejectedRow
from web.auth import EDITORS, auth
from web.context import current_runtime
from web.csv_schemas import ErrorsQuery
from web.errors import not_found, require
from web.job_schemas import ErrorsResponse, JobBody, JobError, JobsResponse, RowCounts, RowErrorBody
from web.language import speak
from web.responses import answer_csv, answer_json, answer_page, name_options
from web.schemas import JobsQuery
from web.scope import list_visible, sees

routes = APIBlueprint("jobs", __name__, tag="Jobs")

_NO_JOB = say("There is no such job.")


@routes.get("/jobs")
@routes.auth_required(auth)
@routes.input(JobsQuery, location="query", arg_name="page")
@routes.output(JobsResponse)
@routes.doc(
    summary="List the jobs, newest first",
    description="Uploads and evaluations, of all collections and in all states if none is named.",
)
def list_jobs(page: JobsQuery) -> Response:
    found, total = store.jobs.list_jobs(
        current_runtime().pool,
        status=page.status,
        collection=page.collection,
        kind=page.kind,
        visible=list_visible(),
        limit=page.limit,
        offset=page.offset,
    )
    return answer_page(JobsResponse, [describe_job(job) for job in found], total, page)


@routes.get("/jobs/<uuid:job_id>")
@routes.auth_required(auth)
@routes.output(JobBody)
@routes.doc(
    summary="Show a job and its progress",
    description="Ask again until `status` is `succeeded`, `failed` or `canceled`; while it is not, "
    "`eta_seconds` says how long it will take. `rows.rejected` rows can be read at "
    "`/jobs/<id>/errors`.",
)
def show_job(job_id: UUID) -> Response:
    job = _require_job(job_id)
    body = describe_job(job)
    if job.kind == "evaluation":
        body.result = store.evaluations.get_result(current_runtime().pool, job_id)
    return answer_json(body)


@routes.get("/jobs/<uuid:job_id>/errors")
@routes.auth_required(auth)
@routes.input(ErrorsQuery, location="query", arg_name="page")
@routes.output(ErrorsResponse)
@routes.doc(
    summary="List the job's rejected rows",
    description="With `Accept: text/csv`, in the columns, the order and the delimiter of the file, "
    "with `_line` and `_error` as the last columns: mend them and upload them again. They are all "
    "there where no `limit` and no `offset` is given. Where an upload would need options to "
    "understand them, the header `Upload-Options` has them.",
)
def list_errors(job_id: UUID, page: ErrorsQuery) -> Response:
    job = _require_job(job_id)
    if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
        return _answer_errors_csv(job, page)
    rows, total = store.rejections.list_rejected(
        current_runtime().pool, job_id, limit=page.limit, offset=page.offset
    )
    return answer_page(ErrorsResponse, [describe_rejection(row) for row in rows], total, page)


@routes.post("/jobs/<uuid:job_id>/cancel")
@routes.auth_required(auth, roles=EDITORS)
@routes.output(JobBody)
@routes.doc(
    summary="End a job; rows already written stay",
    description="A job that has ended stays as it is.",
)
def cancel_job(job_id: UUID) -> Response:
    _require_job(job_id)
    job = store.jobs.cancel_job(current_runtime().pool, job_id)
    return answer_json(describe_job(require(job, _NO_JOB)))


def describe_job(job: Job) -> JobBody:
    """Return a job as its callers see it."""
    remaining = job.total - job.done
    ended = job.finished_at is not None
    eta = 0.0 if ended else round(remaining / job.rate, 1) if job.rate else None
    return JobBody(
        id=job.id,
        status=job.status,  # type: ignore[arg-type]
        collection=job.collection,
        filename=job.filename,
        kind=job.kind,  # type: ignore[arg-type]
        mode=job.mode if job.kind == "import" else None,  # type: ignore[arg-type]
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
        waiting=None if job.waiting is None else speak(job.waiting),
        error=_describe_error(job),
        file=job.file,
        result=None,
    )


def _describe_error(job: Job) -> JobError | None:
    if not job.error:
        return None
    return JobError(error=speak(job.error), code=job.error_code or "failed")


def describe_rejection(row: RejectedRow) -> RowErrorBody:
    """Return a rejected row as its callers see it."""
    return RowErrorBody(line=row.line, code=row.code, error=speak(row.error))


def _require_job(job_id: UUID) -> Job:
    """Return a job that the caller sees. It stays in its collection. Raises ApiError (404)."""
    job = store.jobs.get_job(current_runtime().pool, job_id)
    if job is None or not sees(job.collection):
        raise not_found(_NO_JOB)
    return job


def _answer_errors_csv(job: Job, query: ErrorsQuery) -> Response:
    file = FileDescription.from_json(job.file)
    form = choose_form(
        file, delimiter=query.delimiter, bom=True, spreadsheet_safe=query.spreadsheet_safe
    )
    columns = RejectedColumns(file)
    limit = query.limit if "limit" in query.model_fields_set else None
    found = store.rejections.stream_rejected(
        current_runtime().pool, job.id, limit=limit, offset=query.offset
    )
    rows = (Rejected(row.line, speak(row.error), row.fields) for row in found)
    pieces = write_rejected(columns, rows, form)
    start = next(pieces)
    safe = "-spreadsheet-safe" if query.spreadsheet_safe else ""
    response = answer_csv(chain([start], pieces), f"{job.id}-rejected{safe}.csv")
    if columns.places is not None:
        name_options(response, find_options(start, form, columns.places))
    return response
