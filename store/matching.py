"""How a job starts: each row of its file is matched with the item that it is.

Rows that change nothing are settled here, without the model. Rows that need the model stay waiting.
"""

from __future__ import annotations

import logging
import uuid

from psycopg2.extensions import cursor
from psycopg2.sql import SQL

import store.jobs
import store.repeats
from db import Pool
from request_ids import set_request_id
from store.models import Model
from store.rejections import compose_rejection
from store.sentences import say_in_sql

logger = logging.getLogger(__name__)

# How long the server may say nothing while a job starts: 35 µs a row were measured
# (bench/results/uploads.md).
START_SECONDS = 120.0
START_SECONDS_A_ROW = 0.001
# Jobs with more rows are matched without nested loops. Where the planner took the rows for few, it
# went through the items for each of them, and 100,000 rows took minutes.
MANY_ROWS = 1_000


def start_job(pool: Pool, model: Model) -> uuid.UUID | None:
    """Start the oldest job whose collection is free; return its id, or None.

    Jobs of one collection run one after another, in the order of their numbers, so that a file's
    rows are matched with what the collection holds in the end. Where a job is committed after one
    with a higher number has begun, it waits for that one.
    """
    with pool.transaction(store.jobs.LOOK_SECONDS) as conn, conn.cursor() as cur:
        job = store.jobs.lock_next_job(cur, _CAN_START)
        if job is None:
            return None
        set_request_id(job.request_id)
        pool.touch(conn, START_SECONDS + job.total * START_SECONDS_A_ROW)
        settle_rows(cur, model, job.id, job.collection_id, job.mode)
        if job.mode != "replace" and job.rejected < job.total:
            keep_columns(cur, job.id)
    logger.info("job %s: begins, %d rows, %d rejected", job.id, job.total, job.rejected)
    return job.id


_CAN_START = SQL("""
    j.status = 'enqueued' AND NOT EXISTS (
        SELECT FROM jobs o WHERE o.collection_id = j.collection_id
        AND (o.status = 'processing' OR o.status = 'enqueued' AND o.number < j.number))
""")


def settle_rows(
    cur: cursor, model: Model, job_id: uuid.UUID, collection_id: int, mode: str
) -> None:
    """Match a job's rows with the collection's items, and settle those that change nothing.

    The collection must be locked, so that no item takes a place meanwhile.
    """
    job = {"job": job_id, "collection": collection_id, "mode": mode, "model": model.id}
    job["filled"] = '$.keyvalue() ? (@.value <> "")'
    # The rows came by COPY a moment ago; without statistics the planner takes them for few.
    # SKIP_LOCKED: where another job's start analyses the table, this one does not wait for its end.
    cur.execute("ANALYZE (SKIP_LOCKED) job_rows")
    cur.execute(_JOIN_AS_SETS, (MANY_ROWS, job_id))
    cur.execute(_REJECT_REPEATED_IDS, job)
    cur.execute(_POINT_AT_ITEMS if mode == "append" else _GIVE_IDS, job)
    store.repeats.merge_wordings(cur, job_id)
    cur.execute(_PLACE_ROWS, job)
    if mode != "append":
        cur.execute(_ADD_ALTERNATIVES, job)
    cur.execute(_SETTLE_ROWS, job)
    if mode != "replace":
        update_settled_items(cur, job_id, collection_id)
    cur.execute(_COUNT_SETTLED, job)


_JOIN_AS_SETS = """
SELECT set_config('enable_nestloop', 'off', true) FROM jobs WHERE total > %s AND id = %s
"""


def keep_columns(cur: cursor, job_id: uuid.UUID) -> None:
    """Let the collection's export have the columns of the job's file."""
    cur.execute(
        "UPDATE collections c SET file = j.file"
        " FROM jobs j WHERE j.id = %s AND c.id = j.collection_id",
        (job_id,),
    )


def update_settled_items(cur: cursor, job_id: uuid.UUID, collection_id: int) -> None:
    """Write the settled rows with other metadata, or with other invisible marks in the same text.

    They need no new vectors.
    """
    cur.execute(
        """
        UPDATE items i
        SET question = r.question, answer = r.answer, metadata = r.metadata,
            external_id = coalesce(r.external_id, i.external_id), updated_at = clock_timestamp()
        FROM job_rows r
        WHERE r.job_id = %(job)s AND r.outcome = 'updated'
          AND NOT EXISTS (SELECT FROM staged_vectors s
                          WHERE s.job_id = r.job_id AND s.row_no = r.row_no)
          AND i.collection_id = %(collection)s AND i.item_key = r.item_key AND i.place = r.place
        """,
        {"job": job_id, "collection": collection_id},
    )


