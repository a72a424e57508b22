"""A real PostgreSQL for the session, a database of its own for each test, an app on it."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

import db
from app import create_app
from config import Settings
from db import Pool
from postgres.server import EmbeddedPostgres

sys.path.insert(0, str(Path(__file__).parent))
from hash_embedder import HashEmbedder

pytest_plugins = ["fault_postgres", "model_fixtures"]

USER, PASSWORD = "admin", "a test's password"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The embedded server, with the schema in a template that each test's database is copied of."""
    server = EmbeddedPostgres.start(tmp_path_factory.mktemp("data"))
    _execute(server.dsn, "CREATE DATABASE conector_template")
    pool = Pool(_named(server.dsn, "conector_template"), 1)
    db.apply_schema(pool)
    pool.close()
    yield server
    server.stop()


@pytest.fixture
def empty_dsn(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database with nothing in it."""
    yield from _database(postgres.dsn, "template1")


@pytest.fixture
def dsn(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A database with the schema."""
    yield from _database(postgres.dsn, "conector_template")


@pytest.fixture
def pool(dsn: str) -> Iterator[Pool]:
    pool = Pool(dsn, 8)
    yield pool
    pool.close()


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    return Settings(
        api_username=USER,
        api_password=PASSWORD,
        database_dsn=dsn,
        data_dir=tmp_path,
        db_pool_size=8,
        lease_seconds=5,
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[APIFlask]:
    app = create_app(settings, HashEmbedder())
    yield app
    app.extensions["conector"].close()


@pytest.fixture
def client(app: APIFlask) -> Client:
    return Client(app.test_client())


def eventually(fits: Callable[[], bool], seconds: float = 30) -> None:
    """Return once it fits."""
    deadline = time.monotonic() + seconds
    while not fits():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.02)


class Client:
    """Calls as an admin, and waits for jobs."""

    def __init__(self, http: FlaskClient) -> None:
        self.http = http

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.http.get(path, auth=(USER, PASSWORD), buffered=True, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Any:
        return self.http.post(path, auth=(USER, PASSWORD), **kwargs)

    def upload(self, csv: str | bytes, path: str = "/upload", **kwargs: Any) -> Any:
        data = csv.encode() if isinstance(csv, str) else csv
        return self.post(path, data=data, content_type="text/csv", **kwargs)

    def load(self, csv: str | bytes, path: str = "/upload", **kwargs: Any) -> dict[str, Any]:
        """Upload, wait for the job's end, return the job."""
        response = self.upload(csv, path, **kwargs)
        assert response.status_code == 202, response.text
        return self.ended(response.json["job"]["id"])

    def ended(self, job_id: str, seconds: float = 30) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.get(f"/jobs/{job_id}").json
            if job["status"] not in ("enqueued", "processing"):
                return job
            time.sleep(0.02)
        raise AssertionError(f"the job did not end within {seconds} s: {job}")

    def search(self, question: str, **fields: Any) -> list[dict[str, Any]]:
        response = self.post("/search", json={"question": question, **fields})
        assert response.status_code == 200, response.text
        results: list[dict[str, Any]] = response.json["results"]
        return results


def _database(server_dsn: str, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _execute(server_dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(server_dsn, name)
    _execute(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def _named(server_dsn: str, database: str) -> str:
    return psycopg2.extensions.make_dsn(server_dsn, dbname=database)


def _execute(server_dsn: str, statement: str) -> None:
    conn = psycopg2.connect(server_dsn)
    try:
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute(statement)
    finally:
        conn.close()
