"""The configuration: typed, and wrong values named."""

from __future__ import annotations

import re
import stat
import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

import config
import store.models
from app import create_app
from config import ConfigError, DatabaseParts, Settings, read_settings
from db import Pool
from tests.support.embedder import HashEmbedder

ROOT = Path(__file__).parent.parent


def variables() -> set[str]:
    """Return the names of all variables that are read."""
    fields = [*Settings.model_fields.values(), *DatabaseParts.model_fields.values()]
    return {str(field.validation_alias) for field in fields}


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
        ("RATE_SEARCHES", "10"),
        ("RATE_SEARCHES", "0/second"),
        ("RATE_UPLOADS", "10/second;often"),
        ("RATE_UPLOADS", "1/400 day"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "https://a.example, https://*.b.example"),
        ("CORS_ORIGINS", "https://a.example/page"),
        ("CORS_ORIGINS", "www.example.org"),
        ("CORS_ORIGINS", "https://a.example:port"),
        ("API_PASSWORD", ""),
        ("API_USERNAME", "a:b"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "postgresql://u:50%off@h/db"),
        ("DATABASE_URL", "postgresql://u:\udcff@h/db"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("DB_PORT", "five"),
        ("LOG_LEVEL", "LOUD"),
        ("EMBEDDING_URL", "localhost:8080"),
        ("EMBEDDING_INPUT_TYPES", "query"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} ") as error:
        read_settings({name: value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("PORT", "x", "PORT is 'x', but must be a whole number."),
        ("PORT", "0", "PORT is '0', but must be at least 1."),
        ("PORT", "70000", "PORT is '70000', but must be at most 65535."),
        (
            "EMBEDDING_BACKEND",
            "cuda",
            "EMBEDDING_BACKEND is 'cuda', but must be one of 'auto', 'openvino' or 'torch'.",
        ),
        ("API_PASSWORD", "", "API_PASSWORD is empty: give it a value, or remove it."),
    ],
)
def test_an_error_says_what_is_expected(name: str, value: str, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_settings({name: value})
    assert str(error.value) == text


@pytest.mark.parametrize("value", ["", "  "])
def test_a_blank_value_is_one_that_is_not_set(value: str) -> None:
    spaces_count = {"API_USERNAME", "API_PASSWORD"}
    spaces_count |= {"EMBEDDING_QUERY_PROMPT", "EMBEDDING_PASSAGE_PROMPT"}
    assert read_settings(dict.fromkeys(variables() - spaces_count, value)) == Settings()


def test_a_value_is_taken_without_the_spaces_around_it() -> None:
    settings = read_settings(
        {
            "PORT": " 8080 ",
            "LOG_LEVEL": " debug ",
            "EMBEDDING_BACKEND": "OpenVINO",
            "EMBEDDING_INPUT_TYPES": " query , passage ",
            "API_PASSWORD": " spaces count ",
            "EMBEDDING_QUERY_PROMPT": "query: ",
        }
    )
    assert (settings.port, settings.log_level) == (8080, "DEBUG")
    assert settings.embedding_backend == "openvino"
    assert settings.embedding_input_types == ("query", "passage")
    assert settings.api_password == " spaces count "
    assert settings.embedding_query_prompt == "query: "


def test_other_names_and_lower_case_ones_are_nobodys() -> None:
    assert read_settings({"port": "1", "Port": "2", "PORTS": "3", "PATH": "/bin"}) == Settings()


def test_settings_made_by_keyword_read_nothing_and_know_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "1234")
    assert Settings().port == 5000
    with pytest.raises(ValidationError):
        Settings(prot=1234)  # type: ignore[call-arg]


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PORT=1234\nHOST=0.0.0.0\n")
    monkeypatch.setenv("PORT", "4321")
    monkeypatch.delenv("HOST", raising=False)
    settings = read_settings(config.environment(tmp_path / ".env"))
    assert (settings.port, settings.host) == (4321, "0.0.0.0")
    monkeypatch.setenv("PORT", "")
    assert read_settings(config.environment(tmp_path / ".env")).port == Settings().port


def test_a_dollar_in_the_file_is_a_dollar(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("API_USERNAME=a\nAPI_PASSWORD=a$HOME${HOME}b\n")
    settings = read_settings(config.environment(tmp_path / ".env"))
    assert settings.credentials() == ("a", "a$HOME${HOME}b")


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"API_PASSWORD=\xff\xfe\n")
    with pytest.raises(ConfigError, match=r"\.env can't be read") as error:
        config.environment(tmp_path / ".env")
    assert "\n" not in str(error.value)


def test_the_parts_of_a_database_make_its_address() -> None:
    dsn = read_settings({"DB_HOST": "db", "DB_USER": "u", "DB_PASSWORD": "p w'"}).database_dsn
    assert dsn == "host=db port=5432 dbname=postgres user=u password='p w\\''"
    assert read_settings({"DB_PORT": "5433"}).database_dsn == (
        "host=localhost port=5433 dbname=postgres"
    )
    # An orchestrator may set DB_PORT for a service that it names "db".
    environ = {"DATABASE_URL": "postgresql://u@h/d", "DB_PORT": "tcp://10.0.0.1:5432"}
    assert read_settings(environ).database_dsn == "postgresql://u@h/d"


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


def test_where_credentials_cannot_be_kept_the_start_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="API_USERNAME and API_PASSWORD are not set") as error:
        config.keep_credentials("admin", "made", tmp_path / "missing" / ".env")
    assert "made" not in str(error.value)


def test_the_example_lists_every_setting_with_its_default() -> None:
    listed = re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    names = [name for name, _ in listed]
    assert set(names) == variables()
    assert len(names) == len(set(names))
    values = {
        name: value
        for name, value in listed
        if value and not name.startswith(("DB_", "DATA", "API"))
    }
    assert read_settings(values) == Settings()


@pytest.mark.parametrize(
    ("value", "language"),
    [("pt", "pt"), ("pt_BR:en", "pt"), ("en_US.UTF-8", "en"), ("de_DE:de", "en"), ("", "en")],
)
def test_the_language_is_read_as_systems_set_it(value: str, language: str) -> None:
    assert read_settings({"LANGUAGE": value}).language == language


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("https://www.example.org", ("https://www.example.org",)),
        ("HTTPS://WWW.Example.org:443/", ("https://www.example.org",)),
        ("http://localhost:3000,https://b.example", ("http://localhost:3000", "https://b.example")),
        ("http://[::1]:3000  http://a http://A:80", ("http://[::1]:3000", "http://a")),
        ("https://münchen.example", ("https://xn--mnchen-3ya.example",)),
        ("", ()),
    ],
)
def test_sites_are_read_as_browsers_write_them(value: str, origins: tuple[str, ...]) -> None:
    assert read_settings({"CORS_ORIGINS": value}).cors_origins == origins
