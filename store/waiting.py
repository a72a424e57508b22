"""What unfinished jobs wait for. It is kept in the database, so that every process can show it."""

from __future__ import annotations

from psycopg2.sql import SQL

from db import Pool
from messages import Message
from store.sentences import dump_parts

# A server that says nothing for so many seconds is away.
NOTE_SECONDS = 5.0


def note_waiting(pool: Pool, reason: Message | None) -> None:
    """Let every unfinished job say that it waits for `reason`, or for nothing any more.

    A job that somebody works on right now is locked, so it does not wait and is passed over.
    """
    with pool.transaction(NOTE_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(_NOTE, {"reason": reason, "parts": dump_parts(reason)})


_NOTE = SQL("""
WITH unfinished AS MATERIALIZED (
    SELECT id FROM jobs
    WHERE status IN ('enqueued', 'processing') AND waiting IS DISTINCT FROM %(reason)s
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE jobs j SET waiting = %(reason)s, waiting_parts = %(parts)s
FROM unfinished u WHERE j.id = u.id
""")
