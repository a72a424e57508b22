"""The configuration: read once from the environment and `.env`, and typed."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args
from urllib.parse import urlsplit

from dotenv import dotenv_values
from limits import RateLimitItem, parse_many
from psycopg2 import ProgrammingError
from psycopg2.extensions import make_dsn, parse_dsn
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticUseDefault
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from messages import Explained, Message, cite, explain, join, name_choices, say
from translations.catalogs import Language, find_language

# The version of the service: here alone, and at the head of CHANGELOG.md.
VERSION = "0.1.0"

Backend = Literal["auto", "openvino", "torch"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["auto", "text", "json"]
Role = Literal["reader", "editor", "admin"]
Network = IPv4Network | IPv6Network

# The storage of counts that is in this process alone.
MEMORY = "memory://"
# What a rate may allow, and in how long: more, the storages of counts can't hold.
MAX_RATE, MAX_RATE_SECONDS = 1_000_000_000, 366 * 24 * 3_600

S = TypeVar("S", bound="_Variables")

_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f:.]*:[0-9a-f:.]*")

# Spaces around the value belong to it, and an empty value is one.
_AS_WRITTEN = ("api_username", "api_password", "embedding_query_prompt", "embedding_passage_prompt")

# What a person is told of pydantic's errors.
_EXPECTED: dict[str, Callable[[dict[str, Any]], Message]] = {
    "int_parsing": lambda _: say("a whole number"),
    "int_parsing_size": lambda _: say("a whole number"),
    "greater_than_equal": lambda context: say("at least {least}", least=context["ge"]),
    "less_than_equal": lambda context: say("at most {most}", most=context["le"]),
    "literal_error": lambda context: say(
        "one of {choices}", choices=name_choices(context["expected"])
    ),
}


class ConfigError(Explained):
    """A setting is missing or wrong; the text is one line that names the variable."""


def _ignore_case(choices: tuple[str, ...]) -> BeforeValidator:
    by_lower = {choice.lower(): choice for choice in choices}
    return BeforeValidator(lambda value: by_lower.get(value.lower(), value))


def _check_credential(value: str) -> str:
    if value == "":
        raise ValueError(say("is empty: give it a value, or remove it."))
    return value


def _check_username(value: str) -> str:
    if ":" in value:
        raise ValueError(say("holds a colon, which HTTP basic auth does not allow."))
    return _check_credential(value)


def _check_api_password(value: str) -> str:
    if value.startswith("cpg_"):
        raise ValueError(say("begins with cpg_, as only keys do: choose another one."))
    return _check_credential(value)


def _check_http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(say("is {value!r}, but must begin with http:// or https://", value=value))
    return value


def _check_database_url(value: str) -> str:
    if not value.startswith(("postgres://", "postgresql://")):
        raise ValueError(say("must begin with postgresql://"))
    try:
        parse_dsn(value)
    except (ProgrammingError, UnicodeEncodeError):
        # Their texts quote the password.
        raise ValueError(
            say(
                "is not an address that PostgreSQL can read, such as "
                "postgresql://user:password@host:5432/database. In a name or password, % is "
                "written as %25, @ as %40 and / as %2F."
            )
        ) from None
    return value


def _check_rate(value: str) -> str:
    try:
        rates = parse_many(value)
    except ValueError:
        rates = []
    # The library passes over a part that it does not understand.
    whole = len(rates) == len(re.split("[,;|]", value))
    if not whole or not all(_is_possible(rate) for rate in rates):
        raise ValueError(
            say(
                "is {value!r}, but must be a rate such as 10/second or 600/hour, or several such "
                "as 10/second;600/hour.",
                value=value,
            )
        )
    return value


def _is_possible(rate: RateLimitItem) -> bool:
    return 1 <= rate.amount <= MAX_RATE and 1 <= rate.get_expiry() <= MAX_RATE_SECONDS


def _split_origins(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the origins of a list, as browsers write them. Raises ValueError."""
    if isinstance(value, tuple):
        return value
    return tuple(dict.fromkeys(_read_origin(one) for one in re.split(r"[,\s]+", value) if one))


