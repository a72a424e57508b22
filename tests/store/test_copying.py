"""COPY's text format."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from db import Pool
from store.copying import CopyStream, format_line


def test_copy_text_keeps_every_character(pool: Pool) -> None:
    texts = ["\\", "\\N", "\\.", "a\tb\nc\rd", "", "é☃𝄞", "\x01\x7f", '"', "\\x41"]
    lines = [format_line(text, {"k": text}) for text in texts] + [format_line(None, {})]
    with pool.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t (a text, b jsonb) ON COMMIT DROP")
        CopyStream(lines, on_read=lambda: None).copy_into(cursor, "COPY t FROM STDIN")
        cursor.execute("SELECT a, b FROM t")
        assert cursor.fetchall() == [*((text, {"k": text}) for text in texts), (None, {})]


def test_copy_raises_what_making_the_lines_raised(pool: Pool) -> None:
    def lines() -> Iterator[str]:
        yield "a\n"
        raise ValueError("of our own")

    def copy() -> None:
        with pool.transaction() as conn, conn.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE t (a text) ON COMMIT DROP")
            CopyStream(lines(), on_read=lambda: None).copy_into(cursor, "COPY t FROM STDIN")

    with pytest.raises(ValueError, match="of our own"):
        copy()


def test_copy_names_the_text_that_no_encoding_writes(pool: Pool) -> None:
    def copy() -> None:
        with pool.transaction() as conn, conn.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE t (a text) ON COMMIT DROP")
            CopyStream(["\ud800\n"], on_read=lambda: None).copy_into(cursor, "COPY t FROM STDIN")

    with pytest.raises(UnicodeEncodeError):
        copy()
