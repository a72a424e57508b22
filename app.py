"""The HTTP service: routes, basic auth, validation, JSON errors; `python app.py` runs it.

`create_app` is for any WSGI server. SQL is in db*.py, the model in embeddings.py, CSV in
files/csv_file.py, the background work in worker.py, the routes of jobs and items in *_routes.py;
nobody imports this module.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from apiflask import APIFlask
from flask import Response, request
from flask_swagger_ui import get_swaggerui_blueprint
from werkzeug.middleware.proxy_fix import ProxyFix

import config
import db
import store.jobs
import store.search
import web.uploads
from cli import import_command, search_command, told_in_one_line
from config import Settings
from db import DatabaseUnavailable
from embeddings import Embedder, EmbedderBusy, EmbeddingFailed, FloatArray
from files.errors import FileError
from files.rows import Row
from files.table import Table
from services.process import end_on_signals
from services.runtime import START_ERRORS, Runtime, current_runtime, start_runtime
from services.workers import STUCK_SECONDS
from store.jobs import Job, NewJob
from store.preview import preview_job
from web.auth import auth, guard_the_rest
from web.errors import ApiError, register_error_handlers
from web.items import items
from web.jobs import job_body, jobs
from web.openapi import completed
from web.schemas import (
    BatchRequest,
    BatchResponse,
    DryRunJob,
    DryRunResponse,
    ErrorBody,
    HealthResponse,
    Preview,
    PreviewRow,
    ReadyResponse,
    RowErrorBody,
    SearchRequest,
    SearchResponse,
    SearchResult,
    UploadOptions,
    UploadResponse,
    json_response,
)
from web.server import check_address, serve

logger = logging.getLogger(__name__)

VERSION = "0.1.0"
MAX_JSON_BYTES = 8 * 1024 * 1024
MAX_IDEMPOTENCY_KEY = 255
PREVIEW_ROWS = 10


def create_app(settings: Settings | None = None, embedder: Embedder | None = None) -> APIFlask:
    """Return the app with all its parts running, for any WSGI server.

    Without `settings` they are read from the environment and `.env`. `embedder` stands in for the
    settings' model. Raises ConfigError where credentials are missing, and what `start_runtime`
    raises.
    """
    with told_in_one_line():
        settings = settings or config.read_settings(config.environment())
        return _made(settings, start_runtime(settings, embedder))


def _made(settings: Settings, runtime: Runtime) -> APIFlask:
    app = APIFlask(
        __name__, title="Conector PGVector", version=VERSION, docs_path=None, json_errors=False
    )
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        MAX_FORM_PARTS=1_000,
        VALIDATION_ERROR_STATUS_CODE=400,
        VALIDATION_ERROR_SCHEMA=ErrorBody.model_json_schema(),
        HTTP_ERROR_SCHEMA=ErrorBody.model_json_schema(),
        OPENAPI_VERSION="3.1.0",
        DESCRIPTION="Finds the stored questions and answers that mean the same as a new question.",
    )
    app.spec_processor(completed)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    register_error_handlers(app)
    app.before_request(_bound_body)
    app.before_request(guard_the_rest)
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/openapi.json"))
    _add_operations(app)
    _add_search(app)
    _add_uploads(app)
    app.register_blueprint(jobs)
    app.register_blueprint(items)
    app.cli.add_command(import_command)
    app.cli.add_command(search_command)
    app.extensions["conector"] = runtime
    if settings.trusted_proxies:
        _trust_proxies(app, settings.trusted_proxies)
    return app


def _trust_proxies(app: APIFlask, proxies: int) -> None:
    """Take the client's address, scheme and host from what the last `proxies` proxies forward."""
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
        app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
    )


def _bound_body() -> None:
    """Hold everything but uploads to the size of a large question, not of a large file."""
    if request.path != "/upload":
        request.max_content_length = MAX_JSON_BYTES


def _add_operations(app: APIFlask) -> None:
    @app.get("/health")
    @app.output(HealthResponse)
    @app.doc(summary="Whether the process answers", tags=["Operations"])
    def health() -> Response:
        return json_response(HealthResponse(status="ok", version=VERSION))

    @app.get("/livez")
    @app.output(HealthResponse)
    @app.doc(summary="Whether the process answers, for an orchestrator", tags=["Operations"])
    def livez() -> Response:
        return json_response(HealthResponse(status="ok", version=VERSION))

    @app.get("/readyz")
    @app.output(ReadyResponse)
    @app.doc(summary="Whether everything that a request needs is there", tags=["Operations"])
    def readyz() -> Response:
        parts = _parts(current_runtime())
        ready = all(state == "ok" for state in parts.values())
        body = ReadyResponse(status="ok" if ready else "not_ready", parts=parts)
        response = json_response(body, 200 if ready else 503)
        if not ready:
            response.headers["Retry-After"] = "5"
        return response


