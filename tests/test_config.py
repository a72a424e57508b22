"""The configuration: typed, and wrong values named."""

from __future__ import annotations

import dataclasses
import re
import stat
import traceback
from pathlib import Path

import pytest

import config
import store.models
from app import create_app
from config import ConfigError, Settings, read_settings
from db import Pool
from tests.support.embedder import HashEmbedder

ROOT = Path(__file__).parent.parent


def test_without_variables_everything_has_its_default() -> None:
    assert read_settings({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("EMBEDDING_BACKEND", "cuda"),
        ("WORKER_THREADS", "-1"),
        ("MAX_UPLOAD_MB", "0"),
        ("MAX_UPLOAD_MB", "many"),
        ("LEASE_SECONDS", "0"),
        ("API_PASSWORD", ""),
        ("API_USERNAME", "a:b"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "postgresql://u:50%off@h/db"),
        ("DATABASE_URL", "postgresql://u:\udcff@h/db"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("DB_PORT", "five"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(name: str, value: str) -> None:
    environ = {"DB_HOST": "h", name: value} if name == "DB_PORT" else {name: value}
    with pytest.raises(ConfigError, match=name) as error:
        read_settings(environ)
    assert "\n" not in str(error.value)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PORT=1234\nHOST=0.0.0.0\n")
    monkeypatch.setenv("PORT", "4321")
    monkeypatch.delenv("HOST", raising=False)
    settings = read_settings(config.environment(tmp_path / ".env"))
    assert (settings.port, settings.host) == (4321, "0.0.0.0")


def test_the_parts_of_a_database_make_its_address() -> None:
    dsn = read_settings({"DB_HOST": "db", "DB_USER": "u", "DB_PASSWORD": "p w'"}).database_dsn
    assert dsn == "host=db port=5432 dbname=postgres user=u password='p w\\''"
    assert read_settings({"DATABASE_URL": "postgresql://u@h/d"}).database_dsn


def test_an_address_that_is_not_understood_is_not_repeated_with_its_password() -> None:
    url = "postgresql://u:50%off@h/db"
    with pytest.raises(ConfigError) as error:
        read_settings({"DATABASE_URL": url})
    assert "50%off" not in "".join(traceback.format_exception(error.value))


def test_without_credentials_there_is_no_app() -> None:
    with pytest.raises(ConfigError, match="API_USERNAME"):
        create_app(Settings())
    with pytest.raises(ConfigError, match="API_PASSWORD"):
        create_app(Settings(api_username="admin"))


def test_a_model_of_a_stored_name_with_another_dimension_does_not_start(
    settings: Settings, pool: Pool
) -> None:
    store.models.register_model(pool, HashEmbedder().identity, HashEmbedder().dimension + 1)
    with pytest.raises(ConfigError, match="EMBEDDING_MODEL") as error:
        create_app(settings, HashEmbedder())
    assert "\n" not in str(error.value)


def test_new_credentials_are_random_kept_and_private(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=1234")
    made = config.new_credentials()
    config.keep_credentials(*made, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings = read_settings(config.environment(file))
    assert (settings.credentials(), settings.port) == (made, 1234)
    assert config.new_credentials() != made


def test_the_example_lists_every_setting_with_its_default() -> None:
    listed = re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    names = [name for name, _ in listed]
    known = set(re.findall(r'"([A-Z_]{4,})"', (ROOT / "config.py").read_text()))
    known -= {"DEBUG", "INFO", "WARNING", "ERROR"}
    assert set(names) == known
    assert len(names) == len(set(names))
    values = {
        name: value
        for name, value in listed
        if value and not name.startswith(("DB_", "DATA", "API"))
    }
    assert read_settings(values) == Settings()
    assert len(dataclasses.fields(Settings)) == len(known) - 5  # the parts of database_dsn


@pytest.mark.parametrize("name", ["README.md", "README.pt-BR.md"])
def test_every_setting_is_in_the_readme(name: str) -> None:
    readme = (ROOT / name).read_text()
    example = (ROOT / ".env.example").read_text()
    for setting in re.findall(r"^#([A-Z_]+)=", example, re.MULTILINE):
        assert f"`{setting}`" in readme
