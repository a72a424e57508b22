"""Metadata as a reader sees it: PostgreSQL and Python agree, and older items get it too."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extras import Json

import db
import store.visible_metadata
from db import Pool
from texts import visible_text

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"), max_size=9)
ODD = st.text(
    st.sampled_from("a é\u0301\u0327\u00a0\u200b\u3000\ufeff\x1c\t\n\u2028\u00ad"), max_size=12
)


def ask(pool: Pool, statement: str, *values: Any) -> Any:
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(statement, values)
        return db.fetch_row(cur)[0]


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TEXT | ODD)
def test_postgresql_sees_what_python_sees(pool: Pool, text: str) -> None:
    assert ask(pool, "SELECT visible_text(%s)", text) == visible_text(text)
    shown = ask(pool, "SELECT visible_metadata(%s)", Json({"n": text, text: "x"}))
    plain = {"n": visible_text(text), visible_text(text): "x"}
    if visible_text(text) != "n":
        assert (shown or {"n": text, text: "x"}) == plain


@pytest.mark.parametrize("piece", ["\u0301\u0327", "\u200b", " ", "[", "\\", '"', "e\u0301"])
def test_the_time_grows_with_the_text(pool: Pool, piece: str) -> None:
    def measure(count: int) -> float:
        started = time.perf_counter()
        ask(pool, "SELECT visible_metadata(%s) IS NULL", Json({"n": "x" + piece * count}))
        return time.perf_counter() - started

    def grows_too_fast() -> bool:
        measure(10)
        return measure(9_000) > 30 * (measure(900) + 0.01)

    assert not all(grows_too_fast() for _ in range(3))


def test_older_items_get_it_in_parts(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.visible_metadata, "PART_ITEMS", 7)
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute("ALTER TABLE items DISABLE TRIGGER items_visible_metadata")
        cur.execute("INSERT INTO collections (name) VALUES ('c')")
        cur.execute(
            """
            INSERT INTO items (collection_id, item_key, place, question_hash, answer_hash, question,
                               answer, metadata, position)
            SELECT (SELECT id FROM collections), gen_random_uuid(), 0, gen_random_uuid(),
                   gen_random_uuid(), 'q', 'a',
                   jsonb_build_object('n', CASE WHEN n % 3 = 0 THEN n || ' ' ELSE n::text END), n
            FROM generate_series(1, 30) n
            """
        )
        cur.execute("ALTER TABLE items ENABLE TRIGGER items_visible_metadata")
        cur.execute("INSERT INTO backfills SELECT 'visible_metadata', 0, max(id) FROM items")
    parts = 0
    while store.visible_metadata.fill_part(pool):
        parts += 1
    assert parts == 5
    assert ask(pool, "SELECT count(*) FROM items WHERE visible_metadata IS NOT NULL") == 10
    assert ask(pool, "SELECT count(*) FROM backfills") == 0
    assert ask(pool, "SELECT visible_metadata FROM items WHERE metadata ->> 'n' = '3 '") == {
        "n": "3"
    }
