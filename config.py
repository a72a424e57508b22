"""The configuration, read once from the environment and `.env` and typed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

from dotenv import dotenv_values
from psycopg2 import ProgrammingError
from psycopg2.extensions import make_dsn, parse_dsn

Backend = Literal["auto", "openvino", "torch"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

T = TypeVar("T")

_DB_PARTS = {
    "DB_HOST": "host",
    "DB_PORT": "port",
    "DB_NAME": "dbname",
    "DB_USER": "user",
    "DB_PASSWORD": "password",
}


class ConfigError(Exception):
    """A setting is missing or wrong; the text is one line that names the variable."""


@dataclass(frozen=True)
class Settings:
    """Every setting of the service. `.env.example` says what each one means."""

    api_username: str | None = None
    api_password: str | None = None
    host: str = "127.0.0.1"
    port: int = 5000
    http_threads: int = 16
    trusted_proxies: int = 0
    database_dsn: str | None = None
    db_pool_size: int = 24
    data_dir: Path = Path("data")
    embedding_model: str | None = None
    embedding_backend: Backend = "auto"
    embedding_url: str | None = None
    embedding_api_key: str | None = None
    embedding_query_prompt: str = ""
    embedding_passage_prompt: str = ""
    embedding_input_types: tuple[str, str] | None = None
    query_cache_size: int = 10_000
    worker_threads: int = 2
    index_min_items: int = 2_000
    index_build_mb: int = 1_024
    lease_seconds: int = 20
    max_upload_mb: int = 512
    log_level: LogLevel = "INFO"

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 1024 * 1024

    def credentials(self) -> tuple[str, str]:
        """Return username and password. Raises ConfigError where one of them is not set."""
        if self.api_username is None or self.api_password is None:
            missing = "API_USERNAME" if self.api_username is None else "API_PASSWORD"
            raise ConfigError(
                f"{missing} is not set: set API_USERNAME and API_PASSWORD in the environment "
                "or in .env. There is no default password."
            )
        return self.api_username, self.api_password


def environment(env_file: Path = Path(".env")) -> dict[str, str]:
    """Return the variables of `env_file` (where it exists) overlaid by the environment's own."""
    try:
        values = dotenv_values(env_file, interpolate=False) if env_file.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{env_file} can't be read: {error}") from error
    return {k: v for k, v in values.items() if v is not None} | dict(os.environ)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the typed settings. Raises ConfigError, naming the first variable that is wrong."""
    defaults = Settings()
    return Settings(
        api_username=_credential(environ, "API_USERNAME"),
        api_password=_credential(environ, "API_PASSWORD"),
        host=_text(environ, "HOST") or defaults.host,
        port=_whole(environ, "PORT", defaults.port, 1, 65_535),
        http_threads=_whole(environ, "HTTP_THREADS", defaults.http_threads, 1, 256),
        trusted_proxies=_whole(environ, "TRUSTED_PROXIES", defaults.trusted_proxies, 0, 16),
        database_dsn=_database_dsn(environ),
        db_pool_size=_whole(environ, "DB_POOL_SIZE", defaults.db_pool_size, 1, 1_000),
        data_dir=_parsed(environ, "DATA_DIR", defaults.data_dir, Path, "a folder"),
        embedding_model=_text(environ, "EMBEDDING_MODEL"),
        embedding_backend=cast(
            Backend,
            _choice(environ, "EMBEDDING_BACKEND", defaults.embedding_backend, get_args(Backend)),
        ),
        embedding_url=_http_url(environ, "EMBEDDING_URL"),
        embedding_api_key=_text(environ, "EMBEDDING_API_KEY"),
        # Spaces at their end count.
        embedding_query_prompt=environ.get("EMBEDDING_QUERY_PROMPT", ""),
        embedding_passage_prompt=environ.get("EMBEDDING_PASSAGE_PROMPT", ""),
        embedding_input_types=_pair(environ, "EMBEDDING_INPUT_TYPES"),
        query_cache_size=_whole(
            environ, "QUERY_CACHE_SIZE", defaults.query_cache_size, 0, 10_000_000
        ),
        worker_threads=_whole(environ, "WORKER_THREADS", defaults.worker_threads, 0, 64),
        index_min_items=_whole(
            environ, "INDEX_MIN_ITEMS", defaults.index_min_items, 1, 1_000_000_000
        ),
        index_build_mb=_whole(environ, "INDEX_BUILD_MB", defaults.index_build_mb, 1, 1_000_000),
        lease_seconds=_whole(environ, "LEASE_SECONDS", defaults.lease_seconds, 1, 3_600),
        max_upload_mb=_whole(environ, "MAX_UPLOAD_MB", defaults.max_upload_mb, 1, 102_400),
        log_level=cast(
            LogLevel, _choice(environ, "LOG_LEVEL", defaults.log_level, get_args(LogLevel))
        ),
    )


def new_credentials() -> tuple[str, str]:
    """Return a username and a random password."""
    return "admin", secrets.token_urlsafe(18)


def keep_credentials(username: str, password: str, env_file: Path = Path(".env")) -> None:
    """Add them to `env_file` (mode 0600)."""
    before = env_file.read_text("utf-8") if env_file.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    partial = env_file.with_name(f"{env_file.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{before}API_USERNAME={username}\nAPI_PASSWORD={password}\n")
    partial.replace(env_file)


def _text(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _credential(environ: Mapping[str, str], name: str) -> str | None:
    """Return the value as it is, or None. An empty one is an error: nobody means it."""
    value = environ.get(name)
    if value == "":
        raise ConfigError(f"{name} is empty: give it a value, or remove it.")
    if name == "API_USERNAME" and value is not None and ":" in value:
        raise ConfigError("API_USERNAME holds a colon, which HTTP basic auth does not allow.")
    return value


def _parsed(
    environ: Mapping[str, str], name: str, default: T, parse: Callable[[str], T], kind: str
) -> T:
    value = _text(environ, name)
    if value is None:
        return default
    try:
        return parse(value)
    except ValueError as error:
        raise ConfigError(f"{name} is {value!r}, which is not {kind}.") from error


def _whole(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = _parsed(environ, name, default, int, "a whole number")
    if not least <= value <= most:
        raise ConfigError(f"{name} is {value}, but must lie between {least} and {most}.")
    return value


def _choice(environ: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    value = _text(environ, name) or default
    for choice in choices:
        if value.lower() == choice.lower():
            return choice
    raise ConfigError(f"{name} is {value!r}, but must be one of {', '.join(choices)}.")


def _http_url(environ: Mapping[str, str], name: str) -> str | None:
    value = _text(environ, name)
    if value is not None and not value.startswith(("http://", "https://")):
        raise ConfigError(f"{name} is {value!r}, but must begin with http:// or https://")
    return value


def _pair(environ: Mapping[str, str], name: str) -> tuple[str, str] | None:
    value = _text(environ, name)
    if value is None:
        return None
    first, comma, second = (part.strip() for part in value.partition(","))
    if not (first and comma and second) or "," in second:
        raise ConfigError(f"{name} is {value!r}, but must be two names such as query,passage.")
    return first, second


def _database_dsn(environ: Mapping[str, str]) -> str | None:
    """Return a libpq connection string, or None where no database is configured."""
    url = _text(environ, "DATABASE_URL")
    if url is not None:
        if not url.startswith(("postgres://", "postgresql://")):
            raise ConfigError("DATABASE_URL must begin with postgresql://")
        try:
            parse_dsn(url)
        except (ProgrammingError, UnicodeEncodeError):
            # Their texts quote the password.
            raise ConfigError(
                "DATABASE_URL is not an address that PostgreSQL can read, such as "
                "postgresql://user:password@host:5432/database. In a name or password, % is "
                "written as %25, @ as %40 and / as %2F."
            ) from None
        return url
    parts = {key: _text(environ, name) for name, key in _DB_PARTS.items()}
    given = {key: value for key, value in parts.items() if value is not None}
    if not given:
        return None
    _whole(environ, "DB_PORT", 5432, 1, 65_535)
    return make_dsn(**({"host": "localhost", "port": "5432", "dbname": "postgres"} | given))
