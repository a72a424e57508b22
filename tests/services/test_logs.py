"""The lines of the log: one line each, of two forms, and without the texts of errors."""

from __future__ import annotations

import errno
import io
import json
import logging
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from db import Pool
from request_ids import choose_request_id, current_request_id, work_for
from services.logs import JsonFormatter, TextFormatter, describe_error

ROOT = Path(__file__).parent.parent.parent
TEXT = "a marked text"
HOSTILE = "a\nb\r\n\x1b[31mc\x85d\u2028e\x00"


def format_line(formatter: logging.Formatter, message: str, **kwargs: Any) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    logger = logging.getLogger("some.part")
    logger.propagate = False
    logger.handlers = [handler]
    logger.error(message, **kwargs)
    return out.getvalue()


def fail(text: str) -> BaseException:
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise ValueError(text) from error
    except ValueError as error:
        return error


def test_a_line_of_text_says_when_where_and_what() -> None:
    with work_for("an-id"):
        line = format_line(TextFormatter(), "it is so", extra={"fields": {"user": "ana"}})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ERROR some\.part: it is so"
        r" user=ana request=an-id\n",
        line,
    )


def test_a_line_of_json_has_the_same_as_members() -> None:
    extra = {"fields": {"user": "ana", "status": 200, "request": "of-its-own"}}
    with work_for("an-id"):
        line = json.loads(format_line(JsonFormatter(), "it is so", extra=extra))
    time = line.pop("time")
    assert time.endswith("Z")
    assert line == {
        "level": "ERROR", "logger": "some.part", "message": "it is so", "user": "ana",
        "status": 200, "request": "of-its-own",
    }  # fmt: skip


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_nothing_in_a_message_begins_another_line(formatter: logging.Formatter) -> None:
    line = format_line(formatter, HOSTILE, extra={"fields": {"user": HOSTILE}})
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert line[:-1].isprintable()


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_an_error_is_told_by_kind_and_place_and_not_by_its_text(
    formatter: logging.Formatter,
) -> None:
    line = format_line(formatter, "it failed", exc_info=fail(TEXT))
    assert "marked" not in line
    assert "ValueError at tests/services/test_logs.py:" in line
    assert "because of KeyError at tests/services/test_logs.py:" in line
    assert len(line.splitlines()) == 1


def test_an_error_of_postgresql_is_told_by_its_code_and_constraint(pool: Pool) -> None:
    insert = "INSERT INTO collections (name) VALUES ('marked'), ('marked')"
    with pool.reading() as conn, conn.cursor() as cur, pytest.raises(psycopg2.Error) as raised:
        cur.execute(insert)
    said = describe_error(raised.value)
    assert "marked" in str(raised.value)
    assert "marked" not in said
    assert (
        "UniqueViolation sqlstate 23505 table collections constraint collections_name_key" in said
    )


def test_an_error_of_the_system_is_told_by_its_number() -> None:
    assert describe_error(OSError(errno.ENOSPC, "full", "/marked")) == "OSError errno 28"


@pytest.mark.parametrize(
    "given", ["a", "7f3c-A_b.c=", "x" * 64, "1b4e28ba-2fa1-11d2-883f-0016d3cca427"]
)
def test_a_plain_id_is_taken(given: str) -> None:
    assert choose_request_id(given) == given


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a\n", "ä", "a;b", "<a>", '"'])
def test_any_other_id_is_made(given: str | None) -> None:
    made = choose_request_id(given)
    assert re.fullmatch("[0-9a-f]{16}", made)
    assert made != choose_request_id(given)


PROGRAM = """
import logging, sys, threading, warnings
from services.logs import start_logging
start_logging("DEBUG", sys.argv[1])
warnings.warn("a marked warning")
thread = threading.Thread(target=lambda: int("a marked number"))
thread.start(); thread.join()
logging.getLogger("urllib3.connectionpool").debug("a marked address")
raise ValueError("a marked end")
"""


def run(form: str) -> list[str]:
    """Return the lines of a program that ends badly in many ways."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, form],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "marked" not in ended.stderr
    return ended.stderr.splitlines()


def test_what_nobody_caught_is_a_line_without_its_text() -> None:
    lines = [json.loads(line) for line in run("auto")]
    assert [line["message"].split(" at ")[0] for line in lines] == [
        "UserWarning", "A thread ended by an error", "The program ends by an error",
    ]  # fmt: skip
    assert [line["level"] for line in lines] == ["DEBUG", "ERROR", "CRITICAL"]
    assert len(run("text")) == 3
    assert all(re.match(r"\d{4}-\S+Z [A-Z]+ services\.logs: ", line) for line in run("text"))


def test_threads_have_an_id_each() -> None:
    seen: list[str | None] = []

    def note() -> None:
        seen.append(current_request_id())

    with work_for("mine"):
        thread = threading.Thread(target=note)
        thread.start()
        thread.join()
        note()
    note()
    assert seen == [None, "mine", None]