# Among the rows with one id, the last one counts.
_REJECT_REPEATED_IDS = SQL("""
WITH rejected AS (
    UPDATE job_rows r SET outcome = 'rejected'
    FROM (
        SELECT row_no, last_value(line) OVER named AS last_line,
               row_number() OVER (PARTITION BY item_key ORDER BY row_no DESC) AS from_end
        FROM job_rows WHERE job_id = %(job)s AND external_id IS NOT NULL
        WINDOW named AS (PARTITION BY item_key ORDER BY row_no
                         ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ) n
    WHERE r.job_id = %(job)s AND r.row_no = n.row_no AND n.from_end > 1
    RETURNING r.*, n.last_line
)
{list_rejected}
""").format(
    list_rejected=compose_rejection(
        "duplicate_id",
        say_in_sql(
            "The id {id} comes again in line {line}, and the last row with an id counts: give each "
            "row an id of its own.",
            id=SQL("left(external_id, 100)"),
            line=SQL("last_line"),
        ),
    )
)

# A file may bring ids for items that were stored without: a row whose id no item has is the item
# that holds its pair, unless a row without an id has the same pair. If several rows, or several
# items, have one pair, the first row is the first item, and so on.
_FIND_NEW_IDS = SQL("""
WITH new AS MATERIALIZED (
    SELECT r.row_no, r.item_key, r.question_hash, r.answer_hash,
           row_number() OVER (PARTITION BY r.question_hash, r.answer_hash ORDER BY r.row_no) AS n
    FROM job_rows r
    WHERE r.job_id = %(job)s AND r.external_id IS NOT NULL AND r.outcome IS NULL
      AND NOT EXISTS (SELECT FROM items i WHERE i.collection_id = %(collection)s
                      AND i.item_key = r.item_key AND i.place = r.place)
), held AS MATERIALIZED (
    SELECT i.id, i.item_key, i.place, i.question_hash, i.answer_hash,
           row_number() OVER (PARTITION BY i.question_hash, i.answer_hash
                              ORDER BY i.place, i.id) AS n
    FROM items i
    WHERE i.collection_id = %(collection)s AND i.external_id IS NULL
      AND i.question_hash IN (SELECT question_hash FROM new)
      AND NOT EXISTS (SELECT FROM job_rows r WHERE r.job_id = %(job)s
                      AND r.external_id IS NULL AND r.question_hash = i.question_hash
                      AND r.answer_hash = i.answer_hash)
      AND NOT EXISTS (SELECT FROM job_rows r WHERE r.job_id = %(job)s
                      AND r.external_id IS NOT NULL AND r.item_key = i.item_key
                      AND r.place = i.place)
), same AS (
    SELECT h.id, h.item_key, h.place, new.row_no, new.item_key AS new_key
    FROM new JOIN held h USING (question_hash, answer_hash, n)
)
""")
# The item gets the key of the id now, and the id itself with the row's other values.
_GIVE_IDS = _FIND_NEW_IDS + SQL(
    "UPDATE items i SET item_key = s.new_key, place = 0 FROM same s WHERE i.id = s.id"
)
# With mode append, no item changes: the row is the item as it stands.
_POINT_AT_ITEMS = _FIND_NEW_IDS + SQL("""
UPDATE job_rows r SET item_key = s.item_key, place = s.place
FROM same s WHERE r.job_id = %(job)s AND r.row_no = s.row_no
""")

