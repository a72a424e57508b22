"""`flask --app app import FILE` and `flask --app app search "…"`, for a shell beside the server.

They work on the service's database, whether the service runs or not; what they stage is embedded by
their own workers and by the service's alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask.cli import with_appcontext
from pydantic import ValidationError
from tqdm import tqdm

import store.jobs
import store.search
import web.uploads
from files.errors import FileError
from services.runtime import START_ERRORS, Runtime, current_runtime
from store.jobs import Job, NewJob
from store.preview import preview_job
from web.schemas import SearchRequest, UploadOptions, invalid_request
from web.uploads import Upload

# Rejections that are shown; all of them are at /jobs/<id>/errors.
SHOWN_ERRORS = 20


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """End the flask command with one line, not a traceback, where the service can't start."""
    try:
        yield
    except START_ERRORS as error:
        if click.get_current_context(silent=True) is None:
            raise
        raise click.ClickException(f"Conector PGVector can't start: {error}") from error


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--collection", default="default", show_default=True)
@click.option("--mode", type=click.Choice(["upsert", "replace", "append"]), default="upsert")
@click.option("--question-column", help="Header name, or position counted from 1.")
@click.option("--answer-column")
@click.option("--id-column")
@click.option("--header/--no-header", default=None, help="Found out where neither is given.")
@click.option("--delimiter")
@click.option("--encoding")
@click.option("--overflow", type=click.Choice(["reject", "join"]), default="reject")
@click.option("--sheet", help="Of an Excel workbook: the sheet's name, or its position from 1.")
@click.option("--dry-run", is_flag=True, help="Check and count, store nothing.")
@with_appcontext
def import_command(file: Path, **given: Any) -> None:
    """Import questions and answers from a CSV, TSV, JSON or Excel FILE."""
    runtime = current_runtime()
    try:
        options = UploadOptions.model_validate({k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        raise click.UsageError(invalid_request(error).error) from error
    try:
        with (
            file.open("rb") as content,
            web.uploads.read_table(Upload(content, file.name), options) as table,
        ):
            new = NewJob(
                options.collection, options.mode, file.name, None, web.uploads.describe(table)
            )
            rows = web.uploads.staged(table)
            if options.dry_run:
                job, errors = preview_job(runtime.pool, runtime.model, new, rows, SHOWN_ERRORS)
            else:
                job, _ = store.jobs.create_job(runtime.pool, new, rows)
    except FileError as error:
        raise click.ClickException(f"{file.name}: {error.message} ({error.code})") from error
    if not options.dry_run:
        job = _followed(runtime, job)
        errors, _ = store.jobs.list_errors(runtime.pool, job.id, limit=SHOWN_ERRORS, offset=0)
    for row in errors:
        click.echo(f"line {row.line}: {row.error} ({row.code})", err=True)
    if job.rejected > len(errors):
        click.echo(f"… and {job.rejected - len(errors)} rejected rows more", err=True)
    click.echo(_summary(job, options))
    if job.status in ("failed", "canceled"):
        raise click.ClickException(job.error or f"the job was {job.status}")


def _followed(runtime: Runtime, job: Job) -> Job:
    """Show the job's progress up to its end; an interrupt leaves it to the service's workers."""
    runtime.workers.wake()
    with tqdm(total=job.total, initial=job.done, unit=" rows", desc=job.filename) as bar:
        while job.finished_at is None:
            time.sleep(0.2)
            job = _existing(store.jobs.get_job(runtime.pool, job.id), job.id)
            bar.update(job.done - bar.n)
    return job


def _existing(job: Job | None, job_id: UUID) -> Job:
    if job is None:
        raise click.ClickException(f"the job {job_id} is no longer there")
    return job


def _summary(job: Job, options: UploadOptions) -> str:
    counts = (
        f"{job.total} rows: {job.inserted} inserted, {job.updated} updated, "
        f"{job.unchanged} unchanged, {job.rejected} rejected, {job.deleted} deleted"
    )
    if options.dry_run:
        return f"{counts} (a dry run: nothing was stored)"
    return f"{counts}. Collection {job.collection}, job {job.id}"


@click.command("search")
@click.argument("question")
@click.option("--collection", multiple=True, help="One or several; all where there is none.")
@click.option("--limit", default=5, show_default=True)
@with_appcontext
def search_command(question: str, collection: tuple[str, ...], limit: int) -> None:
    """Print the stored pairs that mean the same as QUESTION, nearest first."""
    runtime = current_runtime()
    try:
        query = SearchRequest.model_validate(
            {"question": question, "collection": list(collection) or None, "limit": limit}
        )
    except ValidationError as error:
        raise click.UsageError(invalid_request(error).error) from error
    hits = store.search.search(
        runtime.pool,
        runtime.model,
        runtime.embeddings.embed_query(query.question),
        limit=query.limit,
        offset=0,
        collections=query.collections,
        metadata=None,
        max_distance=None,
    )
    for hit in hits:
        click.echo(f"{hit.distance:.3f}  {hit.question}  [{hit.collection}]")
        click.echo(f"       {' '.join(hit.answer.split())}")
    if not hits:
        click.echo("Nothing is stored there.", err=True)
