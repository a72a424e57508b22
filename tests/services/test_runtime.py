"""Starting the parts of a process, and stopping them."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import psycopg2
import pytest

import db
from config import ConfigError, Settings
from db import DatabaseUnavailable, SchemaError
from services.runtime import open_database, start_runtime
from tests.support.embedder import HashEmbedder


def test_a_database_is_waited_for_as_long_as_the_caller_says(settings: Settings) -> None:
    away = settings.model_copy(update={"database_dsn": "postgresql://127.0.0.1:1/none"})
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="DATABASE_URL") as error:
        start_runtime(away, HashEmbedder(), database_seconds=0)
    assert "0 seconds" in str(error.value)
    assert time.monotonic() - began < 10


def test_credentials_are_asked_for_only_where_users_call(settings: Settings) -> None:
    nobody = settings.model_copy(update={"api_username": None})
    with pytest.raises(ConfigError, match="API_USERNAME"):
        start_runtime(nobody, HashEmbedder())
    runtime = start_runtime(nobody, HashEmbedder(), with_users=False)
    db.ping(runtime.pool)
    runtime.close()
    runtime.close()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_is_not_in_utf8_is_refused_in_one_line(
    encoding: str, settings: Settings
) -> None:
    """createdb makes one in SQL_ASCII where the server was set up without a locale."""
    assert settings.database_dsn is not None
    name = f"in_{encoding.lower()}"
    run_sql(
        settings.database_dsn,
        f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0",
    )
    dsn = urlsplit(settings.database_dsn)._replace(path=f"/{name}").geturl()
    with pytest.raises(SchemaError, match=f"encoding is {encoding}, but must be UTF8"):
        open_database(settings.model_copy(update={"database_dsn": dsn}))
    run_sql(settings.database_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def run_sql(dsn: str, statement: str) -> None:
    conn = psycopg2.connect(dsn)
    conn.autocommit = True
    conn.cursor().execute(statement)
    conn.close()