# Which item each row without an id is. Among identical pairs the first one counts, and the others
# repeat it. First, a row is matched with an item that holds its pair. Then what remains of a
# question's rows and of its items is matched in order. The rows that are left get new places.
_PLACE_ROWS = """
WITH firsts AS MATERIALIZED (
    SELECT DISTINCT ON (question_hash, answer_hash) row_no, question_hash, answer_hash
    FROM job_rows WHERE job_id = %(job)s AND external_id IS NULL
    ORDER BY question_hash, answer_hash, row_no
), held AS MATERIALIZED (
    SELECT i.id, i.item_key, i.place, i.question_hash, i.answer_hash,
           i.item_key <> i.question_hash AS has_id
    FROM items i
    WHERE i.collection_id = %(collection)s
      AND i.question_hash IN (SELECT question_hash FROM firsts)
), free AS MATERIALIZED (
    SELECT * FROM held h
    WHERE NOT EXISTS (SELECT FROM job_rows r WHERE r.job_id = %(job)s
                      AND r.external_id IS NOT NULL AND r.item_key = h.item_key
                      AND r.place = h.place)
), same AS MATERIALIZED (
    SELECT DISTINCT ON (f.row_no) f.row_no, h.id, h.item_key, h.place
    FROM firsts f JOIN free h USING (question_hash, answer_hash)
    ORDER BY f.row_no, h.has_id, h.place, h.id
), open_rows AS (
    SELECT f.row_no, f.question_hash,
           row_number() OVER (PARTITION BY f.question_hash ORDER BY f.row_no) AS n
    FROM firsts f WHERE NOT EXISTS (SELECT FROM same s WHERE s.row_no = f.row_no)
), open_items AS (
    SELECT h.item_key, h.place, h.question_hash,
           row_number() OVER (PARTITION BY h.question_hash
                              ORDER BY h.has_id, h.place, h.id) AS n
    FROM free h WHERE NOT EXISTS (SELECT FROM same s WHERE s.id = h.id)
), ends AS (
    SELECT question_hash, max(place) AS place FROM held WHERE NOT has_id GROUP BY question_hash
), placed AS (
    SELECT row_no, item_key, place FROM same
    UNION ALL
    SELECT r.row_no, coalesce(i.item_key, r.question_hash),
           coalesce(i.place::bigint, coalesce(e.place, -1)
               + row_number() OVER (PARTITION BY r.question_hash, i.item_key IS NULL
                                    ORDER BY r.n))
    FROM open_rows r
    LEFT JOIN open_items i USING (question_hash, n)
    LEFT JOIN ends e USING (question_hash)
)
UPDATE job_rows r
SET item_key = p.item_key, place = p.place,
    outcome = CASE WHEN r.row_no <> p.row_no THEN 'unchanged' END
FROM placed p JOIN firsts f USING (row_no)
WHERE r.job_id = %(job)s AND r.external_id IS NULL AND r.outcome IS NULL
  AND r.question_hash = f.question_hash AND r.answer_hash = f.answer_hash
  AND (r.item_key <> p.item_key OR r.place <> p.place OR r.row_no <> p.row_no)
"""

# A row of a file without other wordings leaves those of its item. If this model has not made their
# vectors, they are embedded with the row.
_ADD_ALTERNATIVES = """
UPDATE job_rows r SET alternatives = i.alternatives
FROM items i
WHERE r.job_id = %(job)s AND r.outcome IS NULL AND r.alternatives IS NULL
  AND i.collection_id = %(collection)s AND i.item_key = r.item_key AND i.place = r.place
  AND i.alternatives <> '{}'
  AND cardinality(i.alternatives) <> (
      SELECT count(*) FROM item_vectors v
      WHERE v.item_id = i.id AND v.model_id = %(model)s AND v.kind LIKE 'alternative %%')
"""

# A row needs no model if its item holds the same text and has this model's vectors. In metadata, a
# missing value is the same as an empty one, because an export gives every row all columns.
_SETTLE_ROWS = """
UPDATE job_rows r
SET outcome = CASE WHEN %(mode)s = 'append'
                     OR (i.question = r.question AND i.answer = r.answer
                         AND (i.metadata = r.metadata
                              OR jsonb_path_query_array(i.metadata, %(filled)s::jsonpath)
                               = jsonb_path_query_array(r.metadata, %(filled)s::jsonpath))
                         AND (r.external_id IS NULL OR i.external_id = r.external_id))
              THEN 'unchanged' ELSE 'updated' END
FROM items i
WHERE r.job_id = %(job)s AND r.outcome IS NULL
  AND i.collection_id = %(collection)s AND i.item_key = r.item_key AND i.place = r.place
  AND (%(mode)s = 'append'
       OR (i.question_hash = r.question_hash AND i.answer_hash = r.answer_hash
           AND i.alternatives = coalesce(r.alternatives, i.alternatives)
           AND (SELECT count(*) FROM item_vectors v
                WHERE v.item_id = i.id AND v.model_id = %(model)s AND v.kind NOT LIKE 'pair %%')
             = 2 + cardinality(i.alternatives)))
"""

_COUNT_SETTLED = """
UPDATE jobs j
SET status = 'processing', started_at = clock_timestamp(),
    updated = n.updated, unchanged = n.unchanged, rejected = j.rejected + n.rejected
FROM (
    SELECT count(*) FILTER (WHERE outcome = 'updated') AS updated,
           count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
           count(*) FILTER (WHERE outcome = 'rejected') AS rejected
    FROM job_rows WHERE job_id = %(job)s
) n
WHERE j.id = %(job)s
"""
