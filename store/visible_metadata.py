"""Metadata as a reader sees it, for the items that were stored before there was such a column.

A trigger of the schema computes it for every item that is written. The items before it get it here,
in small parts, so that no writer waits for long.
"""

from __future__ import annotations

from db import Pool

# Items in a part; a part takes a lock of those that it changes.
PART_ITEMS = 5_000
FILL_SECONDS = 60.0


def fill_part(pool: Pool) -> bool:
    """Compute the column for the next items that lack it; return whether there may be more.

    Any number of processes may do so at the same time: each part is done by one of them.
    """
    with pool.transaction(FILL_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(_TAKE_PART, {"items": PART_ITEMS})
        part = cur.fetchone()
        if part is None:
            return False
        start, last = part
        cur.execute(_FILL, {"start": start, "end": min(start + PART_ITEMS - 1, last)})
        cur.execute("DELETE FROM backfills WHERE name = 'visible_metadata' AND next_id > last_id")
        return True


_TAKE_PART = """
UPDATE backfills SET next_id = next_id + %(items)s
WHERE name = 'visible_metadata' RETURNING next_id - %(items)s, last_id
"""
# Locked in one order everywhere, so that no two writers wait for each other.
_FILL = """
UPDATE items i SET visible_metadata = visible_metadata(i.metadata)
FROM (
    SELECT id FROM items
    WHERE id BETWEEN %(start)s AND %(end)s AND visible_metadata IS NULL
      AND visible_metadata(metadata) IS NOT NULL
    ORDER BY item_key, place FOR UPDATE
) odd
WHERE i.id = odd.id
"""