def _parts(runtime: Runtime) -> dict[str, str]:
    """Return the state of each part: "ok", or what is wrong with it."""
    parts = {"database": "ok", "model": "ok", "workers": "ok"}
    try:
        db.ping(runtime.pool)
    except DatabaseUnavailable as error:
        parts["database"] = str(error)
    try:
        runtime.embeddings.check()
    except (EmbedderBusy, EmbeddingFailed) as error:
        parts["model"] = str(error)
    silent = runtime.workers.stuck_seconds()
    if silent > STUCK_SECONDS:
        parts["workers"] = f"the model gave them nothing for {silent:.0f} seconds"
    return parts


def _add_search(app: APIFlask) -> None:
    @app.post("/search")
    @app.auth_required(auth)
    @app.input(SearchRequest, location="json_or_form", arg_name="query")
    @app.output(SearchResponse)
    @app.doc(summary="Find the pairs that mean the same as a question", tags=["Search"])
    def search(query: SearchRequest) -> Response:
        started = time.perf_counter()
        vector = current_runtime().embeddings.embed_query(query.question)
        return json_response(_found(query, vector, started))

    @app.post("/search/batch")
    @app.auth_required(auth)
    @app.input(BatchRequest, location="json", arg_name="batch")
    @app.output(BatchResponse)
    @app.doc(summary="Search for up to 100 questions at once", tags=["Search"])
    def search_batch(batch: BatchRequest) -> Response:
        started = time.perf_counter()
        vectors = current_runtime().embeddings.embed_queries([q.question for q in batch.queries])
        found = [_found(q, v, started) for q, v in zip(batch.queries, vectors, strict=True)]
        return json_response(BatchResponse(results=found))


def _found(query: SearchRequest, vector: FloatArray, started: float) -> SearchResponse:
    runtime = current_runtime()
    hits = store.search.search(
        runtime.pool,
        runtime.model,
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
        runtime = current_runtime()
        with web.uploads.open_upload(request) as file:
            options = web.uploads.upload_options(request)
            if options.dry_run:
                # A key is the upload's that stores something.
                key = None
            earlier = key and store.jobs.job_by_idempotency_key(runtime.pool, key)
            if earlier:
                return _accepted(earlier, "This Idempotency-Key was used: this is its job.")
            return _stage(runtime, file, options, key)


def _stage(
    runtime: Runtime, file: web.uploads.Upload, options: UploadOptions, key: str | None
) -> Response:
    try:
        with web.uploads.read_table(file, options) as table:
            found = web.uploads.describe(table)
            new = NewJob(options.collection, options.mode, file.filename, key, found)
            if options.dry_run:
                return _previewed(runtime, new, table)
            job, _ = store.jobs.create_job(runtime.pool, new, web.uploads.staged(table))
    except FileError as error:
        raise web.uploads.file_error(error) from error
    runtime.workers.wake()
    logger.info("job %s: %d rows, %d rejected", job.id, job.total, job.rejected)
    return _accepted(job, f"{job.total - job.rejected} rows are stored and will be embedded.")


def _previewed(runtime: Runtime, new: NewJob, table: Table) -> Response:
    """Answer a dry run: what would be done, how the file was read, its first rows."""
    first: list[Row] = []
    rows = web.uploads.staged(web.uploads.noting_first(table, first, PREVIEW_ROWS))
    job, rejected = preview_job(runtime.pool, runtime.model, new, rows, PREVIEW_ROWS)
    preview = Preview(
        **new.file,
        rows=[PreviewRow(**{f: getattr(row, f) for f in PreviewRow.model_fields}) for row in first],
        errors=[RowErrorBody(line=r.line, code=r.code, error=r.error) for r in rejected],
    )
    message = (
        f"Nothing was stored: of {job.total} rows {job.inserted} would be inserted, "
        f"{job.updated} updated, {job.unchanged} left unchanged and {job.rejected} rejected."
    )
    status = "failed" if job.error else "succeeded"
    body = DryRunResponse(
        message=message if job.error is None else f"{message} The upload would fail: {job.error}",
        job=DryRunJob(**job_body(job).model_dump() | {"id": None, "status": status}),
        preview=preview,
    )
    return json_response(body)


def _accepted(job: Job, message: str) -> Response:
    response = json_response(UploadResponse(message=message, job=job_body(job)), 202)
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


def main() -> int:
    """Run the service until a signal; return the exit status. Errors of the start are one line."""
    end_on_signals()
    try:
        environ = config.environment()
        made = None
        if "API_USERNAME" not in environ and "API_PASSWORD" not in environ:
            made = config.new_credentials()
            environ |= {"API_USERNAME": made[0], "API_PASSWORD": made[1]}
        settings = config.read_settings(environ)
        logging.basicConfig(
            level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        check_address(settings.host, settings.port)
        app = create_app(settings)
        if made is not None:
            # Not before: only a start that succeeds prints them, and only where they are new.
            config.keep_credentials(*made)
    except START_ERRORS as error:
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
