"""The columns of metadata that collections have, and what stands in them, as a reader sees it.

Only so many items are looked at, the newest ones, so that the time does not grow with a collection.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from psycopg2.sql import SQL

from db import Pool

# Looked at: so many items, and so many values of theirs. Metadata of more bytes are passed over.
MOST_ITEMS, MOST_CELLS, MOST_BYTES = 20_000, 200_000, 16_384
# A value is told from others by so many characters. Longer ones than the second are not shown.
_COMPARED_CHARS, _SHOWN_CHARS = 1_000, 200


@dataclass(frozen=True)
class ColumnValues:
    """A column: how many different values it has, and the commonest of them.

    Empty values do not count, nor do values of more than 200 characters among the commonest.
    """

    name: str
    values: int
    common: list[str]


def list_columns(
    pool: Pool, collections: Sequence[str] | None, *, common: int, items: int = MOST_ITEMS
) -> list[ColumnValues]:
    """Return the columns of the newest `items` items, by name, each with `common` values.

    None stands for all collections.
    """
    values = {
        "collections": None if collections is None else list(collections),
        "items": items,
        "cells": MOST_CELLS,
        "bytes": MOST_BYTES,
        "compared": _COMPARED_CHARS,
        "shown": _SHOWN_CHARS,
        "common": common,
    }
    newest = _OF_ALL if collections is None else _OF_COLLECTIONS
    with pool.reading(seconds=30.0) as conn, conn.cursor() as cur:
        cur.execute(_COLUMNS.format(newest=newest), values)
        return [ColumnValues(*row) for row in cur.fetchall()]


def list_names(pool: Pool, most: int, visible: Collection[str] | None = None) -> list[str]:
    """Return the names of at most `most` collections that hold items, by name.

    With `visible`, only of these.
    """
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT name FROM collections c
            WHERE EXISTS (SELECT FROM items i WHERE i.collection_id = c.id)
              AND (%(visible)s IS NULL OR name = ANY (%(visible)s))
            ORDER BY name COLLATE "C" LIMIT %(most)s
            """,
            {"most": most, "visible": None if visible is None else list(visible)},
        )
        return [name for (name,) in cur.fetchall()]


_OF_ALL = SQL("SELECT * FROM items ORDER BY id DESC LIMIT %(items)s")
_OF_COLLECTIONS = SQL("""
    SELECT i.* FROM collections c CROSS JOIN LATERAL (
        SELECT * FROM items WHERE collection_id = c.id
        ORDER BY position DESC, id DESC LIMIT %(items)s
    ) i
    WHERE c.name = ANY (%(collections)s) LIMIT %(items)s
""")
_COLUMNS = SQL("""
WITH cells AS (
    SELECT e.key, left(e.value, %(compared)s) AS value
    FROM (SELECT coalesce(visible_metadata, metadata) AS metadata FROM ({newest}) newest
          WHERE pg_column_size(metadata) <= %(bytes)s) looked
    CROSS JOIN LATERAL jsonb_each_text(looked.metadata) e
    LIMIT %(cells)s
), counted AS (
    SELECT key, value, count(*) AS n FROM cells GROUP BY key, value
)
SELECT key, count(*) FILTER (WHERE value <> ''),
       coalesce((array_agg(value ORDER BY n DESC, value COLLATE "C")
                 FILTER (WHERE value <> '' AND length(value) <= %(shown)s))[1:%(common)s], '{{}}')
FROM counted GROUP BY key ORDER BY key COLLATE "C"
""")
