"""The other wordings in rows that repeat a pair: the first row of the pair gets all of them.

So a file may have a row for each wording.
"""

from __future__ import annotations

import uuid

from psycopg2.extensions import cursor
from psycopg2.sql import SQL

from store.rejections import compose_rejection
from store.sentences import say_in_sql
from texts import MAX_ALTERNATIVES


def merge_wordings(cur: cursor, job_id: uuid.UUID) -> None:
    """Give the first row of each repeated pair the wordings of all; reject rows with too many."""
    cur.execute(
        "SELECT EXISTS (SELECT FROM job_rows WHERE job_id = %s AND alternatives <> '{}')",
        (job_id,),
    )
    if cur.fetchone() == (True,):
        values = {"job": job_id, "most": MAX_ALTERNATIVES}
        cur.execute(_REJECT_TOO_MANY, values)
        cur.execute(_MERGE, values)


# The wordings of each repeated pair, in the order of the rows, and of a row.
_WORDINGS = SQL("""
pairs AS MATERIALIZED (
    SELECT question_hash, answer_hash, min(row_no) AS first
    FROM job_rows WHERE job_id = %(job)s AND external_id IS NULL AND outcome IS NULL
    GROUP BY question_hash, answer_hash HAVING count(*) > 1
), wordings AS MATERIALIZED (
    SELECT p.first, t.text, min(r.row_no * 1000 + t.n) AS place
    FROM pairs p JOIN job_rows r USING (question_hash, answer_hash)
    CROSS JOIN unnest(r.alternatives) WITH ORDINALITY t (text, n)
    WHERE r.job_id = %(job)s AND r.external_id IS NULL AND r.outcome IS NULL
    GROUP BY p.first, t.text
)
""")
_REJECT_TOO_MANY = SQL("""
WITH {wordings}, rejected AS (
    UPDATE job_rows r SET outcome = 'rejected'
    FROM pairs p
    WHERE r.job_id = %(job)s AND r.external_id IS NULL AND r.outcome IS NULL
      AND r.question_hash = p.question_hash AND r.answer_hash = p.answer_hash
      AND r.row_no <> p.first AND r.alternatives <> '{{}}'
      AND (SELECT count(*) FROM wordings w WHERE w.first = p.first) > %(most)s
    RETURNING r.*
)
{list_rejected}
""").format(
    wordings=_WORDINGS,
    list_rejected=compose_rejection(
        "too_many_alternatives",
        say_in_sql(
            "The rows with this question and answer have more than {most} other wordings together: "
            "give them an id for each {most}.",
            most=SQL("%(most)s"),
        ),
    ),
)
_MERGE = SQL("""
WITH {wordings}, merged AS (
    SELECT first, array_agg(text ORDER BY place) AS texts FROM wordings GROUP BY first
)
UPDATE job_rows r SET alternatives = m.texts
FROM merged m
WHERE r.job_id = %(job)s AND r.row_no = m.first AND r.alternatives IS DISTINCT FROM m.texts
""").format(wordings=_WORDINGS)
