"""`flask --app app import FILE` and `flask --app app search "…"`, for a shell beside the server.

They work on the service's database, whether the service runs or not. Their own workers and those of
the service embed the rows that they import.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from tqdm import tqdm

import config
import services.imports
import services.search
import store.jobs
import store.rejections
from files.errors import FileError
from messages import Message, explain, say, say_count
from services.imports import Upload
from services.runtime import START_ERRORS, Runtime
from store.jobs import Job
from store.rejections import RejectedRow
from translations.catalogs import Language, translate
from web.context import current_runtime
from web.errors import ApiError
from web.language import speak
from web.schemas import SearchRequest, UploadOptions
from web.validation import validate

# So many rejections are shown; all of them are at /jobs/<id>/errors.
SHOWN_ERRORS = 20


def describe_failure(error: Exception) -> str:
    """Return why the service can't start, in one line."""
    said = say("Conector PGVector can't start: {error}", error=explain(error))
    return translate(said, config.read_language())


class _Command(click.Command):
    """A command whose help is in the language of the service; click makes plain texts of it."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        language = config.read_language()
        spoken = copy(self)
        spoken.help = translate(Message(self.help or ""), language)
        spoken.params = [_translate_help(param, language) for param in self.params]
        click.Command.format_help(spoken, ctx, formatter)


def _translate_help(param: click.Parameter, language: Language) -> click.Parameter:
    if not isinstance(param, click.Option) or param.help is None:
        return param
    spoken = copy(param)
    spoken.help = translate(Message(param.help), language)
    return spoken


@contextmanager
def report_in_one_line() -> Iterator[None]:
    """End the flask command with one line, not a traceback, when the service can't start."""
    try:
        yield
    except START_ERRORS as error:
        if click.get_current_context(silent=True) is None:
            raise
        raise click.ClickException(describe_failure(error)) from error


@click.command(
    "import",
    cls=_Command,
    help=say("Import questions and answers from a CSV, TSV, JSON or Excel FILE."),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--collection", default="default", show_default=True)
@click.option("--mode", type=click.Choice(["upsert", "replace", "append"]), default="upsert")
@click.option("--question-column", help=say("Header name, or position counted from 1."))
@click.option("--answer-column")
@click.option("--id-column")
@click.option("--header/--no-header", default=None, help=say("Found out where neither is given."))
@click.option("--delimiter")
@click.option("--encoding")
@click.option("--overflow", type=click.Choice(["reject", "join"]), default="reject")
@click.option("--sheet", help=say("Of a workbook: the sheet's name, or its position from 1."))
@click.option("--dry-run", is_flag=True, help=say("Check and count, store nothing."))
@with_appcontext
def import_command(file: Path, **given: Any) -> None:
    runtime = current_runtime()
    with _report_wrong_options():
        options = validate(UploadOptions, {k: v for k, v in given.items() if v is not None})
    with _report_wrong_file(file), file.open("rb") as content:
        upload = Upload(content, file.name)
        if options.dry_run:
            job, errors = _run_preview(runtime, upload, options)
        else:
            job, errors = _run_import(runtime, upload, options)
    _print_errors(job, errors)
    click.echo(_count_rows(job, options))
    if job.status in ("failed", "canceled"):
        raise click.ClickException(
            speak(job.error or say("the job was {status}", status=job.status))
        )


@click.command(
    "search",
    cls=_Command,
    help=say("Print the stored pairs that mean the same as QUESTION, nearest first."),
)
@click.argument("question")
@click.option("--collection", multiple=True, help=say("One or several; all where there is none."))
@click.option("--limit", default=5, show_default=True)
@with_appcontext
def search_command(question: str, collection: tuple[str, ...], limit: int) -> None:
    given = {"question": question, "collection": list(collection) or None, "limit": limit}
    with _report_wrong_options():
        asked = validate(SearchRequest, given)
    hits = services.search.find_hits(current_runtime(), asked.as_query())
    for hit in hits:
        click.echo(f"{hit.distance:.3f}  {hit.question}  [{hit.collection}]")
        click.echo(f"       {' '.join(hit.answer.split())}")
    if not hits:
        click.echo(speak(say("Nothing is stored there.")), err=True)


@contextmanager
def _report_wrong_options() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        raise click.UsageError(speak(error.error)) from error


@contextmanager
def _report_wrong_file(file: Path) -> Iterator[None]:
    try:
        yield
    except FileError as error:
        reason = speak(error.message)
        raise click.ClickException(f"{file.name}: {reason} ({error.code})") from error


def _run_preview(
    runtime: Runtime, upload: Upload, options: UploadOptions
) -> tuple[Job, list[RejectedRow]]:
    preview = services.imports.preview_file(runtime, upload, options.as_import(), SHOWN_ERRORS)
    return preview.job, preview.rejected


def _run_import(
    runtime: Runtime, upload: Upload, options: UploadOptions
) -> tuple[Job, list[RejectedRow]]:
    job = _follow(runtime, services.imports.import_file(runtime, upload, options.as_import()))
    errors, _ = store.rejections.list_rejected(runtime.pool, job.id, limit=SHOWN_ERRORS, offset=0)
    return job, errors


def _follow(runtime: Runtime, job: Job) -> Job:
    """Show the job's progress up to its end; an interrupt leaves it to the service's workers."""
    with tqdm(
        total=job.total, initial=job.done, unit=speak(say(" rows")), desc=job.filename
    ) as bar:
        while job.finished_at is None:
            time.sleep(0.2)
            now = store.jobs.get_job(runtime.pool, job.id)
            if now is None:
                gone = say("the job {id} is no longer there", id=str(job.id))
                raise click.ClickException(speak(gone))
            job = now
            bar.update(job.done - bar.n)
    return job


def _print_errors(job: Job, errors: list[RejectedRow]) -> None:
    for row in errors:
        said = say("line {line}: {error} ({code})", line=row.line, error=row.error, code=row.code)
        click.echo(speak(said), err=True)
    if job.rejected > len(errors):
        more = job.rejected - len(errors)
        click.echo(speak(say_count("… and {more} rejected rows more", "more", more=more)), err=True)


def _count_rows(job: Job, options: UploadOptions) -> str:
    counts = say_count(
        "{total} rows: {inserted} inserted, {updated} updated, {unchanged} unchanged, "
        "{rejected} rejected, {deleted} deleted",
        "total",
        total=job.total,
        inserted=job.inserted,
        updated=job.updated,
        unchanged=job.unchanged,
        rejected=job.rejected,
        deleted=job.deleted,
    )
    if options.dry_run:
        return speak(say("{counts} (a dry run: nothing was stored)", counts=counts))
    return speak(
        say(
            "{counts}. Collection {collection}, job {id}",
            counts=counts,
            collection=job.collection,
            id=str(job.id),
        )
    )
