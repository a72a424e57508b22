"""How a job starts: each row of its file is matched with the item that it is.

Rows that change nothing are settled here; what needs the model stays waiting.
"""

from __future__ import annotations

import uuid

from psycopg2.extensions import cursor

from db import Pool
from store.models import Model

# A server that says nothing for so long, to one who looks whether there is a job, is away.
LOOK_SECONDS = 10.0
# What a start may take: 35 µs a row were measured (bench/results/uploads.md).
START_SECONDS = 120.0
START_SECONDS_A_ROW = 0.001


def start_job(pool: Pool, model: Model) -> uuid.UUID | None:
    """Start the oldest job whose collection is free; return its id, or None.

    Jobs of one collection run one after another, so that what the collection holds is known when
    a file's rows are matched with it: rows that change nothing are done here, without the model.
    A job with a lower number may be committed after one that has begun: then it waits for that.
    """
    with pool.transaction(LOOK_SECONDS) as conn, conn.cursor() as cur:
        cur.execute(
            """
            SELECT j.id, j.collection_id, j.mode, j.total FROM jobs j JOIN collections c
                ON c.id = j.collection_id
            WHERE j.status = 'enqueued' AND NOT EXISTS (
                SELECT FROM jobs o WHERE o.collection_id = j.collection_id
                AND (o.status = 'processing' OR o.status = 'enqueued' AND o.number < j.number))
            -- The collection first, then its jobs: as store/items.py locks them.
            ORDER BY j.number LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED
            """
        )
        row = cur.fetchone()
        if row is None or not _is_free(cur, row[0], row[1]):
            return None
        job_id, collection_id, mode, total = row
        pool.touch(conn, START_SECONDS + total * START_SECONDS_A_ROW)
        settle_rows(cur, model, job_id, collection_id, mode)
        if mode != "replace":
            keep_columns(cur, job_id)
    return uuid.UUID(str(job_id))


def lock_collection(cur: cursor, collection_id: int) -> None:
    """Let nobody else start a job on the collection, or give an item of it a place."""
    # Not FOR UPDATE: uploads refer to the row.
    cur.execute("SELECT FROM collections WHERE id = %s FOR NO KEY UPDATE", (collection_id,))


def _is_free(cur: cursor, job_id: uuid.UUID, collection_id: int) -> bool:
    """Lock the job; return whether it still waits, and no other runs on its locked collection.

    In a statement of its own, which sees what was committed while the collection was locked.
    """
    cur.execute(
        """
        SELECT FROM jobs WHERE id = %s AND status = 'enqueued' AND NOT EXISTS (
            SELECT FROM jobs WHERE collection_id = %s AND status = 'processing')
        FOR UPDATE
        """,
        (job_id, collection_id),
    )
    return cur.fetchone() is not None


def settle_rows(
    cur: cursor, model: Model, job_id: uuid.UUID, collection_id: int, mode: str
) -> None:
    """Match a job's rows with the collection's items, and settle those that change nothing.

    The collection is locked: no item may take a place meanwhile (store/items.py).
    """
    job = {"job": job_id, "collection": collection_id, "mode": mode, "model": model.id}
    job["filled"] = '$.keyvalue() ? (@.value <> "")'
    # The rows came by COPY a moment ago: without figures the planner takes them for few. Where
    # another job's start analyses the table, this one does not wait for its end.
    cur.execute("ANALYZE (SKIP_LOCKED) job_rows")
    cur.execute(_JOIN_AS_SETS, (MANY_ROWS, job_id))
    cur.execute(_REJECT_REPEATED_IDS, job)
    cur.execute(_PLACE_ROWS, job)
    cur.execute(_SETTLE_ROWS, job)
    if mode != "replace":
        cur.execute(UPDATE_ITEMS, job)
    cur.execute(_COUNT_SETTLED, job)


# So many rows are matched as sets: where the planner took them for few, a row at a time, it took
# minutes for 100,000.
MANY_ROWS = 1_000
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


_REJECT_REPEATED_IDS = """
WITH repeated AS (
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
INSERT INTO job_errors (job_id, line, code, error, fields)
SELECT %(job)s, line, 'duplicate_id',
       'The id ' || left(external_id, 100) || ' comes again in line ' || last_line
       || ', and the last row with an id counts: give each row an id of its own.',
       jsonb_build_object('id', external_id, 'question', question, 'answer', answer,
                          'metadata', metadata)
FROM repeated
"""

# Which item each row without an id is (api.md: "Which item a row is"). Of identical pairs the
# first counts; the others are its repetitions. Pairs that the collection holds are matched first;
# what remains of a question's rows and items is matched in order; the rest are new places.
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
      AND NOT EXISTS (SELECT FROM job_rows r WHERE r.job_id = %(job)s
                      AND r.external_id IS NOT NULL AND r.item_key = i.item_key)
), same AS MATERIALIZED (
    SELECT DISTINCT ON (f.row_no) f.row_no, h.id, h.item_key, h.place
    FROM firsts f JOIN held h USING (question_hash, answer_hash)
    ORDER BY f.row_no, h.has_id, h.place, h.id
), open_rows AS (
    SELECT f.row_no, f.question_hash,
           row_number() OVER (PARTITION BY f.question_hash ORDER BY f.row_no) AS n
    FROM firsts f WHERE NOT EXISTS (SELECT FROM same s WHERE s.row_no = f.row_no)
), open_items AS (
    SELECT h.item_key, h.place, h.question_hash,
           row_number() OVER (PARTITION BY h.question_hash
                              ORDER BY h.has_id, h.place, h.id) AS n
    FROM held h WHERE NOT EXISTS (SELECT FROM same s WHERE s.id = h.id)
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
WHERE r.job_id = %(job)s AND r.external_id IS NULL
  AND r.question_hash = f.question_hash AND r.answer_hash = f.answer_hash
  AND (r.item_key <> p.item_key OR r.place <> p.place OR r.row_no <> p.row_no)
"""

# Rows that need no model: their item holds the same text and has this model's vectors. A missing
# value is the same as an empty one, since an export gives every row all columns.
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
           AND (SELECT count(*) FROM vectors v
                WHERE v.item_id = i.id AND v.model_id = %(model)s) = 2))
"""

# The settled rows with other metadata, or with other invisible marks in the same text.
UPDATE_ITEMS = """
UPDATE items i
SET question = r.question, answer = r.answer, metadata = r.metadata,
    external_id = coalesce(r.external_id, i.external_id), updated_at = clock_timestamp()
FROM job_rows r
WHERE r.job_id = %(job)s AND r.outcome = 'updated'
  AND NOT EXISTS (SELECT FROM staged_vectors s WHERE s.job_id = r.job_id AND s.row_no = r.row_no)
  AND i.collection_id = %(collection)s AND i.item_key = r.item_key AND i.place = r.place
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
