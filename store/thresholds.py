"""The thresholds of a collection: from which confidence on a bot should answer, or pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from psycopg2.extras import Json
from psycopg2.sql import SQL

from db import Pool


@dataclass(frozen=True)
class Thresholds:
    """`answer` and `none` are confidences, 0 to 1; `constant` moves the estimate, in log-odds."""

    answer: float
    none: float
    constant: float = 0.0

    @classmethod
    def from_json(cls, stored: Mapping[str, float]) -> Thresholds:
        return cls(**stored)


def get_thresholds(pool: Pool, collection: str) -> tuple[bool, Thresholds | None]:
    """Return whether there is such a collection, and its own thresholds, if it has any.

    One is there while it has items, a job that goes on, or thresholds.
    """
    with pool.reading() as conn, conn.cursor() as cur:
        cur.execute(_SELECT, (collection,))
        row = cur.fetchone()
    if row is None or row[0] is None:
        return row is not None, None
    return True, Thresholds.from_json(row[0])


def set_thresholds(pool: Pool, collection: str, thresholds: Thresholds | None) -> bool:
    """Give a collection its own thresholds, or take them away; False where it is not there."""
    stored = None if thresholds is None else Json(asdict(thresholds))
    with pool.transaction() as conn, conn.cursor() as cur:
        cur.execute(_UPDATE, (stored, collection))
        return cur.rowcount == 1


_IS_THERE = SQL("""
    name = %s AND (
        decision IS NOT NULL
        OR EXISTS (SELECT FROM items i WHERE i.collection_id = c.id)
        OR EXISTS (SELECT FROM jobs j WHERE j.collection_id = c.id AND j.finished_at IS NULL)
    )
""")
_SELECT = SQL("SELECT decision FROM collections c WHERE {}").format(_IS_THERE)
_UPDATE = SQL("UPDATE collections c SET decision = %s WHERE {}").format(_IS_THERE)
