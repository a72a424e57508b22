"""The HTTP service: routes, basic auth, validation, JSON errors; `python app.py` runs it.

`create_app` is for any WSGI server. SQL is in db*.py, the model in embeddings.py, CSV in
csv_rows.py, the background work in worker.py; nobody imports this module.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path
from uuid import UUID

from apiflask import APIFlask, HTTPBasicAuth
from apiflask.schema_adapters import registry
from flask import Response, current_app, request
from flask_swagger_ui import get_swaggerui_blueprint
from pydantic import BaseModel

import config
import db
import db_jobs
import uploads
from api_models import (
    BatchRequest,
    BatchResponse,
    ErrorBody,
    ErrorsResponse,
    HealthResponse,
    JobBody,
    JobError,
    JobsQuery,
    JobsResponse,
    PageQuery,
    ReadyResponse,
    RequestAdapter,
    RowCounts,
    RowErrorBody,
    SearchRequest,
    SearchResponse,
    SearchResult,
    UploadOptions,
    UploadResponse,
)
from auth import TooManyFailures
from config import ConfigError, Settings
from csv_rows import CsvError
from db import FloatArray, SchemaError
from db_jobs import Job, NewJob
from db_pool import DatabaseUnavailable
from embedded_db import EmbeddedPostgresError
from embeddings import Embedder
from errors import ApiError, not_found, register_error_handlers
from http_server import check_address, serve
from sentence_model import ModelLoadError
from services import Services, start_services
from worker import STUCK_SECONDS

logger = logging.getLogger(__name__)

VERSION = "0.1.0"
MAX_JSON_BYTES = 8 * 1024 * 1024
MAX_IDEMPOTENCY_KEY = 255

registry.register("pydantic", RequestAdapter)
auth = HTTPBasicAuth(realm="Conector PGVector")


def create_app(settings: Settings | None = None, embedder: Embedder | None = None) -> APIFlask:
    """Return the app with all its parts running, for any WSGI server.

    Without `settings` they are read from the environment and `.env`. `embedder` stands in for the
    settings' model. Raises ConfigError where credentials are missing, and what `start_services`
    raises.
    """
    settings = settings or config.read_settings(config.environment())
    app = APIFlask(
        __name__, title="Conector PGVector", version=VERSION, docs_path=None, json_errors=False
    )
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        MAX_FORM_PARTS=1_000,
        VALIDATION_ERROR_STATUS_CODE=400,
        VALIDATION_ERROR_SCHEMA=ErrorBody.model_json_schema(),
        HTTP_ERROR_SCHEMA=ErrorBody.model_json_schema(),
        DESCRIPTION="Finds the stored questions and answers that mean the same as a new question.",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    register_error_handlers(app)
    app.before_request(_bound_body)
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/openapi.json"))
    _add_operations(app)
    _add_search(app)
    _add_uploads(app)
    _add_jobs(app)
    app.extensions["conector"] = start_services(settings, embedder)
    return app


def _services() -> Services:
    services: Services = current_app.extensions["conector"]
    return services


def _body(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status=status, mimetype="application/json")


def _bound_body() -> None:
    """Hold everything but uploads to the size of a large question, not of a large file."""
    if request.path != "/upload":
        request.max_content_length = MAX_JSON_BYTES


@auth.verify_password  # type: ignore[untyped-decorator]
def _verify(username: str, password: str) -> tuple[str, str] | None:
    """Return the user as (name, role). Without a header the library asks with two empty texts."""
    if not username or not password:
        return None
    try:
        role = _services().users.role(username, password, request.remote_addr or "")
    except TooManyFailures as error:
        raise ApiError(
            429,
            "too_many_failures",
            f"{error} Try again in {error.retry_after} seconds.",
            headers={"Retry-After": str(error.retry_after)},
        ) from error
    return None if role is None else (username, role)


@auth.get_user_roles  # type: ignore[untyped-decorator]
def _roles(user: tuple[str, str]) -> str:
    return user[1]


@auth.error_handler  # type: ignore[untyped-decorator]
def _unauthorized(status: int) -> Response:
    if status == 403:
        return ApiError(403, "forbidden", "This user may not do that.").response()
    return ApiError(
        401, "unauthorized", "Name or password is missing or wrong (HTTP basic auth)."
    ).response()


def _add_operations(app: APIFlask) -> None:
    @app.get("/health")
    @app.output(HealthResponse)
    @app.doc(summary="Whether the process answers", tags=["Operations"])
    def health() -> Response:
        return _body(HealthResponse(status="ok", version=VERSION))

    @app.get("/livez")
    @app.output(HealthResponse)
    @app.doc(summary="Whether the process answers, for an orchestrator", tags=["Operations"])
    def livez() -> Response:
        return _body(HealthResponse(status="ok", version=VERSION))

    @app.get("/readyz")
    @app.output(ReadyResponse)
    @app.doc(summary="Whether everything that a request needs is there", tags=["Operations"])
    def readyz() -> Response:
        parts = _parts(_services())
        ready = all(state == "ok" for state in parts.values())
        body = ReadyResponse(status="ok" if ready else "not_ready", parts=parts)
        response = _body(body, 200 if ready else 503)
        if not ready:
            response.headers["Retry-After"] = "5"
        return response


def _parts(services: Services) -> dict[str, str]:
    """Return the state of each part: "ok", or what is wrong with it."""
    parts = {"database": "ok", "model": "ok", "workers": "ok"}
    try:
        db.ping(services.pool)
    except DatabaseUnavailable as error:
        parts["database"] = str(error)
    silent = services.workers.stuck_seconds()
    if silent > STUCK_SECONDS:
        parts["workers"] = f"not heard of for {silent:.0f} seconds"
    return parts


def _add_search(app: APIFlask) -> None:
    @app.post("/search")
    @app.auth_required(auth)
    @app.input(SearchRequest, location="json_or_form", arg_name="query")
    @app.output(SearchResponse)
    @app.doc(summary="Find the pairs that mean the same as a question", tags=["Search"])
    def search(query: SearchRequest) -> Response:
        started = time.perf_counter()
        vector = _services().embeddings.embed_query(query.question)
        return _body(_found(query, vector, started))

    @app.post("/search/batch")
    @app.auth_required(auth)
    @app.input(BatchRequest, location="json", arg_name="batch")
    @app.output(BatchResponse)
    @app.doc(summary="Search for up to 100 questions at once", tags=["Search"])
    def search_batch(batch: BatchRequest) -> Response:
        started = time.perf_counter()
        vectors = _services().embeddings.embed_queries([q.question for q in batch.queries])
        found = [_found(q, v, started) for q, v in zip(batch.queries, vectors, strict=True)]
        return _body(BatchResponse(results=found))


def _found(query: SearchRequest, vector: FloatArray, started: float) -> SearchResponse:
    services = _services()
    hits = db.search(
        services.pool,
        services.model,
        vector,
        limit=query.limit,
        offset=query.offset,
        collections=query.collections,
        metadata=query.filter,
        max_distance=query.max_distance,
    )
    results = [SearchResult(**vars(hit), score=1 - hit.distance) for hit in hits]
    took_ms = round((time.perf_counter() - started) * 1000, 3)
    return SearchResponse(question=query.question, results=results, took_ms=took_ms)


def _add_uploads(app: APIFlask) -> None:
    @app.post("/upload")
    @app.auth_required(auth, roles=["admin"])
    @app.output(UploadResponse, status_code=202)
    @app.doc(
        summary="Upload a CSV of questions and answers",
        tags=["Upload"],
        description="The file as multipart field `file`, or as the body with Content-Type "
        "text/csv. Options as query or form fields.",
    )
    def upload() -> Response:
        key = _idempotency_key()
        services = _services()
        with uploads.open_upload(request) as file:
            options = uploads.upload_options(request)
            earlier = key and db_jobs.job_by_idempotency_key(services.pool, key)
            if earlier:
                return _accepted(earlier, "This Idempotency-Key was used: this is its job.")
            return _stage(services, file, options, key)


def _stage(
    services: Services, file: uploads.Upload, options: UploadOptions, key: str | None
) -> Response:
    try:
        csv = uploads.read_csv(file, options)
        new = NewJob(options.collection, options.mode, file.filename, key, uploads.describe(csv))
        job, _ = db_jobs.create_job(services.pool, new, uploads.staged(csv))
    except CsvError as error:
        raise uploads.csv_error(error) from error
    services.workers.wake()
    logger.info("job %s: %d rows, %d rejected", job.id, job.total, job.rejected)
    return _accepted(job, f"{job.total - job.rejected} rows are stored and will be embedded.")


def _accepted(job: Job, message: str) -> Response:
    response = _body(UploadResponse(message=message, job=_job_body(job)), 202)
    response.headers["Location"] = f"/jobs/{job.id}"
    return response


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= MAX_IDEMPOTENCY_KEY and key.isprintable()):
        raise ApiError(
            400,
            "invalid_request",
            f"Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY} printable characters.",
        )
    return key


def _add_jobs(app: APIFlask) -> None:
    @app.get("/jobs")
    @app.auth_required(auth)
    @app.input(JobsQuery, location="query", arg_name="page")
    @app.output(JobsResponse)
    @app.doc(summary="List the jobs, newest first", tags=["Jobs"])
    def jobs(page: JobsQuery) -> Response:
        found, total = db_jobs.list_jobs(
            _services().pool,
            status=page.status,
            collection=page.collection,
            limit=page.limit,
            offset=page.offset,
        )
        results = [_job_body(job) for job in found]
        return _body(
            JobsResponse(results=results, total=total, limit=page.limit, offset=page.offset)
        )

    @app.get("/jobs/<uuid:job_id>")
    @app.auth_required(auth)
    @app.output(JobBody)
    @app.doc(summary="Show a job and its progress", tags=["Jobs"])
    def job(job_id: UUID) -> Response:
        return _body(_job_body(_existing(db_jobs.get_job(_services().pool, job_id))))

    @app.get("/jobs/<uuid:job_id>/errors")
    @app.auth_required(auth)
    @app.input(PageQuery, location="query", arg_name="page")
    @app.output(ErrorsResponse)
    @app.doc(summary="List the job's rejected rows", tags=["Jobs"])
    def job_errors(job_id: UUID, page: PageQuery) -> Response:
        _existing(db_jobs.get_job(_services().pool, job_id))
        rows, total = db_jobs.list_errors(
            _services().pool, job_id, limit=page.limit, offset=page.offset
        )
        results = [RowErrorBody(line=row.line, code=row.code, error=row.error) for row in rows]
        return _body(
            ErrorsResponse(results=results, total=total, limit=page.limit, offset=page.offset)
        )

    @app.post("/jobs/<uuid:job_id>/cancel")
    @app.auth_required(auth, roles=["admin"])
    @app.output(JobBody)
    @app.doc(summary="End a job; rows already written stay", tags=["Jobs"])
    def cancel(job_id: UUID) -> Response:
        return _body(_job_body(_existing(db_jobs.cancel_job(_services().pool, job_id))))


def _existing(job: Job | None) -> Job:
    if job is None:
        raise not_found("such job")
    return job


def _job_body(job: Job) -> JobBody:
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


def main() -> int:
    """Run the service until a signal; return the exit status. Errors of the start are one line."""
    try:
        environ = config.environment()
        made = None
        if "API_USERNAME" not in environ and "API_PASSWORD" not in environ:
            made = config.make_credentials()
            environ |= {"API_USERNAME": made[0], "API_PASSWORD": made[1]}
        settings = config.read_settings(environ)
        logging.basicConfig(
            level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        check_address(settings.host, settings.port)
        app = create_app(settings)
    except (
        ConfigError,
        DatabaseUnavailable,
        EmbeddedPostgresError,
        ModelLoadError,
        SchemaError,
        OSError,
    ) as error:
        sys.stderr.write(f"Conector PGVector can't start: {error}\n")
        return 1
    sys.stdout.write(_welcome(settings, made))
    sys.stdout.flush()
    try:
        serve(
            app,
            settings.host,
            settings.port,
            threads=settings.http_threads,
            max_body_bytes=settings.max_upload_bytes,
        )
    finally:
        app.extensions["conector"].close()
    return 0


def _welcome(settings: Settings, made: tuple[str, str] | None) -> str:
    """Return where the service listens, new credentials, and two curl lines to copy."""
    url = f"http://{settings.host}:{settings.port}"
    lines = [f"Conector PGVector listens on {url} (documentation: {url}/docs)"]
    if made is not None:
        user = f"{made[0]}:{made[1]}"
        lines.append(f"Made for you and kept in .env: user {made[0]}, password {made[1]}")
    elif {"API_USERNAME", "API_PASSWORD"} <= os.environ.keys():
        user = "$API_USERNAME:$API_PASSWORD"
    else:
        user = "$(. ./.env; echo $API_USERNAME:$API_PASSWORD)"
    sample = Path(__file__).parent / "samples" / "faq_pt.csv"
    if sample.is_relative_to(Path.cwd()):
        sample = sample.relative_to(Path.cwd())
    lines += [
        "Try it:",
        f'  curl -u "{user}" -F file=@{sample} {url}/upload',
        f'  curl -u "{user}" -d "question=Como rastreio meu pedido?" {url}/search',
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
