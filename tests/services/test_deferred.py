"""A command starts what it needs: the database, and the model only where it embeds itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from apiflask import APIFlask
from click.testing import Result

import cli.commands
import services.imports
import store.claims
from app import build_app, create_app
from config import Settings
from messages import Message
from services.deferred import Deferred
from services.runtime import Runtime, open_database, start_runtime
from tests.support.client import Client
from tests.support.embedder import HashEmbedder


@pytest.fixture
def parts(settings: Settings) -> Iterator[Deferred]:
    with closing(Deferred(settings, HashEmbedder())) as parts:
        yield parts


@pytest.fixture
def command(settings: Settings, parts: Deferred) -> APIFlask:
    return build_app(settings, parts)


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each Runtime that a command starts."""
    begun: list[Settings] = []

    def start(settings: Settings, *args: object, **options: object) -> Runtime:
        begun.append(settings)
        return start_runtime(settings, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("services.deferred.start_runtime", start)
    return begun


@pytest.fixture
def faq(tmp_path: Path) -> str:
    file = tmp_path / "faq.csv"
    file.write_text("question,answer\nWhen?,At 9.\nWhere?,Here.\n")
    return str(file)


def run(app: APIFlask, *args: str) -> Result:
    return app.test_cli_runner().invoke(args=args)


def test_a_dry_run_needs_no_model(
    command: APIFlask, starts: list[Settings], faq: str, parts: Deferred, settings: Settings
) -> None:
    done = run(command, "import", faq, "--dry-run")
    assert done.exit_code == 0, done.output
    assert "2 inserted" in done.stdout
    assert starts == []


def test_an_import_is_left_to_a_service_that_runs(
    app: APIFlask,
    client: Client,
    command: APIFlask,
    starts: list[Settings],
    faq: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli.commands, "IDLE_SECONDS", 60.0)
    done = run(command, "import", faq)
    assert done.exit_code == 0, done.output
    assert "2 inserted" in done.stdout
    assert starts == []
    assert client.get("/jobs").json["results"][0]["status"] == "succeeded"


def test_an_import_without_a_service_has_workers_of_its_own(
    command: APIFlask,
    starts: list[Settings],
    faq: str,
    parts: Deferred,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli.commands, "IDLE_SECONDS", 0.1)
    parts.settings = parts.settings.model_copy(update={"worker_threads": 0})
    done = run(command, "import", faq)
    assert done.exit_code == 0, done.output
    assert "2 inserted" in done.stdout
    assert [settings.worker_threads for settings in starts] == [2]


def test_a_search_has_the_model_and_no_workers(
    command: APIFlask, starts: list[Settings], parts: Deferred
) -> None:
    done = run(command, "search", "When?")
    assert done.exit_code == 0, done.output
    assert [settings.worker_threads for settings in starts] == [0]
    assert run(command, "search", "x", "--limit", "0").exit_code == 2


def test_a_model_is_known_without_being_loaded(parts: Deferred, settings: Settings) -> None:
    unknown = parts.find_model()
    assert unknown.id == 0
    with closing(Deferred(settings)) as other:
        assert other.find_model().identity.startswith("multilingual-e5-small")
    remote = settings.model_copy(
        update={"embedding_url": "http://127.0.0.1:1", "embedding_model": "m"}
    )
    with closing(Deferred(remote)) as other:
        assert other.find_model().identity.startswith("remote:m ")


def test_a_job_is_worked_on_while_it_is_locked_or_others_have_rows(
    parts: Deferred, command: APIFlask, faq: str
) -> None:
    with Path(faq).open("rb") as file:
        upload = services.imports.Upload(file, "faq.csv")
        options = services.imports.ImportOptions("c", "upsert")
        job = services.imports.enqueue(parts.pool, upload, options)
    assert not store.claims.is_worked_on(parts.pool, job.id)
    with parts.pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (job.id,))
        assert store.claims.is_worked_on(parts.pool, job.id)
    with parts.pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE jobs SET claimed_at = clock_timestamp() - interval '5 minutes'")
    assert not store.claims.is_worked_on(parts.pool, job.id)
    with parts.pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("UPDATE jobs SET claimed_at = clock_timestamp()")
    assert store.claims.is_worked_on(parts.pool, job.id)


def test_outside_a_command_all_parts_start(settings: Settings) -> None:
    app = create_app(settings, HashEmbedder())
    assert isinstance(app.extensions["conector"], Runtime)
    app.extensions["conector"].close()


def test_a_backup_in_a_folder_without_a_database_makes_none(tmp_path: Path) -> None:
    """A line of cron in the wrong folder would write empty backups for months."""
    folder = tmp_path / "data"
    settings = Settings(api_username="a", api_password="b", data_dir=folder)
    with closing(Deferred(settings)) as parts:
        done = run(build_app(settings, parts), "backup", str(tmp_path / "all.zip"))
    assert done.exit_code == 1
    assert f"There is no database in {folder}." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_command_says_where_it_made_a_database(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The database of the test stands in for the one that an embedded server would make.
    monkeypatch.setattr("services.deferred.open_database", lambda *_: open_database(settings))
    embedded = settings.model_copy(update={"database_dsn": None, "data_dir": tmp_path})
    for _ in range(2):
        said: list[Message] = []
        with closing(Deferred(embedded, announce=said.append)) as parts:
            assert run(build_app(embedded, parts), "users", "list").exit_code == 0
        made = tmp_path / "postgres" / "PG_VERSION"
        assert [str(one.values["folder"]) for one in said] == [str(tmp_path)] * (not made.exists())
        made.parent.mkdir(exist_ok=True)
        made.touch()
