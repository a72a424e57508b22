"""What schemathesis can't know from /openapi.json: what a CSV is, and what is said of one.

tests/schemathesis.toml names this module.
"""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

from services.accounts import MAX_NAME_CHARS, MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from texts import visible_text
from web.schemas import MAX_IDEMPOTENCY_KEY, MAX_OPTION_CHARS

ACCOUNTS = ("/users", "/keys")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
COLUMNS = ("id", "question", "answer", "expected", "alternatives")
EXAMPLE = b"id,question,answer,expected,alternatives\n1,How?,So.,So.,\n"
# What is true of the files below. Other values of these options fit other files.
OPTIONS = {
    "question_column": "question",
    "answer_column": "answer",
    "expected_column": "expected",
    "id_column": "id",
    "alternatives_column": "alternatives",
    "header": "true",
    "delimiter": ",",
    "encoding": "utf-8",
}

_CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40
).filter(visible_text)


@st.composite
def make_csv(draw: st.DrawFn) -> bytes:
    """Return a file that both an upload and an evaluation take."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, cells in enumerate(draw(st.lists(st.tuples(_CELLS, _CELLS), min_size=1))):
        writer.writerow([number, *cells, cells[1], ""])
    return text.getvalue().encode()


@schemathesis.serializer("text/csv")
def send_csv(_context: Any, file: Any) -> bytes:
    """Return a body as it is sent: a file, or what stands in its place to be refused."""
    return file if isinstance(file, bytes) else str(file).encode(errors="surrogatepass")


def _fit_account(fields: Any) -> None:
    """Give a user or a key a name, a password and a time such as no schema can describe."""
    if not isinstance(fields, dict):
        return
    fitting = {
        "name": (1, MAX_NAME_CHARS, f"n{uuid4()}"),
        "password": (MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS, str(uuid4())),
        "expires_at": (20, 40, "2999-01-01T00:00:00Z"),
    }
    for name, (least, most, value) in fitting.items():
        given = fields.get(name)
        if isinstance(given, str) and least <= len(given) <= most:
            fields[name] = value


@schemathesis.hook
def flatmap_body(context: Any, body: Any) -> st.SearchStrategy[Any]:
    """Let a file be a CSV, and the options of an upload fit it. What is neither stays as it is."""
    fields = getattr(body, "body", body)
    if isinstance(fields, dict) and str(fields.get("filter")).strip().startswith("{"):
        _fit_filter(fields)
    if context.operation.path.startswith(ACCOUNTS):
        _fit_account(fields)
    if context.operation.path not in ("/upload", "/evaluate") or not _has_file(fields):
        return st.just(body)
    return make_csv().map(lambda file: _put_file(body, fields, file))


def _fit_filter(fields: dict[str, Any]) -> None:
    """Let a filter of a form, which is JSON in a text, be JSON. A schema can't say that."""
    if isinstance(fields["filter"], str):
        fields["filter"] = '{"topic": "x"}'


def _has_file(fields: Any) -> bool:
    file = fields.get("file") if isinstance(fields, dict) else fields
    return isinstance(file, (bytes, str))


def _put_file(body: Any, fields: Any, file: bytes) -> Any:
    if not isinstance(fields, dict):
        return file
    fields["file"] = file
    fitting = {name: OPTIONS[name] for name in OPTIONS if _is_option(name, fields.get(name))}
    fields.update(fitting)
    if _is_option("sheet", fields.get("sheet")):
        del fields["sheet"]
    return body


def _is_option(name: str, value: Any) -> bool:
    if name == "header":
        return value in ("true", "false")
    return isinstance(value, str) and 0 < len(value) <= MAX_OPTION_CHARS and "\0" not in value


@schemathesis.hook
def map_headers(_context: Any, headers: Any) -> Any:
    """Leave out a random If-Match, which fits no item; links bring those that do."""
    if headers and isinstance(headers.get("If-Match"), str):
        del headers["If-Match"]
    return _renew_key(headers)


def _renew_key(headers: Any) -> Any:
    """Let an Idempotency-Key come once, at its length: with another file it is refused."""
    key = (headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= MAX_IDEMPOTENCY_KEY and key.isprintable():
        new = str(uuid4())
        headers["Idempotency-Key"] = (new + key)[: max(len(new), len(key))]
    return headers


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Do the same in the phases whose cases are not drawn, and so come through no other hook."""
    for name, value in (case.headers or {}).items():
        # A link that it infers gives an id, a number, to X-Request-Id.
        case.headers[name] = value if isinstance(value, (str, bytes)) else str(value)
    if case.meta is not None and case.meta.generation.mode.is_negative:
        _keep_wrong(case)
    made = case.meta is not None and case.meta.phase.name in ("examples", "coverage")
    if made and case.meta.generation.mode.is_positive:
        _renew_key(case.headers)
        if case.operation.path.startswith(ACCOUNTS):
            _fit_account(case.body)
        if _has_file(case.body) and isinstance(case.body, dict):
            _put_file(case.body, case.body, EXAMPLE)
        # It looks at a changed case anew, and takes the bytes of a file for a fault.
        case.meta.generation.mode = GenerationMode.POSITIVE


def _keep_wrong(case: Any) -> None:
    """Let what is of the wrong type stay wrong in a form, which has texts alone.

    There, 0 and 1 are good truth values, and null is a good name.
    """
    if case.media_type not in FORMS or not isinstance(case.body, dict):
        return
    for name, value in case.body.items():
        if value is None or (type(value) is int and value in (0, 1)):
            case.body[name] = "\0"


@schemathesis.check
def error_is_described(_context: Any, response: Any, case: Any) -> None:
    """Hold that the description names the code of each error."""
    if response.status_code < 400 or response.status_code == 405:
        return
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    examples = described.get("content", {}).get("application/json", {}).get("examples")
    if examples is not None and response.json()["code"] not in examples:
        raise AssertionError(f"{response.json()['code']} is not described: {sorted(examples)}")
