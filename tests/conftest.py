"""A real PostgreSQL for the session, a database of its own for each test, an app on it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from apiflask import APIFlask

import db
from app import create_app
from config import Settings
from db import Pool
from postgres.server import EmbeddedPostgres
from tests.support.client import PASSWORD, USER, Client
from tests.support.embedder import HashEmbedder
from tests.support.service import ServiceProcess

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.older",
    "tests.support.pooler",
    "tests.support.models",
    "tests.support.counts",
]

_numbers = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--older", action="store_true", help="test with PostgreSQL 16 instead of the embedded one"
    )


@pytest.fixture(scope="session")
def embedded_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedPostgres.start(tmp_path_factory.mktemp("data"))
    yield server.dsn
    server.stop()


@pytest.fixture(scope="session")
def server_dsn(request: pytest.FixtureRequest) -> str:
    """A server with the schema in a template that each test's database is copied of."""
    older = request.config.getoption("older")
    dsn: str = request.getfixturevalue("older_dsn" if older else "embedded_dsn")
    _execute(dsn, "CREATE DATABASE conector_template")
    pool = Pool(_named(dsn, "conector_template"), 1)
    db.apply_schema(pool)
    pool.close()
    return dsn


@pytest.fixture
def empty_dsn(server_dsn: str) -> Iterator[str]:
    """A database with nothing in it."""
    yield from _database(server_dsn, "template1")


@pytest.fixture
def dsn(server_dsn: str) -> Iterator[str]:
    """A database with the schema."""
    yield from _database(server_dsn, "conector_template")


@pytest.fixture(scope="module")
def shared_dsn(server_dsn: str) -> Iterator[str]:
    """A database with the schema, for all tests of a module."""
    yield from _database(server_dsn, "conector_template")


@pytest.fixture(scope="module")
def shared_service(
    shared_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """A service in a process of its own, for all tests of a module."""
    service = ServiceProcess(tmp_path_factory.mktemp("service"), DATABASE_URL=shared_dsn)
    service.wait_until_ready()
    yield service
    service.kill()


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


def _database(server_dsn: str, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _execute(server_dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(server_dsn, name)
    _execute(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def _named(server_dsn: str, database: str) -> str:
    return urlsplit(server_dsn)._replace(path=f"/{database}").geturl()


def _execute(server_dsn: str, statement: str) -> None:
    conn = psycopg2.connect(server_dsn)
    try:
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute(statement)
    finally:
        conn.close()
