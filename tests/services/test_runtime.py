"""Starting the parts of a process, and stopping them."""

from __future__ import annotations

import time

import pytest

import db
from config import ConfigError, Settings
from db import DatabaseUnavailable
from services.runtime import start_runtime
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
