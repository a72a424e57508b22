"""VACUUM of the tables that imports rewrite, sooner than autovacuum would come.

Autovacuum looks once a minute, and goes slowly. An import that replaces a collection writes each
item anew, so a few of them in a minute would leave a table of several times its size. Only the
table's owner may do this, which the service's user is.
"""

from __future__ import annotations

import logging

from psycopg2.sql import SQL, Identifier

from db import Pool

logger = logging.getLogger(__name__)

# Those that are temporary come first: they are small, and freed as a whole.
TABLES = ("staged_vectors", "job_rows", "items", "item_vectors", "job_errors")
# A table is vacuumed when so many of its rows are dead, and so large a share of the live ones.
LEAST_DEAD, DEAD_SHARE = 1_000, 0.2
VACUUM_SECONDS = 24 * 3_600.0


def vacuum_tables(pool: Pool) -> list[str]:
    """VACUUM the tables that need it; return their names.

    Neither readers nor writers wait for it. A table that is being vacuumed or indexed already is
    left alone.
    """
    with pool.reading(VACUUM_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(_FIND_DEAD, (list(TABLES), LEAST_DEAD, DEAD_SHARE))
        dead = dict(cur.fetchall())
        chosen = [table for table in TABLES if table in dead]
        for table in chosen:
            # ANALYZE, since the planner and the next look here count on its figures.
            statement = SQL("VACUUM (ANALYZE, SKIP_LOCKED) {}").format(Identifier(table))
            cur.execute(statement)
            logger.debug("%s: %d dead rows were vacuumed", table, dead[table])
    return chosen


_FIND_DEAD = """
SELECT relname, n_dead_tup FROM pg_stat_user_tables
WHERE relid = to_regclass(relname) AND relname = ANY (%s)
  AND n_dead_tup > greatest(%s, %s * n_live_tup)
"""