def _read_origin(value: str) -> str:
    """Return scheme, host and port in lower case, without a port that is the scheme's own."""
    try:
        parts = urlsplit(value)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    strange = parts.username or parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or strange or not _HOST.fullmatch(host):
        raise ValueError(
            say(
                "names {value!r}, but must name sites such as https://www.example.org, separated "
                "by commas: scheme, host and port, without a path, and never *.",
                value=value,
            )
        )
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def _split_pair(value: str | tuple[str, str]) -> tuple[str, str]:
    if isinstance(value, tuple):
        return value
    first, comma, second = (part.strip() for part in value.partition(","))
    if not (first and comma and second) or "," in second:
        raise ValueError(
            say("is {value!r}, but must be two names such as query,passage.", value=value)
        )
    return first, second


def _split_networks(value: str | tuple[Network, ...]) -> tuple[Network, ...]:
    """Return the networks of a list such as `10.0.0.0/8, ::1`."""
    if isinstance(value, tuple):
        return value
    parts = [part.strip() for part in value.split(",")]
    try:
        return tuple(ip_network(part) for part in parts if part)
    except ValueError:
        raise ValueError(
            say(
                "is {value!r}, but must be addresses or networks such as 10.0.0.0/8, ::1.",
                value=value,
            )
        ) from None


def _choose_language(value: str) -> Language:
    """Return English for a language that is none of ours: many systems set this variable."""
    return find_language(value) or "en"


class _Variables(BaseSettings):
    """Values by the names of their variables, upper case. Made by keyword, it reads nothing."""

    model_config = SettingsConfigDict(
        frozen=True,
        case_sensitive=True,
        alias_generator=str.upper,
        validate_by_name=True,
        enable_decoding=False,
    )

    @classmethod
    def settings_customise_sources(
        cls, *_: Any, **sources: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (sources["init_settings"],)

    @field_validator("*", mode="before")
    @classmethod
    def _use_default_for_blank(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, str) or info.field_name in _AS_WRITTEN:
            return value
        if not value.strip():
            raise PydanticUseDefault
        return value.strip()


class Settings(_Variables):
    """Every setting of the service. `.env.example` says what each one means."""

    api_username: Annotated[str, AfterValidator(_check_username)] | None = None
    api_password: Annotated[str, AfterValidator(_check_api_password)] | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=5000, ge=1, le=65_535)
    http_threads: int = Field(default=16, ge=1, le=256)
    trusted_proxies: int = Field(default=0, ge=0, le=16)
    database_dsn: Annotated[str, AfterValidator(_check_database_url)] | None = Field(
        default=None, validation_alias="DATABASE_URL"
    )
    db_pool_size: int = Field(default=24, ge=1, le=1_000)
    data_dir: Path = Path("data")
    model_dir: Path | None = None
    embedding_model: str | None = None
    embedding_backend: Annotated[Backend, _ignore_case(get_args(Backend))] = "auto"
    embedding_url: Annotated[str, AfterValidator(_check_http_url)] | None = None
    embedding_api_key: str | None = None
    embedding_query_prompt: str = ""
    embedding_passage_prompt: str = ""
    embedding_input_types: Annotated[tuple[str, str], BeforeValidator(_split_pair)] | None = None
    query_cache_size: int = Field(default=10_000, ge=0, le=10_000_000)
    worker_threads: int = Field(default=2, ge=0, le=64)
    index_min_items: int = Field(default=2_000, ge=1, le=1_000_000_000)
    index_build_mb: int = Field(default=1_024, ge=1, le=1_000_000)
    cors_origins: Annotated[tuple[str, ...], BeforeValidator(_split_origins)] = ()
    rate_searches: Annotated[str, AfterValidator(_check_rate)] | None = None
    rate_uploads: Annotated[str, AfterValidator(_check_rate)] | None = None
    ratelimit_storage_uri: str = MEMORY
    lease_seconds: int = Field(default=20, ge=1, le=3_600)
    job_retention_days: int = Field(default=30, ge=0, le=36_500)
    max_upload_mb: int = Field(default=512, ge=1, le=102_400)
    max_upload_disk_mb: int = Field(default=2_048, ge=1, le=10_240_000)
    log_level: Annotated[LogLevel, _ignore_case(get_args(LogLevel))] = "INFO"
    log_format: Annotated[LogFormat, _ignore_case(get_args(LogFormat))] = "auto"
    metrics_access: Annotated[Role, _ignore_case(get_args(Role))] = "admin"
    metrics_networks: Annotated[tuple[Network, ...], BeforeValidator(_split_networks)] = ()
    language: Annotated[Language, BeforeValidator(_choose_language)] = "en"

    @property
    def model_folder(self) -> Path:
        """Return the folder of converted models."""
        return self.model_dir or self.data_dir

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 1024 * 1024

    def credentials(self) -> tuple[str, str]:
        """Return username and password. Raises ConfigError where one of them is not set."""
        if self.api_username is None or self.api_password is None:
            missing = "API_USERNAME" if self.api_username is None else "API_PASSWORD"
            raise ConfigError(
                say(
                    "{missing} is not set: set API_USERNAME and API_PASSWORD in the environment "
                    "or in .env. There is no default password.",
                    missing=missing,
                )
            )
        return self.api_username, self.api_password


