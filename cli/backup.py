"""`flask --app app backup FILE` and `restore FILE`: all that is stored, in one file and back.

They need the database alone, and no program of PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import with_appcontext

import services.backup
from cli.spoken import SpokenCommand
from db import DatabaseUnavailable
from messages import explain, say
from services.archive import ArchiveError, Summary
from services.deferred import Deferred, NoDatabase
from services.process import end_on_signals
from store.snapshot import RestoreError
from web.context import current_parts
from web.language import speak


@click.command(
    "backup",
    cls=SpokenCommand,
    help=say("Write all that is stored into FILE, while the service works or not."),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup_command(file: Path) -> None:
    end_on_signals()
    with _report_failure():
        if not file.parent.is_dir():
            raise FileNotFoundError(f"{file.parent}: no such folder")
        parts = current_parts()
        if isinstance(parts, Deferred):
            parts.expect_database()
        summary = services.backup.back_up(parts.pool, file)
    written = say("Wrote {file}: {counts}", file=str(file), counts=_count(summary))
    click.echo(speak(written))


@click.command(
    "restore",
    cls=SpokenCommand,
    help=say("Put back all that FILE holds, into a database that holds nothing."),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--replace", is_flag=True, help=say("Delete first what the database holds, all of it.")
)
@with_appcontext
def restore_command(file: Path, *, replace: bool) -> None:
    end_on_signals()
    with _report_failure():
        summary = services.backup.restore(lambda: current_parts().pool, file, replace=replace)
    click.echo(speak(say("Restored {file}: {counts}", file=str(file), counts=_count(summary))))


def _count(summary: Summary) -> str:
    counts = say(
        "{items} items in {collections} collections, {jobs} jobs (schema {version})",
        items=summary.rows.get("items", 0),
        collections=summary.rows.get("collections", 0),
        jobs=summary.rows.get("jobs", 0),
        version=summary.schema_version,
    )
    return speak(counts)


@contextmanager
def _report_failure() -> Iterator[None]:
    """End the command with one line; nothing is half done then."""
    try:
        yield
    except (ArchiveError, NoDatabase, RestoreError, DatabaseUnavailable, OSError) as error:
        raise click.ClickException(speak(explain_failure(error))) from error


def explain_failure(error: Exception) -> str:
    """Return why a file can't be written or read: an error of the system names it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return explain(error)
