"""Errors of the layers below: each has one status and one code."""

from __future__ import annotations

import errno

import pytest
from flask import Flask

from db import DatabaseUnavailable
from embeddings import EmbeddingFailed
from files.errors import FileError
from messages import cite
from services.users import TooManyFailures
from store.items import DuplicateItem
from turns import EmbedderBusy
from web.errors import ApiError, register_error_handlers


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (ApiError(418, "teapot", cite("No coffee.")), 418, "teapot", None),
        (FileError("invalid_option", cite("No such option.")), 400, "invalid_option", None),
        (FileError("no_rows", cite("Nothing is in it.")), 422, "no_rows", None),
        (DuplicateItem(7), 409, "duplicate_item", None),
        (TooManyFailures(9), 429, "too_many_failures", "9"),
        (EmbeddingFailed(cite("It fails.")), 422, "embedding_failed", None),
        (EmbedderBusy(cite("It is busy."), 3), 503, "unavailable", "3"),
        (DatabaseUnavailable(cite("It is away.")), 503, "unavailable", "5"),
        (OSError(errno.ENOSPC, "full"), 503, "unavailable", "60"),
        (OSError(errno.EIO, "broken"), 500, "internal_error", None),
        (ZeroDivisionError(), 500, "internal_error", None),
    ],
    ids=repr,
)
def test_each_error_has_its_answer(
    error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    app = Flask(__name__)
    register_error_handlers(app)

    @app.get("/")
    def fail() -> str:
        raise error

    response = app.test_client().get("/")
    assert response.status_code == status
    assert response.json is not None
    assert response.json["code"] == code
    assert response.json["error"].endswith(".")
    assert response.headers.get("Retry-After") == retry_after


def test_an_address_that_is_not_there_is_an_error_of_the_same_shape() -> None:
    app = Flask(__name__)
    register_error_handlers(app)
    response = app.test_client().get("/nowhere")
    assert (response.status_code, response.json["code"]) == (404, "not_found")  # type: ignore[index]


def test_letters_come_as_they_are_and_what_utf_8_has_not_is_escaped() -> None:
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    with app.test_request_context():
        plain = ApiError(400, "a", cite("Não há."), details={"x": "é"}).response()
        assert plain.get_data() == '{"x":"é","error":"Não há.","code":"a"}\n'.encode()
        half = ApiError(400, "a", cite("Não há."), details={"x": "\ud800"}).response()
        assert half.json == {"x": "\ud800", "error": "Não há.", "code": "a"}