class DatabaseParts(_Variables):
    """The database's address in parts. They are read only where DATABASE_URL is not set."""

    db_host: str | None = None
    db_port: int | None = Field(default=None, ge=1, le=65_535)
    db_name: str | None = None
    db_user: str | None = None
    db_password: str | None = None

    def dsn(self) -> str | None:
        """Return a libpq connection string, or None where no part is given."""
        if not self.model_dump(exclude_none=True):
            return None
        return make_dsn(
            host=self.db_host or "localhost",
            port=self.db_port or 5432,
            dbname=self.db_name or "postgres",
            user=self.db_user,
            password=self.db_password,
        )


def read_names(dsn: str) -> list[str]:
    """Return the names of the user and the database that a libpq connection string has."""
    parts = parse_dsn(dsn)
    return [parts[key] for key in ("user", "dbname") if parts.get(key)]


def environment(env_file: Path = Path(".env")) -> dict[str, str]:
    """Return the variables of `env_file` (where it exists) overlaid by the environment's own."""
    try:
        # Without interpolation, so that a `$` in a password is a `$`.
        values = dotenv_values(env_file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            say("{env_file} can't be read: {error}", env_file=str(env_file), error=str(error))
        ) from error
    return {k: v for k, v in values.items() if v is not None} | dict(os.environ)


def read_language() -> Language:
    """Return the language alone, also where the other settings can't be read."""
    try:
        environ: Mapping[str, str] = environment()
    except ConfigError:
        environ = os.environ
    return _choose_language(environ.get("LANGUAGE", ""))


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the typed settings. Raises ConfigError, naming the first variable that is wrong."""
    settings = _read(Settings, environ)
    if settings.database_dsn is not None:
        return settings
    dsn = _read(DatabaseParts, environ).dsn()
    return settings.model_copy(update={"database_dsn": dsn})


def _read(kind: type[S], environ: Mapping[str, str]) -> S:
    source = EnvSettingsSource(kind)
    # `_Variables` may be made by its fields' names too; a variable `port` is none of ours.
    source.env_vars = {name: value for name, value in environ.items() if name.isupper()}
    try:
        return kind(**source())
    except ValidationError as error:
        # Pydantic's text quotes the value, which may be a password.
        raise ConfigError(_explain(error.errors()[0])) from None


def _explain(error: ErrorDetails) -> Message:
    """Return an error of pydantic as one line for a person."""
    name, context = error["loc"][0], error.get("ctx", {})
    if error["type"] == "value_error":
        return join(cite(str(name)), explain(context["error"]))
    expected = _EXPECTED[error["type"]](context)
    return say(
        "{name} is {value!r}, but must be {expected}.",
        name=name,
        value=error["input"],
        expected=expected,
    )


def new_credentials() -> tuple[str, str]:
    """Return a username and a random password."""
    return "admin", secrets.token_urlsafe(18)


def keep_credentials(username: str, password: str, env_file: Path = Path(".env")) -> None:
    """Add them to `env_file` (mode 0600). Raises ConfigError where nothing can be written there."""
    before = env_file.read_text("utf-8") if env_file.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    partial = env_file.with_name(f"{env_file.name}.{os.getpid()}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(
            say(
                "API_USERNAME and API_PASSWORD are not set, and new ones can't be kept in "
                "{env_file} ({reason}): set them.",
                env_file=str(env_file),
                reason=error.strerror or str(error),
            )
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{before}API_USERNAME={username}\nAPI_PASSWORD={password}\n")
    partial.replace(env_file)
