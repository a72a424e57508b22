"""VACUUM of the tables that imports rewrite, sooner than autovacuum would come.

Autovacuum looks once a minute, and goes slowly. An import that replaces a collection writes each
item anew, so a few of them in a minute would leave a table of several times its size. Therefore
such an import also waits with its end until the space of the one before can be used again. Only the
table's owner may vacuum it, which the service's user is; if it is not, nothing waits.
"""

from __future__ import annotations

import logging

from psycopg2.sql import SQL, Identifier, Literal

from db import Pool

logger = logging.getLogger(__name__)

# Those that are temporary come first: they are small, and freed as a whole.
TABLES = ("staged_vectors", "job_rows", "items", "item_vectors", "job_errors")
# A table is vacuumed when so many of its rows are dead, and so large a share of the live ones.
LEAST_DEAD, DEAD_SHARE = 1_000, 0.2
VACUUM_SECONDS = 24 * 3_600.0
# A replacing job whose last row was embedded so long ago waits no more.
MOST_WAITING_SECONDS = 120


def vacuum_tables(pool: Pool) -> list[str]:
    """VACUUM the tables that need it; return their names.

    Neither readers nor writers wait for it. A table that is being vacuumed or indexed already is
    left alone.
    """
    with pool.reading(VACUUM_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(_FIND_DEAD, (list(TABLES),))
        dead = dict(cur.fetchall())
        chosen = [table for table in TABLES if table in dead]
        for table in chosen:
            # ANALYZE, since the planner and the next look here count on its figures.
            statement = SQL("VACUUM (ANALYZE, SKIP_LOCKED) {}").format(Identifier(table))
            cur.execute(statement)
            logger.debug("%s: %d dead rows were vacuumed", table, dead[table])
    return chosen


_IS_DEAD = SQL("t.n_dead_tup > greatest({}, {} * t.n_live_tup)").format(
    Literal(LEAST_DEAD), Literal(DEAD_SHARE)
)
_FIND_DEAD = SQL("""
SELECT t.relname, t.n_dead_tup FROM pg_stat_user_tables t
WHERE t.relid = to_regclass(t.relname) AND t.relname = ANY (%s) AND {dead}
""").format(dead=_IS_DEAD)
# When the job `j` would write its items beside dead rows that a VACUUM is still to free. Rows that
# an open transaction holds stay: one VACUUM since the job's last row is waited for, and no second.
# An index that is being built keeps VACUUM away, so its end is waited for, too. A rate in the
# future is from before the server's clock was set back.
AWAITS_VACUUM = SQL("""(
    j.mode = 'replace' AND j.total >= {least}
    AND j.rate_at BETWEEN clock_timestamp() - make_interval(secs => {seconds})
                      AND clock_timestamp()
    AND EXISTS (
        SELECT FROM pg_stat_user_tables t JOIN pg_class c ON c.oid = t.relid
        WHERE t.relid IN (to_regclass('items'), to_regclass('item_vectors')) AND {dead}
          AND pg_has_role(c.relowner, 'USAGE')
          AND coalesce(greatest(t.last_vacuum, t.last_autovacuum) < j.rate_at, true))
)""").format(least=Literal(LEAST_DEAD), seconds=Literal(MOST_WAITING_SECONDS), dead=_IS_DEAD)
