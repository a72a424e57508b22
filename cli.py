"""`flask --app app import FILE` and `flask --app app search "…"`, for a shell beside the server.

They work on the service's database, whether the service runs or not. An import leaves the embedding
to workers that run already; where there are none, it starts its own. Only they, and a search, load
the model.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask.cli import FlaskGroup, with_appcontext
from tqdm import tqdm

import services.imports
import services.search
import store.claims
import store.jobs
import store.rejections
from files.errors import FileError
from services.deferred import Deferred
from services.imports import Upload
from services.runtime import START_ERRORS, Runtime
from store.jobs import Job
from store.rejections import RejectedRow
from web.context import current_parts, current_runtime
from web.errors import ApiError
from web.schemas import SearchRequest, UploadOptions
from web.validation import validate

# So many rejections are shown; all of them are at /jobs/<id>/errors.
SHOWN_ERRORS = 20
# A job on which nobody works for so long gets workers of the command's own. Those that run look at
# the queue each second.
IDLE_SECONDS = 3.0


def runs_command() -> bool:
    """Return whether the process runs a flask command: of them, only `flask run` serves."""
    context = click.get_current_context(silent=True)
    if context is None or context.info_name == "run":
        return False
    return isinstance(context.find_root().command, FlaskGroup)


@contextmanager
def report_in_one_line() -> Iterator[None]:
    """End the flask command with one line, not a traceback, when the service can't start."""
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
@click.option("--sheet", help="Of a workbook: the sheet's name, or its position from 1.")
@click.option("--dry-run", is_flag=True, help="Check and count, store nothing.")
@with_appcontext
def import_command(file: Path, **given: Any) -> None:
    """Import questions and answers from a CSV, TSV, JSON or Excel FILE."""
    with _report_wrong_options():
        options = validate(UploadOptions, {k: v for k, v in given.items() if v is not None})
    with _report_wrong_file(file), file.open("rb") as content:
        upload = Upload(content, file.name)
        if options.dry_run:
            job, errors = _run_preview(current_parts(), upload, options)
        else:
            job, errors = _run_import(current_parts(), upload, options)
    _print_errors(job, errors)
    click.echo(_count_rows(job, options))
    if job.status in ("failed", "canceled"):
        raise click.ClickException(job.error or f"the job was {job.status}")


@click.command("search")
@click.argument("question")
@click.option("--collection", multiple=True, help="One or several; all where there is none.")
@click.option("--limit", default=5, show_default=True)
@with_appcontext
def search_command(question: str, collection: tuple[str, ...], limit: int) -> None:
    """Print the stored pairs that mean the same as QUESTION, nearest first."""
    given = {"question": question, "collection": list(collection) or None, "limit": limit}
    with _report_wrong_options():
        asked = validate(SearchRequest, given)
    hits = services.search.find_hits(current_runtime(), asked.as_query())
    for hit in hits:
        click.echo(f"{hit.distance:.3f}  {hit.question}  [{hit.collection}]")
        click.echo(f"       {' '.join(hit.answer.split())}")
    if not hits:
        click.echo("Nothing is stored there.", err=True)


@contextmanager
def _report_wrong_options() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        raise click.UsageError(error.error) from error


@contextmanager
def _report_wrong_file(file: Path) -> Iterator[None]:
    try:
        yield
    except FileError as error:
        raise click.ClickException(f"{file.name}: {error.message} ({error.code})") from error


def _run_preview(
    parts: Runtime | Deferred, upload: Upload, options: UploadOptions
) -> tuple[Job, list[RejectedRow]]:
    model, asked = parts.find_model(), options.as_import()
    preview = services.imports.foresee(parts.pool, model, upload, asked, SHOWN_ERRORS)
    return preview.job, preview.rejected


def _run_import(
    parts: Runtime | Deferred, upload: Upload, options: UploadOptions
) -> tuple[Job, list[RejectedRow]]:
    job = _follow(parts, services.imports.enqueue(parts.pool, upload, options.as_import()))
    errors, _ = store.rejections.list_rejected(parts.pool, job.id, limit=SHOWN_ERRORS, offset=0)
    return job, errors


def _follow(parts: Runtime | Deferred, job: Job) -> Job:
    """Show the job's progress up to its end; an interrupt leaves it to the service's workers."""
    with tqdm(total=job.total, initial=job.done, unit=" rows", desc=job.filename) as bar:
        moved_at = time.monotonic()
        while job.finished_at is None:
            time.sleep(0.2)
            now = store.jobs.get_job(parts.pool, job.id)
            if now is None:
                raise click.ClickException(f"the job {job.id} is no longer there")
            if now != job:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > IDLE_SECONDS:
                _help(parts, job)
                moved_at = time.monotonic()
            job = now
            bar.update(job.done - bar.n)
    return job


def _help(parts: Runtime | Deferred, job: Job) -> None:
    """Start workers unless others work. Where they wait for a model, ours would wait as well."""
    if job.waiting is None and not store.claims.is_worked_on(parts.pool, job.id):
        parts.start_workers()


def _print_errors(job: Job, errors: list[RejectedRow]) -> None:
    for row in errors:
        click.echo(f"line {row.line}: {row.error} ({row.code})", err=True)
    if job.rejected > len(errors):
        click.echo(f"… and {job.rejected - len(errors)} rejected rows more", err=True)


def _count_rows(job: Job, options: UploadOptions) -> str:
    counts = (
        f"{job.total} rows: {job.inserted} inserted, {job.updated} updated, "
        f"{job.unchanged} unchanged, {job.rejected} rejected, {job.deleted} deleted"
    )
    if options.dry_run:
        return f"{counts} (a dry run: nothing was stored)"
    return f"{counts}. Collection {job.collection}, job {job.id}"
