"""A database that is away is waited for; one that refuses is not."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import pytest

import config
from config import Settings
from db import DatabaseUnavailable, Pool
from services.patience import DatabaseRefuses, is_refusal, wait_for_database
from services.runtime import open_database

AT = 'connection to server at "db" (10.0.0.7), port 5432 failed: '


@pytest.mark.parametrize(
    "said",
    [
        AT + 'FATAL:  password authentication failed for user "ana"',
        AT + 'FATAL:  database "faq" does not exist',
        AT + 'FATAL:  role "ana" does not exist',
        AT + 'FATAL:  autenticação do tipo senha falhou para usuário "ana"',
        AT + "FATAL:  authentification par mot de passe échouée pour l'utilisateur « ana »",
        AT + "ВАЖНО:  база данных «faq» не существует",
        AT + 'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "ana", no encryption',
        AT + "FATAL:  no such database: faq",
        AT + "fe_sendauth: no password supplied",
        AT + "server does not support SSL, but SSL was required",
        AT + "SSL error: certificate verify failed",
    ],
)
def test_a_refusal_is_known_in_any_language(said: str) -> None:
    assert is_refusal(said, ["ana", "faq"])


@pytest.mark.parametrize(
    "said",
    [
        "",
        AT + "Connection refused\n\tIs the server running on that host?",
        AT + "timeout expired",
        AT + "FATAL:  the database system is starting up",
        AT + "FATAL:  o sistema de banco de dados está iniciando",
        AT + "FATAL:  sorry, too many clients already",
        AT + 'FATAL:  too many connections for role "ana"',
        AT + "FATAL:  server login has been failing, try again later (server_login_retry)",
        'could not translate host name "db" to address: Name or service not known',
        "server closed the connection unexpectedly",
    ],
)
def test_what_may_pass_is_no_refusal(said: str) -> None:
    assert not is_refusal(said, ["ana", "faq"])


@pytest.mark.parametrize(
    "change", [{"path": "/no_such_database"}, {"netloc": "nobody_here:wrong@{host}"}]
)
def test_a_wrong_name_is_one_line_at_once(
    change: dict[str, str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_to_wait(_: float) -> None:
        raise AssertionError("it waits")

    monkeypatch.setattr("services.patience.time.sleep", refuse_to_wait)
    assert settings.database_dsn is not None
    parts = urlsplit(settings.database_dsn)
    host = parts.netloc.rpartition("@")[2]
    dsn = parts._replace(**{k: v.format(host=host) for k, v in change.items()}).geturl()
    wrong = settings.model_copy(update={"database_dsn": dsn})
    with pytest.raises(DatabaseUnavailable, match="refuses the connection") as error:
        open_database(wrong, 600)
    assert "\n" not in str(error.value)
    assert "FATAL" in str(error.value)
    assert "DB_PASSWORD" in str(error.value)
    assert "wrong" not in str(error.value)


def test_each_reason_to_wait_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    naps: list[float] = []
    monkeypatch.setattr("services.patience.time.sleep", naps.append)
    pool = Pool("postgresql://127.0.0.1:1/none", 1)
    with (
        caplog.at_level(logging.INFO, "services.patience"),
        pytest.raises(DatabaseUnavailable) as error,
    ):
        wait_for_database(pool, 0.3)
    assert not isinstance(error.value, DatabaseRefuses)
    assert len(naps) > 2
    assert len([r for r in caplog.records if r.name == "services.patience"]) == 1


def test_names_come_from_either_form_of_an_address() -> None:
    assert config.read_names("postgresql://ana:x@db/faq") == ["ana", "faq"]
    assert config.read_names("host=db dbname=faq") == ["faq"]
    assert config.read_names("") == []
