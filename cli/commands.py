"""`flask --app app import FILE`, `search "…"` and `evaluate FILE`, for a shell beside the server.

They work on the service's database, whether the service runs or not. An import leaves the embedding
to workers that run already; where there are none, it starts its own. Only they, and a search, load
the model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask.cli import FlaskGroup, with_appcontext
from tqdm import tqdm

import services.cases
import services.imports
import services.search
import store.claims
import store.evaluations
import store.jobs
import store.rejections
import store.thresholds
from cli.drawing import prepare_plot
from cli.findings import print_findings
from cli.limits import Limits
from cli.spoken import SpokenCommand, describe_failure
from files.errors import FileError
from messages import Message, say, say_count
from services.deferred import Deferred
from services.fitting import LEAST_QUESTIONS
from services.imports import ImportPreview, Upload
from services.runtime import START_ERRORS, Runtime
from store.jobs import Job
from store.rejections import RejectedRow
from store.thresholds import Thresholds
from web.context import current_parts, current_runtime
from web.errors import ApiError
from web.language import speak
from web.schemas import EvaluationOptions, SearchRequest, UploadOptions
from web.validation import validate

# So many rejections are shown; all of them are at /jobs/<id>/errors.
SHOWN_ERRORS = 20
# The figures of an evaluation that its table shows.
FIGURES = (
    "questions",
    "first",
    "first_by_distance",
    "among_three",
    "mrr",
    "right_among_answered",
    "wrong",
    "auc",
    "calibration_error",
)
# What may become of a question, in the order of the table.
KINDS = ("right", "wrong", "asked_back", "passed")
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
        raise click.ClickException(describe_failure(error)) from error


@click.command(
    "import",
    cls=SpokenCommand,
    help=say("Import questions and answers from a CSV, TSV, JSON or Excel FILE."),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--collection", default="default", show_default=True)
@click.option("--mode", type=click.Choice(["upsert", "replace", "append"]), default="upsert")
@click.option("--question-column", help=say("Header name, or position counted from 1."))
@click.option("--answer-column")
@click.option("--id-column")
@click.option(
    "--alternatives-column",
    help=say("The columns with other wordings of the question, with commas between."),
)
@click.option("--header/--no-header", default=None, help=say("Found out where neither is given."))
@click.option("--delimiter")
@click.option("--encoding")
@click.option("--overflow", type=click.Choice(["reject", "join"]), default="reject")
@click.option("--sheet", help=say("Of a workbook: the sheet's name, or its position from 1."))
@click.option(
    "--spreadsheet-safe",
    is_flag=True,
    help=say("Take off the apostrophes that an export with this option put on."),
)
@click.option("--dry-run", is_flag=True, help=say("Check and count, store nothing."))
@with_appcontext
def import_command(file: Path, **given: Any) -> None:
    with report_wrong_options():
        options = validate(UploadOptions, {k: v for k, v in given.items() if v is not None})
    with _report_wrong_file(file), file.open("rb") as content:
        upload = Upload(content, _name(file))
        if options.dry_run:
            preview = _run_preview(current_parts(), upload, options)
            job, errors = preview.job, preview.rejected
            print_findings(preview.check)
        else:
            job, errors = _run_import(current_parts(), upload, options)
    _print_errors(job, errors)
    click.echo(_count_rows(job, options))
    if job.status in ("failed", "canceled"):
        raise click.ClickException(_explain_end(job))


@click.command(
    "search",
    cls=SpokenCommand,
    help=say("Print the stored pairs that mean the same as QUESTION, nearest first."),
)
@click.argument("question")
@click.option("--collection", multiple=True, help=say("One or several; all where there is none."))
@click.option("--limit", default=5, show_default=True)
@with_appcontext
def search_command(question: str, collection: tuple[str, ...], limit: int) -> None:
    given = {"question": question, "collection": list(collection) or None, "limit": limit}
    with report_wrong_options():
        asked = validate(SearchRequest, given)
    reply = services.search.answer_query(current_runtime().searcher, asked.as_query())
    for warning in reply.judgement.warnings:
        click.echo(speak(warning), err=True)
    for hit in reply.hits:
        click.echo(f"{hit.distance:.3f}  {hit.question}  [{hit.collection}]")
        click.echo(f"       {' '.join(hit.answer.split())}")
    judgement = reply.judgement
    if reply.hits:
        decided = say(
            "decision: {decision} ({confidence:.0%} sure)",
            decision=judgement.decision,
            confidence=judgement.confidence.first,
        )
        click.echo(speak(decided))
    else:
        click.echo(speak(say("Nothing is stored there.")), err=True)


@click.command(
    "evaluate",
    cls=SpokenCommand,
    help=say(
        "Ask a collection the questions of FILE, whose right answers are in its column `expected`."
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--collection", default="default", show_default=True)
@click.option("--question-column", help=say("`question` where it is not given."))
@click.option("--expected-column", help=say("`expected` where it is not given."))
@click.option("--header/--no-header", default=None, help=say("Found out where neither is given."))
@click.option("--delimiter")
@click.option("--encoding")
@click.option("--sheet", help=say("Of a workbook: the sheet's name, or its position from 1."))
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help=say("Write a PNG there.")
)
@click.option("--apply", "apply_fitted", is_flag=True, help=say("Set the fitted thresholds."))
@click.option(
    "--min-first", type=float, help=say("Fail if fewer first hits are right, in percent.")
)
@click.option("--max-wrong", type=float, help=say("Fail if more answers are wrong, in percent."))
@with_appcontext
def evaluate_command(
    file: Path,
    plot: Path | None,
    apply_fitted: bool,
    min_first: float | None,
    max_wrong: float | None,
    **given: Any,
) -> None:
    with report_wrong_options():
        options = validate(EvaluationOptions, {k: v for k, v in given.items() if v is not None})
    draw = None if plot is None else prepare_plot(plot)
    runtime = current_runtime()
    with _report_wrong_file(file), file.open("rb") as content:
        made = services.cases.request_evaluation(
            runtime.searcher, options.collection, Upload(content, _name(file)), options.as_reading()
        )
    if made is None:
        raise click.ClickException(
            speak(say("There is no collection {name}.", name=options.collection))
        )
    runtime.evaluator.wake()
    job = _follow(runtime, made)
    errors, _ = store.rejections.list_rejected(runtime.pool, job.id, limit=SHOWN_ERRORS, offset=0)
    _print_errors(job, errors)
    result = store.evaluations.get_result(runtime.pool, job.id)
    if result is None:
        raise click.ClickException(_explain_end(job))
    click.echo("\n".join(describe_result(result)))
    steps: list[Callable[[], None]] = []
    if draw is not None:
        steps.append(partial(draw, result))
    if apply_fitted:
        steps.append(partial(_apply_fitted, runtime, options.collection, result))
    _do_all([*steps, partial(Limits(min_first, max_wrong).require, result, job)])


def _do_all(steps: Iterable[Callable[[], None]]) -> None:
    """Take each step, though one before failed, and end the command with all that failed."""
    failures = []
    for step in steps:
        try:
            step()
        except click.ClickException as error:
            failures.append(error.message)
    if failures:
        raise click.ClickException("\n".join(failures))


def _apply_fitted(runtime: Runtime, collection: str, result: dict[str, Any]) -> None:
    fitted = result["fitted"]
    if fitted is None:
        nothing = say("too few questions to fit thresholds: nothing was applied")
        if result["questions"] >= LEAST_QUESTIONS:
            nothing = say("no thresholds would do better on these questions: nothing was applied")
        raise click.ClickException(speak(nothing))
    own = _pick_thresholds(fitted)
    if not store.thresholds.set_thresholds(runtime.pool, collection, own):
        gone = say("there is no collection {name}: nothing was applied", name=collection)
        raise click.ClickException(speak(gone))
    applied = say("Applied to {name}: {thresholds}", name=collection, thresholds=_describe(own))
    click.echo(speak(applied))


def _describe(own: Thresholds) -> Message:
    return say(
        "answer from {answer:.3f} on, none below {none:.3f}, constant {constant:+.3f}",
        answer=own.answer,
        none=own.none,
        constant=own.constant,
    )


def _pick_thresholds(fitted: dict[str, Any]) -> Thresholds:
    return Thresholds(**{name: fitted[name] for name in ("answer", "none", "constant")})


@contextmanager
def report_wrong_options() -> Iterator[None]:
    """End the command with what is wrong with its options."""
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
    parts: Runtime | Deferred, upload: Upload, options: UploadOptions
) -> ImportPreview:
    model, asked = parts.find_model(), options.as_import()
    shown = services.imports.Shown(rows=0, errors=SHOWN_ERRORS)
    return services.imports.foresee(parts.pool, model, upload, asked, shown)


def _run_import(
    parts: Runtime | Deferred, upload: Upload, options: UploadOptions
) -> tuple[Job, list[RejectedRow]]:
    job = _follow(parts, services.imports.enqueue(parts.pool, upload, options.as_import()))
    errors, _ = store.rejections.list_rejected(parts.pool, job.id, limit=SHOWN_ERRORS, offset=0)
    return job, errors


def _follow(parts: Runtime | Deferred, job: Job) -> Job:
    """Show the job's progress up to its end; an interrupt leaves it to the service's workers."""
    with tqdm(
        total=job.total, initial=job.done, unit=speak(say(" rows")), desc=job.filename
    ) as bar:
        moved_at = time.monotonic()
        while job.finished_at is None:
            time.sleep(0.2)
            now = store.jobs.get_job(parts.pool, job.id)
            if now is None:
                gone = say("the job {id} is no longer there", id=str(job.id))
                raise click.ClickException(speak(gone))
            if now != job:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > IDLE_SECONDS:
                _help(parts, job)
                moved_at = time.monotonic()
            job = now
            bar.update(job.done - bar.n)
    return job


def describe_result(result: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of an evaluation's table, and the first misses."""
    since = (result["since_last"] or {"figures": {}})["figures"]
    for name in FIGURES:
        value, moved = result[name], since.get(name)
        shown = "-" if value is None else f"{value:.3f}"
        change = f"   {speak(say('{moved:+.3f} since the last run', moved=moved))}" if moved else ""
        yield f"{name:24}{shown:>8}{change}"
    yield f"{'':24}{'right':>8}{'wrong':>8}{'asked':>8}{'passed':>8}"
    yield from _describe_decisions(result["decisions"])
    if result["fitted"] is not None:
        fitted = _describe(_pick_thresholds(result["fitted"]))
        yield speak(say("fitted: {thresholds}; so it would be:", thresholds=fitted))
        yield from _describe_decisions(result["fitted_decisions"])
    for miss in result["misses"][:SHOWN_ERRORS]:
        got = miss["got"]["question"] if miss["got"] else speak(say("nothing"))
        yield f"{miss['decision']:10}{miss['confidence']:.2f}  {miss['question']}  ->  {got}"


def _describe_decisions(decisions: dict[str, dict[str, int]]) -> Iterator[str]:
    # By name: PostgreSQL's jsonb keeps no order of members.
    for name, counts in decisions.items():
        yield f"{name:24}" + "".join(f"{counts[kind]:8}" for kind in KINDS)


def _help(parts: Runtime | Deferred, job: Job) -> None:
    """Start workers unless others work. Where they wait for a model, ours would wait as well."""
    if job.waiting is None and not store.claims.is_worked_on(parts.pool, job.id):
        parts.start_workers()


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
    ended = say(
        "{counts}. Collection {collection}, job {id}",
        counts=counts,
        collection=job.collection,
        id=str(job.id),
    )
    return speak(ended)


def _explain_end(job: Job) -> str:
    return speak(job.error or say("the job was {status}", status=job.status))


def _name(file: Path) -> str:
    """Return a file's name as it can be stored; Linux allows bytes in it that are not UTF-8."""
    return file.name.encode("utf-8", "replace").decode()
